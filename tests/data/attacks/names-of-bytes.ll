; names with bytes that no text has, for reports and logs
; expect: LANES_OK
define double @"f\FFg"(double %x) {
  %"r\FE" = fmul double %x, 2.0
  ret double %"r\FE"
}
