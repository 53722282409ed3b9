define i32 @mix_i4(i32 %a, i32 %b) {
  %x = xor i32 %a, %b
  %p = mul i32 %a, 3
  %r = add i32 %x, %p
  ret i32 %r
}
