// SPDX-License-Identifier: Apache-2.0
#[repr(C)]
pub struct Triple {
    x: f64,
    y: f64,
    z: f64,
}

#[no_mangle]
pub extern "C" fn cross(x: f64, y: f64, z: f64) -> Triple {
    Triple { x: y - z, y: z - x, z: x - y }
}
