! SPDX-License-Identifier: Apache-2.0
function blend(a, b, t) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_float), value :: a, b, t
  real(c_float) :: blend
  blend = a + (b - a) * t
end function
