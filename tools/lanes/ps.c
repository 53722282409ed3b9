/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps.c - `lanes ps`: the sessions of a running executor.
 */
#include <stdio.h>
#include <string.h>

#include "observe.h"

#define COMMAND "ps"
#define SCHEMA  "lanes.ps/1"

/* Of the kernel's names of processes, with NUL. */
#define NAME_MAX_BYTES 64

/* The name of process @p pid; JSON null if it has gone or is of another namespace. */
static json_t *name_json(long long pid)
{
    char path[48];
    char name[NAME_MAX_BYTES];
    snprintf(path, sizeof(path), "/proc/%lld/comm", pid);
    FILE *file = pid > 0 ? fopen(path, "re") : NULL;
    const bool is_read = file != NULL && fgets(name, sizeof(name), file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    if (!is_read) {
        return json_null();
    }
    name[strcspn(name, "\n")] = '\0';
    return cli_text_json(name);
}

/* The sessions but those that only look, each with its command and share of time. */
static json_t *users_json(const json_t *stats)
{
    json_t *users = json_array();
    size_t i;
    json_t *session;
    json_array_foreach(json_object_get(stats, "session"), i, session)
    {
        if (json_is_true(json_object_get(session, "is_observer"))) {
            continue;
        }
        const double age_s = observe_real(session, "age_s");
        const json_t *batch = json_object_get(session, "batch");
        /* A callback that does not return is in its first slice for ever. */
        const double run_s =
            (observe_real(session, "run_ns") + observe_real(batch, "slice_ns")) * 1e-9;
        json_object_set_new(session, "command",
                            name_json(observe_integer(session, "pid")));
        json_object_set_new(session, "share", json_real(age_s > 0 ? run_s / age_s : 0));
        json_object_del(session, "is_own");
        json_object_del(session, "is_observer");
        json_array_append(users, session);
    }
    return users;
}

/* ---- Text -------------------------------------------------------------------------- */

static void print_batch(const json_t *batch)
{
    char tag[OBSERVE_TEXT_MAX];
    char since[OBSERVE_TEXT_MAX];
    if (!json_is_object(batch)) {
        printf("-\n");
        return;
    }
    printf("tag %s, %s %s, %lld of %lld elements\n",
           observe_tag(json_object_get(batch, "tag"), tag),
           json_is_true(json_object_get(batch, "is_running")) ? "runs for"
                                                              : "waits, begun for",
           observe_time(observe_real(batch, "since_ns") * 1e-9, since),
           observe_integer(batch, "position"), observe_integer(batch, "elements"));
}

static void print_users(const json_t *users)
{
    size_t i;
    json_t *user;
    printf("SESSION     PID COMMAND               AGE IN FLIGHT   TIME BATCH\n");
    json_array_foreach(users, i, user)
    {
        char age[OBSERVE_TEXT_MAX];
        const char *name = json_string_value(json_object_get(user, "command"));
        printf("%7lld %7lld %-16s %8s %9lld %4.0f %% ", observe_integer(user, "session"),
               observe_integer(user, "pid"), name != NULL ? name : "?",
               observe_time(observe_real(user, "age_s"), age),
               observe_integer(user, "in_flight"), 100 * observe_real(user, "share"));
        print_batch(json_object_get(user, "batch"));
    }
}

/* ---- Command ----------------------------------------------------------------------- */

int cli_ps(int argc, char **argv)
{
    static const struct argp_child children[] = {{&observe_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .parser = observe_no_arguments,
        .doc = "List the sessions of a running executor: who opened them, and what they "
               "run. Sessions that only look, as this one, are left out.\v"
               "IN FLIGHT is batches submitted and not completed, TIME the part of the "
               "session's age for which the team ran its batches, BATCH the one that has "
               "begun.\n\n" OBSERVE_EXIT_STATUS_HELP,
        .children = children,
    };
    observe_options options = {0};
    if (argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &options) != 0) {
        return CLI_USAGE;
    }
    json_t *stats = NULL;
    const int exit_code = observe_once(&options, COMMAND, SCHEMA, &stats);
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    json_t *users = users_json(stats);
    int printed = CLI_OK;
    if (options.is_json) {
        printed = cli_print_json(json_pack("{s:s, s:O, s:O, s:n}", "schema", SCHEMA,
                                           "executor", json_object_get(stats, "executor"),
                                           "sessions", users, "error"));
    } else {
        print_users(users);
    }
    json_decref(users);
    json_decref(stats);
    return printed;
}
