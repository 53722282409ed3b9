/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

lanes_compile_request request_for(const char *ir)
{
    static uint64_t next_id = 1;
    return (lanes_compile_request){.version = LANES_COMPILE_VERSION,
                                   .id = next_id++,
                                   .ir_bytes = strlen(ir),
                                   .default_key = 1};
}

lanes_codegen_output compile_request(const lanes_compile_request *request, const char *ir)
{
    static bool is_ready;
    if (!is_ready) {
        lanes_error err;
        cr_assert_eq(lanes_codegen_init(&err), LANES_OK, "%s", err.message);
        is_ready = true;
    }
    lanes_codegen_output output;
    lanes_codegen_compile(request, ir, &output);
    return output;
}

lanes_codegen_output compile_text(const char *ir)
{
    const lanes_compile_request request = request_for(ir);
    return compile_request(&request, ir);
}

void expect_refusal(const char *ir, lanes_status status, const char *fragment)
{
    lanes_codegen_output output = compile_text(ir);
    cr_expect_eq(output.result.status, status, "got %s: %s",
                 lanes_status_name(output.result.status), output.result.message);
    cr_expect(strstr(output.result.message, fragment) != NULL, "'%s' lacks '%s'",
              output.result.message, fragment);
    lanes_codegen_output_deinit(&output);
}

lanes_loop_fn loop_of(const lanes_compile_request *request, const char *ir)
{
    static lanes_loader *loader;
    lanes_error err;
    lanes_codegen_output output = compile_request(request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    if (loader == NULL) {
        cr_assert_eq(lanes_loader_create(&loader, &err), LANES_OK, "%s", err.message);
    }
    lanes_loaded *loaded;
    cr_assert_eq(lanes_loader_load(loader, output.object, output.result.object_bytes,
                                   output.result.symbol, &loaded, &err),
                 LANES_OK, "%s", err.message);
    lanes_codegen_output_deinit(&output);
    return lanes_loaded_function(loaded);
}

lanes_loop_result run_loop(lanes_loop_fn loop, uint64_t begin, uint64_t end,
                           void *operand0, void *operand1, void *operand2, void *operand3)
{
    const lanes_loop_frame frame = {.base = {operand0, operand1, operand2, operand3}};
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    loop(&frame, begin, end, &result);
    return result;
}

static int64_t ordered_f8(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits < 0 ? INT64_MIN - bits : bits;
}

static int32_t ordered_f4(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits < 0 ? INT32_MIN - bits : bits;
}

double ulp_distance_f8(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) && isnan(b) ? 0 : HUGE_VAL;
    }
    /* In integers: the order of a double has more bits than a double holds. */
    return fabs((double)(ordered_f8(a) - ordered_f8(b)));
}

double ulp_distance_f4(float a, float b)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) && isnan(b) ? 0 : HUGE_VAL;
    }
    return fabs((double)ordered_f4(a) - (double)ordered_f4(b));
}
