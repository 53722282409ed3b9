! SPDX-License-Identifier: Apache-2.0
function mix_i64(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int64_t), value :: a, b
  integer(c_int64_t) :: mix_i64
  mix_i64 = ieor(a, b) + a * b
end function
