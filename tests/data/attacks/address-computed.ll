; a read of an address that the data says
; expect: LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %b = bitcast double %x to i64
  %p = inttoptr i64 %b to ptr
  %r = load double, ptr %p
  ret double %r
}
