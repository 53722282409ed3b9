! SPDX-License-Identifier: Apache-2.0
function special(x) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), value :: x
  real(c_double) :: special
  special = erf(x) + hypot(x, 1.0d0)
end function
