; a read far behind a variable on the stack
; expect: LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %p = alloca double, align 8
  store double %x, ptr %p
  %n = fptosi double %x to i64
  %q = getelementptr double, ptr %p, i64 %n
  %r = load volatile double, ptr %q
  ret double %r
}
