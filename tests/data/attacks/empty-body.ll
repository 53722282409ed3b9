; a declaration in the place of the callback
; expect: LANES_E_IR_ENTRY defines no function
declare double @f(double)
