// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn order(x: f64, y: f64) -> i32 {
    (x > y) as i32 - (x < y) as i32
}
