// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn damped(x: f64, y: f64) -> f64 {
    if x > 0.0 { x * (-y).exp() + 1.0 } else { y - x }
}
