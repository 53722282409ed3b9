define double @axpy(double %x, double %y) {
  %p = fmul double %x, 2.5
  %r = fadd double %p, %y
  ret double %r
}
