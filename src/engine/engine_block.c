/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_block.c - operands in place where the loop can take them, else through scratch.
 *
 * Loops take operands that are contiguous, or one element for all, so that every layout
 * runs the same vector code and gets the same bits. Where an operand is neither, a block
 * of its elements is copied to scratch memory (or back), small enough to stay in the
 * first-level cache. Copying costs a load and a store for each element; a loop over
 * strided memory pays the loads as well, one element each.
 *
 * Small inner dimensions: a block takes elements of many rows, so it is full whatever the
 * shape, and the loop is not called for a row of three.
 */
#include "engine/engine_internal.h"

#include "kernel/reduce.h"

/* Scratch of a thread, on its stack: the least block of 18 complex operands. */
#define SCRATCH_BYTES (76u << 10)

/* A block's copies take half of a first-level cache of 32 KiB. */
#define BLOCK_BYTES     (16u << 10)
#define BLOCK_COUNT_MIN 256u
#define BLOCK_COUNT_MAX 2048u

/* Copies begin at different distances from a multiple of 4 KiB, so that a load from one
 * is not held up by a store to another. */
#define SCRATCH_GAP LANES_CACHE_LINE

/* Rows that are shorter than this are copied rather than run one by one. */
#define RUN_COUNT_MIN 256u

/* ---- Choice ---------------------------------------------------------------------- */

static bool is_row(const lanes_engine_plan *plan, uint32_t k)
{
    return k < plan->input_count && plan->key.layout[k] == LANES_LAYOUT_ROWS;
}

static bool is_uniform(const lanes_engine_plan *plan, uint32_t k)
{
    return k < plan->input_count && plan->key.layout[k] == LANES_LAYOUT_UNIFORM;
}

static uint64_t inner_length(const lanes_engine_plan *plan)
{
    return plan->space.shape[plan->space.dimensions - 1];
}

static int64_t inner_stride(const lanes_engine_plan *plan, uint32_t k)
{
    return plan->space.stride[k][plan->space.dimensions - 1];
}

/* True if a step of each dimension continues where the next further in ends. */
static bool is_one_run(const lanes_engine_space *space, uint32_t k)
{
    for (uint32_t d = space->dimensions - 1; d > 0; d--) {
        int64_t whole;
        if (__builtin_mul_overflow(space->stride[k][d], (int64_t)space->shape[d],
                                   &whole) ||
            space->stride[k][d - 1] != whole) {
            return false;
        }
    }
    return true;
}

static bool is_reduced(const lanes_engine_plan *plan, uint32_t k)
{
    const uint32_t op = plan->reduction.op;
    if (lanes_reduce_is_by_kernel(op) && k == 0) {
        return true; /* its results are its first input */
    }
    return op != LANES_REDUCE_NONE && op != LANES_REDUCE_SCAN && k >= plan->input_count &&
           k < plan->mask;
}

static enum lanes_engine_access access_of(const lanes_engine_plan *plan, uint32_t k)
{
    if (is_reduced(plan, k)) {
        return LANES_ACCESS_OWN;
    }
    if (is_uniform(plan, k)) {
        return LANES_ACCESS_UNIFORM;
    }
    if (!is_row(plan, k) && plan->count > 1 &&
        inner_stride(plan, k) != (int64_t)plan->element_size[k]) {
        return LANES_ACCESS_PACKED;
    }
    return is_one_run(&plan->space, k) ? LANES_ACCESS_LINEAR : LANES_ACCESS_RUN;
}

/* True if some operand's rows can only be had one run after the other; or it is better.
 */
static bool wants_runs(const lanes_engine_plan *plan)
{
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_RUN &&
            (is_row(plan, k) || inner_length(plan) >= RUN_COUNT_MIN)) {
            return true;
        }
    }
    return false;
}

void lanes_engine_choose_access(lanes_engine_plan *plan)
{
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        plan->access[k] = (uint8_t)access_of(plan, k);
    }
    /* An index that is told to callbacks counts on in runs only. */
    plan->is_by_run = wants_runs(plan) || (plan->tells_index && !plan->space.is_c_order);
    uint64_t bytes = plan->finds_failures ? 1 : 0;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_RUN && !plan->is_by_run) {
            plan->access[k] = LANES_ACCESS_PACKED;
        }
        bytes += plan->access[k] == LANES_ACCESS_PACKED ? plan->element_size[k] : 0;
    }
    plan->is_direct = bytes == 0 && !plan->is_by_run && !plan->is_scanned;
    plan->block_count = UINT64_MAX; /* nothing is copied */
    if (bytes != 0) {
        uint64_t count = BLOCK_BYTES / bytes;
        count -= count % BLOCK_COUNT_MIN;
        count = count > BLOCK_COUNT_MIN ? count : BLOCK_COUNT_MIN;
        plan->block_count = count < BLOCK_COUNT_MAX ? count : BLOCK_COUNT_MAX;
    }
}

/* ---- Blocks ---------------------------------------------------------------------- */

/* One thread's work on a tile. */
struct blocks {
    const lanes_engine_plan *plan;
    const lanes_engine_own *own;
    lanes_engine_place place;             /* of the current block */
    lanes_loop_frame frame;               /* likewise */
    char *copy[LANES_FRAME_OPERANDS_MAX]; /* of operands that are packed */
};

static bool is_written(const lanes_engine_plan *plan, uint32_t k)
{
    return k >= plan->input_count && k < plan->input_count + plan->written_count;
}

static void lay_out(struct blocks *blocks, char *scratch)
{
    const lanes_engine_plan *plan = blocks->plan;
    char *at = scratch;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_PACKED) {
            blocks->copy[k] = at;
            at += plan->block_count * plan->element_size[k] + SCRATCH_GAP;
        }
    }
    if (plan->finds_failures) {
        blocks->frame.base[plan->mask] = at;
        at += plan->block_count;
    }
    LANES_ASSERT(at <= scratch + SCRATCH_BYTES);
}

/* True if what is in memory must be there before the loop runs. */
static bool is_read(const lanes_engine_plan *plan, uint32_t k)
{
    /* Outputs keep what elements have there that fail or are left out; the mask does not.
     */
    return !is_written(plan, k) || (plan->keeps_outputs && plan->slot[k] != plan->mask);
}

/* By what index the loop knows the element of a loop index. */
static uint64_t first_of(const lanes_engine_plan *plan, uint64_t begin)
{
    if (plan->space.is_c_order || lanes_reduce_is_arg(plan->reduction.op)) {
        return begin;
    }
    return plan->tells_index ? lanes_engine_space_flat(&plan->space, begin) : 0;
}

/* Points the frame to loop indices [begin, begin + count), copying what must be. */
static void load_block(struct blocks *blocks, uint64_t begin, uint64_t count)
{
    const lanes_engine_plan *plan = blocks->plan;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        const lanes_engine_source source = lanes_engine_source_of(plan, k);
        void **base = &blocks->frame.base[plan->slot[k]];
        switch ((enum lanes_engine_access)plan->access[k]) {
        case LANES_ACCESS_UNIFORM:
            break;
        case LANES_ACCESS_LINEAR:
            *base = source.first + (int64_t)begin * inner_stride(plan, k);
            break;
        case LANES_ACCESS_RUN:
            *base =
                source.first + lanes_engine_space_offset(&plan->space, k, &blocks->place);
            break;
        case LANES_ACCESS_PACKED:
            *base = blocks->copy[k];
            if (is_read(plan, k)) {
                lanes_engine_pack(&source, &blocks->place, count, blocks->copy[k]);
            }
            break;
        case LANES_ACCESS_OWN:
            *base = blocks->own->base[k];
            if (!plan->reduction.folds) {
                *base = blocks->own->base[k] +
                        (begin - blocks->own->begin) * plan->element_size[k];
            }
            break;
        }
    }
    blocks->frame.first = first_of(plan, begin);
}

static void store_block(const struct blocks *blocks, uint64_t count)
{
    const lanes_engine_plan *plan = blocks->plan;
    for (uint32_t k = plan->input_count; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_PACKED && is_written(plan, k)) {
            const lanes_engine_source source = lanes_engine_source_of(plan, k);
            lanes_engine_unpack(&source, &blocks->place, count, blocks->copy[k]);
        }
    }
}

/*
 * The first failure of a block in the order in which users count; the loop counts in its
 * own, so the mask tells which elements they were. A mask in place is the client's
 * memory, which may change meanwhile: whatever it says, the index is one of the block's.
 */
static uint64_t first_failure(const struct blocks *blocks, uint64_t begin, uint64_t count,
                              const lanes_loop_result *result)
{
    const lanes_engine_space *space = &blocks->plan->space;
    const char *mask = blocks->frame.base[blocks->plan->mask];
    const uint64_t skip = result->first_failed - blocks->frame.first;
    uint64_t first = lanes_engine_space_flat(space, begin + skip);
    uint64_t left = result->failed;
    for (uint64_t i = skip; i < count && left > 0; i++) {
        if (mask[i] != 0) {
            const uint64_t flat = lanes_engine_space_flat(space, begin + i);
            first = flat < first ? flat : first;
            left--;
        }
    }
    return first;
}

static void run_block(struct blocks *blocks, lanes_loop_fn loop, uint64_t begin,
                      uint64_t count, lanes_loop_result *result)
{
    lanes_loop_result own = LANES_LOOP_RESULT_INIT;
    load_block(blocks, begin, count);
    const uint64_t at = blocks->frame.first;
    loop(&blocks->frame, at, at + count, &own);
    if (own.failed != 0) {
        const uint64_t first = blocks->plan->is_scanned
                                   ? first_failure(blocks, begin, count, &own)
                                   : own.first_failed;
        result->failed += own.failed;
        result->first_failed =
            first < result->first_failed ? first : result->first_failed;
    }
    store_block(blocks, count);
}

void lanes_engine_run_blocks(const lanes_engine_plan *plan, const lanes_engine_own *own,
                             lanes_loop_fn loop, uint64_t begin, uint64_t end,
                             lanes_loop_result *result)
{
    _Alignas(LANES_CACHE_LINE) char scratch[SCRATCH_BYTES];
    struct blocks blocks;
    blocks.plan = plan;
    blocks.own = own;
    blocks.frame = plan->frame;
    lay_out(&blocks, scratch);
    lanes_engine_space_place(&plan->space, begin, &blocks.place);
    while (begin < end) {
        uint64_t count =
            end - begin < plan->block_count ? end - begin : plan->block_count;
        if (plan->is_by_run) {
            const uint64_t left =
                inner_length(plan) - blocks.place.index[plan->space.dimensions - 1];
            count = count < left ? count : left;
        }
        run_block(&blocks, loop, begin, count, result);
        lanes_engine_space_advance(&plan->space, count, &blocks.place);
        begin += count;
    }
}

void lanes_engine_frame_of(const lanes_engine_plan *plan, uint64_t flat_index,
                           lanes_loop_frame *out)
{
    lanes_engine_place place;
    lanes_engine_space_place(&plan->space,
                             lanes_engine_space_find(&plan->space, flat_index), &place);
    *out = plan->frame;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        out->base[plan->slot[k]] = (char *)plan->frame.base[plan->slot[k]] +
                                   lanes_engine_space_offset(&plan->space, k, &place);
    }
    out->first = flat_index;
}
