/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_reduce.c - reductions: cut into units, run, put together.
 *
 * Two ways, by where neighbours in memory lie. If they go into one value, reduced
 * dimensions are run inside the others and a unit folds a run of them. If they go into
 * values side by side, kept dimensions are run inside, and a unit adds row after row to
 * its accumulators.
 *
 *      folds: loop index = value * reduced + element      unit: a segment of one value
 *      else:  loop index = row * kept + value             unit: `width` values of a
 *                                                               segment of rows
 *
 * Units follow from the batch's shape and strides alone, never from threads, tiles or
 * slices: each is run by one thread in one order, so results have the same bits. Tiles
 * count elements all the same. A unit belongs to the tile in which it begins, where units
 * are thought to lie one behind the other, each as long as it has elements; then a tile
 * may run some elements more or less than it counts, and nobody else need know of units.
 *
 * Values that are made of one segment go to their arrays at once, others wait in
 * plan->partial until all have run.
 */
#include "engine/engine_internal.h"

#include <string.h>

#include "kernel/reduce.h"

/* Values of segments that are combined in one go. */
#define COMBINE_COUNT 512u

_Static_assert(LANES_ENGINE_ACCUMULATOR_BYTES >= LANES_OPERANDS_MAX * 64u * 16u,
               "64 of each output");

/* ---- Units ---------------------------------------------------------------------------
 */

/* One unit, and where it is thought to begin among all. */
struct unit {
    uint64_t begin;
    uint64_t segment; /* which */
    uint64_t value;   /* the first */
};

static uint64_t segment_count(const lanes_engine_reduction *r, uint64_t segment)
{
    return lanes_min_u64(r->segment, r->reduced - segment * r->segment);
}

static uint64_t value_count(const lanes_engine_reduction *r, uint64_t value)
{
    return lanes_min_u64(r->width, r->kept - value);
}

static uint64_t element_count(const lanes_engine_reduction *r, const struct unit *unit)
{
    return segment_count(r, unit->segment) * value_count(r, unit->value);
}

static bool is_end(const lanes_engine_reduction *r, const struct unit *unit)
{
    return r->folds ? unit->value == r->kept : unit->segment == r->segments;
}

/* The next one: segments of a value, or values of a segment, follow each other. */
static void advance(const lanes_engine_reduction *r, struct unit *unit)
{
    unit->begin += element_count(r, unit);
    if (r->folds) {
        if (++unit->segment == r->segments) {
            unit->segment = 0;
            unit->value++;
        }
        return;
    }
    unit->value += r->width;
    if (unit->value >= r->kept) {
        unit->value = 0;
        unit->segment++;
    }
}

/* The first unit that begins at @p begin or behind it. */
static struct unit find_unit(const lanes_engine_reduction *r, uint64_t begin)
{
    struct unit unit;
    if (r->folds) {
        unit.value = begin / r->reduced;
        unit.segment = begin % r->reduced / r->segment;
        unit.begin = unit.value * r->reduced + unit.segment * r->segment;
    } else {
        const uint64_t whole = r->segment * r->kept;
        unit.segment = begin / whole;
        const uint64_t rows = segment_count(r, unit.segment);
        unit.value = begin % whole / (rows * r->width) * r->width;
        unit.begin = unit.segment * whole + rows * unit.value;
    }
    if (unit.begin < begin) {
        advance(r, &unit);
    }
    return unit;
}

/* Where in its pass a place in the work is. */
static uint64_t begin_of_pass(const lanes_engine_plan *plan, uint64_t begin)
{
    return begin < plan->count ? 0 : plan->count;
}

uint64_t lanes_engine_unit_elements(const lanes_engine_plan *plan, uint64_t begin)
{
    const struct unit unit =
        find_unit(&plan->reduction, begin - begin_of_pass(plan, begin));
    return element_count(&plan->reduction, &unit);
}

/* ---- Partial values ------------------------------------------------------------------
 */

/* Values of one output, all segments' of a value, or a segment's of all, together. */
static char *partial_of(const lanes_engine_plan *plan, uint32_t k, uint64_t segment,
                        uint64_t value)
{
    const lanes_engine_reduction *r = &plan->reduction;
    char *at = plan->partial;
    for (uint32_t o = plan->input_count; o < k; o++) {
        const uint64_t bytes = r->segments * r->kept * lanes_engine_value_bytes(plan, o);
        at += bytes + -bytes % LANES_ENGINE_VALUE_ALIGNMENT;
    }
    return at + (segment * r->kept + value) * lanes_engine_value_bytes(plan, k);
}

/* Of kernels that reduce by themselves: 1 if the unit has a value. */
static char *has_partial(const lanes_engine_plan *plan, uint64_t segment, uint64_t value)
{
    return partial_of(plan, plan->mask, 0, 0) + segment * plan->reduction.kept + value;
}

/* ---- Results -------------------------------------------------------------------------
 */

/* Writes values to the array of output @p k; guarded, as it is the client's memory. */
static void write_values(const lanes_engine_plan *plan, uint32_t k, uint64_t value,
                         uint64_t count, const void *from)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const lanes_engine_source source = lanes_engine_source_of(plan, k);
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space, r->folds ? value * r->reduced : value, &place);
    lanes_engine_unpack(&source, &place, count, from);
}

/* argmin, argmax: what is kept is a loop index, wanted is one among the reduced axes. */
static int64_t index_of(const lanes_engine_plan *plan, uint64_t value,
                        const lanes_reduce_best *best)
{
    return best->index < 0 ? -1
                           : best->index - (int64_t)(value * plan->reduction.reduced);
}

static void write_index(const lanes_engine_plan *plan, uint32_t k, uint64_t value,
                        const lanes_reduce_best *best)
{
    const int64_t index = index_of(plan, value, best);
    write_values(plan, k, value, 1, &index);
}

static void deliver(const lanes_engine_plan *plan, uint32_t k, const struct unit *unit,
                    const void *from)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    if (r->segments > 1) {
        memcpy(partial_of(plan, k, unit->segment, unit->value), from,
               count * lanes_engine_value_bytes(plan, k));
    } else if (lanes_reduce_is_arg(r->op)) {
        write_index(plan, k, unit->value, from);
    } else {
        write_values(plan, k, unit->value, count, from);
    }
}

static void finish_places(const lanes_engine_plan *plan, uint32_t k)
{
    const lanes_engine_reduction *r = &plan->reduction;
    for (uint64_t value = 0; value < r->kept; value++) {
        lanes_reduce_best best;
        memcpy(&best, partial_of(plan, k, 0, value), sizeof(best));
        for (uint64_t segment = 1; segment < r->segments; segment++) {
            lanes_reduce_best next;
            memcpy(&next, partial_of(plan, k, segment, value), sizeof(next));
            lanes_reduce_take_better(r->op, plan->value_dtype[k], &best, &next);
        }
        write_index(plan, k, value, &best);
    }
}

/* Segments are combined in their order, but for those without a value; or they were. */
static void finish_kernel(const lanes_engine_plan *plan, lanes_loop_fn loop,
                          lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint32_t out = plan->input_count;
    const uint64_t bytes = plan->element_size[out];
    char values[COMBINE_COUNT * sizeof(lanes_reduce_value)];
    for (uint64_t value = 0; value < r->kept; value++) {
        if (r->is_in_order) {
            write_values(plan, out, value, 1,
                         partial_of(plan, out, r->segments - 1, value));
            continue;
        }
        const uint64_t flat = lanes_engine_space_flat(&plan->space, value * r->reduced);
        char *to = partial_of(plan, out, 0, value);
        uint64_t count = 0;
        for (uint64_t segment = 1; segment < r->segments; segment++) {
            if (*has_partial(plan, segment, value) != 0) {
                memcpy(values + count * bytes, partial_of(plan, out, segment, value),
                       bytes);
                count++;
            }
            if (count == COMBINE_COUNT || segment + 1 == r->segments) {
                lanes_engine_combine(plan, loop, to, values, count, flat, result);
                count = 0;
            }
        }
        write_values(plan, out, value, 1, to);
    }
}

void lanes_engine_finish_units(const lanes_engine_plan *plan, lanes_loop_fn loop,
                               lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    if (r->segments == 1) {
        return;
    }
    if (r->op == LANES_REDUCE_SCAN) {
        if (plan->work > plan->count) {
            lanes_engine_chain_segments(plan, loop);
        }
        return;
    }
    if (r->op == LANES_REDUCE_KERNEL) {
        finish_kernel(plan, loop, result);
        return;
    }
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        if (lanes_reduce_is_arg(r->op)) {
            finish_places(plan, k);
            continue;
        }
        char *all = partial_of(plan, k, 0, 0);
        for (uint64_t segment = 1; segment < r->segments; segment++) {
            lanes_reduce_combine_arrays(r->op, plan->output_dtype[k], r->kept, all,
                                        partial_of(plan, k, segment, 0));
        }
        const uint64_t step = r->folds ? 1 : r->kept; /* that are neighbours in space */
        for (uint64_t value = 0; value < r->kept; value += step) {
            write_values(plan, k, value, step,
                         all + value * lanes_engine_value_bytes(plan, k));
        }
    }
}

/* ---- Running -------------------------------------------------------------------------
 */

static void fill_identity(const lanes_engine_plan *plan, uint32_t k, uint64_t count,
                          char *to)
{
    const uint32_t op = plan->reduction.op;
    if (lanes_reduce_is_arg(op)) {
        lanes_reduce_best none = {.index = -1};
        lanes_reduce_identity(op, plan->value_dtype[k], &none.value);
        memcpy(to, &none, sizeof(none));
        return;
    }
    lanes_reduce_value identity;
    const uint64_t bytes = count * plan->element_size[k];
    lanes_reduce_identity(op, plan->output_dtype[k], &identity);
    memcpy(to, &identity, plan->element_size[k]);
    for (uint64_t done = plan->element_size[k]; done < bytes; done *= 2) {
        memcpy(to + done, to, lanes_min_u64(done, bytes - done));
    }
}

/* Points @p frame to accumulators, the first of which is of loop index @p begin: the loop
 * goes on from the frame's first element to that. */
static void place_own(const lanes_engine_plan *plan, const lanes_engine_own *own,
                      uint64_t begin, lanes_loop_frame *frame)
{
    const uint64_t before = plan->reduction.folds ? 0 : begin;
    for (uint32_t k = 0; k < plan->mask; k++) {
        if (plan->access[k] == LANES_ACCESS_OWN) {
            frame->base[k] =
                (void *)((uintptr_t)own->base[k] - before * plan->element_size[k]);
        }
    }
}

void lanes_engine_run_row(const lanes_engine_plan *plan, const lanes_engine_own *own,
                          lanes_loop_fn loop, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    if (!plan->is_direct) {
        lanes_engine_run_blocks(plan, own, loop, begin, end, result);
    } else {
        lanes_loop_frame frame = plan->frame;
        place_own(plan, own, begin, &frame);
        loop(&frame, begin, end, result);
    }
    if (lanes_engine_wants_flags(plan)) {
        lanes_engine_look_at_flags(plan, begin, end);
    }
}

/*
 * Fills the accumulators of a unit; returns its first element or row that is to be run. A
 * kernel of which no identity is known begins with the values that the client gave, and
 * later segments with their first element.
 */
static uint64_t begin_unit(const lanes_engine_plan *plan, const struct unit *unit,
                           uint64_t first, uint64_t last, const lanes_engine_own *own)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    if (r->op != LANES_REDUCE_KERNEL) {
        for (uint32_t k = plan->input_count; k < plan->mask; k++) {
            fill_identity(plan, k, count, own->base[k]);
        }
        return first;
    }
    const uint64_t begin = r->folds ? unit->value * r->reduced : unit->value;
    bool is_some = true;
    if (unit->segment == 0) {
        lanes_engine_read_start(plan, begin, count, own->base[0]);
    } else if (r->is_in_order) {
        memcpy(own->base[0],
               partial_of(plan, plan->input_count, unit->segment - 1, unit->value),
               plan->element_size[0]);
    } else {
        first = lanes_engine_take_first(plan, begin + first, begin + last, own->base[0],
                                        &is_some) -
                begin;
    }
    if (r->segments > 1) {
        *has_partial(plan, unit->segment, unit->value) = is_some;
    }
    return first;
}

/* Rows [first, last) of a unit, each added to the same accumulators. */
static void run_rows(const lanes_engine_plan *plan, lanes_engine_own *own,
                     lanes_loop_fn loop, const struct unit *unit, uint64_t first,
                     uint64_t last, lanes_loop_result *result)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    lanes_loop_frame frame = plan->frame;
    for (uint64_t row = first; row < last; row++) {
        own->begin = row * r->kept + unit->value;
        if (!plan->is_direct) {
            lanes_engine_run_blocks(plan, own, loop, own->begin, own->begin + count,
                                    result);
        } else {
            place_own(plan, own, own->begin, &frame);
            loop(&frame, own->begin, own->begin + count, result);
        }
        if (lanes_engine_wants_flags(plan)) {
            lanes_engine_look_at_flags(plan, own->begin, own->begin + count);
        }
    }
}

static void run_unit(const lanes_engine_plan *plan, lanes_loop_fn loop,
                     const struct unit *unit, lanes_loop_result *result)
{
    _Alignas(LANES_CACHE_LINE) char accumulators[LANES_ENGINE_ACCUMULATOR_BYTES];
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    lanes_engine_own own;
    char *at = accumulators;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        own.base[k] = at;
        at += (count * lanes_engine_value_bytes(plan, k) + 15) / 16 * 16;
    }
    own.base[0] = accumulators; /* of a kernel that reduces by itself */
    uint64_t first = unit->segment * r->segment;
    const uint64_t last = first + segment_count(r, unit->segment);
    first = begin_unit(plan, unit, first, last, &own);
    if (r->folds && first < last) {
        const uint64_t begin = unit->value * r->reduced;
        lanes_engine_run_row(plan, &own, loop, begin + first, begin + last, result);
    }
    if (!r->folds) {
        run_rows(plan, &own, loop, unit, first, last, result);
    }
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        deliver(plan, k, unit, own.base[k]);
    }
}

/* ---- Units that are one call ---------------------------------------------------------
 */

/* True if a unit is one call of the loop, and not begun by what the client has. */
static bool is_plain(const lanes_engine_plan *plan)
{
    return plan->is_direct && plan->reduction.folds &&
           !lanes_reduce_is_by_kernel(plan->reduction.op);
}

/* A value where the client has it; @p place is one of its elements. */
static void write_value(const lanes_engine_plan *plan, uint32_t k, uint64_t value,
                        const lanes_engine_place *place, const void *from)
{
    const lanes_engine_source source = lanes_engine_source_of(plan, k);
    char *to = source.first + lanes_engine_space_offset(&plan->space, k, place);
    int64_t index;
    if (lanes_reduce_is_arg(plan->reduction.op)) {
        index = index_of(plan, value, from);
        from = &index;
    }
    lanes_engine_copy_element(to, from, source.element_bytes);
}

/*
 * The units from @p unit on that begin before @p end: what they share is made once, as a
 * row of 64 elements takes the loop less time than a unit's preparations.
 */
static void run_plain(const lanes_engine_plan *plan, lanes_loop_fn loop,
                      struct unit *unit, uint64_t end, lanes_loop_result *result)
{
    _Alignas(LANES_CACHE_LINE) lanes_reduce_best own[LANES_OPERANDS_MAX];
    const lanes_engine_reduction *r = &plan->reduction;
    lanes_reduce_best start[LANES_OPERANDS_MAX];
    lanes_loop_frame frame = plan->frame;
    lanes_engine_place place;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        fill_identity(plan, k, 1, (char *)&start[k]);
        frame.base[k] = &own[k];
    }
    lanes_engine_space_place(&plan->space, unit->value * r->reduced, &place);
    const uint64_t begin = unit->begin; /* units are thought to lie where they do */
    while (unit->begin < end && !is_end(r, unit)) {
        const uint64_t first = unit->value * r->reduced + unit->segment * r->segment;
        for (uint32_t k = plan->input_count; k < plan->mask; k++) {
            own[k] = start[k];
        }
        loop(&frame, first, first + segment_count(r, unit->segment), result);
        for (uint32_t k = plan->input_count; k < plan->mask; k++) {
            if (r->segments > 1) {
                memcpy(partial_of(plan, k, unit->segment, unit->value), &own[k],
                       lanes_engine_value_bytes(plan, k));
            } else {
                write_value(plan, k, unit->value, &place, &own[k]);
            }
        }
        advance(r, unit);
        if (unit->segment == 0) {
            lanes_engine_space_advance(&plan->space, r->reduced, &place);
        }
    }
    if (lanes_engine_wants_flags(plan) && unit->begin > begin) {
        lanes_engine_look_at_flags(plan, begin, unit->begin);
    }
}

void lanes_engine_run_units(const lanes_engine_plan *plan, lanes_loop_fn loop,
                            uint64_t begin, uint64_t end, lanes_loop_result *result)
{
    const uint64_t pass = begin_of_pass(plan, begin);
    const bool is_first = begin < plan->count && plan->work > plan->count;
    struct unit unit = find_unit(&plan->reduction, begin - pass);
    if (is_plain(plan)) {
        run_plain(plan, loop, &unit, end - pass, result);
        return;
    }
    if (lanes_engine_runs_whole_rows(plan)) { /* each is a unit */
        lanes_engine_run_whole_rows(plan, loop, unit.value,
                                    (end - 1) / plan->reduction.reduced, result);
        return;
    }
    while (unit.begin < end - pass && !is_end(&plan->reduction, &unit)) {
        if (plan->reduction.op == LANES_REDUCE_SCAN) {
            lanes_engine_run_segment(plan, loop, unit.segment, unit.value, is_first,
                                     result);
        } else {
            run_unit(plan, loop, &unit, result);
        }
        advance(&plan->reduction, &unit);
    }
}

/* ---- Nothing to reduce ---------------------------------------------------------------
 */

static void write_empty(void *ctx)
{
    const lanes_engine_plan *plan = ctx;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        lanes_reduce_value value;
        lanes_reduce_of_none(plan->reduction.op, plan->output_dtype[k], &value);
        for (uint64_t i = 0; i < plan->reduction.kept; i++) {
            if (plan->reduction.op == LANES_REDUCE_KERNEL) {
                lanes_engine_read_start(plan, i, 1, &value);
            }
            write_values(plan, k, i, 1, &value);
        }
    }
}

bool lanes_engine_write_empty(const lanes_engine_plan *plan, lanes_os_fault *out_fault)
{
    lanes_engine_plan copy = *plan;
    return lanes_os_guard_call(write_empty, &copy, out_fault);
}
