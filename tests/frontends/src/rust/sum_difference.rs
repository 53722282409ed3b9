// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn sum_difference(x: f64, y: f64, sum: &mut f64, difference: &mut f64) {
    *sum = x + y;
    *difference = x - y;
}
