// SPDX-License-Identifier: Apache-2.0
static TABLE: [u8; 16] = [0, 1, 3, 7, 14, 22, 33, 46, 62, 80, 100, 122, 147, 175, 206, 255];

#[no_mangle]
pub extern "C" fn gamma_table(pixel: u8) -> u8 {
    TABLE[(pixel >> 4) as usize]
}
