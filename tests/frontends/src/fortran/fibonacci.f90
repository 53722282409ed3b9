! SPDX-License-Identifier: Apache-2.0
recursive function fibonacci(n) result(value) bind(C)
  use, intrinsic :: iso_c_binding
  integer(c_int32_t), value :: n
  integer(c_int64_t) :: value
  if (n < 2) then
    value = n
  else
    value = fibonacci(n - 1) + fibonacci(n - 2)
  end if
end function
