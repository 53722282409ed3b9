; a loop without end of which LLVM is told that it ends, so it may drop it and what follows
; expect: LANES_E_DEADLINE | LANES_OK | LANES_E_KERNEL_FAULT
define double @f(double %x) mustprogress {
entry:
  br label %loop

loop:
  br label %loop
}
