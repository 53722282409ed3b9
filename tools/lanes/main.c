/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - `lanes`: global options, then the command.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "value.h"

static const struct {
    const char *name;
    char full_name[16]; /* argv[0] of the command, for its messages */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "lanes run", cli_run},          {"inspect", "lanes inspect", cli_inspect},
    {"stats", "lanes stats", cli_stats},    {"ps", "lanes ps", cli_ps},
    {"cancel", "lanes cancel", cli_cancel},
};

struct main_options {
    int command_index; /* in argv; 0 = none */
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct main_options *options = state->input;
    (void)argument;
    switch (key) {
    case ARGP_KEY_ARG:
        /* What follows belongs to the command. */
        options->command_index = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "COMMAND is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "lanes %s\n", lanes_version());
}

/*
 * "-1.5" is an input and not the options 1, ., 5. Readers of numbers skip a space in
 * front, and what starts with a space is no option.
 */
static bool hide_negative_numbers(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i];
        if (text[0] == '-' && value_is_number(text) &&
            asprintf(&argv[i], " %s", text) < 0) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        .parser = parse_option,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Run numeric kernels over shared arrays, an element to each lane.\v"
               "Commands:\n"
               "  run        apply a kernel to .npy files\n"
               "  inspect    show how a kernel was compiled\n"
               "  stats      show what a running executor has done\n"
               "  ps         list the sessions of a running executor\n"
               "  cancel     end batches of a session\n"
               "\n"
               "'lanes COMMAND --help' lists a command's options.\n"
               "\n" CLI_EXIT_STATUS_HELP,
    };
    argp_program_version_hook = print_version;
    struct main_options options = {0};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }
    const int index = options.command_index;
    for (size_t i = 0; i < CLI_COUNT_OF(commands); i++) {
        if (strcmp(argv[index], commands[i].name) == 0) {
            char name[sizeof(commands[i].full_name)];
            memcpy(name, commands[i].full_name, sizeof(name));
            argv[index] = name;
            if (!hide_negative_numbers(argc - index - 1, argv + index + 1)) {
                return CLI_INTERNAL;
            }
            const int exit_code = commands[i].run(argc - index, argv + index);
            if (fflush(stdout) != 0 || ferror(stdout)) {
                fprintf(stderr, "lanes: cannot write to standard output: %s\n",
                        strerror(errno));
                return exit_code != CLI_OK ? exit_code : CLI_INTERNAL;
            }
            return exit_code;
        }
    }
    fprintf(stderr, "lanes: unknown command '%s'; 'lanes --help' lists them\n",
            argv[index]);
    return CLI_USAGE;
}
