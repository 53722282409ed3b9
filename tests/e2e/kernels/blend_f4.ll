define float @blend_f4(float %x, float %y) {
  %p = fmul float %x, %y
  %r = fadd float %p, %x
  ret float %r
}
