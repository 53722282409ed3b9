; a call of mprotect(), which would make data executable
; expect: LANES_E_IR_SYMBOL 'mprotect', which lanes does not provide
define double @f(double %x) {
  %s = call i32 @mprotect(ptr null, i64 4096, i32 7)
  %r = sitofp i32 %s to double
  ret double %r
}

declare i32 @mprotect(ptr, i64, i32)
