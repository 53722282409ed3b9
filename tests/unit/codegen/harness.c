/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cpu.h"
#include "kernel/dtype.h"

static const char *chosen_cpu(void)
{
    const char *cpu = getenv("LANES_CPU");
    return cpu != NULL ? cpu : "";
}

lanes_compile_request request_for(const char *ir)
{
    static uint64_t next_id = 1;
    lanes_compile_request request = {.version = LANES_COMPILE_VERSION,
                                     .id = next_id++,
                                     .ir_bytes = strlen(ir),
                                     .default_key = 1};
    snprintf(request.cpu, sizeof(request.cpu), "%s", chosen_cpu());
    return request;
}

bool compiles_for(const char *level)
{
    uint64_t needed = 0;
    uint64_t there = 0;
    cr_assert_eq(lanes_cpu_features(level, &needed, NULL), LANES_OK);
    cr_assert_eq(lanes_cpu_features(chosen_cpu(), &there, NULL), LANES_OK);
    return (needed & ~there) == 0;
}

lanes_codegen_output compile_knowing(const lanes_compile_request *request, const char *ir,
                                     const lanes_code_key *known)
{
    static bool is_ready;
    if (!is_ready) {
        lanes_error err;
        cr_assert_eq(lanes_codegen_init(&err), LANES_OK, "%s", err.message);
        is_ready = true;
    }
    lanes_codegen_output output;
    lanes_codegen_compile(request, ir, known, &output);
    return output;
}

lanes_codegen_output compile_request(const lanes_compile_request *request, const char *ir)
{
    return compile_knowing(request, ir, NULL);
}

lanes_codegen_output compile_text(const char *ir)
{
    const lanes_compile_request request = request_for(ir);
    return compile_request(&request, ir);
}

lanes_codegen_output compile_fine(const char *ir)
{
    lanes_codegen_output output = compile_text(ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s\n%s", output.result.message, ir);
    return output;
}

void expect_refused_request(const lanes_compile_request *request, const char *ir,
                            lanes_status status, const char *fragment)
{
    lanes_codegen_output output = compile_request(request, ir);
    cr_expect_eq(output.result.status, status, "got %s: %s, not '%s'",
                 lanes_status_name(output.result.status), output.result.message,
                 fragment);
    cr_expect(strstr(output.result.message, fragment) != NULL, "'%s' lacks '%s'",
              output.result.message, fragment);
    lanes_codegen_output_deinit(&output);
}

void expect_refusal(const char *ir, lanes_status status, const char *fragment)
{
    const lanes_compile_request request = request_for(ir);
    expect_refused_request(&request, ir, status, fragment);
}

lanes_compile_request request_with(const char *ir, const char *signature)
{
    lanes_compile_request request = request_for(ir);
    if (signature != NULL) {
        cr_assert_lt(strlen(signature), sizeof(request.signature));
        memcpy(request.signature, signature, strlen(signature) + 1);
    }
    return request;
}

void expect_signature_of(const lanes_compile_result *result, const char *wanted)
{
    char text[LANES_SIGNATURE_TEXT_MAX];
    cr_assert_eq(result->status, LANES_OK, "%s", result->message);
    lanes_signature_format(&result->signature, text);
    cr_expect_str_eq(text, wanted);
}

kernel kernel_of(const lanes_compile_request *request, const char *ir)
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
    kernel k = {.result = output.result, .loop = lanes_loaded_function(loaded)};
    if (k.result.may_raise) {
        void *explain = lanes_loader_find(loader, loaded, k.result.explain_symbol);
        cr_assert_not_null(explain);
        memcpy(&k.explain, &explain, sizeof(explain));
    }
    if (k.result.confirm_symbol[0] != '\0') {
        void *confirm = lanes_loader_find(loader, loaded, k.result.confirm_symbol);
        cr_assert_not_null(confirm);
        memcpy(&k.confirm, &confirm, sizeof(confirm));
    }
    lanes_codegen_output_deinit(&output);
    return k;
}

kernel variant_of(const char *ir, const char *signature, const lanes_variant_key *key)
{
    lanes_compile_request request = request_with(ir, signature);
    request.default_key = 0;
    request.key = *key;
    const kernel k = kernel_of(&request, ir);
    expect_signature_of(&k.result, signature);
    cr_assert(lanes_variant_key_equal(&k.result.key, key));
    return k;
}

kernel kernel_with(const char *ir, const char *signature, const char *wanted_signature)
{
    const lanes_compile_request request = request_with(ir, signature);
    const kernel k = kernel_of(&request, ir);
    expect_signature_of(&k.result, wanted_signature);
    return k;
}

lanes_loop_frame frame_of(const kernel *k, void *const *operands)
{
    const lanes_signature *signature = &k->result.signature;
    const uint32_t count = lanes_signature_operand_count(signature);
    lanes_loop_frame frame = {.seed = 0};
    for (uint32_t i = 0; i < count; i++) {
        frame.base[i] = operands[i];
        frame.stride[i] = k->result.key.layout[i] == LANES_LAYOUT_UNIFORM
                              ? 0
                              : (int64_t)lanes_dtype_bytes(lanes_variant_key_dtype(
                                    &k->result.key, signature, i));
    }
    if (k->result.key.has_where) {
        frame.base[count + 1] = operands[count + 1];
        frame.stride[count + 1] = 1;
    }
    return frame;
}

lanes_loop_result run_frame(const kernel *k, const lanes_loop_frame *frame,
                            uint64_t begin, uint64_t end)
{
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    k->loop(frame, begin, end, &result);
    return result;
}

#define GUARD_BYTES 64

void expect_values(const kernel *k, uint64_t count, void *const *inputs,
                   const void *const *wanted)
{
    const lanes_signature *signature = &k->result.signature;
    void *operands[LANES_OPERANDS_MAX] = {NULL};
    memcpy(operands, inputs, signature->input_count * sizeof(void *));
    for (uint32_t o = 0; o < signature->output_count; o++) {
        const uint32_t at = signature->input_count + o;
        const size_t bytes = count * lanes_dtype_bytes(signature->dtype[at]);
        operands[at] = malloc(bytes + GUARD_BYTES);
        memset(operands[at], 0xa5, bytes + GUARD_BYTES);
    }
    const lanes_loop_frame frame = frame_of(k, operands);
    const uint64_t middle = count / 3;
    cr_expect_eq(run_frame(k, &frame, middle, count).failed, 0);
    cr_expect_eq(run_frame(k, &frame, 0, middle).failed, 0);
    for (uint32_t o = 0; o < signature->output_count; o++) {
        const uint32_t at = signature->input_count + o;
        const uint32_t each = lanes_dtype_bytes(signature->dtype[at]);
        const unsigned char *got = operands[at];
        for (uint64_t i = 0; i < count; i++) {
            cr_assert_arr_eq(got + i * each, (const unsigned char *)wanted[o] + i * each,
                             each, "output %u differs at element %llu", o,
                             (unsigned long long)i);
        }
        for (size_t i = 0; i < GUARD_BYTES; i++) {
            cr_assert_eq(got[count * each + i], 0xa5);
        }
        free(operands[at]);
    }
}

lanes_loop_fn loop_of(const lanes_compile_request *request, const char *ir)
{
    return kernel_of(request, ir).loop;
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

const uint32_t every_dtype[DTYPE_COUNT] = {
    LANES_BOOL, LANES_I1, LANES_U1, LANES_I2, LANES_U2, LANES_I4, LANES_U4,
    LANES_I8,   LANES_U8, LANES_F4, LANES_F8, LANES_C8, LANES_C16};

static uint64_t random_state = 0x9e3779b97f4a7c15;

uint32_t random_below(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

const char *type_of(uint32_t dtype)
{
    static const char *const integers[] = {"i8", "i16", "i32", "i64"};
    const uint32_t bytes = lanes_dtype_bytes(dtype);
    if (lanes_dtype_is_float(dtype)) {
        return dtype == LANES_F4 ? "float" : "double";
    }
    return integers[bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3];
}
