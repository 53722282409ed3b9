; a division of 8192 bits
; expect: LANES_E_COMPILE_LIMIT | LANES_OK
define double @f(double %x) {
  %a = fptosi double %x to i8192
  %b = udiv i8192 %a, 12345678901
  %r = sitofp i8192 %b to double
  ret double %r
}
