! SPDX-License-Identifier: Apache-2.0
function damped(x, y) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), value :: x, y
  real(c_double) :: damped
  if (x > 0.0d0) then
    damped = x * exp(-y) + 1.0d0
  else
    damped = y - x
  end if
end function
