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
    if (compiles_for("x86-64-v3")) { /* SSE2 stores the narrowed ones in halves */
        cr_expect_gt(count_in_assembly(streaming(narrowed, 2), narrowed, "movnt"), 0);
    }
    lanes_compile_request plain = streaming(sum, 3);
    plain.key.streams = 0;
    cr_expect_eq(count_in_assembly(plain, sum, "movnt"), 0);
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

/* ---- Elements that fail ---------------------------------------------------------------
 */

#define MANY 5000

static const char divided[] =
    "define i32 @_ZN1fEdd(ptr %ret, ptr %e, double %x, double %y) {\n"
    "  %zero = fcmp oeq double %y, 0.0\n  br i1 %zero, label %bad, label %good\n"
    "bad:\n  ret i32 1\n"
    "good:\n  %q = fdiv double %x, %y\n  store double %q, ptr %ret\n  ret i32 0\n}\n";

static _Alignas(LANES_STREAM_ALIGNMENT) double numerator[MANY];
static _Alignas(LANES_STREAM_ALIGNMENT) double denominator[MANY];
static _Alignas(LANES_STREAM_ALIGNMENT) double quotient[MANY + 8];

static void expect_quotients(const kernel *k, uint64_t end, uint8_t *mask)
{
    for (int i = 0; i < MANY + 8; i++) {
        quotient[i] = -i;
    }
    lanes_loop_frame frame = frame_of(k, (void *[]){numerator, denominator, quotient});
    frame.base[3] = mask;
    const lanes_loop_result result = run_frame(k, &frame, 0, end);
    uint64_t failed = 0;
    uint64_t first = UINT64_MAX;
    for (uint64_t i = 0; i < MANY + 8; i++) {
        const bool is_bad = i < end && denominator[i] == 0;
        const double wanted =
            i < end && !is_bad ? numerator[i] / denominator[i] : -(double)i;
        cr_assert_eq(quotient[i], wanted, "element %d of %d", (int)i, (int)end);
        cr_assert(mask == NULL || i >= end || mask[i] == is_bad);
        failed += is_bad;
        first = is_bad && first == UINT64_MAX ? i : first;
    }
    cr_assert_eq(result.failed, failed);
    cr_assert_eq(result.first_failed, first);
}

/* Outputs are made in scratch and go past the caches, but for what failing ones keep. */
Test(codegen_stream, failing_elements_keep_their_outputs, .timeout = 240)
{
    const lanes_compile_request request = streaming(divided, 3);
    const kernel k = kernel_of(&request, divided);
    static uint8_t mask[MANY];
    static const int every[] = {MANY + 1, 1999, 7, 1}; /* one in so many fails */
    for (size_t e = 0; e < LANES_ARRAY_COUNT(every); e++) {
        for (int i = 0; i < MANY; i++) {
            numerator[i] = i;
            denominator[i] = (i + 1) % every[e] == 0 ? 0 : 0.5 + i;
        }
        for (uint64_t end = 1; end <= MANY; end += end < 70 ? 1 : 613) {
            expect_quotients(&k, end, NULL);
            expect_quotients(&k, end, mask);
        }
        expect_quotients(&k, MANY, NULL);
    }
    cr_expect_gt(count_in_assembly(request, divided, "movnt"), 0);
}
