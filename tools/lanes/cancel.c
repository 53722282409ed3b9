/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel.c - `lanes cancel`: end batches of a session of a running executor.
 */
#include <stdio.h>
#include <stdlib.h>

#include "observe.h"
#include "option_values.h"

#define COMMAND "cancel"
#define SCHEMA  "lanes.cancel/1"

enum option_key { OPTION_TAG = 0x200, OPTION_ALL };

struct cancel_options {
    observe_options observe;
    uint32_t session; /* 0: not given */
    uint64_t tag;
    bool has_tag;
    bool has_all;
};

static const struct argp_option option_table[] = {
    {"tag", OPTION_TAG, "N", 0, "End the batches that were submitted with the tag N", 0},
    {"all", OPTION_ALL, NULL, 0, "End all batches that are in flight (default)", 0},
    {0},
};

static void parse_session(struct cancel_options *options, const char *argument,
                          struct argp_state *state)
{
    uint64_t number = 0;
    if (options->session != 0) {
        argp_error(state, "unexpected argument '%s'", argument);
    } else if (!option_seed(argument, &number) || number == 0 || number > UINT32_MAX) {
        argp_error(state,
                   "SESSION '%s' is not the number of a session; 'lanes ps' shows "
                   "them",
                   argument);
    }
    options->session = (uint32_t)number;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct cancel_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->observe;
        return 0;
    case OPTION_TAG:
        if (!option_seed(argument, &options->tag)) {
            argp_error(state, "--tag=%s is not a number from 0 to 2^64 - 1", argument);
        }
        options->has_tag = true;
        return 0;
    case OPTION_ALL:
        options->has_all = true;
        return 0;
    case ARGP_KEY_ARG:
        parse_session(options, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (options->session == 0) {
            argp_error(state, "SESSION is missing");
        } else if (options->has_tag && options->has_all) {
            argp_error(state, "--tag and --all exclude each other");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int cancel(const struct cancel_options *options, uint32_t *out_in_flight,
                  cli_error *err)
{
    lanes_session *session = NULL;
    lanes_error cause;
    int exit_code = observe_open(&options->observe, &session, err);
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    if (lanes_cancel_session(session, options->session,
                             options->has_tag ? &options->tag : NULL, out_in_flight,
                             &cause) < 0) {
        exit_code = cli_fail_lanes(err, &cause, "session %u", options->session);
        if (cause.code == LANES_E_STALE_ID) {
            exit_code =
                cli_fail(err, CLI_NO_INPUT, cause.code,
                         "there is no session %u; 'lanes ps' shows those there are",
                         options->session);
        }
    }
    lanes_close(session);
    return exit_code;
}

static json_t *tag_json(const struct cancel_options *options)
{
    if (!options->has_tag) {
        return json_null();
    }
    return options->tag <= INT64_MAX
               ? json_integer((json_int_t)options->tag)
               : json_sprintf("%llu", (unsigned long long)options->tag);
}

static void print_done(const struct cancel_options *options, uint32_t in_flight)
{
    if (in_flight == 0) {
        printf("session %u has no batch in flight\n", options->session);
    } else if (options->has_tag) {
        printf("session %u: batches of tag %llu end, if any of the %u in flight has it\n",
               options->session, (unsigned long long)options->tag, in_flight);
    } else {
        printf("session %u: %u %s\n", options->session, in_flight,
               in_flight == 1 ? "batch ends" : "batches end");
    }
}

int cli_cancel(int argc, char **argv)
{
    static const struct argp_child children[] = {{&observe_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "SESSION",
        .doc =
            "End batches of a session of a running executor before they have finished, "
            "also one whose callback does not return. Their program is told that they "
            "were cancelled, and goes on.\v"
            "SESSION is a number that 'lanes ps' shows.\n\n" OBSERVE_EXIT_STATUS_HELP,
        .children = children,
    };
    struct cancel_options options = {.session = 0};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }
    cli_error err = {.exit_code = CLI_OK};
    uint32_t in_flight = 0;
    const int exit_code = cancel(&options, &in_flight, &err);
    if (exit_code != CLI_OK) {
        return observe_fail(&options.observe, COMMAND, SCHEMA, &err);
    }
    if (options.observe.is_json) {
        return cli_print_json(json_pack("{s:s, s:I, s:o, s:I, s:n}", "schema", SCHEMA,
                                        "session", (json_int_t)options.session, "tag",
                                        tag_json(&options), "in_flight",
                                        (json_int_t)in_flight, "error"));
    }
    print_done(&options, in_flight);
    return CLI_OK;
}
