// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub unsafe extern "C" fn nquad(n: i32, x: *const f64) -> f64 {
    let row = core::slice::from_raw_parts(x, n as usize);
    row.iter().enumerate().map(|(i, value)| value * (i + 1) as f64).sum()
}
