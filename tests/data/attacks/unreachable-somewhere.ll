; the same for some elements only
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
entry:
  %bad = fcmp olt double %x, -1.0
  br i1 %bad, label %nowhere, label %done

nowhere:
  unreachable

done:
  %r = fmul double %x, 2.0
  ret double %r
}
