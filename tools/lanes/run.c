/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - `lanes run`: one kernel over .npy files.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "kernel/dtype.h"
#include "npy.h"
#include "operands.h"
#include "source.h"

#define COMMAND "run"

enum option_key { OPTION_OUTPUT = 'o', OPTION_THREADS = 'j' };

struct run_options {
    cli_kernel_options kernel;
    const char *output;
    uint32_t input_count;
    char *inputs[CLI_INPUTS_MAX];
};

static const struct argp_option option_table[] = {
    {"output", OPTION_OUTPUT, "OUT.npy", 0, "Write the result here (required)", 0},
    {"threads", OPTION_THREADS, "N", 0,
     "Run in a private executor with at most N threads; default: one per core", 0},
    {0},
};

static error_t parse_argument(struct run_options *options, char *argument,
                              struct argp_state *state)
{
    if (options->kernel.kernel == NULL) {
        options->kernel.kernel = argument;
    } else if (options->input_count == CLI_INPUTS_MAX) {
        argp_error(state, "more than %d inputs", CLI_INPUTS_MAX);
    } else {
        options->inputs[options->input_count++] = argument;
    }
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->kernel;
        return 0;
    case OPTION_OUTPUT:
        if (options->output != NULL) {
            argp_error(state, "--output is given twice; a kernel has one output");
        }
        options->output = argument;
        return 0;
    case OPTION_THREADS:
        if (!cli_parse_count(argument, &options->kernel.threads)) {
            argp_error(state, "--threads=%s is not a number from 1 to 4096", argument);
        }
        return 0;
    case ARGP_KEY_ARG:
        return parse_argument(options, argument, state);
    case ARGP_KEY_END:
        if (options->kernel.kernel == NULL) {
            argp_error(state, "KERNEL is missing");
        } else if (options->input_count == 0) {
            argp_error(state, "INPUT is missing");
        } else if (options->output == NULL) {
            argp_error(state, "--output is missing; add -o OUT.npy");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Bytes read from and written to arrays. */
static double traffic_bytes(const cli_inputs *inputs, uint32_t output_dtype)
{
    double per_element = lanes_dtype_bytes(output_dtype);
    for (uint32_t i = 0; i < inputs->count; i++) {
        if (!inputs->item[i].is_number) {
            per_element += lanes_dtype_bytes(inputs->item[i].header.dtype);
        }
    }
    return per_element * (double)inputs->shape.count;
}

static void print_summary(const lanes_completion *done, uint64_t compile_ns, double bytes)
{
    const double seconds = (double)done->run_ns * 1e-9;
    const double elements = (double)done->elements;
    cli_print(
        COMMAND,
        "%llu elements in %.3f ms: %.4g M elements/s, %.4g GB/s, threads %u, width %u "
        "(compiled in %.1f ms)",
        (unsigned long long)done->elements, seconds * 1e3,
        seconds > 0 ? elements / seconds * 1e-6 : 0.0,
        seconds > 0 ? bytes / seconds * 1e-9 : 0.0, done->threads, done->vector_width,
        (double)compile_ns * 1e-6);
}

static const char *strategy_name(uint32_t strategy)
{
    return strategy == LANES_STRATEGY_LOOP ? "loop" : "unknown";
}

static int print_result(const lanes_completion *done, uint64_t compile_ns,
                        const cli_error *err)
{
    const bool is_known = done->strategy != 0;
    json_t *document = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:I, s:o, s:o}", "schema",
        "lanes.run/1", "elements", (json_int_t)done->elements, "run_ns",
        (json_int_t)done->run_ns, "queued_ns", (json_int_t)done->queued_ns, "compile_ns",
        (json_int_t)compile_ns, "threads", (int)done->threads, "strategy",
        is_known ? json_string(strategy_name(done->strategy)) : json_null(),
        "vector_width", is_known ? json_integer(done->vector_width) : json_null(),
        "failed", (json_int_t)done->failed, "first_failed",
        done->failed > 0 ? json_integer((json_int_t)done->first_failed) : json_null(),
        "error", cli_error_json(err));
    return cli_print_json(document);
}

/* Says what a callback that failed for some elements means for the output. */
static int fail_raised(const struct run_options *options, const lanes_completion *done,
                       cli_error *err)
{
    return cli_fail(
        err, CLI_BATCH_FAILED, done->status,
        "%s failed for %llu of %llu elements, the first at index %llu; %s holds "
        "0 there and results elsewhere",
        options->kernel.kernel, (unsigned long long)done->failed,
        (unsigned long long)done->elements, (unsigned long long)done->first_failed,
        options->output);
}

/* Runs the batch. A completion may be filled also when this fails. */
static int run_batch(const struct run_options *options, const cli_session *session,
                     const cli_inputs *inputs, const lanes_operand *operands,
                     lanes_completion *out_completion, cli_error *err)
{
    static const uint64_t one[1] = {1};
    const npy_header *shape = &inputs->shape;
    const lanes_batch batch = {
        .kernel = session->kernel,
        /* A 0-d array is one element. */
        .dimensions = shape->dimensions > 0 ? shape->dimensions : 1,
        .shape = shape->dimensions > 0 ? shape->shape : one,
        .operand_count = inputs->count + 1,
        .operands = operands,
    };
    lanes_error cause = {.code = LANES_E_INTERNAL};
    const lanes_status status =
        lanes_run(session->session, &batch, out_completion, &cause);
    if (status == LANES_OK) {
        return CLI_OK;
    }
    if (status == LANES_E_KERNEL_RAISED && out_completion->failed > 0) {
        return fail_raised(options, out_completion, err);
    }
    cause.code = status;
    if (status == LANES_E_PEER_GONE) {
        return cli_fail_lanes(
            err, &cause,
            "%s: the executor ended while it ran the kernel, most likely "
            "by a crash of the callback (a bad pointer, an integer "
            "division by zero, endless recursion)",
            options->kernel.kernel);
    }
    return cli_fail_lanes(err, &cause, "%s", options->kernel.kernel);
}

/* --threads is the most that a private executor takes, and no say over another. */
static void note_threads(const cli_kernel_options *options, const cli_session *session)
{
    const uint32_t threads = lanes_executor_threads(session->session);
    if (options->threads != 0 && options->threads != threads) {
        cli_print(COMMAND, "note: --threads=%u; the executor has %u", options->threads,
                  threads);
    }
}

/* Everything between the parsed options and the report. */
static int execute(const struct run_options *options, cli_inputs *inputs,
                   cli_session *session, lanes_completion *out_completion, cli_error *err)
{
    lanes_operand operands[LANES_OPERANDS_MAX];
    cli_output output = CLI_OUTPUT_INIT;
    int exit_code = source_check(options->kernel.kernel, err);
    if (exit_code == CLI_OK) {
        exit_code = inputs_open(options->inputs, options->input_count, inputs, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = cli_session_open(&options->kernel, 0, session, err);
    }
    if (exit_code == CLI_OK) {
        note_threads(&options->kernel, session);
        exit_code = inputs_bind(inputs, session, options->kernel.kernel, operands, err);
    }
    if (exit_code == CLI_OK) {
        const uint32_t dtype = lanes_kernel_dtype(session->kernel, inputs->count);
        exit_code = output_create(options->output, dtype, &inputs->shape, &output, err);
        if (exit_code == CLI_OK) {
            exit_code = output_bind(&output, session->session, dtype, &inputs->shape,
                                    &operands[inputs->count], err);
        }
    }
    if (exit_code == CLI_OK) {
        exit_code = run_batch(options, session, inputs, operands, out_completion, err);
    }
    /* Failed elements do not spoil the others: that output is kept too. */
    if (exit_code == CLI_OK || exit_code == CLI_BATCH_FAILED) {
        cli_error commit_error = {0};
        if (output_commit(&output, &commit_error) != CLI_OK) {
            *err = commit_error;
            exit_code = err->exit_code;
        }
    }
    output_release(&output);
    return exit_code;
}

int cli_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_kernel_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "KERNEL INPUT... -o OUT.npy",
        .doc =
            "Apply a kernel to every element of its inputs.\v"
            "KERNEL is file.ll, file.bc, file.c (compiled by clang) or file.py:function "
            "(exported by Numba). INPUT is a .npy file or a number, which is used for "
            "every element.",
        .children = children,
    };
    struct run_options options = {.kernel = {.math = LANES_MATH_VECTOR}};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }

    cli_error err = {.exit_code = CLI_OK};
    cli_inputs inputs = {0};
    cli_session session = {0};
    lanes_completion done = {.tag = 0};
    int exit_code = execute(&options, &inputs, &session, &done, &err);
    const uint64_t compile_ns =
        session.kernel != NULL ? lanes_kernel_compile_ns(session.kernel) + done.compile_ns
                               : 0;
    if (exit_code != CLI_OK) {
        cli_print(COMMAND, "%s", err.message);
    } else if (!options.kernel.is_json) {
        const uint32_t dtype = lanes_kernel_dtype(session.kernel, inputs.count);
        print_summary(&done, compile_ns, traffic_bytes(&inputs, dtype));
    }
    if (options.kernel.is_json) {
        const int printed = print_result(&done, compile_ns, &err);
        exit_code = exit_code != CLI_OK ? exit_code : printed;
    }
    inputs_release(&inputs);
    cli_session_close(&session);
    return exit_code;
}
