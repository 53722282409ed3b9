/* SPDX-License-Identifier: Apache-2.0 */
#include "timed.h"

#include "harness.h"

lanes_status timed_batches(lanes_session *session, const lanes_batch *batch,
                           uint64_t repeats, uint64_t *out_ns,
                           lanes_completion *out_completion, lanes_error *err)
{
    const uint64_t start_ns = bench_now_ns();
    for (uint64_t i = 0; i < repeats; i++) {
        const lanes_status status = lanes_run(session, batch, out_completion, err);
        if (status < 0) {
            return status;
        }
    }
    *out_ns = bench_now_ns() - start_ns;
    return LANES_OK;
}

uint64_t timed_hand(hand_loop *loop, const hand_call *call, uint64_t repeats)
{
    const uint64_t start_ns = bench_now_ns();
    for (uint64_t i = 0; i < repeats; i++) {
        loop(call);
    }
    return bench_now_ns() - start_ns;
}
