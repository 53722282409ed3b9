/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - `lanes stats`: what a running executor has done.
 */
#include <stdio.h>

#include "observe.h"

#define COMMAND "stats"
#define SCHEMA  "lanes.stats/1"

/* ---- Text -------------------------------------------------------------------------- */

/* "half below 65.5 us, 99 % below 262 us" of a histogram of times in ns. */
static void print_histogram(const char *head, const json_t *buckets)
{
    static const struct {
        const char *name;
        double part;
    } shares[] = {{"half", 0.5}, {"90 %", 0.9}, {"99 %", 0.99}};
    size_t i;
    json_t *count;
    double total = 0;
    json_array_foreach(buckets, i, count)
    {
        total += json_number_value(count);
    }
    printf("%s", head);
    for (size_t s = 0; s < CLI_COUNT_OF(shares) && total > 0; s++) {
        double below = 0;
        double limit_ns = 1;
        for (i = 0; i < json_array_size(buckets) && below < shares[s].part * total; i++) {
            below += json_number_value(json_array_get(buckets, i));
            limit_ns *= 2;
        }
        char text[OBSERVE_TEXT_MAX];
        printf("%s%s below %s", s > 0 ? ", " : "", shares[s].name,
               observe_time(limit_ns * 1e-9, text));
    }
    printf("%s\n", total > 0 ? "" : "no batch has begun");
}

static void print_executor(const json_t *stats)
{
    char uptime[OBSERVE_TEXT_MAX];
    const json_t *executor = json_object_get(stats, "executor");
    const json_t *team = json_object_get(stats, "team");
    const char *version = json_string_value(json_object_get(executor, "version"));
    const char *cpu = json_string_value(json_object_get(executor, "cpu"));
    const char *limit = json_string_value(json_object_get(executor, "limited_by"));
    printf("executor   pid %lld, lanes %s, up %s, for the CPU %s\n",
           observe_integer(executor, "pid"), version != NULL ? version : "?",
           observe_time(observe_real(executor, "uptime_s"), uptime),
           cpu != NULL ? cpu : "?");
    printf("team       %lld threads (%s), woken %lld times; its leader has slept %lld "
           "times%s; %lld interrupts\n",
           observe_integer(executor, "threads"), limit != NULL ? limit : "?",
           observe_integer(team, "wakes"), observe_integer(team, "leader_sleeps"),
           json_is_true(json_object_get(team, "is_asleep")) ? " and does now" : "",
           observe_integer(team, "interrupts"));
}

static void print_batches(const json_t *batches)
{
    char run[OBSERVE_TEXT_MAX];
    char longest[OBSERVE_TEXT_MAX];
    printf(
        "batches    %lld completed, %lld in flight, %lld run at once; %.4g elements in "
        "%s, %lld slices\n",
        observe_integer(batches, "completed"), observe_integer(batches, "in_flight"),
        observe_integer(batches, "inline"), observe_real(batches, "elements"),
        observe_time(observe_real(batches, "run_ns") * 1e-9, run),
        observe_integer(batches, "slices"));
    printf("failed     %lld: %lld raised, %lld faulted, %lld cancelled, %lld over their "
           "deadline\n",
           observe_integer(batches, "failed"), observe_integer(batches, "raised"),
           observe_integer(batches, "faulted"), observe_integer(batches, "cancelled"),
           observe_integer(batches, "deadline"));
    print_histogram("run        ", json_object_get(batches, "run_ns_log2"));
    print_histogram("queued     ", json_object_get(batches, "queued_ns_log2"));
    printf("           longest %s\n",
           observe_time(observe_real(batches, "queued_ns_max") * 1e-9, longest));
}

static void print_sessions(const json_t *stats)
{
    char bytes[OBSERVE_TEXT_MAX];
    const json_t *sessions = json_object_get(stats, "sessions");
    const json_t *segments = json_object_get(stats, "segments");
    const json_t *kernels = json_object_get(stats, "kernels");
    printf("sessions   %lld open of %lld, %lld refused, %lld with a corrupt ring\n",
           observe_integer(sessions, "open"), observe_integer(sessions, "opened"),
           observe_integer(sessions, "refused"), observe_integer(sessions, "corrupt"));
    printf("segments   %lld, %s\n", observe_integer(segments, "count"),
           observe_bytes(observe_real(segments, "bytes"), bytes));
    printf("kernels    %lld, %lld variants, %s of IR\n",
           observe_integer(kernels, "loaded"), observe_integer(kernels, "variants"),
           observe_bytes(observe_real(kernels, "ir_bytes"), bytes));
}

static void print_code(const json_t *stats)
{
    char bytes[OBSERVE_TEXT_MAX];
    const json_t *compiler = json_object_get(stats, "compiler");
    const json_t *code = json_object_get(stats, "code");
    const json_t *cache = json_object_get(stats, "cache");
    const char *folder = json_string_value(json_object_get(cache, "folder"));
    printf("compiler   %lld requests: %lld compiled, %lld from memory, %lld from disk, "
           "%lld failed (%lld crashed, %lld over a limit)\n",
           observe_integer(compiler, "requests"), observe_integer(compiler, "compiled"),
           observe_integer(compiler, "from_memory"),
           observe_integer(compiler, "from_disk"), observe_integer(compiler, "failed"),
           observe_integer(compiler, "crashed"), observe_integer(compiler, "limit"));
    printf("           at work for %.0f ms, restarted %lld times, %lld asked again; "
           "%lld running, %lld queued\n",
           observe_real(compiler, "total_ms"), observe_integer(compiler, "restarts"),
           observe_integer(compiler, "retried"), observe_integer(compiler, "running"),
           observe_integer(compiler, "queued"));
    printf("code       %lld loaded, %s\n", observe_integer(code, "entries"),
           observe_bytes(observe_real(code, "bytes"), bytes));
    if (json_is_object(cache)) {
        printf("cache      %lld entries, %s in %s\n", observe_integer(cache, "entries"),
               observe_bytes(observe_real(cache, "bytes"), bytes),
               folder != NULL ? folder : "a folder that is no text");
    } else {
        printf("cache      none\n");
    }
}

/* ---- Command ----------------------------------------------------------------------- */

int cli_stats(int argc, char **argv)
{
    static const struct argp_child children[] = {{&observe_argp, 0, NULL, 0}, {0}};
    static const struct argp parser = {
        .parser = observe_no_arguments,
        .doc = "Show what a running executor has done: batches, sessions, compiles. The "
               "executor is never started for it.\v"
               "Counters run from its start. Times of batches are given as limits, "
               "powers of two of a nanosecond.\n\n" OBSERVE_EXIT_STATUS_HELP,
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
    if (options.is_json) {
        json_object_set_new(stats, "error", json_null());
        return cli_print_json(stats);
    }
    print_executor(stats);
    print_sessions(stats);
    print_batches(json_object_get(stats, "batches"));
    print_code(stats);
    json_decref(stats);
    return CLI_OK;
}
