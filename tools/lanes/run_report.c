/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_report.c - what `lanes run` prints about a batch, for people and as JSON.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/dtype.h"
#include "kernel/reduce.h"
#include "raised.h"

/* ---- The exception ----------------------------------------------------------------- */

void run_describe_failure(run_result *result)
{
    const lanes_completion *done = &result->done;
    cli_error *err = &result->err;
    raised_exception exception;
    err->code = LANES_E_KERNEL_RAISED;
    err->type[0] = '\0';
    if (raised_parse(done->message, &exception)) {
        snprintf(err->type, sizeof(err->type), "%s", exception.type);
        snprintf(err->message, sizeof(err->message), "%s", exception.message);
    } else {
        snprintf(err->message, sizeof(err->message), "%s", done->message);
    }
}

/* ---- Text -------------------------------------------------------------------------- */

static void print_summary(const run_result *result)
{
    const lanes_completion *done = &result->done;
    const double seconds = (double)done->run_ns * 1e-9;
    const double elements = (double)done->elements;
    const double bytes = (double)result->array_bytes;
    cli_print(
        RUN_COMMAND,
        "%llu elements in %.3f ms: %.4g M elements/s, %.4g GB/s, threads %u, width %u "
        "(compiled in %.1f ms)",
        (unsigned long long)done->elements, seconds * 1e3,
        seconds > 0 ? elements / seconds * 1e-6 : 0.0,
        seconds > 0 ? bytes / seconds * 1e-9 : 0.0, done->threads, done->vector_width,
        (double)result->compile_ns * 1e-6);
}

static void print_failed(const run_result *result)
{
    const lanes_completion *done = &result->done;
    const cli_error *err = &result->err;
    const bool has_type = err->type[0] != '\0';
    cli_print(RUN_COMMAND,
              "failed %llu of %llu elements, first at index %llu: %s%s%s%s (%s)",
              (unsigned long long)done->failed, (unsigned long long)done->elements,
              (unsigned long long)done->first_failed, err->type, has_type ? "(" : "",
              err->message, has_type ? ")" : "",
              result->reduce != LANES_REDUCE_NONE && result->reduce != LANES_REDUCE_SCAN
                  ? "failed elements are no part of the result"
                  : "outputs of failed elements are 0");
}

void run_print_text(const run_result *result, bool is_json)
{
    const cli_error *err = &result->err;
    const bool has_failed = err->code == LANES_E_KERNEL_RAISED && result->done.failed > 0;
    if (err->exit_code != CLI_OK && !has_failed) {
        cli_print(RUN_COMMAND, "%s", err->message);
    } else if (err->exit_code == CLI_OK && !is_json) {
        print_summary(result);
    }
    if (has_failed && (err->exit_code != CLI_OK || !is_json)) {
        print_failed(result);
    }
}

int run_print_values(const run_result *result)
{
    char text[VALUE_TEXT_MAX];
    for (uint32_t i = 0; i < result->value_count; i++) {
        value_format(result->value[i].dtype, result->value[i].element, text);
        printf("%s\n", text);
    }
    return fflush(stdout) == 0 ? CLI_OK : CLI_INTERNAL;
}

/* ---- JSON -------------------------------------------------------------------------- */

static const char *strategy_name(uint32_t strategy)
{
    return strategy == LANES_STRATEGY_LOOP ? "loop" : "unknown";
}

/* As text what JSON has no number for: NaN, infinities, complex numbers, and integers
 * from 2^63 on, which few readers would keep. */
static json_t *value_json(const run_value *value)
{
    char text[VALUE_TEXT_MAX];
    value_format(value->dtype, value->element, text);
    if (value->dtype == LANES_BOOL) {
        return json_boolean(*text == 't');
    }
    json_t *number = lanes_dtype_is_float(value->dtype)
                         ? json_real(strtod(text, NULL))
                         : json_loads(text, JSON_DECODE_ANY, NULL);
    return number != NULL ? number : json_string(text);
}

/* The results of a reduction that are one number each; JSON null otherwise. */
static json_t *values_json(const run_result *result)
{
    json_t *values = result->value_count > 0 ? json_array() : json_null();
    for (uint32_t i = 0; i < result->value_count; i++) {
        json_array_append_new(values, value_json(&result->value[i]));
    }
    return values;
}

int run_print_json(const run_result *result)
{
    const lanes_completion *done = &result->done;
    const bool is_known = done->strategy != 0;
    json_t *document = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:s, s:o, s:I, s:o, s:o}", "schema",
        "lanes.run/1", "elements", (json_int_t)done->elements, "run_ns",
        (json_int_t)done->run_ns, "queued_ns", (json_int_t)done->queued_ns, "compile_ns",
        (json_int_t)result->compile_ns, "threads", (int)done->threads, "strategy",
        is_known ? json_string(strategy_name(done->strategy)) : json_null(),
        "vector_width", is_known ? json_integer(done->vector_width) : json_null(),
        "casting", lanes_casting_name(result->casting), "where",
        result->where != NULL ? cli_text_json(result->where) : json_null(), "failed",
        (json_int_t)done->failed, "first_failed",
        done->failed > 0 ? json_integer((json_int_t)done->first_failed) : json_null(),
        "error", cli_error_json(&result->err));
    const bool is_reduced = result->reduce != LANES_REDUCE_NONE;
    json_object_set_new(document, "reduce",
                        is_reduced ? json_string(lanes_reduce_name(result->reduce))
                                   : json_null());
    json_object_set_new(document, "result", values_json(result));
    return cli_print_json(document);
}
