/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans: every dtype, with and without elements that do not count, against one element
 * after the other in C.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/dtype.h"
#include "kernel/reduce.h"

#define COUNT 3000 /* chunks, and a rest */
#define BYTES (COUNT * 16)

/* ---- Callbacks -----------------------------------------------------------------------
 */

/* a + x, of bools a xor x; of numbers that are no pairs and may fail, it fails for 3. */
static const char *sum_of(uint32_t dtype, bool may_fail)
{
    static char ir[1024];
    if (dtype == LANES_C16) {
        return "define { double, double } @f(double %a, double %b, double %c, double %d) "
               "{\n"
               "  %e = fadd double %a, %c\n  %g = fadd double %b, %d\n"
               "  %r = insertvalue { double, double } undef, double %e, 0\n"
               "  %s = insertvalue { double, double } %r, double %g, 1\n"
               "  ret { double, double } %s\n}\n";
    }
    if (dtype == LANES_C8) {
        return "define <2 x float> @f(<2 x float> %a, <2 x float> %b) {\n"
               "  %r = fadd <2 x float> %a, %b\n  ret <2 x float> %r\n}\n";
    }
    const char *type = type_of(dtype);
    const bool is_float = lanes_dtype_is_float(dtype);
    const char *sum = is_float ? "fadd" : dtype == LANES_BOOL ? "xor" : "add";
    if (may_fail) {
        snprintf(ir, sizeof(ir),
                 "define i32 @f(ptr %%ret, ptr %%exc, %s %%a, %s %%x) {\n"
                 "  %%r = %s %s %%a, %%x\n  store %s %%r, ptr %%ret\n"
                 "  %%bad = %s %s %%x, %s\n"
                 "  %%code = zext i1 %%bad to i32\n  ret i32 %%code\n}\n",
                 type, type, sum, type, type, is_float ? "fcmp oeq" : "icmp eq", type,
                 is_float ? "3.0" : "3");
    } else {
        snprintf(
            ir, sizeof(ir),
            "define %s @f(%s %%a, %s %%x) {\n  %%r = %s %s %%a, %%x\n  ret %s %%r\n}\n",
            type, type, type, sum, type, type);
    }
    return ir;
}

static kernel scanning(const char *ir, uint32_t dtype, bool has_where, bool may_fail)
{
    char signature[32];
    const char *name = lanes_dtype_name(dtype);
    snprintf(signature, sizeof(signature), "%s(%s,%s)", name, name, name);
    lanes_compile_request request = request_with(ir, signature);
    request.convention = may_fail ? LANES_CONVENTION_NUMBA : LANES_CONVENTION_AUTO;
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.reduce = LANES_REDUCE_SCAN,
                            .has_where = has_where,
                            .layout = {LANES_LAYOUT_UNIFORM, LANES_LAYOUT_CONTIGUOUS,
                                       LANES_LAYOUT_CONTIGUOUS}};
    return kernel_of(&request, ir);
}

/* ---- Data ----------------------------------------------------------------------------
 */

static _Alignas(16) unsigned char data[BYTES];
static _Alignas(16) unsigned char got[BYTES];
static _Alignas(16) unsigned char wanted[BYTES];
static uint8_t where[COUNT];
static uint8_t mask[COUNT];
static uint8_t failing[COUNT];

/* Small whole numbers, so that sums of floats are exact. */
static void put_number(uint32_t dtype, void *to, int number)
{
    lanes_reduce_value one = {.u8 = {0, 0}};
    if (lanes_dtype_part(dtype) == LANES_F8) {
        one.f8[0] = number;
        one.f8[1] = number + 1;
    } else if (lanes_dtype_part(dtype) == LANES_F4) {
        one.f4[0] = (float)number;
        one.f4[1] = (float)(number + 1);
    } else {
        one.i8 = dtype == LANES_BOOL ? number & 1 : number;
    }
    memcpy(to, &one, lanes_dtype_bytes(dtype));
}

static void fill(uint32_t dtype)
{
    for (size_t i = 0; i < COUNT; i++) {
        put_number(dtype, data + i * lanes_dtype_bytes(dtype), (int)random_below(100));
        where[i] = random_below(4) != 0;
    }
}

static bool is_three(uint32_t dtype, const void *value)
{
    lanes_reduce_value three;
    put_number(dtype, &three, 3);
    return dtype != LANES_BOOL && memcmp(value, &three, lanes_dtype_bytes(dtype)) == 0;
}

static void add(uint32_t dtype, void *to, const void *value)
{
    lanes_reduce_value sum = {.u8 = {0, 0}};
    lanes_reduce_value next = {.u8 = {0, 0}};
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    memcpy(&sum, to, bytes);
    memcpy(&next, value, bytes);
    if (dtype == LANES_BOOL) {
        sum.u1 ^= next.u1;
    } else {
        lanes_reduce_combine(LANES_REDUCE_SUM, dtype, &sum, &next);
    }
    memcpy(to, &sum, bytes);
}

/* ---- Sums ----------------------------------------------------------------------------
 */

/* Elements [begin, end) of `wanted` from *running on; returns how many fail. */
static uint64_t expect_range(uint32_t dtype, uint64_t begin, uint64_t end, void *running,
                             bool has_where, bool may_fail)
{
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    uint64_t failed = 0;
    for (uint64_t i = begin; i < end; i++) {
        const void *value = data + i * bytes;
        const bool is_wanted = !has_where || where[i] != 0;
        failing[i] = is_wanted && may_fail && is_three(dtype, value);
        failed += failing[i];
        if (is_wanted && failing[i] == 0) {
            add(dtype, running, value);
            memcpy(wanted + i * bytes, running, bytes);
        }
    }
    return failed;
}

static void expect_scan(uint32_t dtype, bool has_where, bool may_fail, bool is_in_place)
{
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    fill(dtype);
    const kernel k = scanning(sum_of(dtype, may_fail), dtype, has_where, may_fail);
    memset(got, 0xee, sizeof(got));
    memset(wanted, 0xee, sizeof(wanted));
    if (is_in_place) {
        memcpy(got, data, sizeof(got));
        memcpy(wanted, data, sizeof(wanted));
    }
    memset(mask, 0xee, sizeof(mask));
    memset(failing, 0xee, sizeof(failing));
    lanes_reduce_value running;
    lanes_reduce_value expected;
    put_number(dtype, &running, 7);
    put_number(dtype, &expected, 7);
    /* Each call goes on from what the one before has left. */
    static const uint64_t ends[] = {5, 6, 70, 71, 1071, 2999};
    lanes_loop_frame frame =
        frame_of(&k, (void *[]){&running, is_in_place ? got : data, got, NULL, where});
    frame.base[3] = mask;
    uint64_t begin = 5;
    for (size_t r = 1; r < LANES_ARRAY_COUNT(ends); r++) {
        const uint64_t failed =
            expect_range(dtype, begin, ends[r], &expected, has_where, may_fail);
        cr_assert_eq(run_frame(&k, &frame, begin, ends[r]).failed, failed);
        cr_assert_arr_eq(&running, &expected, bytes, "%s, range %zu, where %d, fails %d",
                         lanes_dtype_name(dtype), r, has_where, may_fail);
        begin = ends[r];
    }
    cr_assert_arr_eq(got, wanted, sizeof(got), "%s, where %d, fails %d, in place %d",
                     lanes_dtype_name(dtype), has_where, may_fail, is_in_place);
    cr_assert_arr_eq(mask, failing, sizeof(mask));
}

Test(codegen_scan, every_dtype, .timeout = 600)
{
    for (size_t d = 0; d < DTYPE_COUNT; d++) {
        for (uint32_t options = 0; options < 4; options++) {
            const bool may_fail =
                (options & 2) != 0 && lanes_dtype_part_count(every_dtype[d]) == 1;
            expect_scan(every_dtype[d], (options & 1) != 0, may_fail,
                        (d + options) % 2 != 0);
        }
    }
}

/* ---- Order ---------------------------------------------------------------------------
 */

#define KEEPS_LAST  "define double @f(double %a, double %x) {\n  ret double %x\n}\n"
#define KEEPS_FIRST "define double @f(double %a, double %x) {\n  ret double %a\n}\n"

Test(codegen_scan, the_last_and_the_first, .timeout = 240)
{
    static double x[COUNT];
    static double out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i + 1;
        where[i] = i % 3 != 0;
    }
    for (int has_where = 0; has_where < 2; has_where++) {
        for (int is_first = 0; is_first < 2; is_first++) {
            const kernel k = scanning(is_first ? KEEPS_FIRST : KEEPS_LAST, LANES_F8,
                                      has_where != 0, false);
            double running = -1;
            memset(out, 0, sizeof(out));
            const lanes_loop_frame frame =
                frame_of(&k, (void *[]){&running, x, out, NULL, where});
            run_frame(&k, &frame, 0, COUNT - 2);
            for (int i = 0; i < COUNT; i++) {
                const bool is_kept = i >= COUNT - 2 || (has_where && where[i] == 0);
                cr_assert_eq(out[i],
                             is_kept    ? 0
                             : is_first ? -1
                                        : i + 1,
                             "element %d", i);
            }
            /* Of 2998 elements the last that `where` wants is 2996. */
            cr_assert_eq(running, is_first ? -1 : has_where ? COUNT - 3 : COUNT - 2);
        }
    }
}

/* What is kept before an element is what the callback gets, not what is in the output. */
Test(codegen_scan, the_running_value_is_the_first_argument, .timeout = 240)
{
    const char *ir = "define double @f(double %a, double %x) {\n"
                     "  %y = fmul double %a, 0.5\n  %r = fadd double %y, %x\n"
                     "  ret double %r\n}\n";
    const kernel k = scanning(ir, LANES_F8, false, false);
    static double x[COUNT];
    static double out[COUNT];
    double running = 3;
    double expected = 3;
    for (int i = 0; i < COUNT; i++) {
        x[i] = (double)random_below(1000);
        out[i] = 1e9;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){&running, x, out});
    run_frame(&k, &frame, 0, COUNT);
    for (int i = 0; i < COUNT; i++) {
        expected = expected * 0.5 + x[i];
        cr_assert_eq(out[i], expected, "element %d", i);
    }
    cr_assert_eq(running, expected);
}

/* ---- Keys ----------------------------------------------------------------------------
 */

Test(codegen_scan, keys_that_make_no_sense, .timeout = 240)
{
    const char *ir = KEEPS_LAST;
    lanes_compile_request request = request_with(ir, "f8(f8,f8)");
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.reduce = LANES_REDUCE_SCAN,
                            .layout = {LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_CONTIGUOUS,
                                       LANES_LAYOUT_CONTIGUOUS}};
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.layout[0] = request.key.layout[1] = LANES_LAYOUT_UNIFORM;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.layout[1] = LANES_LAYOUT_CONTIGUOUS;
    request.key.dtype[1] = LANES_F4;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.dtype[1] = 0;
    request.key.streams = 1;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
    request.key.streams = 0;
    request.key.folds = 1;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "operand 2 has layout");
    request.key.layout[2] = LANES_LAYOUT_UNIFORM;
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
}

Test(codegen_scan, kernels_that_cannot, .timeout = 240)
{
    const char *ir = "define double @f(double %x) {\n  ret double %x\n}\n";
    lanes_compile_request request = request_with(ir, "f8(f8)");
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.reduce = LANES_REDUCE_SCAN,
                            .layout = {LANES_LAYOUT_UNIFORM, LANES_LAYOUT_CONTIGUOUS}};
    expect_refused_request(&request, ir, LANES_E_LAYOUT, "do not go together");
}
