// SPDX-License-Identifier: Apache-2.0
#[repr(C)]
pub struct Pair {
    x: f64,
    y: f64,
}

#[no_mangle]
pub extern "C" fn polar(r: f64, angle: f64) -> Pair {
    Pair { x: r * angle.cos(), y: r * angle.sin() }
}
