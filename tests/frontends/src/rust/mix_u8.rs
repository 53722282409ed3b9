// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn mix_u8(a: u8, b: u8) -> u8 {
    (a ^ b).wrapping_add(a.wrapping_mul(b))
}
