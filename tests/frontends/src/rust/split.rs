// SPDX-License-Identifier: Apache-2.0
#[repr(C)]
pub struct Parts {
    fraction: f64,
    whole: i32,
}

// `as` saturates where C's cast is undefined.
#[no_mangle]
pub extern "C" fn split(x: f64) -> Parts {
    let whole = x.floor();
    Parts { fraction: x - whole, whole: whole as i32 }
}
