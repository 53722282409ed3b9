; the same for some elements only
; expect: LANES_E_DEADLINE | LANES_OK
define double @f(double %x) mustprogress {
entry:
  %bad = fcmp olt double %x, -1.0
  br i1 %bad, label %loop, label %done

loop:
  br label %loop

done:
  %r = fmul double %x, 2.0
  ret double %r
}
