// SPDX-License-Identifier: Apache-2.0
// Panics for b == 0 and for i32::MIN / -1.
#[no_mangle]
pub extern "C" fn quotient_i32(a: i32, b: i32) -> i32 {
    a / b + a % b
}
