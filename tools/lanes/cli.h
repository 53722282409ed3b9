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
    CLI_BATCH_FAILED = 1, /* the callback failed for an element */
    CLI_CHECK_FAILED = 3, /* --require-vector */
    CLI_USAGE = 64,
    CLI_BAD_DATA = 65,
    CLI_NO_INPUT = 66,
    CLI_UNAVAILABLE = 69, /* the executor, or a program that makes IR */
    CLI_INTERNAL = 70,
    CLI_CANNOT_CREATE = 73,
    CLI_TRY_AGAIN = 75
};

typedef struct cli_error {
    int exit_code;
    lanes_status code;
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

/** {"type": ..., "message": ...}; JSON null if @p err says CLI_OK. */
json_t *cli_error_json(const cli_error *err);

/** Print @p document (consumed) and a newline on stdout. @return CLI_OK or CLI_INTERNAL
 */
int cli_print_json(json_t *document);

/** Options of every command that loads a kernel. Strings point into argv. */
typedef struct cli_kernel_options {
    const char *kernel; /* NULL: not given */
    const char *entry;
    const char *signature;
    const char *socket;
    uint32_t threads; /* 0: the default */
    uint32_t math;    /* enum lanes_math */
    bool is_json;
} cli_kernel_options;

/** Parses --entry --signature --math --socket --json; its input is cli_kernel_options. */
extern const struct argp cli_kernel_argp;

/** Read a number of threads. @return false unless @p text is 1 .. 4096 */
bool cli_parse_count(const char *text, uint32_t *out_count);

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

#endif /* LANES_CLI_H */
