! SPDX-License-Identifier: Apache-2.0
function mandelbrot(cr, ci) bind(C)
  use, intrinsic :: iso_c_binding
  real(c_double), value :: cr, ci
  integer(c_int) :: mandelbrot
  real(c_double) :: zr, zi, t
  zr = 0.0d0
  zi = 0.0d0
  mandelbrot = 0
  do while (mandelbrot < 100)
    if (zr * zr + zi * zi > 4.0d0) exit
    t = zr * zr - zi * zi + cr
    zi = 2.0d0 * zr * zi + ci
    zr = t
    mandelbrot = mandelbrot + 1
  end do
end function
