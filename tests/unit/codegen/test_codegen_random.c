/* SPDX-License-Identifier: Apache-2.0 */
/*
 * np.random in a callback: an element's numbers depend on the seed and its index only,
 * not on tiles, their order, or what ran before. Numba 0.56.4's IR of np.random.normal
 * (tests/data). Not here: the generator (tests/unit/runtime), threads (tests/e2e).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COUNT 1000u

static char *read_ir(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/numba-0.56.4-normal.ll",
             getenv("LANES_SOURCE_DIR"));
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 1u << 16);
    cr_assert_not_null(text);
    const size_t bytes = fread(text, 1, (1u << 16) - 1, file);
    cr_assert(bytes > 0 && bytes < (1u << 16) - 1);
    fclose(file);
    return text;
}

/* Fills out[0 .. COUNT) in tiles of @p tile elements, the last one first if @p reversed.
 */
static void draw(const kernel *k, uint64_t seed, uint64_t tile, bool reversed,
                 double *out)
{
    static double mean[COUNT];
    static double deviation[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        deviation[i] = 1.0;
    }
    void *const operands[] = {mean, deviation, out};
    lanes_loop_frame frame = frame_of(k, operands);
    frame.seed = seed;
    const uint64_t tiles = (COUNT + tile - 1) / tile;
    for (uint64_t t = 0; t < tiles; t++) {
        const uint64_t begin = (reversed ? tiles - 1 - t : t) * tile;
        const uint64_t end = begin + tile < COUNT ? begin + tile : COUNT;
        const lanes_loop_result result = run_frame(k, &frame, begin, end);
        cr_assert_eq(result.failed, 0);
    }
}

Test(codegen_random, numbers_do_not_depend_on_tiles_or_their_order)
{
    char *ir = read_ir();
    const lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    static double wanted[COUNT];
    draw(&k, 7, COUNT, false, wanted);
    static const uint64_t tiles[] = {1, 64, 100, 333};
    for (size_t t = 0; t < LANES_ARRAY_COUNT(tiles); t++) {
        for (int reversed = 0; reversed < 2; reversed++) {
            static double got[COUNT];
            memset(got, 0, sizeof(got));
            draw(&k, 7, tiles[t], reversed != 0, got);
            cr_expect_eq(memcmp(got, wanted, sizeof(got)), 0, "tiles of %u",
                         (unsigned)tiles[t]);
        }
    }
    free(ir);
}

Test(codegen_random, elements_and_seeds_have_streams_of_their_own)
{
    char *ir = read_ir();
    const lanes_compile_request request = request_for(ir);
    const kernel k = kernel_of(&request, ir);
    static double one[COUNT];
    static double other[COUNT];
    draw(&k, 7, COUNT, false, one);
    draw(&k, 8, COUNT, false, other);
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect_neq(one[i], other[i]);
        cr_expect(i == 0 || one[i] != one[i - 1]);
        sum += one[i];
        squares += one[i] * one[i];
    }
    /* Six standard errors of a thousand draws of N(0, 1). */
    cr_expect_lt(sum / COUNT < 0 ? -sum / COUNT : sum / COUNT, 0.19);
    cr_expect(squares / COUNT > 0.73 && squares / COUNT < 1.27);
    free(ir);
}
