/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h - what the commands that look at a running executor share: its options, the
 * session, the statistics, times for people.
 */
#ifndef LANES_CLI_OBSERVE_H
#define LANES_CLI_OBSERVE_H

#include "cli.h"

/** The end of their --help. */
#define OBSERVE_EXIT_STATUS_HELP                                                         \
    "Exit status:\n"                                                                     \
    "   0  success\n"                                                                    \
    "  64  wrong arguments\n"                                                            \
    "  66  there is no such session\n"                                                   \
    "  69  no executor runs\n"                                                           \
    "  70  a bug in lanes\n"                                                             \
    "  75  no memory or too many requests; try again later\n"

/** Strings point into argv. */
typedef struct observe_options {
    const char *socket; /* NULL: the user's own */
    bool is_json;
} observe_options;

/** Parses --socket --json; its input is observe_options. */
extern const struct argp observe_argp;

/** The parser of a command that has these options alone, as its children[0]. */
error_t observe_no_arguments(int key, char *argument, struct argp_state *state);

/** Connect to an executor that runs; none is started. lanes_close() it. */
int observe_open(const observe_options *options, lanes_session **out_session,
                 cli_error *err);

/** The statistics of an executor that runs, a new reference; failures are printed. */
int observe_once(const observe_options *options, const char *command, const char *schema,
                 json_t **out_stats);

/** Print why @p command failed, with --json also {"schema": @p schema, "error": ...}.
 * @return err->exit_code */
int observe_fail(const observe_options *options, const char *command, const char *schema,
                 const cli_error *err);

/** A number member as it is printed; 0 if it is not there. */
long long observe_integer(const json_t *object, const char *key);
double observe_real(const json_t *object, const char *key);

#define OBSERVE_TEXT_MAX 32

/** "33.9 us", "1.2 s", "3 min", "26 h", "5 days". */
const char *observe_time(double seconds, char text[OBSERVE_TEXT_MAX]);

/** "512 bytes", "1.5 MiB". */
const char *observe_bytes(double bytes, char text[OBSERVE_TEXT_MAX]);

/** A tag, which is a number or text. */
const char *observe_tag(const json_t *tag, char text[OBSERVE_TEXT_MAX]);

#endif /* LANES_CLI_OBSERVE_H */
