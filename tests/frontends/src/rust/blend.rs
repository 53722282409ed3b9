// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn blend(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}
