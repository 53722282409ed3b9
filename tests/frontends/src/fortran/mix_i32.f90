! SPDX-License-Identifier: Apache-2.0
function mix_i32(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int32_t), value :: a, b
  integer(c_int32_t) :: mix_i32
  mix_i32 = ieor(a, b) + a * b
end function
