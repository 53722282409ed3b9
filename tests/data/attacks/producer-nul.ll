; a producer whose name has a NUL in it
; expect: LANES_OK
define double @f(double %x) {
  %r = fmul double %x, 2.0
  ret double %r
}

!llvm.ident = !{!0}
!0 = !{!"clang\00version"}
