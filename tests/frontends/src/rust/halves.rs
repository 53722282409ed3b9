// SPDX-License-Identifier: Apache-2.0
#[repr(C)]
pub struct Pair {
    low: f32,
    high: f32,
}

#[no_mangle]
pub extern "C" fn halves(x: f32) -> Pair {
    Pair { low: x * 0.5, high: x + 0.5 }
}
