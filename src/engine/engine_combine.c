/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_combine.c - reductions by the kernel itself: what it cannot do without help.
 *
 * Nothing is known of such a kernel but that it is associative. So a unit begins with its
 * first element instead of an identity, and units' values are combined in order, by the
 * loop that has made them.
 */
#include "engine/engine_internal.h"

#include <string.h>

/* Values that are combined in one call. */
#define COMBINE_COUNT 64u

bool lanes_engine_is_wanted(const lanes_engine_plan *plan,
                            const lanes_engine_place *place)
{
    const uint32_t where = plan->operand_count - 1; /* the last, if there is one */
    char flag = 1;
    if (plan->key.has_where != 0) {
        const lanes_engine_source source = lanes_engine_source_of(plan, where);
        lanes_engine_pack(&source, place, 1, &flag);
    }
    return flag != 0;
}

/* The client's mask says of what no loop has seen that it has not failed. */
static void clear_mask(const lanes_engine_plan *plan, const lanes_engine_place *place)
{
    if (plan->frame.base[plan->mask] != NULL) {
        const lanes_engine_source source = lanes_engine_source_of(plan, plan->mask);
        const char flag = 0;
        lanes_engine_unpack(&source, place, 1, &flag);
    }
}

void lanes_engine_read_start(const lanes_engine_plan *plan, uint64_t begin,
                             uint64_t count, void *to)
{
    const lanes_engine_source source = lanes_engine_source_of(plan, 0);
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space, begin, &place);
    lanes_engine_pack(&source, &place, count, to);
}

uint64_t lanes_engine_take_first(const lanes_engine_plan *plan, uint64_t begin,
                                 uint64_t end, void *to, bool *out_is_some)
{
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space, begin, &place);
    for (; begin < end; begin++) {
        clear_mask(plan, &place);
        if (lanes_engine_is_wanted(plan, &place)) {
            const lanes_engine_source source = lanes_engine_source_of(plan, 1);
            lanes_engine_pack(&source, &place, 1, to);
            *out_is_some = true;
            return begin + 1;
        }
        lanes_engine_space_advance(&plan->space, 1, &place);
    }
    *out_is_some = false;
    return end;
}

void lanes_engine_combine(const lanes_engine_plan *plan, lanes_loop_fn loop, void *to,
                          void *values, uint64_t count, uint64_t flat_index,
                          lanes_loop_result *result)
{
    uint8_t all[COMBINE_COUNT];
    memset(all, 1, sizeof(all));
    lanes_loop_frame frame = plan->frame;
    frame.base[0] = to;
    frame.base[2] = to;
    frame.base[plan->mask] = NULL;
    frame.base[plan->mask + 1] = all;
    for (uint64_t at = 0; at < count; at += COMBINE_COUNT) {
        const uint64_t some = count - at < COMBINE_COUNT ? count - at : COMBINE_COUNT;
        lanes_loop_result own = LANES_LOOP_RESULT_INIT;
        frame.base[1] = (char *)values + at * plan->element_size[1];
        loop(&frame, 0, some, &own);
        result->failed += own.failed;
        if (own.failed != 0 && flat_index < result->first_failed) {
            result->first_failed = flat_index;
        }
    }
}
