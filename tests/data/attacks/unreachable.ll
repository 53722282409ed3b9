; a function without an end: as code, what follows it in memory
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
  unreachable
}
