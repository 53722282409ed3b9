; twenty-three functions, each inlined twice into the next: 2^23 multiplications
; expect: LANES_E_COMPILE_LIMIT
define internal double @g0(double %x) alwaysinline {
  %r = fmul double %x, 1.000001
  ret double %r
}
define internal double @g1(double %x) alwaysinline {
  %a = call double @g0(double %x)
  %r = call double @g0(double %a)
  ret double %r
}
define internal double @g2(double %x) alwaysinline {
  %a = call double @g1(double %x)
  %r = call double @g1(double %a)
  ret double %r
}
define internal double @g3(double %x) alwaysinline {
  %a = call double @g2(double %x)
  %r = call double @g2(double %a)
  ret double %r
}
define internal double @g4(double %x) alwaysinline {
  %a = call double @g3(double %x)
  %r = call double @g3(double %a)
  ret double %r
}
define internal double @g5(double %x) alwaysinline {
  %a = call double @g4(double %x)
  %r = call double @g4(double %a)
  ret double %r
}
define internal double @g6(double %x) alwaysinline {
  %a = call double @g5(double %x)
  %r = call double @g5(double %a)
  ret double %r
}
define internal double @g7(double %x) alwaysinline {
  %a = call double @g6(double %x)
  %r = call double @g6(double %a)
  ret double %r
}
define internal double @g8(double %x) alwaysinline {
  %a = call double @g7(double %x)
  %r = call double @g7(double %a)
  ret double %r
}
define internal double @g9(double %x) alwaysinline {
  %a = call double @g8(double %x)
  %r = call double @g8(double %a)
  ret double %r
}
define internal double @g10(double %x) alwaysinline {
  %a = call double @g9(double %x)
  %r = call double @g9(double %a)
  ret double %r
}
define internal double @g11(double %x) alwaysinline {
  %a = call double @g10(double %x)
  %r = call double @g10(double %a)
  ret double %r
}
define internal double @g12(double %x) alwaysinline {
  %a = call double @g11(double %x)
  %r = call double @g11(double %a)
  ret double %r
}
define internal double @g13(double %x) alwaysinline {
  %a = call double @g12(double %x)
  %r = call double @g12(double %a)
  ret double %r
}
define internal double @g14(double %x) alwaysinline {
  %a = call double @g13(double %x)
  %r = call double @g13(double %a)
  ret double %r
}
define internal double @g15(double %x) alwaysinline {
  %a = call double @g14(double %x)
  %r = call double @g14(double %a)
  ret double %r
}
define internal double @g16(double %x) alwaysinline {
  %a = call double @g15(double %x)
  %r = call double @g15(double %a)
  ret double %r
}
define internal double @g17(double %x) alwaysinline {
  %a = call double @g16(double %x)
  %r = call double @g16(double %a)
  ret double %r
}
define internal double @g18(double %x) alwaysinline {
  %a = call double @g17(double %x)
  %r = call double @g17(double %a)
  ret double %r
}
define internal double @g19(double %x) alwaysinline {
  %a = call double @g18(double %x)
  %r = call double @g18(double %a)
  ret double %r
}
define internal double @g20(double %x) alwaysinline {
  %a = call double @g19(double %x)
  %r = call double @g19(double %a)
  ret double %r
}
define internal double @g21(double %x) alwaysinline {
  %a = call double @g20(double %x)
  %r = call double @g20(double %a)
  ret double %r
}
define internal double @g22(double %x) alwaysinline {
  %a = call double @g21(double %x)
  %r = call double @g21(double %a)
  ret double %r
}
define internal double @g23(double %x) alwaysinline {
  %a = call double @g22(double %x)
  %r = call double @g22(double %a)
  ret double %r
}
define double @f(double %x) {
  %r = call double @g23(double %x)
  ret double %r
}
