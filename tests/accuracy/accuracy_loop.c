/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_loop.c - all that this folder knows about lanes' codegen, loader and frames.
 */
#include "accuracy.h"

#include <stdio.h>
#include <string.h>

#include "codegen/codegen.h"
#include "loader/loader.h"

static const struct column {
    const char *name;
    const char *cpu;
    char form; /* of libmvec; 0: libm */
    unsigned lanes_f8;
} columns[ACCURACY_COLUMNS] = {
    [ACCURACY_EXACT] = {"libm", "x86-64-v2", 0, 0},
    [ACCURACY_SSE] = {"SSE", "x86-64-v2", 'b', 2},
    [ACCURACY_AVX2] = {"AVX2", "x86-64-v3", 'd', 4},
    [ACCURACY_AVX512] = {"AVX-512", "x86-64-v4", 'e', 8},
};

const char *accuracy_column_name(enum accuracy_column column)
{
    return columns[column].name;
}

bool accuracy_column_runs(enum accuracy_column column)
{
    switch (column) {
    case ACCURACY_AVX2:
        return __builtin_cpu_supports("x86-64-v3") != 0;
    case ACCURACY_AVX512:
        return __builtin_cpu_supports("x86-64-v4") != 0;
    case ACCURACY_EXACT:
    case ACCURACY_SSE:
    case ACCURACY_COLUMNS:
    default:
        return __builtin_cpu_supports("x86-64-v2") != 0;
    }
}

static void write_ir(const accuracy_function *function, bool is_float, char *text,
                     size_t bytes)
{
    const char *type = is_float ? "float" : "double";
    const char *suffix = is_float ? "f" : "";
    const bool is_pair = function->arity == 2;
    char arguments[32];
    char parameters[16];
    snprintf(arguments, sizeof(arguments), "%s %%x%s%s%s", type, is_pair ? ", " : "",
             is_pair ? type : "", is_pair ? " %y" : "");
    snprintf(parameters, sizeof(parameters), "%s%s%s", type, is_pair ? ", " : "",
             is_pair ? type : "");
    snprintf(text, bytes,
             "declare %s @%s%s(%s)\ndefine %s @callback(%s) {\n"
             "  %%r = call %s @%s%s(%s)\n  ret %s %%r\n}\n",
             type, function->name, suffix, parameters, type, arguments, type,
             function->name, suffix, arguments, type);
}

/* The report must say that the loop calls what the column is about; else the numbers
 * would be those of something else. */
static lanes_status check_served_by(const accuracy_function *function, bool is_float,
                                    const struct column *column, const char *report,
                                    lanes_error *err)
{
    char wanted[64] = "\"libm\"";
    if (column->form != 0) {
        snprintf(wanted, sizeof(wanted), "\"libmvec _ZGV%cN%u%s_%s%s\"", column->form,
                 column->lanes_f8 * (is_float ? 2 : 1), function->arity == 2 ? "vv" : "v",
                 function->name, is_float ? "f" : "");
    }
    if (strstr(report, wanted) == NULL) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the loop for %s is not served by %s; its report: %s",
                               column->cpu, wanted, report);
    }
    return LANES_OK;
}

lanes_loop_fn accuracy_loop_compile(const accuracy_function *function, bool is_float,
                                    enum accuracy_column column, lanes_error *err)
{
    static lanes_loader *loader;
    static uint64_t next_id;
    char ir[256];
    write_ir(function, is_float, ir, sizeof(ir));
    lanes_compile_request request = {.version = LANES_COMPILE_VERSION,
                                     .id = ++next_id,
                                     .ir_bytes = strlen(ir),
                                     .math = column == ACCURACY_EXACT ? LANES_MATH_EXACT
                                                                      : LANES_MATH_VECTOR,
                                     .default_key = 1};
    memcpy(request.cpu, columns[column].cpu, strlen(columns[column].cpu) + 1);
    if (loader == NULL && lanes_loader_create(&loader, err) != LANES_OK) {
        return NULL;
    }
    lanes_codegen_output output;
    lanes_codegen_compile(&request, ir, NULL, &output);
    lanes_loaded *loaded = NULL;
    if (output.result.status != LANES_OK) {
        LANES_IGNORE(lanes_error_set(err, output.result.status, "compiling for %s: %s",
                                     request.cpu, output.result.message),
                     "loaded stays NULL");
    } else if (check_served_by(function, is_float, &columns[column], output.report,
                               err) == LANES_OK) {
        LANES_IGNORE(lanes_loader_load(loader, output.object, output.result.object_bytes,
                                       output.result.symbol, &loaded, err),
                     "loaded stays NULL");
    }
    lanes_codegen_output_deinit(&output);
    return loaded != NULL ? lanes_loaded_function(loaded) : NULL;
}

static void call_loop(lanes_loop_fn loop, size_t count, size_t operand_count,
                      void *const *operand, int64_t bytes)
{
    lanes_loop_frame frame = {.seed = 0};
    lanes_loop_result result = LANES_LOOP_RESULT_INIT;
    for (size_t i = 0; i < operand_count; i++) {
        frame.base[i] = operand[i];
        frame.stride[i] = bytes;
    }
    loop(&frame, 0, count, &result);
    LANES_ASSERT(result.failed == 0);
}

void accuracy_loop_run(lanes_loop_fn loop, bool is_float, size_t count, const double *x,
                       const double *y, double *out)
{
    static _Alignas(64) double f8[3][ACCURACY_RUN_MAX];
    static _Alignas(64) float f4[3][ACCURACY_RUN_MAX];
    const double *const inputs[2] = {x, y};
    const size_t input_count = y != NULL ? 2 : 1;
    void *operand[3];
    LANES_ASSERT(count <= ACCURACY_RUN_MAX);
    for (size_t k = 0; k <= input_count; k++) {
        operand[k] = is_float ? (void *)f4[k] : (void *)f8[k];
        for (size_t i = 0; k < input_count && i < count; i++) {
            f8[k][i] = inputs[k][i];
            f4[k][i] = (float)inputs[k][i];
        }
    }
    call_loop(loop, count, input_count + 1, operand,
              is_float ? sizeof(float) : sizeof(double));
    for (size_t i = 0; i < count; i++) {
        out[i] = is_float ? (double)f4[input_count][i] : f8[input_count][i];
    }
}
