/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timed.h - run something again and again and say how long it took, without an
 * interpreter in between: what peers.py loads for lanes and for hand.c.
 */
#ifndef LANES_BENCH_TIMED_H
#define LANES_BENCH_TIMED_H

#include "hand.h"

#include <lanes/lanes.h>

/** Nanoseconds that @p repeats batches took, each waited for before the next; fails with
 *  the first that fails. @p out_completion is that of the last. */
HAND_EXPORT lanes_status timed_batches(lanes_session *session, const lanes_batch *batch,
                                       uint64_t repeats, uint64_t *out_ns,
                                       lanes_completion *out_completion,
                                       lanes_error *err);

/** Nanoseconds that @p repeats calls of @p loop took. */
HAND_EXPORT uint64_t timed_hand(hand_loop *loop, const hand_call *call, uint64_t repeats);

#endif /* LANES_BENCH_TIMED_H */
