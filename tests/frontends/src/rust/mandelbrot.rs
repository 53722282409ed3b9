// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn mandelbrot(cr: f64, ci: f64) -> i32 {
    let (mut zr, mut zi, mut n) = (0.0, 0.0, 0);
    while n < 100 && zr * zr + zi * zi <= 4.0 {
        (zr, zi) = (zr * zr - zi * zi + cr, 2.0 * zr * zi + ci);
        n += 1;
    }
    n
}
