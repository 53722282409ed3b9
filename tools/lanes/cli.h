/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - what the commands of `lanes` share: exit codes, errors, the options that name
 * and load a kernel.
 *
 * A command works through functions that return 0 or an exit code and, in the second
 * case, have filled a cli_error; the command prints it once, as text or as JSON.
 */
#ifndef LANES_CLI_H
#define LANES_CLI_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>

#include <lanes/lanes.h>

#define CLI_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** Exit codes; 64 and up are those of sysexits.h. */
enum cli_exit {
    CLI_OK = 0,
    CLI_BATCH_FAILED = 1, /* the callback failed for an element, or faulted */
    CLI_CHECK_FAILED = 3, /* --require-vector */
    CLI_USAGE = 64,
    CLI_BAD_DATA = 65,
    CLI_NO_INPUT = 66,
    CLI_UNAVAILABLE = 69, /* the executor, or a program that makes IR */
    CLI_INTERNAL = 70,
    CLI_CANNOT_CREATE = 73,
    CLI_TRY_AGAIN = 75,
    CLI_DEADLINE = 124 /* as timeout(1) */
};

/** The end of every --help. */
#define CLI_EXIT_STATUS_HELP                                                             \
    "Exit status:\n"                                                                     \
    "   0  success\n"                                                                    \
    "   1  the batch failed: an element raised (the others are written), or faulted\n"   \
    "   3  --require-vector is not met\n"                                                \
    "  64  wrong arguments\n"                                                            \
    "  65  bad data: IR, .npy file, dtype, shape, params\n"                              \
    "  66  a kernel or input file is missing or unreadable\n"                            \
    "  69  no executor, or no compiler for this KERNEL\n"                                \
    "  70  a bug in lanes\n"                                                             \
    "  73  the output cannot be created\n"                                               \
    "  75  no memory or too many batches; try again later\n"                             \
    " 124  --deadline passed before the batch had finished\n"

#define CLI_KERNEL_HELP                                                                  \
    "KERNEL is file.ll, file.bc, file.c (compiled by clang) or file.py:function "        \
    "(exported by Numba, in the Python of LANES_PYTHON, of the active virtual "          \
    "environment, or /usr/bin/python3). The whole Python file is imported, so what it "  \
    "does at import happens."

typedef struct cli_error {
    int exit_code;
    lanes_status code; /* LANES_OK: no error */
    char type[128];    /* of the exception that a callback raised; "" = the code's name */
    char message[1024];
} cli_error;

/** Fill @p err. @return @p exit_code */
int cli_fail(cli_error *err, int exit_code, lanes_status code, const char *format, ...)
    LANES_PRINTF(4, 5);

/** Fill @p err with "@p format: " and @p cause's text. @return cli_exit_code_of(its code)
 */
int cli_fail_lanes(cli_error *err, const lanes_error *cause, const char *format, ...)
    LANES_PRINTF(3, 4);

/** The exit code that tells a status of liblanes. */
int cli_exit_code_of(lanes_status status);

/** "lanes: COMMAND: text" on stderr. */
void cli_print(const char *command, const char *format, ...) LANES_PRINTF(2, 3);

/** {"type", "message"} and, of refused IR, "rule"; JSON null if there is no error. */
json_t *cli_error_json(const cli_error *err);

/** Print @p document (consumed) and a newline on stdout. @return CLI_OK or CLI_INTERNAL
 */
int cli_print_json(json_t *document);

/** Options of every command that loads a kernel. Strings point into argv. */
typedef struct cli_kernel_options {
    const char *kernel; /* NULL: not given */
    const char *then[LANES_FUSION_NODES_MAX - 1];
    uint32_t then_count;
    const char *entry;
    const char *signature;
    const char *socket;
    const char *cpu;     /* NULL: the executor's own */
    uint32_t threads;    /* 0: the default */
    uint32_t math;       /* enum lanes_math */
    uint32_t fp;         /* bits of enum lanes_fp */
    uint32_t convention; /* enum lanes_convention */
    bool is_json;
} cli_kernel_options;

/** Parses --then --entry --signature --convention --math --fp --cpu --socket --json; its
 * input is cli_kernel_options. */
extern const struct argp cli_kernel_argp;

/** Read a number of threads. @return false unless @p text is 1 .. 4096 */
bool cli_parse_count(const char *text, uint32_t *out_count);

/** A JSON string of @p text, whose bytes that are no UTF-8 become '?'. */
json_t *cli_text_json(const char *text);

/** A session with one kernel loaded. Zero-initialise; cli_session_close() accepts it. */
typedef struct cli_session {
    lanes_session *session;
    lanes_kernel *kernel;
} cli_session;

/** Make IR of options->kernel, open a session, load. @p kernel_flags: LANES_KERNEL_* */
int cli_session_open(const cli_kernel_options *options, uint32_t kernel_flags,
                     cli_session *out_session, cli_error *err);

void cli_session_close(cli_session *session);

/** A command: its arguments, argv[0] being "lanes COMMAND". @return the exit code */
int cli_run(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_ps(int argc, char **argv);
int cli_cancel(int argc, char **argv);

#endif /* LANES_CLI_H */
