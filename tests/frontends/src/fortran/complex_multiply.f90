! SPDX-License-Identifier: Apache-2.0
function complex_multiply(z, w) bind(C)
  use, intrinsic :: iso_c_binding
  complex(c_double_complex), value :: z, w
  complex(c_double_complex) :: complex_multiply
  complex_multiply = z * w
end function
