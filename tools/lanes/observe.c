/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.c - looking at an executor that runs.
 */
#include "observe.h"

#include <stdio.h>
#include <stdlib.h>

enum option_key { OPTION_SOCKET = 'S', OPTION_JSON = 0x101 };

static const struct argp_option option_table[] = {
    {"socket", OPTION_SOCKET, "PATH", 0,
     "Look at the executor that listens on PATH; default: the user's own", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object on standard output", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    observe_options *options = state->input;
    switch (key) {
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    case OPTION_JSON:
        options->is_json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp observe_argp = {.options = option_table, .parser = parse_option};

error_t observe_no_arguments(int key, char *argument, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->input;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int observe_open(const observe_options *options, lanes_session **out_session,
                 cli_error *err)
{
    lanes_open_options open_options;
    lanes_error cause;
    lanes_open_options_default(&open_options);
    open_options.socket = options->socket;
    open_options.flags = LANES_OPEN_NO_PRIVATE;
    if (lanes_open(&open_options, out_session, &cause) == LANES_OK) {
        return CLI_OK;
    }
    if (cause.code != LANES_E_UNAVAILABLE) {
        cli_fail_lanes(err, &cause, "cannot reach an executor");
    } else {
        cli_fail(err, CLI_UNAVAILABLE, cause.code,
                 "no executor runs: %s; 'lanesd' starts one", cause.message);
    }
    /* Whatever the system said, the executor is what is missing. */
    if (lanes_status_category(cause.code) == LANES_CATEGORY_SYSTEM) {
        err->exit_code = CLI_UNAVAILABLE;
    }
    return err->exit_code;
}

static int read_stats(lanes_session *session, json_t **out_stats, cli_error *err)
{
    char *text = NULL;
    lanes_error cause;
    if (lanes_stats(session, &text, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "the executor's statistics");
    }
    json_error_t where;
    json_t *stats = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (!json_is_object(stats)) {
        json_decref(stats);
        return cli_fail(err, CLI_INTERNAL, LANES_E_INTERNAL,
                        "the executor's statistics are not JSON: line %d: %s", where.line,
                        where.text);
    }
    *out_stats = stats;
    return CLI_OK;
}

int observe_once(const observe_options *options, const char *command, const char *schema,
                 json_t **out_stats)
{
    cli_error err = {.exit_code = CLI_OK};
    lanes_session *session = NULL;
    int exit_code = observe_open(options, &session, &err);
    if (exit_code == CLI_OK) {
        exit_code = read_stats(session, out_stats, &err);
    }
    lanes_close(session);
    return exit_code == CLI_OK ? CLI_OK : observe_fail(options, command, schema, &err);
}

int observe_fail(const observe_options *options, const char *command, const char *schema,
                 const cli_error *err)
{
    cli_print(command, "%s", err->message);
    if (options->is_json) {
        cli_print_json(
            json_pack("{s:s, s:o}", "schema", schema, "error", cli_error_json(err)));
    }
    return err->exit_code;
}

long long observe_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

double observe_real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

struct unit {
    double from; /* used from this on */
    double size;
    const char *name;
};

/* In the last of @p units, which ascend, that is used for so much. */
static void format(double value, const struct unit *units, size_t count,
                   char text[OBSERVE_TEXT_MAX])
{
    size_t i = 0;
    while (i + 1 < count && value >= units[i + 1].from) {
        i++;
    }
    const double number = value / units[i].size;
    /* Three digits; whole numbers above. */
    if (number < 100) {
        snprintf(text, OBSERVE_TEXT_MAX, "%.3g %s", number, units[i].name);
    } else {
        snprintf(text, OBSERVE_TEXT_MAX, "%.0f %s", number, units[i].name);
    }
}

const char *observe_time(double seconds, char text[OBSERVE_TEXT_MAX])
{
    static const struct unit units[] = {
        {0, 1e-9, "ns"},  {1e-6, 1e-6, "us"}, {1e-3, 1e-3, "ms"},     {1, 1, "s"},
        {120, 60, "min"}, {7200, 3600, "h"},  {172800, 86400, "days"}};
    format(seconds, units, CLI_COUNT_OF(units), text);
    return text;
}

const char *observe_bytes(double bytes, char text[OBSERVE_TEXT_MAX])
{
    static const struct unit units[] = {{0, 1, "bytes"},
                                        {0x1p10, 0x1p10, "KiB"},
                                        {0x1p20, 0x1p20, "MiB"},
                                        {0x1p30, 0x1p30, "GiB"},
                                        {0x1p40, 0x1p40, "TiB"}};
    format(bytes, units, CLI_COUNT_OF(units), text);
    return text;
}

const char *observe_tag(const json_t *tag, char text[OBSERVE_TEXT_MAX])
{
    if (json_is_string(tag)) {
        return json_string_value(tag);
    }
    snprintf(text, OBSERVE_TEXT_MAX, "%lld", (long long)json_integer_value(tag));
    return text;
}
