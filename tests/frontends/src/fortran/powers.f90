! SPDX-License-Identifier: Apache-2.0
function powers(x) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), value :: x
  real(c_double) :: powers
  powers = x**2.5d0 + x**3
end function
