; an addition of a megabyte: 160 bytes of text that keep a compiler busy for ever
; expect: LANES_E_COMPILE_LIMIT
define double @f(double %x) {
  %a = fptosi double %x to i8388607
  %b = add i8388607 %a, 1
  %r = sitofp i8388607 %b to double
  ret double %r
}
