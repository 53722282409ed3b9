; a write to an address that the data says
; expect: LANES_E_KERNEL_FAULT
define double @f(double %x) {
  %b = bitcast double %x to i64
  %p = inttoptr i64 %b to ptr
  store volatile double %x, ptr %p
  ret double %x
}
