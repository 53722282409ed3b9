; a recursion without end
; expect: LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %y = fadd double %x, 1.0
  %z = call double @f(double %y)
  %r = fadd double %z, %y
  ret double %r
}
