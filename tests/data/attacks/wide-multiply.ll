; a product of 32768 bits, quadratic in the width
; expect: LANES_E_COMPILE_LIMIT
define double @f(double %x) {
  %a = fptosi double %x to i32768
  %b = mul i32768 %a, %a
  %r = sitofp i32768 %b to double
  ret double %r
}
