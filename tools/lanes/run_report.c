/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_report.c - what `lanes run` prints about a batch, for people and as JSON.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raised.h"

/* ---- The exception ----------------------------------------------------------------- */

/* What Python raises where no pickle tells. */
static const struct {
    uint32_t kind; /* enum lanes_raised_kind */
    const char *type;
    const char *message;
} kinds[] = {
    {LANES_RAISED_ZERO_DIVISION, "ZeroDivisionError", "'integer division by zero'"},
    {LANES_RAISED_OVERFLOW, "OverflowError",
     "'integer division overflow (minimum / -1)'"},
};

/*
 * The entry of @p report for the payload of @p raised: the one at its place in the IR, or
 * the only one there is.
 */
static const json_t *find_exception(const json_t *report, const lanes_raised *raised)
{
    const json_t *exceptions = json_object_get(report, "exceptions");
    size_t index;
    json_t *entry;
    json_array_foreach(exceptions, index, entry)
    {
        const json_t *offset = json_object_get(entry, "offset");
        if (json_is_integer(offset) &&
            (uint64_t)json_integer_value(offset) == raised->payload_offset) {
            return entry;
        }
    }
    return json_array_size(exceptions) == 1 ? json_array_get(exceptions, 0) : NULL;
}

/* Batches whose failures are no error have no sentence; the report knows the class. */
static bool ask_report(const lanes_raised *raised, lanes_kernel *kernel,
                       raised_exception *out_exception)
{
    char *text = NULL;
    lanes_error cause;
    if (raised->kind != LANES_RAISED_EXCEPTION ||
        lanes_kernel_report(kernel, &text, &cause) < 0) {
        return false;
    }
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *entry = find_exception(report, raised);
    const char *type = json_string_value(json_object_get(entry, "type"));
    const char *message = json_string_value(json_object_get(entry, "message"));
    if (type != NULL && *type != '\0') {
        snprintf(out_exception->type, sizeof(out_exception->type), "%s", type);
        raised_fill(message != NULL ? message : "", raised, out_exception->message,
                    sizeof(out_exception->message));
    }
    const bool is_found = type != NULL && *type != '\0';
    json_decref(report);
    free(text);
    return is_found;
}

static bool find_failure(const lanes_completion *done, lanes_kernel *kernel,
                         raised_exception *out_exception)
{
    if (raised_parse(done->message, out_exception)) {
        return true;
    }
    for (size_t i = 0; i < CLI_COUNT_OF(kinds); i++) {
        if (kinds[i].kind == done->raised.kind) {
            snprintf(out_exception->type, sizeof(out_exception->type), "%s",
                     kinds[i].type);
            snprintf(out_exception->message, sizeof(out_exception->message), "%s",
                     kinds[i].message);
            return true;
        }
    }
    return ask_report(&done->raised, kernel, out_exception);
}

void run_describe_failure(run_result *result, lanes_kernel *kernel)
{
    const lanes_completion *done = &result->done;
    cli_error *err = &result->err;
    raised_exception exception;
    err->code = LANES_E_KERNEL_RAISED;
    err->type[0] = '\0';
    if (find_failure(done, kernel, &exception)) {
        snprintf(err->type, sizeof(err->type), "%s", exception.type);
        snprintf(err->message, sizeof(err->message), "%s", exception.message);
    } else {
        const char *how = done->message[0] != '\0' ? done->message
                          : done->raised.kind == LANES_RAISED_FATAL
                              ? "the callback asked to abort the process"
                              : "the callback failed and does not say why";
        snprintf(err->message, sizeof(err->message), "%s", how);
    }
}

/* ---- Text -------------------------------------------------------------------------- */

static void print_summary(const run_result *result)
{
    const lanes_completion *done = &result->done;
    const double seconds = (double)done->run_ns * 1e-9;
    const double elements = (double)done->elements;
    const double bytes = (double)result->element_bytes * elements;
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
              "failed %llu of %llu elements, first at index %llu: %s%s%s%s "
              "(outputs of failed elements are 0)",
              (unsigned long long)done->failed, (unsigned long long)done->elements,
              (unsigned long long)done->first_failed, err->type, has_type ? "(" : "",
              err->message, has_type ? ")" : "");
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

/* ---- JSON -------------------------------------------------------------------------- */

static const char *strategy_name(uint32_t strategy)
{
    return strategy == LANES_STRATEGY_LOOP ? "loop" : "unknown";
}

int run_print_json(const run_result *result)
{
    const lanes_completion *done = &result->done;
    const bool is_known = done->strategy != 0;
    json_t *document = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:I, s:o, s:o}", "schema",
        "lanes.run/1", "elements", (json_int_t)done->elements, "run_ns",
        (json_int_t)done->run_ns, "queued_ns", (json_int_t)done->queued_ns, "compile_ns",
        (json_int_t)result->compile_ns, "threads", (int)done->threads, "strategy",
        is_known ? json_string(strategy_name(done->strategy)) : json_null(),
        "vector_width", is_known ? json_integer(done->vector_width) : json_null(),
        "failed", (json_int_t)done->failed, "first_failed",
        done->failed > 0 ? json_integer((json_int_t)done->first_failed) : json_null(),
        "error", cli_error_json(&result->err));
    return cli_print_json(document);
}
