// SPDX-License-Identifier: Apache-2.0
static TABLE: [f64; 4] = [0.5, 1.25, -3.0, 8.0];

// Panics for an index that the table does not have.
#[no_mangle]
pub extern "C" fn checked_table(i: u32) -> f64 {
    TABLE[i as usize]
}
