/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores past the caches: the same values, by instructions that need their alignment.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define COUNT 1000

static const char sum[] = "define double @f(double %x, double %y) {\n"
                          "  %s = fadd double %x, %y\n  ret double %s\n}\n";
static const char narrowed[] = "define float @f(double %x) {\n"
                               "  %s = fptrunc double %x to float\n  ret float %s\n}\n";

/* The contiguous variant of @p operand_count operands that streams. */
static lanes_compile_request streaming(const char *ir, uint32_t operand_count)
{
    lanes_compile_request request = request_for(ir);
    request.default_key = 0;
    request.key.streams = 1;
    for (uint32_t k = 0; k < operand_count; k++) {
        request.key.layout[k] = LANES_LAYOUT_CONTIGUOUS;
    }
    return request;
}

/* How often @p word is in the assembly. */
static unsigned count_in_assembly(lanes_compile_request request, const char *ir,
                                  const char *word)
{
    request.flags = LANES_ABI_KERNEL_STAGES;
    lanes_codegen_output output = compile_request(&request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    json_t *report = json_loads(output.report, 0, NULL);
    const char *assembly =
        json_string_value(json_object_get(json_object_get(report, "stages"), "asm"));
    cr_assert_not_null(assembly);
    unsigned count = 0;
    for (const char *at = assembly; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    json_decref(report);
    lanes_codegen_output_deinit(&output);
    return count;
}

Test(codegen_stream, the_same_values_wherever_blocks_begin, .timeout = 240)
{
    static _Alignas(LANES_STREAM_ALIGNMENT) double x[COUNT];
    static _Alignas(LANES_STREAM_ALIGNMENT) double y[COUNT];
    static _Alignas(LANES_STREAM_ALIGNMENT) double out[COUNT + 8];
    const lanes_compile_request request = streaming(sum, 3);
    const kernel k = kernel_of(&request, sum);
    for (int i = 0; i < COUNT; i++) {
        x[i] = i;
        y[i] = 0.5 * i;
    }
    static const uint64_t ends[] = {1, 63, 64, 65, 256, 500, COUNT};
    for (size_t e = 0; e < LANES_ARRAY_COUNT(ends); e++) {
        memset(out, 0, sizeof(out));
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
        /* As the engine does: what is not at a multiple of the count is short. */
        const uint64_t middle = ends[e] < LANES_STREAM_COUNT ? ends[e] : 64;
        cr_assert_eq(run_frame(&k, &frame, 0, middle).failed, 0);
        if (ends[e] > middle) {
            cr_assert_eq(run_frame(&k, &frame, middle, ends[e]).failed, 0);
        }
        for (uint64_t i = 0; i < COUNT + 8; i++) {
            cr_assert_eq(out[i], i < ends[e] ? x[i] + y[i] : 0.0, "%zu of %zu", i, e);
        }
    }
}

Test(codegen_stream, vectors_are_stored_past_the_caches, .timeout = 240)
{
    cr_expect_gt(count_in_assembly(streaming(sum, 3), sum, "movnt"), 0);
    cr_expect_gt(count_in_assembly(streaming(sum, 3), sum, "sfence"), 0);
    cr_expect_gt(count_in_assembly(streaming(narrowed, 2), narrowed, "movnt"), 0);
    lanes_compile_request plain = streaming(sum, 3);
    plain.key.streams = 0;
    cr_expect_eq(count_in_assembly(plain, sum, "movnt"), 0);
    cr_expect_eq(count_in_assembly(plain, sum, "sfence"), 0);
}

Test(codegen_stream, a_key_has_one_or_none, .timeout = 240)
{
    lanes_compile_request request = streaming(sum, 3);
    request.key.streams = 2;
    expect_refused_request(&request, sum, LANES_E_LAYOUT, "streams 2");
}

/* Pairs of parts are stored as one vector of both, which is longer than a line. */
Test(codegen_stream, complex_numbers_too, .timeout = 240)
{
    static const char ir[] = "define { double, double } @f(double %a, double %b) {\n"
                             "  %s = fadd double %a, %b\n"
                             "  %r = insertvalue { double, double } undef, double %s, 0\n"
                             "  %t = insertvalue { double, double } %r, double %a, 1\n"
                             "  ret { double, double } %t\n}\n";
    lanes_compile_request request = streaming(ir, 2);
    memcpy(request.signature, "c16(c16)", sizeof("c16(c16)"));
    cr_expect_gt(count_in_assembly(request, ir, "movnt"), 0);
}
