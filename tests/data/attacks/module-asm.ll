; machine code beside the functions
; expect: LANES_E_IR_REFUSED rule module-asm
module asm ".globl evil"
module asm "evil: syscall"
define double @f(double %x) {
  ret double %x
}
