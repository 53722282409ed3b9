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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/reduce.h"

/*
 * Units of one value: of so many elements each, up to so many units. A unit costs some
 * 50 ns besides its elements, of which cheap ones take 0.05 ns and others a millisecond:
 * so a few that are small, and many where they can be large.
 */
#define FOLD_COUNT_FEW  256u
#define FOLD_UNITS_FEW  64u
#define FOLD_COUNT_MANY 8192u
#define FOLD_UNITS_MANY 512u

/* Accumulators of a unit take half of a first-level cache of 32 KiB. */
#define ACCUMULATOR_BYTES (16u << 10)

/* Rows of a unit, at least, as each segment's values are combined once more; and units
 * that values are cut into, if they make fewer. */
#define ROW_COUNT_MIN 64u
#define ROW_UNITS     128u

/* Where fewer elements than this lie side by side, it is better to run across. */
#define RUN_COUNT_MIN 64u

/* Scans of so many rows, or of shorter ones, are run a row in one go. */
#define SCAN_ROWS_MANY   64u
#define SCAN_COUNT_SHORT 65536u

/* Where values of an output begin. */
#define VALUE_ALIGNMENT 16u

/* Loops count elements of a call in 30 bits. */
#define SEGMENT_MAX (1u << 28)

_Static_assert(ACCUMULATOR_BYTES >= LANES_OPERANDS_MAX * 64u * 16u, "64 of each output");

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* ---- Choice --------------------------------------------------------------------------
 */

static bool is_reduced_axis(const lanes_engine_batch *batch, uint32_t d)
{
    return (batch->reduce_axes >> d & 1u) != 0;
}

/* The dimension along which the first input that moves has its neighbours; -1: none. */
static int32_t find_neighbours(const lanes_engine_batch *batch, uint32_t input_count)
{
    const uint32_t first = batch->reduce == LANES_REDUCE_KERNEL ? 1 : 0;
    for (uint32_t k = first; k < input_count; k++) {
        int32_t found = -1;
        for (uint32_t d = 0; d < batch->dimensions; d++) {
            const int64_t *stride = batch->operand[k].stride;
            if (batch->shape[d] > 1 && stride[d] != 0 &&
                (found < 0 || lanes_engine_magnitude(stride[d]) <=
                                  lanes_engine_magnitude(stride[found]))) {
                found = (int32_t)d;
            }
        }
        if (found >= 0) {
            return found;
        }
    }
    return -1;
}

static int32_t find_last(const lanes_engine_batch *batch)
{
    int32_t last = -1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        last = batch->shape[d] > 1 ? (int32_t)d : last;
    }
    return last;
}

void lanes_engine_count_reduced(const lanes_engine_batch *batch, uint64_t *out_kept,
                                uint64_t *out_reduced)
{
    *out_kept = 1;
    *out_reduced = 1;
    for (uint32_t d = 0; d < batch->dimensions; d++) {
        *(is_reduced_axis(batch, d) ? out_reduced : out_kept) *= batch->shape[d];
    }
}

bool lanes_engine_choose_fold(const lanes_engine_batch *batch, uint32_t input_count,
                              bool keeps_order)
{
    uint64_t kept;
    uint64_t reduced;
    lanes_engine_count_reduced(batch, &kept, &reduced);
    if (reduced == 0) { /* nothing to run: values are all there is */
        return false;
    }
    if (lanes_reduce_is_arg(batch->reduce) || kept == 1) {
        return true;
    }
    const int32_t last = find_last(batch);
    if (keeps_order && last >= 0) {
        return is_reduced_axis(batch, (uint32_t)last);
    }
    const int32_t nearest = find_neighbours(batch, input_count);
    const bool is_along = nearest < 0 || is_reduced_axis(batch, (uint32_t)nearest);
    const uint64_t along = is_along ? reduced : kept;
    const uint64_t across = is_along ? kept : reduced;
    return along < RUN_COUNT_MIN && across > along ? !is_along : is_along;
}

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

/* Bytes of an accumulator of output @p k. */
static uint64_t value_bytes(const lanes_engine_plan *plan, uint32_t k)
{
    return lanes_reduce_is_arg(plan->reduction.op) ? sizeof(lanes_reduce_best)
                                                   : plan->element_size[k];
}

/* Values of one output, all segments' of a value, or a segment's of all, together. */
static char *partial_of(const lanes_engine_plan *plan, uint32_t k, uint64_t segment,
                        uint64_t value)
{
    const lanes_engine_reduction *r = &plan->reduction;
    char *at = plan->partial;
    for (uint32_t o = plan->input_count; o < k; o++) {
        const uint64_t bytes = r->segments * r->kept * value_bytes(plan, o);
        at += bytes + -bytes % VALUE_ALIGNMENT;
    }
    return at + (segment * r->kept + value) * value_bytes(plan, k);
}

/* Of kernels that reduce by themselves: 1 if the unit has a value. */
static char *has_partial(const lanes_engine_plan *plan, uint64_t segment, uint64_t value)
{
    return partial_of(plan, plan->mask, 0, 0) + segment * plan->reduction.kept + value;
}

static void cut_fold(lanes_engine_reduction *r)
{
    const uint64_t few = lanes_min_u64(divide_up(r->reduced, FOLD_COUNT_FEW),
                                       divide_up(FOLD_UNITS_FEW, r->kept));
    const uint64_t many = lanes_min_u64(divide_up(r->reduced, FOLD_COUNT_MANY),
                                        divide_up(FOLD_UNITS_MANY, r->kept));
    const uint64_t wanted = few > many ? few : many;
    r->width = 1;
    r->segment = divide_up(r->reduced, wanted);
    r->segment += -r->segment % LANES_STREAM_COUNT; /* whole cache lines */
    r->segment = lanes_min_u64(r->segment, SEGMENT_MAX);
    r->segments = divide_up(r->reduced, r->segment);
}

/* Segments of a scan cost it a second pass. */
static void cut_scan(lanes_engine_plan *plan)
{
    lanes_engine_reduction *r = &plan->reduction;
    cut_fold(r);
    if (r->kept >= SCAN_ROWS_MANY || r->reduced < SCAN_COUNT_SHORT) {
        r->segment = r->reduced;
        r->segments = 1;
    }
    if (r->segments > 1 && !r->is_in_order) {
        plan->work = 2 * plan->count;
    }
}

static void cut_rows(lanes_engine_reduction *r, uint64_t bytes)
{
    r->width = ACCUMULATOR_BYTES / bytes;
    r->width = lanes_min_u64(r->width - r->width % LANES_STREAM_COUNT, r->kept);
    /* Without an identity, rows are not begun in the middle. */
    const uint64_t most =
        r->op == LANES_REDUCE_KERNEL ? 1 : divide_up(r->reduced, ROW_COUNT_MIN);
    const uint64_t columns = divide_up(r->kept, r->width);
    const uint64_t wanted = lanes_min_u64(most, divide_up(ROW_UNITS, columns));
    r->segment = divide_up(r->reduced, wanted);
    r->segments = divide_up(r->reduced, r->segment);
}

lanes_status lanes_engine_cut_units(lanes_engine_plan *plan, lanes_error *err)
{
    lanes_engine_reduction *r = &plan->reduction;
    uint64_t bytes = 0;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        bytes += value_bytes(plan, k);
    }
    if (r->op == LANES_REDUCE_SCAN) {
        cut_scan(plan);
    } else if (r->folds) {
        cut_fold(r);
    } else {
        cut_rows(r, bytes);
    }
    if (r->segments == 1) {
        return LANES_OK;
    }
    bytes += sizeof(uint8_t); /* has_partial() */
    plan->partial =
        calloc(1, r->segments * r->kept * bytes + LANES_OPERANDS_MAX * VALUE_ALIGNMENT);
    if (plan->partial == NULL) {
        return lanes_error_set(err, -ENOMEM,
                               "no memory for %llu partial results of a reduction",
                               (unsigned long long)(r->segments * r->kept));
    }
    return LANES_OK;
}

void lanes_engine_plan_deinit(lanes_engine_plan *plan)
{
    free(plan->partial);
    plan->partial = NULL;
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
static void write_index(const lanes_engine_plan *plan, uint32_t k, uint64_t value,
                        const lanes_reduce_best *best)
{
    const int64_t index =
        best->index < 0 ? -1 : (int64_t)((uint64_t)best->index % plan->reduction.reduced);
    write_values(plan, k, value, 1, &index);
}

static void deliver(const lanes_engine_plan *plan, uint32_t k, const struct unit *unit,
                    const void *from)
{
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    if (r->segments > 1) {
        memcpy(partial_of(plan, k, unit->segment, unit->value), from,
               count * value_bytes(plan, k));
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
    char values[FOLD_UNITS_MANY * sizeof(lanes_reduce_value)];
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
            if (count == FOLD_UNITS_MANY || segment + 1 == r->segments) {
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
            write_values(plan, k, value, step, all + value * value_bytes(plan, k));
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
    lanes_reduce_identity(op, plan->output_dtype[k], &identity);
    for (uint64_t i = 0; i < count; i++) {
        memcpy(to + i * plan->element_size[k], &identity, plan->element_size[k]);
    }
}

void lanes_engine_run_row(const lanes_engine_plan *plan, const lanes_engine_own *own,
                          lanes_loop_fn loop, uint64_t begin, uint64_t end,
                          lanes_loop_result *result)
{
    if (!plan->is_direct) {
        lanes_engine_run_blocks(plan, own, loop, begin, end, result);
        return;
    }
    lanes_loop_frame frame = plan->frame;
    for (uint32_t k = 0; k < plan->mask; k++) {
        if (plan->access[k] != LANES_ACCESS_OWN) {
            continue;
        }
        /* The loop goes on from the frame's first element to that of `begin`. */
        const uint64_t before = plan->reduction.folds ? 0 : begin;
        frame.base[k] =
            (void *)((uintptr_t)own->base[k] - before * plan->element_size[k]);
    }
    loop(&frame, begin, end, result);
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

static void run_unit(const lanes_engine_plan *plan, lanes_loop_fn loop,
                     const struct unit *unit, lanes_loop_result *result)
{
    _Alignas(LANES_CACHE_LINE) char accumulators[ACCUMULATOR_BYTES];
    const lanes_engine_reduction *r = &plan->reduction;
    const uint64_t count = value_count(r, unit->value);
    lanes_engine_own own;
    char *at = accumulators;
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        own.base[k] = at;
        at += (count * value_bytes(plan, k) + 15) / 16 * 16;
    }
    own.base[0] = accumulators; /* of a kernel that reduces by itself */
    uint64_t first = unit->segment * r->segment;
    const uint64_t last = first + segment_count(r, unit->segment);
    first = begin_unit(plan, unit, first, last, &own);
    if (r->folds && first < last) {
        const uint64_t begin = unit->value * r->reduced;
        lanes_engine_run_row(plan, &own, loop, begin + first, begin + last, result);
    }
    for (uint64_t row = first; row < last && !r->folds; row++) {
        own.begin = row * r->kept + unit->value;
        lanes_engine_run_row(plan, &own, loop, own.begin, own.begin + count, result);
    }
    for (uint32_t k = plan->input_count; k < plan->mask; k++) {
        deliver(plan, k, unit, own.base[k]);
    }
}

void lanes_engine_run_units(const lanes_engine_plan *plan, lanes_loop_fn loop,
                            uint64_t begin, uint64_t end, lanes_loop_result *result)
{
    const uint64_t pass = begin_of_pass(plan, begin);
    const bool is_first = begin < plan->count && plan->work > plan->count;
    struct unit unit = find_unit(&plan->reduction, begin - pass);
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
