! SPDX-License-Identifier: Apache-2.0
subroutine sum_difference(x, y, total, difference) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), value :: x, y
  real(c_double), intent(out) :: total, difference
  total = x + y
  difference = x - y
end subroutine
