; a call of address 0
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %r = call double null(double %x)
  ret double %r
}
