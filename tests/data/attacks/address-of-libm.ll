; an address in the executor as data: where libm lies
; expect: LANES_OK | LANES_E_KERNEL_FAULT | LANES_E_IR_REFUSED
define double @f(double %x) {
  %b = ptrtoint ptr @sin to i64
  %s = sub i64 %b, 4096
  %p = inttoptr i64 %s to ptr
  %r = load double, ptr %p
  ret double %r
}

declare double @sin(double)
