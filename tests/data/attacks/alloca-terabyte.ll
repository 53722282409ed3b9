; a variable of 1 TiB on the stack
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %p = alloca [1099511627776 x i8], align 8
  store volatile i8 1, ptr %p
  %v = load volatile i8, ptr %p
  %r = uitofp i8 %v to double
  ret double %r
}
