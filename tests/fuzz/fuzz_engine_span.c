/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_engine_span.c - lanes_engine_span_fits() with 64 bits against the same sum with
 * 128.
 *
 *   segment_bytes u64, offset u64, stride i64, count u64, element_bytes u32 (made odd:
 * one without bytes is no element)
 */
#include "engine/engine.h"
#include "fuzz.h"

static bool fits(uint64_t segment_bytes, uint64_t offset, int64_t stride, uint64_t count,
                 uint32_t element_bytes, fuzz_i128 *out_low, fuzz_i128 *out_high)
{
    if (count == 0 || count > LANES_COUNT_MAX) {
        return false;
    }
    const fuzz_i128 reach = (fuzz_i128)(count - 1) * stride;
    const fuzz_i128 last = (fuzz_i128)offset + reach;
    *out_low = reach < 0 ? last : (fuzz_i128)offset;
    *out_high = (reach < 0 ? (fuzz_i128)offset : last) + element_bytes;
    return *out_low >= 0 && *out_high <= (fuzz_i128)segment_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    const uint64_t segment_bytes = fuzz_u64(&input);
    const uint64_t offset = fuzz_u64(&input);
    const int64_t stride = (int64_t)fuzz_u64(&input);
    const uint64_t count = fuzz_u64(&input);
    const uint32_t element_bytes = fuzz_u32(&input) | 1;
    uint64_t low = 0;
    uint64_t high = 0;
    fuzz_i128 wide_low = 0;
    fuzz_i128 wide_high = 0;
    const bool is_good = lanes_engine_span_fits(segment_bytes, offset, stride, count,
                                                element_bytes, &low, &high);
    const bool is_wide =
        fits(segment_bytes, offset, stride, count, element_bytes, &wide_low, &wide_high);
    if (is_good) { /* never unsafe */
        FUZZ_CHECK(is_wide && low == (uint64_t)wide_low && high == (uint64_t)wide_high);
    }
    if (segment_bytes <= LANES_SEGMENT_BYTES_MAX) { /* nothing that exists is refused */
        FUZZ_CHECK(is_good == is_wide);
    }
    return 0;
}
