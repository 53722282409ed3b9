; machine code in the text
; expect: LANES_E_IR_REFUSED rule inline-asm
define double @f(double %x) {
  %r = call double asm sideeffect "mov $$60, %eax; syscall", "=x,0"(double %x)
  ret double %r
}
