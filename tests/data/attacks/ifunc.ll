; code that would run when the symbol is looked up
; expect: LANES_E_IR_REFUSED rule ifunc
@f = ifunc double (double), ptr @pick

define internal ptr @pick() {
  ret ptr @g
}

define internal double @g(double %x) {
  ret double %x
}
