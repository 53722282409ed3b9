/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.c - errors, exit codes and kernel options of all commands.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "kernel/cpu.h"
#include "kernel/fp.h"
#include "source.h"

enum option_key {
    OPTION_ENTRY = 'e',
    OPTION_SIGNATURE = 's',
    OPTION_MATH = 0x100,
    OPTION_SOCKET = 'S',
    OPTION_JSON = 0x101,
    OPTION_CONVENTION = 0x102,
    OPTION_FP = 0x104,
    OPTION_CPU = 0x105,
    OPTION_THEN = 0x106
};

static const struct {
    const char *name;
    enum lanes_convention convention;
} conventions[] = {
    {"auto", LANES_CONVENTION_AUTO},   {"numba", LANES_CONVENTION_NUMBA},
    {"c", LANES_CONVENTION_C},         {"c-out", LANES_CONVENTION_C_OUT},
    {"scipy", LANES_CONVENTION_SCIPY},
};

int cli_fail(cli_error *err, int exit_code, lanes_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof(err->message), format, arguments);
    va_end(arguments);
    err->exit_code = exit_code;
    err->code = code;
    err->type[0] = '\0';
    return exit_code;
}

int cli_fail_lanes(cli_error *err, const lanes_error *cause, const char *format, ...)
{
    char prefix[sizeof(err->message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    err->exit_code = cli_exit_code_of(cause->code);
    err->code = cause->code;
    err->type[0] = '\0';
    const size_t used = strnlen(prefix, sizeof(prefix) / 2);
    memcpy(err->message, prefix, used);
    snprintf(err->message + used, sizeof(err->message) - used, ": %s", cause->message);
    return err->exit_code;
}

int cli_exit_code_of(lanes_status status)
{
    static const struct {
        lanes_status code;
        int exit_code;
    } rows[] = {
        {LANES_E_OPERANDS, CLI_BAD_DATA},
        {LANES_E_DTYPE, CLI_BAD_DATA},
        {LANES_E_SHAPE, CLI_BAD_DATA},
        {LANES_E_FORMAT, CLI_BAD_DATA},
        {LANES_E_PARAMS, CLI_BAD_DATA},
        {LANES_E_KERNEL_RAISED, CLI_BATCH_FAILED},
        {LANES_E_KERNEL_FAULT, CLI_BATCH_FAILED},
        {LANES_E_INDETERMINATE, CLI_BATCH_FAILED},
        {LANES_E_POISON, CLI_BATCH_FAILED},
        {LANES_E_SEGMENT_TRUNCATED, CLI_BATCH_FAILED},
        {LANES_E_COMPILE_CRASHED, CLI_BAD_DATA},
        {LANES_E_COMPILE_LIMIT, CLI_BAD_DATA},
        {LANES_E_TIMED_OUT, CLI_UNAVAILABLE},
        {LANES_E_DEADLINE, CLI_DEADLINE},
        {LANES_E_RING_CORRUPT, CLI_INTERNAL},
        {LANES_E_PROTOCOL, CLI_INTERNAL},
        {-ENOSPC, CLI_TRY_AGAIN},
        {-ENOMEM, CLI_TRY_AGAIN},
        {-EAGAIN, CLI_TRY_AGAIN},
        {-EMFILE, CLI_TRY_AGAIN},
        {-ENFILE, CLI_TRY_AGAIN},
        {LANES_OK, CLI_OK},
    };
    for (size_t i = 0; i < CLI_COUNT_OF(rows); i++) {
        if (rows[i].code == status) {
            return rows[i].exit_code;
        }
    }
    switch (lanes_status_category(status)) {
    case LANES_CATEGORY_FLOW:
        return CLI_TRY_AGAIN;
    case LANES_CATEGORY_PEER:
        return CLI_UNAVAILABLE;
    case LANES_CATEGORY_IR:
        return CLI_BAD_DATA;
    default:
        return CLI_INTERNAL;
    }
}

void cli_print(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "lanes: %s: ", command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

json_t *cli_text_json(const char *text)
{
    json_t *string = json_string(text);
    char *ascii = string == NULL ? strdup(text) : NULL;
    for (char *byte = ascii; byte != NULL && *byte != '\0'; byte++) {
        *byte = (unsigned char)*byte < 0x80 ? *byte : '?';
    }
    string = ascii != NULL ? json_string(ascii) : string;
    free(ascii);
    return string;
}

/* The NAME of "...: rule NAME: ..." in a refusal; JSON null if there is none. */
static json_t *rule_json(const char *message)
{
    static const char mark[] = "rule ";
    const char *rule = strstr(message, mark);
    const size_t length = rule != NULL ? strcspn(rule + sizeof(mark) - 1, ": ") : 0;
    return length > 0 ? json_stringn(rule + sizeof(mark) - 1, length) : json_null();
}

json_t *cli_error_json(const cli_error *err)
{
    if (err->code == LANES_OK) {
        return json_null();
    }
    const char *type = err->type[0] != '\0' ? err->type : lanes_status_name(err->code);
    json_t *error = json_pack("{s:o, s:o}", "type", cli_text_json(type), "message",
                              cli_text_json(err->message));
    if (err->code == LANES_E_IR_REFUSED) {
        json_object_set_new(error, "rule", rule_json(err->message));
    }
    return error;
}

int cli_print_json(json_t *document)
{
    if (document == NULL) {
        return CLI_INTERNAL;
    }
    const int failed = json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(document);
    return failed == 0 && putchar('\n') == '\n' && fflush(stdout) == 0 ? CLI_OK
                                                                       : CLI_INTERNAL;
}

bool cli_parse_count(const char *text, uint32_t *out_count)
{
    char *end;
    errno = 0;
    const long count = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || count < 1 || count > 4096) {
        return false;
    }
    *out_count = (uint32_t)count;
    return true;
}

static const struct argp_option kernel_option_table[] = {
    {"then", OPTION_THEN, "KERNEL", 0,
     "Give the results to KERNEL, in the same loop: they are its first inputs, and "
     "INPUTs behind those of the kernels before it the others; again for one more",
     0},
    {"entry", OPTION_ENTRY, "NAME", 0, "The callback's symbol; default: find it", 0},
    {"signature", OPTION_SIGNATURE, "SIG", 0,
     "Element types, as in 'f8(f8,f8)', 'f8,i4(c16)' or 'float64(float64[:])'; 'float' "
     "is "
     "C's, f4; default: from the IR",
     0},
    {"convention", OPTION_CONVENTION, "auto|numba|c|c-out|scipy", 0,
     "How the callback is called; default: found from the IR", 0},
    {"math", OPTION_MATH, "vector|exact", 0,
     "Serve math functions by vector forms (at most 4 ulp; default) or by libm alone", 0},
    {"fp", OPTION_FP, "strict|contract|fast|FLAG,...", 0,
     "What may be done to floating-point arithmetic: nothing but what the IR allows "
     "(default), a * b + c with one rounding, anything, or some of LLVM's flags reassoc, "
     "nnan, ninf, nsz, arcp, contract, afn",
     0},
    {"cpu", OPTION_CPU, "NAME", 0,
     "Start a private executor that compiles for the CPU NAME, as LLVM calls it, or for "
     "x86-64, x86-64-v2, x86-64-v3, x86-64-v4; default: native",
     0},
    {"socket", OPTION_SOCKET, "PATH", 0,
     "Use the executor that listens on PATH; default: the user's own, else a private one",
     0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object on standard output", 0},
    {0},
};

static bool parse_convention(const char *name, uint32_t *out_convention)
{
    for (size_t i = 0; i < CLI_COUNT_OF(conventions); i++) {
        if (strcmp(conventions[i].name, name) == 0) {
            *out_convention = conventions[i].convention;
            return true;
        }
    }
    return false;
}

static void parse_then(cli_kernel_options *options, const char *argument,
                       struct argp_state *state)
{
    if (options->then_count == CLI_COUNT_OF(options->then)) {
        argp_error(state, "more than %zu times --then", CLI_COUNT_OF(options->then));
    } else {
        options->then[options->then_count++] = argument;
    }
}

static error_t parse_kernel_option(int key, char *argument, struct argp_state *state)
{
    cli_kernel_options *options = state->input;
    lanes_error err;
    switch (key) {
    case OPTION_ENTRY:
        options->entry = argument;
        return 0;
    case OPTION_THEN:
        parse_then(options, argument, state);
        return 0;
    case OPTION_SIGNATURE:
        options->signature = argument;
        return 0;
    case OPTION_MATH:
        if (strcmp(argument, "vector") != 0 && strcmp(argument, "exact") != 0) {
            argp_error(state, "--math=%s is neither 'vector' nor 'exact'", argument);
        }
        options->math = *argument == 'v' ? LANES_MATH_VECTOR : LANES_MATH_EXACT;
        return 0;
    case OPTION_FP:
        if (!lanes_fp_parse(argument, &options->fp)) {
            argp_error(state,
                       "--fp=%s is not strict, contract, fast, or flags out of reassoc, "
                       "nnan, ninf, nsz, arcp, contract, afn with commas between them",
                       argument);
        }
        return 0;
    case OPTION_CONVENTION:
        if (!parse_convention(argument, &options->convention)) {
            argp_error(state,
                       "--convention=%s is not one of auto, numba, c, c-out, scipy",
                       argument);
        }
        return 0;
    case OPTION_CPU:
        options->cpu = argument;
        if (lanes_cpu_check(argument, lanes_cpu_host(), &err) < 0) {
            argp_error(state, "--cpu: %s", err.message);
        }
        return 0;
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    case OPTION_JSON:
        options->is_json = true;
        return 0;
    case ARGP_KEY_END:
        if (options->cpu != NULL && options->socket != NULL) {
            argp_error(
                state,
                "--cpu and --socket exclude each other: who listens on %s compiles "
                "for the CPU that it was started with (lanesd --cpu)",
                options->socket);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_kernel_argp = {
    .options = kernel_option_table,
    .parser = parse_kernel_option,
};

/* --threads is the size of a private executor's team, so asking for it asks for one; and
 * --cpu, which no other executor can follow, even where LANES_SOCKET names another. */
static void fill_open_options(const cli_kernel_options *options, lanes_open_options *open)
{
    const char *socket = getenv("LANES_SOCKET");
    lanes_open_options_default(open);
    open->socket = options->socket;
    if (options->cpu != NULL) {
        open->cpu = options->cpu;
        open->flags |= LANES_OPEN_PRIVATE;
    }
    if (options->threads != 0) {
        open->threads = options->threads;
        if (options->socket == NULL && (socket == NULL || *socket == '\0')) {
            open->flags |= LANES_OPEN_PRIVATE;
        }
    }
}

/* Opens a session and loads @p ir into it. */
static int load_kernel(const cli_kernel_options *options, uint32_t kernel_flags,
                       const source *ir, cli_session *session, cli_error *err)
{
    lanes_error cause = {.code = LANES_OK};
    lanes_open_options open_options;
    fill_open_options(options, &open_options);
    if (lanes_open(&open_options, &session->session, &cause) < 0) {
        cli_fail_lanes(err, &cause, "cannot reach an executor");
        /* Whatever the system said, the executor is what is missing. */
        if (lanes_status_category(cause.code) == LANES_CATEGORY_SYSTEM) {
            err->exit_code = CLI_UNAVAILABLE;
        }
        return err->exit_code;
    }
    lanes_kernel_options kernel_options;
    lanes_kernel_options_default(&kernel_options);
    kernel_options.flags = kernel_flags;
    kernel_options.entry = options->entry;
    kernel_options.signature = ir->signature != NULL ? ir->signature : options->signature;
    kernel_options.math = options->math;
    kernel_options.convention = options->convention;
    kernel_options.fp = options->fp;
    if (lanes_kernel_load(session->session, ir->text, ir->bytes, &kernel_options,
                          &session->kernel, &cause) < 0) {
        cli_fail_lanes(err, &cause, "%s", options->kernel);
        /* Names that are too long. */
        if (cause.code == LANES_E_INVALID) {
            err->exit_code = CLI_USAGE;
        }
        return err->exit_code;
    }
    return CLI_OK;
}

int cli_session_open(const cli_kernel_options *options, uint32_t kernel_flags,
                     cli_session *out_session, cli_error *err)
{
    cli_session session = {0};
    source ir = {0};
    int exit_code = source_load(options->kernel, options->signature, &ir, err);
    if (exit_code == CLI_OK) {
        exit_code = load_kernel(options, options->then_count == 0 ? kernel_flags : 0, &ir,
                                &session, err);
    }
    source_release(&ir);
    if (exit_code == CLI_OK && options->then_count > 0) {
        exit_code = chain_fuse(options, kernel_flags, &session, err);
    }
    if (exit_code != CLI_OK) {
        cli_session_close(&session);
        return exit_code;
    }
    *out_session = session;
    return CLI_OK;
}

void cli_session_close(cli_session *session)
{
    lanes_kernel_release(session->kernel);
    lanes_close(session->session);
    *session = (cli_session){0};
}
