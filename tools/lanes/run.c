/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - `lanes run`: one kernel over .npy files.
 */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "interrupt.h"
#include "kernel/dtype.h"
#include "npy.h"
#include "operands.h"
#include "option_values.h"
#include "reduce.h"
#include "source.h"

enum option_key {
    OPTION_OUTPUT = 'o',
    OPTION_THREADS = 'j',
    OPTION_PARAMS = 0x200,
    OPTION_SEED = 0x201,
    OPTION_ERRORS = 0x202,
    OPTION_ERROR_MASK = 0x203,
    OPTION_CASTING = 0x204,
    OPTION_WHERE = 0x205,
    OPTION_DENORMALS = 0x206,
    OPTION_REDUCE = 0x207,
    OPTION_AXIS = 0x208,
    OPTION_ACCUMULATE = 0x209,
    OPTION_DEADLINE = 0x20a
};

struct run_options {
    cli_kernel_options kernel;
    uint32_t output_count;
    char *outputs[LANES_OPERANDS_MAX];
    uint32_t input_count;
    char *inputs[CLI_INPUTS_MAX];
    const char *params;     /* NULL: none */
    const char *error_mask; /* NULL: none */
    const char *where;      /* NULL: all elements */
    bool has_errors;        /* --errors is given */
    uint32_t errors;        /* enum lanes_errors */
    bool has_casting;       /* --casting is given */
    uint32_t casting;       /* enum lanes_casting */
    uint64_t seed;
    uint32_t denormals;   /* enum lanes_denormals */
    uint64_t deadline_ns; /* 0: none */
    cli_reduction reduction;
    bool accumulates; /* --accumulate is given: a reduction when all options are known */
};

static const struct argp_option option_table[] = {
    {"output", OPTION_OUTPUT, "OUT.npy", 0,
     "Write a result here (required); again for each further result", 0},
    {"params", OPTION_PARAMS, "FILE.npy|NUM,NUM,...", 0,
     "The params block of the callback: the bytes of an array, or float64 numbers", 0},
    {"seed", OPTION_SEED, "N", 0, "Seed of random numbers in the callback; default: 0",
     0},
    {"errors", OPTION_ERRORS, "raise|mask|ignore", 0,
     "If the callback fails for elements: exit with 1 (default), write which ones, or go "
     "on. The outputs of those elements are 0",
     0},
    {"error-mask", OPTION_ERROR_MASK, "MASK.npy", 0,
     "Write true where the callback failed, false elsewhere; implies --errors=mask", 0},
    {"where", OPTION_WHERE, "WHERE.npy", 0,
     "Compute the elements where this bool array is true. It broadcasts as the inputs "
     "do; the outputs of the other elements are 0",
     0},
    {"casting", OPTION_CASTING, "no|safe|same_kind|unsafe", 0,
     "Which dtypes input files may have beside the kernel's; default: same_kind", 0},
    {"denormals", OPTION_DENORMALS, "keep|flush", 0,
     "Compute with denormal floating-point numbers (default), or let them be 0, which is "
     "faster where there are many",
     0},
    {"reduce", OPTION_REDUCE, "sum|prod|min|max|any|all|argmin|argmax|kernel", 0,
     "Write this of the results instead of a result for each element, and print it if it "
     "is one number; kernel: apply KERNEL, f(T, T), from its first INPUT on to the "
     "elements of the second, one after the other",
     0},
    {"axis", OPTION_AXIS, "N[,N...]", 0,
     "Axes that --reduce is along, counted from 0 or, if negative, from the last; "
     "default: all. The one axis that --accumulate is along",
     0},
    {"accumulate", OPTION_ACCUMULATE, NULL, 0,
     "Write all that KERNEL, f(T, T), gives when it is applied from its first INPUT on "
     "to "
     "the elements of the second, one after the other: OUT[i] = f(OUT[i - 1], INPUT[i])",
     0},
    {"deadline", OPTION_DEADLINE, "30s", 0,
     "End the batch with exit status 124 if it takes longer: a number and us, ms, s, m "
     "or "
     "h",
     0},
    {"threads", OPTION_THREADS, "N", 0,
     "Run in a private executor with at most N threads; default: one per core", 0},
    {0},
};

/* ---- Options ----------------------------------------------------------------------- */

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

static error_t parse_output(struct run_options *options, char *argument,
                            struct argp_state *state)
{
    if (options->output_count == LANES_OPERANDS_MAX) {
        argp_error(state, "more than %d outputs", LANES_OPERANDS_MAX);
    } else {
        options->outputs[options->output_count++] = argument;
    }
    return 0;
}

static error_t parse_deadline(struct run_options *options, const char *argument,
                              struct argp_state *state)
{
    if (!option_duration(argument, &options->deadline_ns)) {
        argp_error(state, "--deadline=%s is not a time like 30s, 500ms or 1.5h",
                   argument);
    }
    return 0;
}

static void check_options(struct run_options *options, struct argp_state *state)
{
    if (options->kernel.kernel == NULL) {
        argp_error(state, "KERNEL is missing");
    } else if (options->input_count == 0) {
        argp_error(state, "INPUT is missing");
    } else if (options->output_count == 0) {
        argp_error(state, "--output is missing; add -o OUT.npy");
    } else if (options->error_mask != NULL && options->has_errors &&
               options->errors != LANES_ERRORS_MASK) {
        argp_error(state, "--error-mask goes with --errors=mask, not --errors=%s",
                   option_errors_name(options->errors));
    } else if (options->error_mask == NULL && options->errors == LANES_ERRORS_MASK) {
        argp_error(state, "--errors=mask needs a file for the mask; add --error-mask "
                          "MASK.npy, or use --errors=ignore");
    } else if (options->reduction.axes_text != NULL &&
               options->reduction.operation == LANES_REDUCE_NONE &&
               !options->accumulates) {
        argp_error(state,
                   "--axis=%s says along which axes to reduce, but not what; add "
                   "--reduce=sum, or another reduction, or --accumulate",
                   options->reduction.axes_text);
    }
    if (options->accumulates) {
        accumulate_choose(&options->reduction, state);
    }
    options->errors = options->error_mask != NULL ? LANES_ERRORS_MASK : options->errors;
}

static error_t parse_reduce(struct run_options *options, const char *argument,
                            struct argp_state *state)
{
    if (!reduction_parse(argument, &options->reduction)) {
        argp_error(state,
                   "--reduce=%s is not one of sum, prod, min, max, any, all, argmin, "
                   "argmax, kernel",
                   argument);
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
        return parse_output(options, argument, state);
    case OPTION_PARAMS:
        options->params = argument + strspn(argument, " ");
        return 0;
    case OPTION_SEED:
        argument += strspn(argument, " ");
        if (!option_seed(argument, &options->seed)) {
            argp_error(state, "--seed=%s is not a number from 0 to 2^64 - 1", argument);
        }
        return 0;
    case OPTION_ERRORS:
        options->has_errors = true;
        if (!option_errors(argument, &options->errors)) {
            argp_error(state, "--errors=%s is not one of raise, mask, ignore", argument);
        }
        return 0;
    case OPTION_ERROR_MASK:
        options->error_mask = argument;
        return 0;
    case OPTION_WHERE:
        options->where = argument;
        return 0;
    case OPTION_CASTING:
        options->has_casting = true;
        if (!option_casting(argument, &options->casting)) {
            argp_error(state, "--casting=%s is not one of no, safe, same_kind, unsafe",
                       argument);
        }
        return 0;
    case OPTION_DENORMALS:
        if (!option_denormals(argument, &options->denormals)) {
            argp_error(state, "--denormals=%s is not one of keep, flush", argument);
        }
        return 0;
    case OPTION_REDUCE:
        return parse_reduce(options, argument, state);
    case OPTION_AXIS:
        if (!reduction_parse_axes(argument, &options->reduction)) {
            argp_error(state,
                       "--axis=%s is not 1 to %d whole numbers with commas between them",
                       argument, LANES_DIMENSIONS_MAX);
        }
        return 0;
    case OPTION_ACCUMULATE:
        options->accumulates = true;
        return 0;
    case OPTION_DEADLINE:
        return parse_deadline(options, argument, state);
    case OPTION_THREADS:
        if (!cli_parse_count(argument, &options->kernel.threads)) {
            argp_error(state, "--threads=%s is not a number from 1 to 4096", argument);
        }
        return 0;
    case ARGP_KEY_ARG:
        return parse_argument(options, argument, state);
    case ARGP_KEY_END:
        check_options(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- The batch --------------------------------------------------------------------- */

/* Everything that is open while a batch runs; zero-initialised, ended by release(). */
struct run {
    const struct run_options *options;
    cli_session session;
    cli_inputs inputs;
    cli_params params;
    uint32_t reduced_axes; /* a bit for each; of results, not of the mask */
    uint32_t output_count; /* those that are created, the mask included */
    cli_output outputs[LANES_OPERANDS_MAX];
    lanes_operand operands[LANES_OPERANDS_MAX]; /* inputs, outputs, mask, where */
};

static uint32_t operand_count(const struct run *run)
{
    return run->inputs.count + run->output_count + (run->inputs.has_where ? 1 : 0);
}

static int check_output_count(const struct run *run, cli_error *err)
{
    const uint32_t wanted = lanes_kernel_output_count(run->session.kernel);
    const uint32_t given = run->options->output_count;
    const char *kernel = run->options->kernel.kernel;
    if (given != wanted) {
        return cli_fail(
            err, CLI_BAD_DATA, LANES_E_OPERANDS,
            "kernel %s has %u output%s; -o was given for %u, give it %u time%s", kernel,
            wanted, wanted == 1 ? "" : "s", given, wanted, wanted == 1 ? "" : "s");
    }
    const bool has_mask = run->options->error_mask != NULL;
    const bool has_where = run->inputs.has_where;
    const uint32_t own = run->inputs.count + given;
    if (own + has_mask + has_where > LANES_OPERANDS_MAX) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_OPERANDS,
                        "kernel %s has %u inputs and outputs; with %s%s%s that is more "
                        "than the %d operands of a batch, so %s",
                        kernel, own, has_mask ? "--error-mask" : "",
                        has_mask && has_where ? " and " : "", has_where ? "--where" : "",
                        LANES_OPERANDS_MAX,
                        has_mask ? "use --errors=ignore instead of --error-mask"
                                 : "leave --where away");
    }
    return CLI_OK;
}

/* Creates the next output file and its operand. */
static int add_output(struct run *run, const char *path, uint32_t dtype,
                      uint32_t reduced_axes, cli_error *err)
{
    const uint32_t index = run->output_count;
    const cli_shape shape = reduction_shape(&run->inputs.shape, reduced_axes);
    cli_output *output = &run->outputs[index];
    int exit_code = output_create(path, dtype, &shape, output, err);
    run->output_count++;
    for (uint32_t i = 0; exit_code == CLI_OK && i < index; i++) {
        if (output_is_same(&run->outputs[i], output)) {
            return cli_fail(err, CLI_USAGE, LANES_E_INVALID,
                            "output %s is given twice; each result needs a file of its "
                            "own",
                            path);
        }
    }
    return exit_code == CLI_OK
               ? output_bind(output, run->session.session, dtype, &run->inputs.shape,
                             reduced_axes, &run->operands[run->inputs.count + index], err)
               : exit_code;
}

static int add_outputs(struct run *run, cli_error *err)
{
    const struct run_options *options = run->options;
    int exit_code = CLI_OK;
    for (uint32_t i = 0; exit_code == CLI_OK && i < options->output_count; i++) {
        const uint32_t dtype =
            lanes_kernel_dtype(run->session.kernel, run->inputs.count + i);
        exit_code = add_output(
            run, options->outputs[i],
            reduction_dtype(options->reduction.operation, dtype),
            accumulate_is_wanted(&options->reduction) ? 0 : run->reduced_axes, err);
    }
    if (exit_code == CLI_OK && options->error_mask != NULL) {
        exit_code = add_output(run, options->error_mask, LANES_BOOL, 0, err);
    }
    if (exit_code == CLI_OK && run->inputs.has_where) {
        lanes_operand *operand = &run->operands[operand_count(run) - 1];
        exit_code = where_bind(&run->inputs, &run->session, operand, err);
    }
    return exit_code;
}

/* The inputs have been checked. That NumPy adds i4 up in i8, and so on, is no cast that
 * the user could mean by --casting=no. */
static uint32_t casting_of(const struct run_options *options)
{
    return options->reduction.operation != LANES_REDUCE_NONE &&
                   options->casting == LANES_CASTING_NO
               ? LANES_CASTING_SAFE
               : options->casting;
}

/* Runs the batch. result->done may be filled also when this fails. */
static int run_batch(const struct run *run, run_result *result)
{
    static const uint64_t one[1] = {1};
    const struct run_options *options = run->options;
    const cli_shape *shape = &run->inputs.shape;
    const lanes_batch batch = {
        .kernel = run->session.kernel,
        /* A 0-d array is one element. */
        .dimensions = shape->dimensions > 0 ? shape->dimensions : 1,
        .shape = shape->dimensions > 0 ? shape->extents : one,
        .operand_count = operand_count(run),
        .operands = run->operands,
        .errors = options->errors,
        .casting = casting_of(options),
        .has_where = run->inputs.has_where ? 1 : 0,
        .seed = options->seed,
        .denormals = options->denormals,
        .deadline_ns = options->deadline_ns,
        .reduce = options->reduction.operation,
        .reduce_axes = run->reduced_axes,
        .params = run->params.segment,
        .params_bytes = run->params.bytes,
    };
    cli_error *err = &result->err;
    const char *kernel = options->kernel.kernel;
    lanes_error cause = {.code = LANES_E_INTERNAL};
    const lanes_status status =
        interrupt_run(run->session.session, &batch, &result->done, &cause);
    const bool has_failed = result->done.failed > 0;
    if (has_failed && (status == LANES_OK || status == LANES_E_KERNEL_RAISED)) {
        err->exit_code = status == LANES_OK ? CLI_OK : CLI_BATCH_FAILED;
        run_describe_failure(result);
        return err->exit_code;
    }
    if (status == LANES_OK) {
        return CLI_OK;
    }
    cause.code = status;
    if (status == LANES_E_PEER_GONE) {
        return cli_fail_lanes(err, &cause,
                              "%s: the executor ended while it ran the kernel, most "
                              "likely by a crash of the callback",
                              kernel);
    }
    cli_fail_lanes(err, &cause, "%s", kernel);
    if (status == LANES_E_INVALID && options->denormals != LANES_DENORMALS_KEEP) {
        err->exit_code = CLI_USAGE; /* the one that does not go with every kernel */
    }
    return err->exit_code;
}

/* --threads is the most that a private executor takes, and no say over another. */
static void note_threads(const cli_kernel_options *options, const cli_session *session)
{
    const uint32_t threads = lanes_executor_threads(session->session);
    if (options->threads != 0 && options->threads != threads) {
        cli_print(RUN_COMMAND, "note: --threads=%u; the executor has %u",
                  options->threads, threads);
    }
}

/* What the default allows silently in NumPy can lose digits: f8 for a kernel of f4. */
static void note_casts(const struct run *run)
{
    for (uint32_t i = 0; i < run->inputs.count && !run->options->has_casting; i++) {
        const uint32_t held = run->operands[i].dtype;
        const uint32_t wanted = lanes_kernel_dtype(run->session.kernel, i);
        if (!lanes_dtype_can_cast(held, wanted, LANES_CASTING_SAFE)) {
            cli_print(
                RUN_COMMAND,
                "note: %s holds %s and is converted to %s, which may change values; "
                "--casting says whether it may",
                run->inputs.item[i].text, lanes_dtype_name(held),
                lanes_dtype_name(wanted));
        }
    }
}

static uint64_t array_bytes(const struct run *run)
{
    uint64_t bytes = inputs_bytes(&run->inputs);
    for (uint32_t i = 0; i < run->output_count; i++) {
        bytes += run->outputs[i].data_bytes;
    }
    return bytes;
}

/* Everything between the parsed options and the loaded, checked kernel. */
static int prepare(struct run *run, cli_error *err)
{
    const struct run_options *options = run->options;
    const char *kernel = options->kernel.kernel;
    int exit_code = source_check(kernel, err);
    if (exit_code == CLI_OK) {
        exit_code = inputs_open(options->inputs, options->input_count, options->where,
                                &run->inputs, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = cli_session_open(&options->kernel, 0, &run->session, err);
    }
    if (exit_code == CLI_OK) {
        note_threads(&options->kernel, &run->session);
        exit_code = inputs_bind(&run->inputs, &run->session, kernel, options->casting,
                                run->operands, err);
    }
    if (exit_code == CLI_OK) {
        note_casts(run);
        exit_code = check_output_count(run, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = accumulate_check_axis(&options->reduction, &run->inputs.shape, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = reduction_find_axes(&options->reduction, &run->inputs.shape,
                                        &run->reduced_axes, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = reduction_check_start(&options->reduction, &run->inputs,
                                          run->reduced_axes, err);
    }
    if (exit_code == CLI_OK) {
        exit_code =
            params_bind(options->params, &run->session, kernel, &run->params, err);
    }
    return exit_code;
}

/* Keeps results of a reduction that are one number each, to be printed. */
static void take_values(const struct run *run, run_result *result)
{
    const cli_shape shape = reduction_shape(&run->inputs.shape, run->reduced_axes);
    if (result->reduce == LANES_REDUCE_NONE || shape.count != 1 ||
        accumulate_is_wanted(&run->options->reduction)) {
        return;
    }
    result->value_count = run->options->output_count;
    for (uint32_t i = 0; i < result->value_count; i++) {
        const uint32_t dtype = run->operands[run->inputs.count + i].dtype;
        result->value[i].dtype = dtype;
        memcpy(result->value[i].element, output_first_element(&run->outputs[i]),
               lanes_dtype_bytes(dtype));
    }
}

static int execute(struct run *run, run_result *result)
{
    int exit_code = prepare(run, &result->err);
    if (exit_code == CLI_OK) {
        exit_code = add_outputs(run, &result->err);
    }
    if (exit_code == CLI_OK) {
        result->array_bytes = array_bytes(run);
        exit_code = run_batch(run, result);
    }
    /* Failed elements do not spoil the others: those outputs are kept too. */
    if (exit_code == CLI_OK || result->err.code == LANES_E_KERNEL_RAISED) {
        cli_error commit_error = {0};
        if (outputs_commit(run->outputs, run->output_count, &commit_error) != CLI_OK) {
            result->err = commit_error;
            return commit_error.exit_code;
        }
        take_values(run, result);
    }
    return exit_code;
}

static void release(struct run *run)
{
    for (uint32_t i = 0; i < run->output_count; i++) {
        output_release(&run->outputs[i]);
    }
    params_release(&run->params);
    inputs_release(&run->inputs);
    cli_session_close(&run->session);
}

int cli_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_kernel_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "KERNEL INPUT... -o OUT.npy...",
        .doc =
            "Apply a kernel to every element of its inputs.\v" CLI_KERNEL_HELP "\n\n"
            "INPUT is a .npy file, or a number (2, -1.5, 0x10, inf, true, 1+2j), which "
            "is used for every element. If the kernel takes a row for each element, the "
            "last axis of a file is the row; a 1-D file or a number is one row for every "
            "element. Files broadcast as NumPy's arrays do, rows apart, and are "
            "converted "
            "to the kernel's dtypes as --casting allows, but for rows.\n\n"
            "Elements for which the callback fails, and those where WHERE.npy is false, "
            "are 0 in the output files and no part of what --reduce and --accumulate "
            "make of the others.\n\n" CLI_EXIT_STATUS_HELP,
        .children = children,
    };
    struct run_options options = {.kernel = {.math = LANES_MATH_VECTOR},
                                  .casting = LANES_CASTING_SAME_KIND};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }

    struct run run = {.options = &options};
    run_result result = {.casting = options.casting,
                         .where = options.where,
                         .reduce = options.reduction.operation,
                         .err = {.exit_code = CLI_OK}};
    int exit_code = execute(&run, &result);
    if (run.session.kernel != NULL) {
        result.compile_ns =
            lanes_kernel_compile_ns(run.session.kernel) + result.done.compile_ns;
    }
    run_print_text(&result, options.kernel.is_json);
    const int printed =
        options.kernel.is_json ? run_print_json(&result) : run_print_values(&result);
    exit_code = exit_code != CLI_OK ? exit_code : printed;
    release(&run);
    interrupt_raise();
    return exit_code;
}
