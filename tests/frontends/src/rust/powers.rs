// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn powers(x: f64) -> f64 {
    x.powf(2.5) + x.powi(3)
}
