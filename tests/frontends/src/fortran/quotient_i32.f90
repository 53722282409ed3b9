! SPDX-License-Identifier: Apache-2.0
function quotient_i32(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int32_t), value :: a, b
  integer(c_int32_t) :: quotient_i32
  quotient_i32 = a / b + mod(a, b)
end function
