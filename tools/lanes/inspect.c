/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - `lanes inspect`: how a kernel was compiled, and why not better.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readable.h"

#define COMMAND "inspect"

enum option_key {
    OPTION_IR = 0x200,
    OPTION_ASM,
    OPTION_REQUIRE_VECTOR,
};

struct inspect_options {
    cli_kernel_options kernel;
    const char *stage; /* of the IR to print; NULL = none */
    bool wants_assembly;
    uint32_t required_width; /* 0 = none */
};

static const char *const stage_names[] = {"in", "wrapped", "optimised"};

static const struct argp_option option_table[] = {
    {"ir", OPTION_IR, "in|wrapped|optimised", 0,
     "Print the IR as it came, inside its loop, or after optimisation", 0},
    {"asm", OPTION_ASM, NULL, 0, "Print the assembly", 0},
    {"require-vector", OPTION_REQUIRE_VECTOR, "W", OPTION_ARG_OPTIONAL,
     "Exit with 3 unless the kernel runs at least W (default 2) elements at once", 0},
    {0},
};

static const char *find_stage(const char *name)
{
    for (size_t i = 0; i < CLI_COUNT_OF(stage_names); i++) {
        if (strcmp(stage_names[i], name) == 0) {
            return stage_names[i];
        }
    }
    return NULL;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct inspect_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->kernel;
        return 0;
    case OPTION_IR:
        options->stage = find_stage(argument);
        if (options->stage == NULL) {
            argp_error(state, "--ir=%s is not one of in, wrapped, optimised", argument);
        }
        return 0;
    case OPTION_ASM:
        options->wants_assembly = true;
        return 0;
    case OPTION_REQUIRE_VECTOR:
        options->required_width = 2;
        if (argument != NULL && !cli_parse_count(argument, &options->required_width)) {
            argp_error(state, "--require-vector=%s is not a number from 1 to 4096",
                       argument);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (options->kernel.kernel != NULL) {
            argp_error(state, "unexpected argument '%s'", argument);
        }
        options->kernel.kernel = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->kernel.kernel == NULL) {
            argp_error(state, "KERNEL is missing");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A member that is a string; "?" if it is not there. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "?";
}

static json_int_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* "2 divisions", behind a comma; nothing of none. */
static void print_count(const json_t *element, const char *key, const char *one,
                        const char *more)
{
    const json_int_t count = integer_of(element, key);
    if (count > 0) {
        printf(", %lld %s", (long long)count, count == 1 ? one : more);
    }
}

/* What one element costs: "24 bytes, 11 flops, 1 division, calls exp 2 log". */
static void print_element(const json_t *element)
{
    const char *name;
    json_t *count;
    const char *separator = ", calls ";
    if (!json_is_object(element)) {
        return;
    }
    printf("  element   %lld bytes", (long long)integer_of(element, "bytes"));
    if (json_is_true(json_object_get(element, "data_dependent"))) {
        printf(", the work depends on the data; in one pass of each loop");
    }
    print_count(element, "flops", "flop", "flops");
    print_count(element, "integers", "integer operation", "integer operations");
    print_count(element, "divisions", "division", "divisions");
    print_count(element, "square_roots", "square root", "square roots");
    print_count(element, "loads", "load", "loads");
    print_count(element, "branches", "branch", "branches");
    json_object_foreach(json_object_get(element, "calls"), name, count)
    {
        printf("%s%s", separator, name);
        if (json_integer_value(count) > 1) {
            printf(" (%lld times)", (long long)json_integer_value(count));
        }
        separator = ", ";
    }
    putchar('\n');
}

/* Why it is not faster, and what to change. */
static void print_advice(const json_t *advice)
{
    size_t index;
    json_t *row;
    json_array_foreach(advice, index, row)
    {
        printf("  reason    %s\n", text_of(row, "reason"));
        printf("  change    %s\n", text_of(row, "change"));
    }
}

static void print_variant(const json_t *variant)
{
    const bool is_vectorized = json_is_true(json_object_get(variant, "vectorized"));
    json_t *remarks =
        readable_remarks(json_object_get(variant, "remarks"), is_vectorized);
    json_t *times = json_object_get(variant, "times_ms");
    const char *cache = json_string_value(json_object_get(variant, "cache"));
    const char *phase;
    json_t *milliseconds;
    printf("variant     %s\n", text_of(variant, "layout"));
    if (is_vectorized) {
        printf(
            "  strategy  %s, vectorized: %lld elements at once, interleaved %lld times\n",
            text_of(variant, "strategy"), (long long)integer_of(variant, "vector_width"),
            (long long)integer_of(variant, "interleave"));
    } else {
        printf("  strategy  %s, not vectorized\n", text_of(variant, "strategy"));
    }
    print_advice(json_object_get(variant, "advice"));
    readable_print_lines("  remark    ", remarks);
    json_decref(remarks);
    print_element(json_object_get(variant, "per_element"));
    printf("  code      %lld bytes", (long long)integer_of(variant, "code_bytes"));
    if (cache != NULL) {
        printf(", found %s", strcmp(cache, "disk") == 0 ? "on disk" : "in memory");
    }
    putchar('\n');
    printf("  times    ");
    json_object_foreach(times, phase, milliseconds)
    {
        printf(" %s %.1f ms", phase, json_number_value(milliseconds));
    }
    putchar('\n');
}

/* ---- The callback ------------------------------------------------------------------ */

static bool is_role(const json_t *argument, const char *role)
{
    return strcmp(text_of(argument, "role"), role) == 0;
}

/* Inputs that are rows; they count among the inputs, as scalars do. */
static void print_rows(const json_t *report)
{
    size_t index;
    const json_t *argument;
    unsigned input = 0;
    json_array_foreach(json_object_get(report, "arguments"), index, argument)
    {
        const bool is_row = is_role(argument, "row");
        input += is_row || is_role(argument, "scalar") ? 1 : 0;
        if (is_row) {
            const char *dtype = json_string_value(json_object_get(argument, "dtype"));
            const long long least = (long long)integer_of(argument, "row_minimum");
            char length[40] = "";
            if (least > 1) {
                snprintf(length, sizeof(length), " of %lld or more", least);
            }
            printf("row         input %u: an array%s%s%s for each element\n", input,
                   length, dtype != NULL ? " of " : "", dtype != NULL ? dtype : "");
        }
    }
}

static void print_params(const json_t *report)
{
    if (json_is_true(json_object_get(report, "has_params"))) {
        const long long least = (long long)integer_of(report, "params_bytes");
        if (least == 0) {
            printf("params      a block that is not read; it may be left out\n");
        } else {
            printf("params      a block of at least %lld bytes\n", least);
        }
    }
}

/* What a callback that fails raises: "ValueError('negative', {})". */
static void print_errors(const json_t *report)
{
    size_t index;
    const json_t *exception;
    const char *model = json_string_value(json_object_get(report, "error_model"));
    const bool has_model = model != NULL && strcmp(model, "none") != 0;
    printf("errors      %s%s%s\n",
           json_is_true(json_object_get(report, "may_raise")) ? "may raise" : "none",
           has_model ? ", error model " : "", has_model ? model : "");
    json_t *lines = json_array();
    json_array_foreach(json_object_get(report, "exceptions"), index, exception)
    {
        const char *message = json_string_value(json_object_get(exception, "message"));
        const char *location = json_string_value(json_object_get(exception, "location"));
        const bool has_location = location != NULL && *location != '\0';
        json_array_append_new(lines,
                              json_sprintf("%s(%s)%s%s", text_of(exception, "type"),
                                           message != NULL ? message : "",
                                           has_location ? " in " : "",
                                           has_location ? location : ""));
    }
    readable_print_lines("raises      ", lines);
    json_decref(lines);
}

/* Numba's symbols are long; what the function is called comes first. */
static void print_entry(const json_t *report)
{
    char name[256];
    const char *symbol = text_of(report, "entry");
    if (strcmp(text_of(report, "convention"), "numba") == 0 &&
        readable_name(symbol, name, sizeof(name))) {
        printf("function    %s\n", name);
    }
    printf("entry       %s\n", symbol);
}

/* "x0, 0.0": where the inputs of a node come from. */
static void print_sources(const json_t *sources)
{
    size_t index;
    const json_t *source;
    json_array_foreach(sources, index, source)
    {
        printf("%s%s", index > 0 ? ", " : "", json_string_value(source));
    }
}

/* Of a fused kernel: its callbacks, and how they are wired. */
static void print_nodes(const json_t *report)
{
    size_t index;
    const json_t *node;
    const json_t *wiring = json_object_get(report, "wiring");
    json_array_foreach(json_object_get(report, "nodes"), index, node)
    {
        printf("node %zu      %s, %s, %s of ", index, text_of(node, "entry"),
               text_of(node, "convention"), text_of(node, "signature"));
        print_sources(json_array_get(json_object_get(wiring, "inputs"), index));
        putchar('\n');
    }
    if (wiring != NULL) {
        printf("results     ");
        print_sources(json_object_get(wiring, "outputs"));
        putchar('\n');
    }
}

static void print_report(const json_t *report)
{
    size_t index;
    const json_t *item;
    print_entry(report);
    printf("convention  %s\n", text_of(report, "convention"));
    printf("signature   %s\n", text_of(report, "signature"));
    print_nodes(report);
    print_rows(report);
    print_params(report);
    print_errors(report);
    const char *triple = json_string_value(json_object_get(report, "source_triple"));
    const bool has_triple = triple != NULL && *triple != '\0';
    printf("producer    %s%s%s\n", text_of(report, "producer"), has_triple ? " for " : "",
           has_triple ? triple : "");
    printf("compiled    by LLVM %s for %s, math %s\n", text_of(report, "llvm"),
           text_of(report, "cpu"), text_of(report, "math"));
    json_array_foreach(json_object_get(report, "externals"), index, item)
    {
        printf("external    %s, served by %s\n", text_of(item, "name"),
               text_of(item, "served_by"));
    }
    json_array_foreach(json_object_get(report, "variants"), index, item)
    {
        print_variant(item);
    }
}

static int print_stage(const json_t *report, const char *name, cli_error *err)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(report, "stages"), name));
    if (text == NULL) {
        return cli_fail(err, CLI_INTERNAL, LANES_E_INTERNAL,
                        "the kernel's report has no stage '%s'", name);
    }
    const size_t length = strlen(text);
    fputs(text, stdout);
    if (length > 0 && text[length - 1] != '\n') {
        putchar('\n');
    }
    return CLI_OK;
}

/* Prints what was asked for; the report unless single stages were. */
static int print_all(const struct inspect_options *options, json_t *report,
                     cli_error *err)
{
    if (options->kernel.is_json) {
        json_object_set_new(report, "schema", json_string("lanes.inspect/1"));
        return cli_print_json(json_incref(report));
    }
    int exit_code = CLI_OK;
    if (options->stage != NULL) {
        exit_code = print_stage(report, options->stage, err);
    }
    if (exit_code == CLI_OK && options->wants_assembly) {
        exit_code = print_stage(report, "asm", err);
    }
    if (options->stage == NULL && !options->wants_assembly) {
        print_report(report);
    }
    return exit_code;
}

static int check_width(const struct inspect_options *options, const json_t *report,
                       cli_error *err)
{
    const json_t *variant = json_array_get(json_object_get(report, "variants"), 0);
    const json_int_t width = json_is_true(json_object_get(variant, "vectorized"))
                                 ? integer_of(variant, "vector_width")
                                 : 1;
    if (width >= (json_int_t)options->required_width) {
        return CLI_OK;
    }
    const json_t *advice = json_array_get(json_object_get(variant, "advice"), 0);
    const char *why = json_string_value(json_object_get(advice, "reason"));
    return cli_fail(err, CLI_CHECK_FAILED, LANES_E_INVALID,
                    "%s runs %lld elements at once; --require-vector wants %u%s%s",
                    options->kernel.kernel, (long long)width, options->required_width,
                    why != NULL ? ": " : "", why != NULL ? why : "");
}

/* Loads the kernel and parses its report; *out_report is owned by the caller. */
static int load_report(const struct inspect_options *options, json_t **out_report,
                       cli_error *err)
{
    const bool wants_stages = options->stage != NULL || options->wants_assembly;
    cli_session session = {0};
    int exit_code = cli_session_open(
        &options->kernel, wants_stages ? LANES_KERNEL_STAGES : 0, &session, err);
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    char *text = NULL;
    lanes_error cause;
    if (lanes_kernel_report(session.kernel, &text, &cause) < 0) {
        exit_code = cli_fail_lanes(err, &cause, "%s", options->kernel.kernel);
    } else {
        json_error_t where;
        *out_report = json_loads(text, JSON_REJECT_DUPLICATES, &where);
        if (!json_is_object(*out_report)) {
            exit_code = cli_fail(err, CLI_INTERNAL, LANES_E_INTERNAL,
                                 "the kernel's report is not JSON: line %d: %s",
                                 where.line, where.text);
        }
    }
    free(text);
    cli_session_close(&session);
    return exit_code;
}

int cli_inspect(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_kernel_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "KERNEL",
        .doc =
            "Show how a kernel was compiled: its types, what serves its calls, what it "
            "may raise, and whether it was vectorized. IR that lanes does not admit is "
            "refused with the rule's name and what to change.\v" CLI_KERNEL_HELP
            "\n\n" CLI_EXIT_STATUS_HELP,
        .children = children,
    };
    struct inspect_options options = {.kernel = {.math = LANES_MATH_VECTOR}};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }

    cli_error err = {.exit_code = CLI_OK};
    json_t *report = NULL;
    int exit_code = load_report(&options, &report, &err);
    const bool is_loaded = exit_code == CLI_OK;
    if (is_loaded) {
        exit_code = print_all(&options, report, &err);
        if (exit_code == CLI_OK && options.required_width > 0) {
            exit_code = check_width(&options, report, &err);
        }
    }
    if (exit_code != CLI_OK) {
        cli_print(COMMAND, "%s", err.message);
    }
    if (!is_loaded && options.kernel.is_json) {
        cli_print_json(json_pack("{s:s, s:o}", "schema", "lanes.inspect/1", "error",
                                 cli_error_json(&err)));
    }
    json_decref(report);
    return exit_code;
}
