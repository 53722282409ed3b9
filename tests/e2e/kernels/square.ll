define double @square(double %x) {
  %r = fmul double %x, %x
  ret double %r
}
