; a variable on the stack whose size the data says
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %n = fptoui double %x to i64
  %p = alloca i8, i64 %n, align 8
  store volatile i8 1, ptr %p
  %v = load volatile i8, ptr %p
  %r = uitofp i8 %v to double
  ret double %r
}
