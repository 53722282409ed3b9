// SPDX-License-Identifier: Apache-2.0
#[inline]
fn step(e: f64, eccentricity: f64, mean: f64) -> f64 {
    (e - eccentricity * e.sin() - mean) / (1.0 - eccentricity * e.cos())
}

#[no_mangle]
pub extern "C" fn kepler(mean: f64, eccentricity: f64) -> f64 {
    let mut e = mean;
    for _ in 0..50 {
        let change = step(e, eccentricity, mean);
        e -= change;
        if change.abs() < 1e-14 {
            break;
        }
    }
    e
}
