; a switch over code without another way out: as code, a jump to what a table says at any index
; expect: LANES_E_KERNEL_FAULT | LANES_OK
define double @f(i64 %x) {
entry:
  %d = sitofp i64 %x to double
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
  %v0 = call double @llvm.sin.f64(double %d)
  br label %end

c1:
  %v1 = call double @llvm.cos.f64(double %d)
  br label %end

c2:
  %v2 = call double @llvm.exp.f64(double %d)
  br label %end

c3:
  %v3 = call double @llvm.log.f64(double %d)
  br label %end

c4:
  %v4 = call double @llvm.sqrt.f64(double %d)
  br label %end

c5:
  %v5 = call double @llvm.fabs.f64(double %d)
  br label %end

c6:
  %v6 = call double @llvm.floor.f64(double %d)
  br label %end

c7:
  %v7 = call double @llvm.ceil.f64(double %d)
  br label %end

other:
  unreachable

end:
  %r = phi double [ %v0, %c0 ], [ %v1, %c1 ], [ %v2, %c2 ], [ %v3, %c3 ], [ %v4, %c4 ], [ %v5, %c5 ], [ %v6, %c6 ], [ %v7, %c7 ]
  ret double %r
}

declare double @llvm.sin.f64(double)
declare double @llvm.cos.f64(double)
declare double @llvm.exp.f64(double)
declare double @llvm.log.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.floor.f64(double)
declare double @llvm.ceil.f64(double)
