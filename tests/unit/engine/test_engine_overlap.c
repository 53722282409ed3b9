/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_overlap.c - outputs that share memory with another operand or with
 * themselves, in any number of dimensions: what is refused, with which words, and what is
 * not.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "harness.h"

/* f8(f8) */
static const lanes_engine_kernel unary = {SIGNATURE(1, 1, 0, LANES_F8, LANES_F8)};

/* `unary` on (rows, columns), input and output at given offsets and strides. */
struct place {
    uint64_t offset;
    int64_t outer;
    int64_t inner;
};

static lanes_engine_batch batch_of(uint64_t rows, uint64_t columns, struct place in,
                                   struct place out)
{
    lanes_engine_batch batch = {
        .dimensions = 2,
        .operand_count = 2,
        .shape = {rows, columns},
        .operand = {operand_at(in.offset, in.outer), operand_at(out.offset, out.outer)},
    };
    batch.operand[0].stride[1] = in.inner;
    batch.operand[1].stride[1] = out.inner;
    return batch;
}

static void accept(uint64_t rows, uint64_t columns, struct place in, struct place out)
{
    const lanes_engine_batch batch = batch_of(rows, columns, in, out);
    cr_assert_eq(plan_of(&unary, &batch).count, rows * columns);
}

static void refuse_pair(uint64_t rows, uint64_t columns, struct place in,
                        struct place out)
{
    const lanes_engine_batch batch = batch_of(rows, columns, in, out);
    refuse_for(&unary, &batch, LANES_E_OVERLAP, "must be apart or exactly the same");
}

/* ---- An output by itself ------------------------------------------------------------
 */

static const struct place elsewhere = {2048, 0, 0};

Test(engine_overlap, outputs_that_meet_themselves)
{
    static const struct {
        struct place out;
        const char *text;
    } rows[] = {
        {{0, 0, 8},
         "has strides (0, 8): elements of 8 bytes share memory along "
         "dimension 0; give it an array of its own"},
        {{0, 8, 0}, "strides (8, 0): elements of 8 bytes share memory along dimension 1"},
        {{0, 32, 7}, "along dimension 1"},
        {{0, 24, 8}, "along dimension 0"}, /* rows of 4 by 3 */
        {{0, 8, 24}, "along dimension 1"}, /* 4 columns of 5 */
        {{1024, -24, 8}, "along dimension 0"},
        {{1024, -31, -8}, "along dimension 0"},
        {{1024, 4, -100}, "along dimension 0"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        const lanes_engine_batch batch = batch_of(5, 4, elsewhere, rows[i].out);
        refuse_for(&unary, &batch, LANES_E_OVERLAP, rows[i].text);
        refuse_for(&unary, &batch, LANES_E_OVERLAP, "operand 1, an output, has strides");
    }
}

Test(engine_overlap, outputs_that_do_not)
{
    static const struct place rows[] = {
        {0, 32, 8},     {0, 8, 40},      {3, 33, 8},      {1024, -32, 8},
        {1024, 8, -40}, {1024, -8, -41}, {1024, 100, -9}, {0, 56, 16},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        accept(5, 4, elsewhere, rows[i]);
    }
    accept(1, 4, elsewhere, (struct place){0, 0, 8}); /* of one row it does not matter */
    accept(1, 1, elsewhere, (struct place){0, 0, 0});
}

Test(engine_overlap, a_mask_that_meets_itself)
{
    lanes_engine_batch batch = mask_batch();
    batch.operand[3].stride[0] = 0;
    refuse(&batch, LANES_E_OVERLAP,
           "operand 3, the mask, has strides (0): elements of 1 bytes share memory along "
           "dimension 0; give it an array of its own");
}

Test(engine_overlap, inputs_may_meet_themselves)
{
    accept(5, 4, (struct place){0, 0, 8}, (struct place){2048, 32, 8});
    accept(5, 4, (struct place){64, -3, 1}, (struct place){2048, 32, 8});
}

/* ---- Exactly the same ----------------------------------------------------------------
 */

Test(engine_overlap, in_place_in_two_dimensions)
{
    static const struct place rows[] = {
        {0, 32, 8}, {0, 8, 40}, {7, 48, 8}, {1024, -64, 16}, {1024, -8, -40},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        accept(5, 4, rows[i], rows[i]);
        struct place other = rows[i];
        other.offset++;
        refuse_pair(5, 4, other, rows[i]);
        refuse_pair(5, 4, rows[i], other);
    }
    accept(1, 4, (struct place){0, 1000, 8}, (struct place){0, 0, 8});
}

Test(engine_overlap, the_same_elements_in_another_order)
{
    refuse_pair(5, 5, (struct place){0, 40, 8}, (struct place){0, 8, 40});
    refuse_pair(5, 4, (struct place){0, 32, 8}, (struct place){128, -32, 8});
    refuse_pair(5, 4, (struct place){0, 32, 8}, (struct place){24, 32, -8});
    refuse_pair(5, 4, (struct place){0, 0, 8}, (struct place){0, 32, 8});
    refuse_pair(5, 4, (struct place){0, 0, 0}, (struct place){0, 32, 8});
}

Test(engine_overlap, the_message_has_the_bytes)
{
    const lanes_engine_batch batch =
        batch_of(5, 4, (struct place){128, -32, 8}, (struct place){8, 32, 8});
    refuse_for(&unary, &batch, LANES_E_OVERLAP,
               "operand 1, an output (bytes 8 to 168), overlaps operand 0 (bytes 0 to "
               "160) of the same segment; it must be apart or exactly the same array");
}

Test(engine_overlap, two_attachments_are_one_memory)
{
    lanes_engine_batch batch =
        batch_of(5, 4, (struct place){0, 32, 8}, (struct place){8, 32, 8});
    batch.operand[0].segment_base = other_memory; /* mapped twice */
    refuse_for(&unary, &batch, LANES_E_OVERLAP, "overlaps operand 0");
    batch.operand[1].offset = 0;
    cr_assert_eq(plan_of(&unary, &batch).count, 20);
    batch.operand[1].offset = 8;
    batch.operand[0].segment_key = 2;
    cr_assert_eq(plan_of(&unary, &batch).count, 20, "other memory");
}

/* ---- In each other's gaps ------------------------------------------------------------
 */

Test(engine_overlap, interleaved_elements)
{
    accept(5, 4, (struct place){0, 64, 16}, (struct place){8, 64, 16});
    accept(5, 4, (struct place){8, 64, 16}, (struct place){0, 64, 16});
    accept(5, 4, (struct place){256, -64, 16}, (struct place){8, 64, 16});
    accept(5, 4, (struct place){8, 16, 80}, (struct place){0, 64, 16});
    accept(5, 4, (struct place){1, 0, 0}, (struct place){9, 64, 16});
    refuse_pair(5, 4, (struct place){0, 64, 16}, (struct place){7, 64, 16});
    refuse_pair(5, 4, (struct place){0, 64, 16}, (struct place){9, 64, 16});
    refuse_pair(5, 4, (struct place){0, 72, 24}, (struct place){8, 64, 16});
    refuse_pair(5, 4, (struct place){2, 0, 0}, (struct place){9, 64, 16});
}

Test(engine_overlap, parts_of_a_matrix)
{
    accept(4, 6, (struct place){0, 96, 8}, (struct place){48, 96, 8}); /* two halves */
    accept(4, 6, (struct place){48, 96, 8}, (struct place){0, 96, 8});
    accept(4, 6, (struct place){40, 96, -8}, (struct place){48, 96, 8});
    accept(4, 6, (struct place){0, 8, 96},
           (struct place){48, 8, 96}); /* one above other */
    accept(4, 6, (struct place){0, 96, 8}, (struct place){336, -96, 8});
    accept(4, 6, (struct place){0, 0, 8}, (struct place){48, 96, 8}); /* its first row */
    accept(4, 6, (struct place){0, 96, 0}, (struct place){8, 96, 8}); /* its column */
}

Test(engine_overlap, parts_that_meet)
{
    refuse_pair(4, 6, (struct place){0, 96, 8}, (struct place){40, 96, 8});
    refuse_pair(4, 6, (struct place){0, 96, 8}, (struct place){56, 96, 8});
    refuse_pair(4, 6, (struct place){40, 96, -8}, (struct place){40, 96, 8});
    refuse_pair(4, 6, (struct place){0, 88, 8}, (struct place){48, 88, 8});
    refuse_pair(4, 6, (struct place){0, 96, 8}, (struct place){48, 104, 8});
}

Test(engine_overlap, fields_of_records)
{
    /* Records of f8, f4 and a flag: 16 bytes; the flags are the mask. */
    const lanes_engine_kernel kernel = {SIGNATURE(1, 1, 0, LANES_F8, LANES_F4)};
    lanes_engine_batch batch = {
        .dimensions = 1,
        .operand_count = 3,
        .shape = {10},
        .operand = {operand_at(0, 16), operand_at(8, 16), operand_at(12, 16)},
        .errors = LANES_ERRORS_MASK,
    };
    batch.operand[1].dtype = LANES_F4;
    batch.operand[2].dtype = LANES_BOOL;
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
    batch.operand[2].offset = 11;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP,
               "the mask must be apart from all others");
    batch.operand[2].offset = 16;
    refuse_for(&kernel, &batch, LANES_E_OVERLAP, "operand 2, the mask (bytes 16 to 161)");
    batch.operand[2].offset = 15;
    cr_assert_eq(plan_of(&kernel, &batch).count, 10);
}

/* ---- Any two, against every pair of elements ------------------------------------------
 */

static uint64_t random_state = 20240229;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % limit;
}

/* Which operand's element, or how many, is at each byte. */
static bool occupy(const lanes_engine_batch *batch, uint32_t k, uint8_t *taken,
                   uint8_t forbidden)
{
    bool is_free = true;
    const lanes_engine_operand *operand = &batch->operand[k];
    for (uint64_t i = 0; i < batch->shape[0]; i++) {
        for (uint64_t j = 0; j < batch->shape[1]; j++) {
            const int64_t at = (int64_t)operand->offset +
                               (int64_t)i * operand->stride[0] +
                               (int64_t)j * operand->stride[1];
            for (uint64_t byte = 0; byte < 8; byte++) {
                is_free = is_free && (taken[at + (int64_t)byte] & forbidden) == 0;
                taken[at + (int64_t)byte] |= (uint8_t)(1u << k);
            }
        }
    }
    return is_free;
}

static struct place random_place(void)
{
    const int64_t unit = random_below(4) == 0 ? 1 : 8;
    return (struct place){1024 + 8 * random_below(16) + (unit == 1 ? random_below(8) : 0),
                          ((int64_t)random_below(41) - 20) * unit,
                          ((int64_t)random_below(21) - 10) * unit};
}

/* What is accepted is safe. What is refused, most often, would not have been. */
Test(engine_overlap, accepted_arrays_do_not_meet, .timeout = 60)
{
    uint32_t accepted = 0;
    uint32_t close = 0; /* of them, those whose bytes are not one behind the other */
    uint32_t needless = 0;
    for (uint32_t n = 0; n < 200000; n++) {
        uint8_t taken[MEMORY_BYTES] = {0};
        const lanes_engine_batch batch = batch_of(
            1 + random_below(4), 1 + random_below(4), random_place(), random_place());
        lanes_engine_plan plan;
        lanes_error err;
        const lanes_status status = lanes_engine_plan_batch(&batch, &unary, &plan, &err);
        const bool is_own = occupy(&batch, 1, taken, 2);
        const bool is_apart = occupy(&batch, 0, taken, 2);
        const lanes_engine_operand *in = &batch.operand[0];
        const lanes_engine_operand *out = &batch.operand[1];
        const bool is_same = in->offset == out->offset &&
                             (batch.shape[0] == 1 || in->stride[0] == out->stride[0]) &&
                             (batch.shape[1] == 1 || in->stride[1] == out->stride[1]);
        if (status == LANES_OK) {
            cr_assert(is_own && (is_apart || is_same));
            accepted++;
            close += is_apart && in->offset / 64 == out->offset / 64;
        } else {
            cr_assert_eq(err.code, LANES_E_OVERLAP);
            if (is_own && is_same) { /* then strides were too exotic to tell */
                cr_assert_not_null(strstr(err.message, "an output, has strides ("));
            }
            needless += is_own && is_apart;
        }
    }
    cr_assert_gt(accepted, 20000);
    cr_assert_gt(close, 2000);
    cr_assert_lt(needless, accepted / 2, "%u of %u", needless, accepted);
}
