; a product of 262144 lanes, which becomes as many instructions
; expect: LANES_OK | LANES_E_COMPILE_LIMIT
define double @f(double %x) {
  %b = bitcast double %x to <8 x i8>
  %v = shufflevector <8 x i8> %b, <8 x i8> %b, <262144 x i32> zeroinitializer
  %w = mul <262144 x i8> %v, %v
  %e = extractelement <262144 x i8> %w, i32 262143
  %r = uitofp i8 %e to double
  ret double %r
}
