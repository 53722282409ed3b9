! SPDX-License-Identifier: Apache-2.0
function nquad(n, x) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(n)
  real(c_double) :: nquad
  integer :: i
  nquad = 0.0d0
  do i = 1, n
    nquad = nquad + x(i) * i
  end do
end function
