// SPDX-License-Identifier: Apache-2.0
#[no_mangle]
pub extern "C" fn fibonacci(n: i32) -> i64 {
    if n < 2 { n as i64 } else { fibonacci(n - 1) + fibonacci(n - 2) }
}
