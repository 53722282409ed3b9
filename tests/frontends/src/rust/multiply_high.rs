// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn multiply_high(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}
