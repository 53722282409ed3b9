/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client allows to be done to floating-point arithmetic, and nothing without that.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "harness.h"

#define COUNT 200

static const char product_sum[] = "define double @f(double %x, double %y) {\n"
                                  "  %p = fmul double %x, %y\n"
                                  "  %s = fsub double %p, 1.0\n"
                                  "  ret double %s\n}\n";

static double x[COUNT];
static double y[COUNT];

/* Pairs whose product is 1 but for the last bits, which only one rounding keeps. */
static void fill(void)
{
    for (int i = 0; i < COUNT; i++) {
        x[i] = 1.0 + 0x1p-30 * (double)(i + 1);
        y[i] = 1.0 - 0x1p-30 * (double)(i + 1);
    }
}

static void run(const char *ir, uint32_t fp, double *out)
{
    lanes_compile_request request = request_for(ir);
    request.fp = fp;
    const kernel k = kernel_of(&request, ir);
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y, out});
    cr_assert_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    cr_expect_gt(k.result.info.vector_width, 1);
}

Test(codegen_float, strict_rounds_twice_and_contract_once, .timeout = 240)
{
    double strict[COUNT];
    double contracted[COUNT];
    fill();
    const bool has_fma = compiles_for("x86-64-v3");
    run(product_sum, LANES_FP_STRICT, strict);
    run(product_sum, LANES_FP_CONTRACT, contracted);
    int different = 0;
    for (int i = 0; i < COUNT; i++) {
        const volatile double product = x[i] * y[i];
        cr_assert_eq(strict[i], product - 1.0);
        cr_assert_eq(contracted[i], has_fma ? fma(x[i], y[i], -1.0) : product - 1.0);
        different += islessgreater(strict[i], contracted[i]);
    }
    cr_expect(different > COUNT / 2 || !has_fma, "else the test shows nothing");
}

Test(codegen_float, fast_may_assume_that_there_is_no_nan, .timeout = 240)
{
    static const char ir[] = "define double @f(double %x, double %y) {\n"
                             "  %n = fcmp uno double %x, %x\n"
                             "  %s = fadd double %x, %y\n"
                             "  %r = select i1 %n, double 7.0, double %s\n"
                             "  ret double %r\n}\n";
    double out[COUNT];
    fill();
    x[3] = (double)NAN;
    run(ir, LANES_FP_STRICT, out);
    cr_expect_eq(out[3], 7.0);
    run(ir, LANES_FP_FAST, out);
    cr_expect(isnan(out[3]), "the question is answered without being asked");
    cr_expect_eq(out[4], x[4] + y[4]);
}

Test(codegen_float, flags_make_another_kernel_and_are_reported, .timeout = 240)
{
    static const struct {
        uint32_t fp;
        const char *name;
    } rows[] = {{LANES_FP_STRICT, "strict"},
                {LANES_FP_FAST, "fast"},
                {LANES_FP_CONTRACT, "contract"},
                {LANES_FP_NSZ | LANES_FP_ARCP, "nsz,arcp"}};
    uint8_t identity[LANES_ARRAY_COUNT(rows)][LANES_IDENTITY_BYTES];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_compile_request request = request_for(product_sum);
        request.fp = rows[i].fp;
        lanes_codegen_output output = compile_request(&request, product_sum);
        json_t *report = json_loads(output.report, 0, NULL);
        cr_expect_str_eq(json_string_value(json_object_get(report, "fp")), rows[i].name);
        memcpy(identity[i], output.result.identity, LANES_IDENTITY_BYTES);
        for (size_t k = 0; k < i; k++) {
            cr_expect_arr_neq(identity[i], identity[k], LANES_IDENTITY_BYTES);
        }
        json_decref(report);
        lanes_codegen_output_deinit(&output);
    }
}
