/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness_options.c - the options of every bench, and giving up.
 */
#include "harness.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

enum option_key { OPTION_SMOKE = 0x200, OPTION_FORCE, OPTION_JSON };

static const struct argp_option option_table[] = {
    {"smoke", OPTION_SMOKE, NULL, 0, "One tiny round, to see that the bench works", 0},
    {"force", OPTION_FORCE, NULL, 0, "Run although this is a Debug build", 0},
    {"json", OPTION_JSON, "FILE", 0, "Write the results as JSON (- = standard output)",
     0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    bench_options *options = state->input;
    switch (key) {
    case OPTION_SMOKE:
        options->is_smoke = true;
        return 0;
    case OPTION_FORCE:
        options->is_forced = true;
        return 0;
    case OPTION_JSON:
        options->json = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp bench_argp = {.options = option_table, .parser = parse_option};

static bool is_debug_build(void)
{
#ifdef LANES_DEBUG
    return true;
#else
    return false;
#endif
}

void bench_parse(const struct argp *parser, int argc, char **argv, void *input,
                 const bench_options *options)
{
    argp_err_exit_status = EX_USAGE;
    if (argp_parse(parser, argc, argv, 0, NULL, input) != 0) {
        exit(EX_USAGE);
    }
    if (is_debug_build() && !options->is_forced && !options->is_smoke) {
        bench_die("this is a Debug build, its numbers mean nothing; configure with "
                  "--preset bench, or pass --force");
    }
}

void bench_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}
