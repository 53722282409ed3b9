/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness_report.c - the table on standard output and the JSON document.
 *
 * Schema "lanes.bench/1": {schema, bench, date, smoke, machine{...}, facts{...},
 * results[{name, unit, count, min, p10, median, p90, p99, max, mad, values[]}]}. Values
 * are kept, in the order measured, up to VALUES_MAX of them per result.
 */
#include "harness.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Enough for every interleaved comparison; latency benches have more. */
#define VALUES_MAX 1000

struct bench_report {
    const bench_options *options;
    json_t *document;
    json_t *facts;
    json_t *results;
};

static void end_at_newline(char *line)
{
    char *newline = strchr(line, '\n');
    if (newline != NULL) {
        *newline = '\0';
    }
}

/* The text after "key<blanks>:" in @p path, or "unknown". */
static void read_key(const char *path, const char *key, char *text, int text_bytes)
{
    snprintf(text, (size_t)text_bytes, "unknown");
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    char line[512];
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *colon = strchr(line, ':');
        if (colon != NULL && strncmp(line, key, strlen(key)) == 0) {
            end_at_newline(line);
            snprintf(text, (size_t)text_bytes, "%s", colon + 2);
            break;
        }
    }
    fclose(file);
}

/* First line of a command's output or a file's content. */
static json_t *first_line(FILE *stream)
{
    char line[256] = "unknown";
    if (stream != NULL && fgets(line, sizeof(line), stream) != NULL) {
        end_at_newline(line);
    }
    return json_string(line);
}

static json_t *read_first_line(const char *path)
{
    FILE *file = fopen(path, "re");
    json_t *line = first_line(file);
    if (file != NULL) {
        fclose(file);
    }
    return line;
}

static json_t *git_revision(void)
{
    FILE *pipe = popen(
        "git -C '" BENCH_SOURCE_DIR "' describe --always --dirty 2>/dev/null", "re");
    json_t *line = first_line(pipe);
    if (pipe != NULL) {
        pclose(pipe);
    }
    return line;
}

static json_t *machine(void)
{
    char cpu[256];
    read_key("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
    json_t *object = json_object();
    json_object_set_new(object, "cpu", json_string(cpu));
    json_object_set_new(object, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    double load = 0.0;
    json_object_set_new(object, "load",
                        json_real(getloadavg(&load, 1) == 1 ? load : -1.0));
    json_object_set_new(
        object, "governor",
        read_first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    json_object_set_new(object, "kernel", read_first_line("/proc/sys/kernel/osrelease"));
    json_object_set_new(object, "compiler", json_string(BENCH_COMPILER));
    json_object_set_new(object, "build_type", json_string(BENCH_BUILD_TYPE));
    json_object_set_new(object, "llvm", json_string(BENCH_LLVM_VERSION));
    json_object_set_new(object, "git", git_revision());
    return object;
}

static json_t *date_now(void)
{
    char text[32];
    const time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

bench_report *bench_report_create(const char *name, const bench_options *options)
{
    bench_report *report = calloc(1, sizeof(*report));
    if (report == NULL) {
        bench_die("no memory for a report");
    }
    report->options = options;
    report->document = json_object();
    report->facts = json_object();
    report->results = json_array();
    json_object_set_new(report->document, "schema", json_string("lanes.bench/1"));
    json_object_set_new(report->document, "bench", json_string(name));
    json_object_set_new(report->document, "date", date_now());
    json_object_set_new(report->document, "smoke", json_boolean(options->is_smoke));
    json_object_set_new(report->document, "machine", machine());
    json_object_set_new(report->document, "facts", report->facts);     /* owned there */
    json_object_set_new(report->document, "results", report->results); /* owned there */
    printf("%-40s %8s %9s %9s %9s %9s %9s\n", name, "samples", "min", "median", "mad",
           "p90", "p99");
    return report;
}

void bench_report_fact(bench_report *report, const char *name, const char *value)
{
    json_object_set_new(report->facts, name, json_string(value));
}

void bench_report_add(bench_report *report, const char *name, const char *unit,
                      const bench_samples *samples)
{
    const bench_summary s = bench_summarise(samples);
    printf("%-40s %8zu %9.4g %9.4g %9.2g %9.4g %9.4g  %s\n", name, s.count, s.min,
           s.median, s.mad, s.p90, s.p99, unit);
    fflush(stdout);
    json_t *values = json_array();
    for (size_t i = 0; s.count <= VALUES_MAX && i < s.count; i++) {
        json_array_append_new(values, json_real(samples->value[i]));
    }
    json_array_append_new(report->results,
                          json_pack("{ss ss sI sf sf sf sf sf sf sf so}", "name", name,
                                    "unit", unit, "count", (json_int_t)s.count, "min",
                                    s.min, "p10", s.p10, "median", s.median, "p90", s.p90,
                                    "p99", s.p99, "max", s.max, "mad", s.mad, "values",
                                    values));
}

int bench_report_finish(bench_report *report)
{
    int status = EXIT_SUCCESS;
    const char *path = report->options->json;
    if (path != NULL) {
        const size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(6);
        const int failed = strcmp(path, "-") == 0
                               ? json_dumpf(report->document, stdout, flags)
                               : json_dump_file(report->document, path, flags);
        if (failed != 0) {
            fprintf(stderr, "cannot write %s\n", path);
            status = EXIT_FAILURE;
        }
    }
    json_decref(report->document);
    free(report);
    return status;
}
