// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn mix_i8(a: i8, b: i8) -> i8 {
    (a ^ b).wrapping_add(a.wrapping_mul(b))
}
