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
 * shape, and the loop is not called for a row of three. What repeats itself from block to
 * block is copied once.
 *
 * Large ones, along which an operand is far apart: a block is a panel, a few columns of
 * many rows, so that the elements of a cache line are copied together.
 */
#include "engine/engine_internal.h"

#include "kernel/reduce.h"

/* Scratch of a thread, on its stack: the least block of 18 complex operands. */
#define SCRATCH_BYTES (76u << 10)

/*
 * A block's copies. While they are made nothing is read of what is in place, so shorter
 * is better where that is far away, and longer where calls count: x[::2] of a million f8
 * takes 1.9 times as long as a loop by hand with 16 KiB, 1.55 with 8 and 1.7 with 4.
 * Panels have many rows, and a call for each.
 */
#define BLOCK_BYTES     (8u << 10)
#define PANEL_BYTES     (16u << 10)
#define BLOCK_COUNT_MIN 256u
#define BLOCK_COUNT_MAX 2048u

/* Copies begin at different distances from a multiple of 4 KiB, so that a load from one
 * is not held up by a store to another. */
#define SCRATCH_GAP LANES_CACHE_LINE

/* Rows that are shorter than this are copied rather than run one by one. */
#define RUN_COUNT_MIN 256u

/*
 * Rows of a panel. Of few rows it has many columns, long runs of the other operands;
 * measured, 4 are best. Where steps are of 2 KiB or multiples, the cache lines of all
 * columns go into a few sets, and only those of some columns stay until the next row;
 * then a line is copied at once. Shorter rows are side by side in any block.
 */
#define PANEL_ROWS_FEW   4u
#define PANEL_ROWS_MANY  32u
#define PANEL_LENGTH_MIN 128u
#define CROWDED_STRIDE   2048u

/* ---- Choice ---------------------------------------------------------------------- */

static bool is_row(const lanes_engine_plan *plan, uint32_t k)
{
    return k < plan->input_count && plan->key.layout[k] == LANES_LAYOUT_ROWS;
}

static bool is_uniform(const lanes_engine_plan *plan, uint32_t k)
{
    return k < plan->input_count && plan->key.layout[k] == LANES_LAYOUT_UNIFORM;
}

static int64_t inner_stride(const lanes_engine_plan *plan, uint32_t k)
{
    return plan->space.stride[k][plan->space.dimensions - 1];
}

/* From a row to the next; of two dimensions at least. */
static int64_t row_stride(const lanes_engine_plan *plan, uint32_t k)
{
    return plan->space.stride[k][plan->space.dimensions - 2];
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
            (is_row(plan, k) || lanes_engine_inner_length(plan) >= RUN_COUNT_MIN)) {
            return true;
        }
    }
    return false;
}

/* After how many elements an input that is copied repeats itself; 0: it does not. */
static uint64_t period_of(const lanes_engine_plan *plan, uint32_t k)
{
    const lanes_engine_space *space = &plan->space;
    if (plan->access[k] != LANES_ACCESS_PACKED || space->stride[k][0] != 0) {
        return 0;
    }
    uint32_t d = 1;
    while (d < space->dimensions && space->stride[k][d] == 0) {
        d++;
    }
    uint64_t period = 1;
    for (; d < space->dimensions; d++) {
        period *= space->shape[d];
    }
    return period;
}

/* The largest power of two, LANES_STREAM_COUNT at most, that divides @p count. */
static uint64_t common_divisor(uint64_t count)
{
    return lanes_min_u64(count & -count, LANES_STREAM_COUNT);
}

/*
 * Elements of a block whose copies take @p copy_bytes, @p bytes of each. Whole periods
 * where they fit: then blocks begin where the one before did, and find its copies. Each
 * period divides those that are longer. Whole lines where both fit, so that each block
 * can be stored past the caches.
 */
static uint64_t choose_block_count(const lanes_engine_plan *plan, uint64_t copy_bytes,
                                   uint64_t bytes)
{
    uint64_t count = copy_bytes / bytes;
    uint64_t longest = 1;
    count -= count % BLOCK_COUNT_MIN;
    count = count > BLOCK_COUNT_MIN ? count : BLOCK_COUNT_MIN;
    count = lanes_min_u64(count, BLOCK_COUNT_MAX);
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        const uint64_t period = period_of(plan, k);
        longest = period > longest && period <= count ? period : longest;
    }
    const uint64_t lines = longest * (LANES_STREAM_COUNT / common_divisor(longest));
    return count - count % (lines <= count ? lines : longest);
}

/*
 * Rows of a panel; 0: blocks are no panels. They are where a step to the next row of some
 * copy is small and one to the next column is not: in a matrix walked through across its
 * rows. Neighbours in memory are then a row apart, and where rows are long a cache line
 * does not stay until they are copied.
 */
static uint64_t choose_panel_rows(const lanes_engine_plan *plan)
{
    uint64_t rows = 0;
    if (plan->reduction.op != LANES_REDUCE_NONE || plan->space.dimensions < 2 ||
        lanes_engine_inner_length(plan) < PANEL_LENGTH_MIN) {
        return 0;
    }
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        const uint64_t down = lanes_engine_magnitude(row_stride(plan, k));
        const uint64_t along = lanes_engine_magnitude(inner_stride(plan, k));
        if (plan->access[k] == LANES_ACCESS_PACKED && down != 0 &&
            down <= LANES_CACHE_LINE / 2 && along >= LANES_CACHE_LINE) {
            const bool is_crowded = along % CROWDED_STRIDE == 0;
            rows =
                is_crowded || rows == PANEL_ROWS_MANY ? PANEL_ROWS_MANY : PANEL_ROWS_FEW;
        }
    }
    const uint64_t whole = plan->block_count / lanes_engine_inner_length(plan);
    return rows == 0 || rows > whole ? rows : whole;
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
        plan->block_count = choose_block_count(plan, BLOCK_BYTES, bytes);
    }
    plan->panel_rows = choose_panel_rows(plan);
    if (plan->panel_rows != 0) {
        plan->block_count = choose_block_count(plan, PANEL_BYTES, bytes);
    }
}

/* ---- Blocks ---------------------------------------------------------------------- */

/* What scratch holds of one operand. */
struct copy {
    char *at;
    uint64_t period; /* 0: it does not repeat itself, and the rest is not set */
    uint64_t phase;  /* of the first element that is there */
    uint64_t count;  /* how many are; 0: none yet */
};

/* One thread's work on a tile. */
struct blocks {
    const lanes_engine_plan *plan;
    const lanes_engine_own *own;
    lanes_engine_place place; /* of the current block's first element */
    uint64_t rows;            /* of it; those of one row go on behind its end */
    uint64_t columns;
    lanes_loop_frame frame;                     /* of its current row */
    struct copy copy[LANES_FRAME_OPERANDS_MAX]; /* of operands that are packed */
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
            const uint64_t bytes = plan->block_count * plan->element_size[k];
            blocks->copy[k] = (struct copy){.at = at, .period = period_of(plan, k)};
            at += (bytes + SCRATCH_GAP - 1) / SCRATCH_GAP * SCRATCH_GAP + SCRATCH_GAP;
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

/* True if an operand's copy holds the current block, which it does from now on. */
static bool has_copy(const struct blocks *blocks, struct copy *copy, uint64_t begin)
{
    if (copy->period == 0) {
        return false;
    }
    const uint64_t phase = begin % copy->period;
    if (blocks->rows == 1 && phase == copy->phase && blocks->columns <= copy->count) {
        return true;
    }
    copy->phase = phase;
    copy->count = blocks->rows == 1 ? blocks->columns : 0;
    return false;
}

static void pack_block(const struct blocks *blocks, const lanes_engine_source *source,
                       char *run)
{
    if (blocks->rows == 1) {
        lanes_engine_pack(source, &blocks->place, blocks->columns, run);
    } else {
        lanes_engine_pack_rows(source, &blocks->place, blocks->rows, blocks->columns,
                               run);
    }
}

static void unpack_block(const struct blocks *blocks, const lanes_engine_source *source,
                         const char *run)
{
    if (blocks->rows == 1) {
        lanes_engine_unpack(source, &blocks->place, blocks->columns, run);
    } else {
        lanes_engine_unpack_rows(source, &blocks->place, blocks->rows, blocks->columns,
                                 run);
    }
}

/* Copies what the current block, from loop index @p begin on, needs in scratch. */
static void load_block(struct blocks *blocks, uint64_t begin)
{
    const lanes_engine_plan *plan = blocks->plan;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_PACKED && is_read(plan, k) &&
            !has_copy(blocks, &blocks->copy[k], begin)) {
            const lanes_engine_source source = lanes_engine_source_of(plan, k);
            pack_block(blocks, &source, blocks->copy[k].at);
        }
    }
}

/* Points the frame to a row of the current block, which is from loop index @p begin on.
 */
static void point_to_row(struct blocks *blocks, uint64_t row, uint64_t begin)
{
    const lanes_engine_plan *plan = blocks->plan;
    for (uint32_t k = 0; k < plan->operand_count; k++) {
        char *first = plan->frame.base[plan->slot[k]];
        void **base = &blocks->frame.base[plan->slot[k]];
        switch ((enum lanes_engine_access)plan->access[k]) {
        case LANES_ACCESS_UNIFORM:
            break;
        case LANES_ACCESS_LINEAR:
            *base = first + (int64_t)begin * inner_stride(plan, k);
            break;
        case LANES_ACCESS_RUN:
            first += lanes_engine_space_offset(&plan->space, k, &blocks->place);
            *base = row == 0 ? first : first + (int64_t)row * row_stride(plan, k);
            break;
        case LANES_ACCESS_PACKED:
            *base = blocks->copy[k].at + row * blocks->columns * plan->element_size[k];
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

static void store_block(const struct blocks *blocks)
{
    const lanes_engine_plan *plan = blocks->plan;
    for (uint32_t k = plan->input_count; k < plan->operand_count; k++) {
        if (plan->access[k] == LANES_ACCESS_PACKED && is_written(plan, k)) {
            const lanes_engine_source source = lanes_engine_source_of(plan, k);
            unpack_block(blocks, &source, blocks->copy[k].at);
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

static void run_row(struct blocks *blocks, lanes_loop_fn loop, uint64_t begin,
                    lanes_loop_result *result)
{
    const lanes_engine_plan *plan = blocks->plan;
    lanes_loop_result own = LANES_LOOP_RESULT_INIT;
    const uint64_t at = blocks->frame.first;
    const uint64_t position =
        plan->writes_by_row ? blocks->place.index[plan->space.dimensions - 1] : begin;
    lanes_engine_call_loop(plan, &blocks->frame, loop, position, at, at + blocks->columns,
                           &own);
    if (own.failed != 0) {
        const uint64_t first = plan->is_scanned
                                   ? first_failure(blocks, begin, blocks->columns, &own)
                                   : own.first_failed;
        result->failed += own.failed;
        result->first_failed =
            first < result->first_failed ? first : result->first_failed;
    }
}

static void run_block(struct blocks *blocks, lanes_loop_fn loop, uint64_t begin,
                      lanes_loop_result *result)
{
    load_block(blocks, begin);
    for (uint64_t row = 0; row < blocks->rows; row++) {
        const uint64_t at = begin + row * lanes_engine_inner_length(blocks->plan);
        point_to_row(blocks, row, at);
        run_row(blocks, loop, at, result);
    }
    store_block(blocks);
}

/* ---- Panels ---------------------------------------------------------------------- */

/* Rows and columns of the two innermost dimensions. */
struct rectangle {
    uint64_t row_begin;
    uint64_t row_end;
    uint64_t column_begin;
    uint64_t column_end;
};

/* @p begin is the loop index of row 0, column 0. */
static void run_rectangle(struct blocks *blocks, lanes_loop_fn loop, uint64_t begin,
                          const struct rectangle *all, lanes_loop_result *result)
{
    const lanes_engine_plan *plan = blocks->plan;
    const uint32_t inner = plan->space.dimensions - 1;
    if (all->row_begin >= all->row_end) {
        return;
    }
    const uint64_t rows =
        lanes_min_u64(blocks->plan->panel_rows, all->row_end - all->row_begin);
    const uint64_t columns = plan->block_count / rows;
    for (uint64_t c = all->column_begin; c < all->column_end; c += columns) {
        blocks->columns = lanes_min_u64(columns, all->column_end - c);
        for (uint64_t r = all->row_begin; r < all->row_end; r += rows) {
            blocks->rows = lanes_min_u64(rows, all->row_end - r);
            blocks->place.index[inner - 1] = r;
            blocks->place.index[inner] = c;
            run_block(blocks, loop, begin + r * lanes_engine_inner_length(plan) + c,
                      result);
        }
    }
}

/*
 * Runs @p count elements from the current place on, all of one index of the dimensions
 * further out. Such a range is three rectangles at most: its first and last row end
 * somewhere within.
 */
static void run_panels(struct blocks *blocks, lanes_loop_fn loop, uint64_t begin,
                       uint64_t count, lanes_loop_result *result)
{
    const uint32_t inner = blocks->plan->space.dimensions - 1;
    const uint64_t length = lanes_engine_inner_length(blocks->plan);
    const uint64_t row = blocks->place.index[inner - 1];
    const uint64_t column = blocks->place.index[inner];
    const uint64_t origin = begin - row * length - column;
    const uint64_t last = (begin - origin + count) / length;
    const uint64_t rest = (begin - origin + count) % length; /* columns of row `last` */
    const struct rectangle left = {row + 1, last + 1, 0, lanes_min_u64(column, rest)};
    const struct rectangle right = {row, last, column > rest ? column : rest, length};
    struct rectangle middle = {row, last + 1, column, rest};
    if (rest < column) {
        middle = (struct rectangle){row + 1, last, rest, column};
    }
    run_rectangle(blocks, loop, origin, &left, result);
    run_rectangle(blocks, loop, origin, &middle, result);
    run_rectangle(blocks, loop, origin, &right, result);
    blocks->place.index[inner - 1] = row;
    blocks->place.index[inner] = column;
}

/* ---- Tiles ----------------------------------------------------------------------- */

/* Elements up to the end of the row, or of all rows of the two innermost dimensions. */
static uint64_t left_of(const struct blocks *blocks, bool is_row)
{
    const lanes_engine_space *space = &blocks->plan->space;
    const uint32_t inner = space->dimensions - 1;
    const uint64_t left = space->shape[inner] - blocks->place.index[inner];
    return is_row ? left
                  : left + space->shape[inner] * (space->shape[inner - 1] - 1 -
                                                  blocks->place.index[inner - 1]);
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
        uint64_t count = end - begin;
        if (plan->panel_rows != 0) {
            count = lanes_min_u64(count, left_of(&blocks, false));
            run_panels(&blocks, loop, begin, count, result);
        } else {
            count = lanes_min_u64(count, plan->block_count);
            if (plan->is_by_run) {
                count = lanes_min_u64(count, left_of(&blocks, true));
            }
            blocks.rows = 1;
            blocks.columns = count;
            run_block(&blocks, loop, begin, result);
        }
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
