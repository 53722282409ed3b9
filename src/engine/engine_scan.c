/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_scan.c - scans: every intermediate result of a kernel that combines by itself.
 *
 * A row is what is scanned from one start value: a map whose loop hands a running value
 * from element to element. Rows are independent. Where there are few and they are long,
 * they are cut into segments, and these are run twice:
 *
 *      first pass     each segment alone, for its total; outputs go nowhere
 *      between        running value before each segment: the totals, one after the other
 *      second pass    each segment from its running value; outputs are written
 *
 * So x may be the output, as nothing is written before all has been read. Segments follow
 * from the shape alone, so the number of threads does not change bits.
 *
 * Not so if elements may fail, since which do may depend on what was kept before them:
 * no total of a segment says that. Its rows are run once, segments in order, by one
 * thread.
 */
#include "engine/engine_internal.h"

#include <string.h>

#include "kernel/reduce.h"

/* Outputs of the first pass: a block of them, of the largest dtype. */
#define SCRATCH_COUNT 1024u
#define SCRATCH_BYTES (SCRATCH_COUNT * 16u)

/* Loops count elements of a call in 30 bits. */
#define CALL_COUNT_MAX (1u << 28)

/* Of a segment: its total, after the first pass; later the running value before it. */
static char *value_of(const lanes_engine_plan *plan, uint64_t segment, uint64_t row)
{
    const lanes_engine_reduction *r = &plan->reduction;
    return plan->partial + (segment * r->kept + row) * plan->element_size[0];
}

/* 1 if the segment has a total: `where` has not left all of it out. */
static char *has_total(const lanes_engine_plan *plan, uint64_t segment, uint64_t row)
{
    const lanes_engine_reduction *r = &plan->reduction;
    return value_of(plan, r->segments, 0) + segment * r->kept + row;
}

/* Runs a range of a row from *running on, which becomes what was kept last. */
static void run_range(const lanes_engine_plan *plan, lanes_loop_fn loop, uint64_t begin,
                      uint64_t end, void *running, lanes_loop_result *result)
{
    lanes_engine_own own;
    own.base[0] = running;
    own.begin = begin;
    while (begin < end) {
        const uint64_t count = lanes_min_u64(end - begin, CALL_COUNT_MAX);
        lanes_engine_run_row(plan, &own, loop, begin, begin + count, result);
        begin += count;
    }
}

/* ---- First pass ----------------------------------------------------------------------
 */

/* The plan of a pass that writes nothing: no output, and no mask. */
static void leave_outputs(const lanes_engine_plan *plan, lanes_engine_plan *out)
{
    *out = *plan;
    out->frame.base[out->mask] = NULL;
    for (uint32_t k = out->input_count; k < out->input_count + out->written_count; k++) {
        out->access[k] = k == out->mask ? LANES_ACCESS_UNIFORM : LANES_ACCESS_OWN;
    }
    out->block_count = lanes_min_u64(out->block_count, SCRATCH_COUNT);
}

/* The first segment begins with the start, others with their first element. */
static void find_total(const lanes_engine_plan *plan, lanes_loop_fn loop,
                       uint64_t segment, uint64_t row, uint64_t begin, uint64_t end)
{
    _Alignas(LANES_CACHE_LINE) char scratch[SCRATCH_BYTES];
    lanes_engine_plan reading;
    lanes_engine_own own;
    lanes_loop_result result = LANES_LOOP_RESULT_INIT; /* nothing fails in two passes */
    leave_outputs(plan, &reading);
    own.base[0] = value_of(plan, segment, row);
    own.base[plan->input_count] = scratch;
    own.begin = begin;
    bool is_some = true;
    if (segment == 0) {
        lanes_engine_read_start(plan, begin, 1, own.base[0]);
    } else {
        begin = lanes_engine_take_first(&reading, begin, end, own.base[0], &is_some);
    }
    *has_total(plan, segment, row) = is_some;
    if (begin < end) {
        lanes_engine_run_blocks(&reading, &own, loop, begin, end, &result);
    }
}

void lanes_engine_chain_segments(const lanes_engine_plan *plan, lanes_loop_fn loop)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t bytes = plan->element_size[0];
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    for (uint64_t row = 0; row < r->kept; row++) {
        lanes_reduce_value running;
        memcpy(&running, value_of(plan, 0, row), bytes);
        for (uint64_t segment = 1; segment < r->segments; segment++) {
            lanes_reduce_value total;
            char *at = value_of(plan, segment, row);
            memcpy(&total, at, bytes);
            memcpy(at, &running, bytes);
            if (*has_total(plan, segment, row) != 0) {
                lanes_engine_combine(plan, loop, &running, &total, 1, 0, &result);
            }
        }
    }
}

/* ---- The pass that writes ------------------------------------------------------------
 */

static void write_segment(const lanes_engine_plan *plan, lanes_loop_fn loop,
                          uint64_t segment, uint64_t row, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    lanes_reduce_value running;
    if (segment == 0) {
        lanes_engine_read_start(plan, begin, 1, &running);
    } else {
        memcpy(&running, value_of(plan, segment, row), plan->element_size[0]);
    }
    run_range(plan, loop, begin, end, &running, result);
    if (r->is_in_order && segment + 1 < r->segments) {
        memcpy(value_of(plan, segment + 1, row), &running, plan->element_size[0]);
    }
}

void lanes_engine_run_segment(const lanes_engine_plan *plan, lanes_loop_fn loop,
                              uint64_t segment, uint64_t row, bool is_first_pass,
                              lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t begin = row * r->reduced + segment * r->segment;
    const uint64_t end = lanes_min_u64(begin + r->segment, (row + 1) * r->reduced);
    if (!is_first_pass) {
        write_segment(plan, loop, segment, row, begin, end, result);
    } else if (segment + 1 < r->segments) {
        find_total(plan, loop, segment, row, begin, end);
    } else { /* nobody comes behind it */
        *has_total(plan, segment, row) = 0;
    }
}

bool lanes_engine_runs_whole_rows(const lanes_engine_plan *plan)
{
    return plan->reduction.op == LANES_REDUCE_SCAN && plan->is_direct &&
           plan->reduction.segments == 1 && plan->reduction.reduced <= CALL_COUNT_MAX;
}

/* What rows share is made once: else a row of three elements takes six times as long. */
void lanes_engine_run_whole_rows(const lanes_engine_plan *plan, lanes_loop_fn loop,
                                 uint64_t first, uint64_t last, lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const lanes_engine_source start = lanes_engine_source_of(plan, 0);
    lanes_loop_frame frame = plan->frame;
    lanes_engine_place place;
    lanes_reduce_value running;
    frame.base[0] = &running;
    lanes_engine_space_place(&plan->space, first * r->reduced, &place);
    for (uint64_t row = first; row <= last; row++) {
        const int64_t offset = lanes_engine_space_offset(&plan->space, 0, &place);
        lanes_engine_copy_element(&running, start.first + offset, start.element_bytes);
        loop(&frame, row * r->reduced, (row + 1) * r->reduced, result);
        lanes_engine_space_advance(&plan->space, r->reduced, &place);
    }
}

/* ---- Failures ------------------------------------------------------------------------
 */

void lanes_engine_find_before(const lanes_engine_plan *plan, uint64_t flat_index,
                              lanes_loop_frame *frame)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint32_t out = plan->input_count;
    if (r->op != LANES_REDUCE_SCAN) {
        return;
    }
    uint64_t index = lanes_engine_space_find(&plan->space, flat_index);
    /* None before it has failed; of the first that counts the start is there already. */
    for (uint64_t left = index % r->reduced; left > 0; left--) {
        lanes_engine_place place;
        lanes_engine_space_place(&plan->space, --index, &place);
        if (lanes_engine_is_wanted(plan, &place)) {
            frame->base[0] = (char *)plan->frame.base[plan->slot[out]] +
                             lanes_engine_space_offset(&plan->space, out, &place);
            return;
        }
    }
}
