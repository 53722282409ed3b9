! SPDX-License-Identifier: Apache-2.0
! Fortran's own way: arguments are addresses.
function by_reference(x, y) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), intent(in) :: x, y
  real(c_double) :: by_reference
  by_reference = x * y
end function
