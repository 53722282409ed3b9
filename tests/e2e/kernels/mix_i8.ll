define i64 @mix_i8(i64 %a, i64 %b) {
  %p = mul i64 %a, %b
  %s = ashr i64 %a, 3
  %r = sub i64 %p, %s
  ret i64 %r
}
