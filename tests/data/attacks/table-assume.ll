; the same by an assumption
; expect: LANES_E_KERNEL_FAULT | LANES_OK
define i64 @f(i64 %x) {
entry:
  %in = icmp ult i64 %x, 8
  call void @llvm.assume(i1 %in)
  switch i64 %x, label %other [
    i64 0, label %c0
    i64 1, label %c1
    i64 2, label %c2
    i64 3, label %c3
    i64 4, label %c4
    i64 5, label %c5
    i64 6, label %c6
    i64 7, label %c7
  ]

c0:
  br label %end

c1:
  br label %end

c2:
  br label %end

c3:
  br label %end

c4:
  br label %end

c5:
  br label %end

c6:
  br label %end

c7:
  br label %end

other:
  br label %end

end:
  %r = phi i64 [ 11, %c0 ], [ 23, %c1 ], [ 5, %c2 ], [ 47, %c3 ], [ 61, %c4 ], [ 7, %c5 ], [ 83, %c6 ], [ 97, %c7 ], [ 0, %other ]
  ret i64 %r
}

declare void @llvm.assume(i1)
