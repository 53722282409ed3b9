; a loop without end
; expect: LANES_E_DEADLINE
define double @f(double %x) {
entry:
  br label %loop

loop:
  %n = phi i64 [ 0, %entry ], [ %m, %loop ]
  %m = add i64 %n, 1
  br label %loop
}
