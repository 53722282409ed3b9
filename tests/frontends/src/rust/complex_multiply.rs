// SPDX-License-Identifier: Apache-2.0
#[repr(C)]
pub struct Complex {
    re: f64,
    im: f64,
}

#[no_mangle]
pub extern "C" fn complex_multiply(z: Complex, w: Complex) -> Complex {
    Complex { re: z.re * w.re - z.im * w.im, im: z.re * w.im + z.im * w.re }
}
