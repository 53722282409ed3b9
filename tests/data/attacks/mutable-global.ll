; state that would be kept between elements
; expect: LANES_E_IR_REFUSED rule mutable-global
@state = global double 0.0

define double @f(double %x) {
  %o = load double, ptr @state
  %r = fadd double %o, %x
  store double %r, ptr @state
  ret double %r
}
