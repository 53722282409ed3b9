// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn both(a: bool, b: bool) -> bool {
    a && b
}
