// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn mix_u64(a: u64, b: u64) -> u64 {
    (a ^ b).wrapping_add(a.wrapping_mul(b))
}
