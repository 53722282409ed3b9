! SPDX-License-Identifier: Apache-2.0
function mix_i16(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int16_t), value :: a, b
  integer(c_int16_t) :: mix_i16
  mix_i16 = ieor(a, b) + a * b
end function
