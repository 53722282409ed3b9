; a variable of the process
; expect: LANES_E_IR_SYMBOL external variable 'environ'
@environ = external global ptr

define double @f(double %x) {
  %e = load ptr, ptr @environ
  %b = ptrtoint ptr %e to i64
  %r = uitofp i64 %b to double
  ret double %r
}
