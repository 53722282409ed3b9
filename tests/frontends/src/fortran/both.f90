! SPDX-License-Identifier: Apache-2.0
function both(a, b) bind(C)
  use, intrinsic :: iso_c_binding
  logical(c_bool), value :: a, b
  logical(c_bool) :: both
  both = a .and. b
end function
