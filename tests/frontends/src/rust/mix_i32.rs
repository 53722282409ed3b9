// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn mix_i32(a: i32, b: i32) -> i32 {
    (a ^ b).wrapping_add(a.wrapping_mul(b))
}
