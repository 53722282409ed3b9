; a read of an address that is written into the text
; expect: LANES_E_IR_REFUSED rule address-constant
define double @f(double %x) {
  %r = load double, ptr inttoptr (i64 4198400 to ptr)
  ret double %r
}
