; a jump to an address
; expect: LANES_E_IR_REFUSED rule indirect-branch
define double @f(double %x) {
entry:
  %b = bitcast double %x to i64
  %p = inttoptr i64 %b to ptr
  indirectbr ptr %p, [label %end]

end:
  ret double %x
}
