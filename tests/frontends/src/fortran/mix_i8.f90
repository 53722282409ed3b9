! SPDX-License-Identifier: Apache-2.0
function mix_i8(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int8_t), value :: a, b
  integer(c_int8_t) :: mix_i8
  mix_i8 = ieor(a, b) + a * b
end function
