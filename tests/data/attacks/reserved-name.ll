; a symbol that looks like one of the executor's own
; expect: LANES_E_IR_REFUSED rule reserved-name
define double @lanes_main(double %x) {
  ret double %x
}
