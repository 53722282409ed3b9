/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodes_executor.c - the whole executor on the NUMA nodes of the machine it runs on:
 * starts lanesd, and is its client. For tools/dev/numa-test; CTest runs it on this
 * machine, where it shows that lanesd says and does nothing about nodes, if there is one
 * node only.
 *
 *     nodes_executor LANESD
 *
 * lanesd's log, at level debug, says which batches are placed; /proc/PID/numa_maps where
 * its segments are. "PASS what: figures" and "FAIL ..." as nodes.c.
 */
#include <fcntl.h>
#include <lanes/lanes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT (2u << 20) /* f8: 16 MiB an operand */
#define BYTES (COUNT * sizeof(double))

/* The executor starts within a minute, even on an emulated machine. */
#define PAUSE_NS 10000000
#define PATIENCE 6000u

static const char ir_text[] = "define double @line(double %x) {\n"
                              "  %y = fmul double %x, 2.0\n"
                              "  %z = fadd double %y, 1.0\n"
                              "  ret double %z\n"
                              "}\n";

static pid_t executor;
static char folder[] = "/tmp/lanes-nodes-XXXXXX";
static char socket_path[64];
static char log_path[64];

static void clean_up(void)
{
    if (executor > 0) {
        kill(executor, SIGTERM);
        waitpid(executor, NULL, 0);
    }
    unlink(socket_path);
    unlink(log_path);
    rmdir(folder);
}

/* Lines of the file at @p path that contain @p part, shown; returns how many. */
static uint32_t show_lines(const char *path, const char *part, char *out_last, int bytes)
{
    FILE *file = fopen(path, "r");
    uint32_t count = 0;
    char line[512];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strstr(line, part) != NULL) {
            printf("%s", line);
            snprintf(out_last, (size_t)bytes, "%s", line);
            count++;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

__attribute__((format(printf, 2, 3))) static void check(bool is_so, const char *text, ...)
{
    va_list list;
    va_start(list, text);
    printf("%s ", is_so ? "PASS" : "FAIL");
    vprintf(text, list);
    printf("\n");
    va_end(list);
    fflush(stdout);
    if (!is_so) {
        char last[512];
        show_lines(log_path, "", last, sizeof(last));
        exit(1);
    }
}

static void must(lanes_status status, const lanes_error *err, const char *what)
{
    if (status < 0) {
        check(false, "%s: %s: %s", what, lanes_status_name(status), err->message);
    }
}

static void start_executor(const char *lanesd)
{
    char option[80];
    snprintf(option, sizeof(option), "--socket=%s", socket_path);
    executor = fork();
    if (executor == 0) {
        const int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(log, STDERR_FILENO);
        execl(lanesd, lanesd, "--no-supervisor", option, "--log-level=debug",
              "--cache-folder=none", (char *)NULL);
        _exit(127);
    }
}

/* A session with the executor, once it listens. */
static lanes_session *open_session(void)
{
    lanes_error err = {.message = ""};
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.socket = socket_path;
    lanes_session *session = NULL;
    lanes_status status = LANES_E_UNAVAILABLE;
    for (uint32_t i = 0; status == LANES_E_UNAVAILABLE && i < PATIENCE; i++) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        status = lanes_open(&options, &session, &err);
    }
    must(status, &err, "open");
    return session;
}

/* Pages of node @p node, as all lines of lanesd's segments in numa_maps have them. */
static unsigned long count_pages(pid_t pid, int node)
{
    char path[64];
    char wanted[16];
    char line[512];
    unsigned long pages = 0;
    snprintf(path, sizeof(path), "/proc/%d/numa_maps", (int)pid);
    snprintf(wanted, sizeof(wanted), " N%d=", node);
    FILE *maps = fopen(path, "r");
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        const char *at = strstr(line, wanted);
        if (strstr(line, "lanes-segment") != NULL && at != NULL) {
            pages += strtoul(at + strlen(wanted), NULL, 10);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return pages;
}

static unsigned long count_all_pages(pid_t pid)
{
    return count_pages(pid, 0) + count_pages(pid, 1);
}

/* The process that has the segments: lanesd, or a child of it; 0: none. */
static pid_t find_owner(void)
{
    if (count_all_pages(executor) != 0) {
        return executor;
    }
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)executor,
             (int)executor);
    FILE *children = fopen(path, "r");
    int pid = 0;
    while (children != NULL && fscanf(children, "%d", &pid) == 1 &&
           count_all_pages(pid) == 0) {
        pid = 0;
    }
    if (children != NULL) {
        fclose(children);
    }
    return pid;
}

static void run_batches(lanes_session *session, lanes_segment *in, lanes_segment *out,
                        lanes_kernel *kernel)
{
    const uint64_t shape[] = {COUNT};
    lanes_operand operands[2];
    lanes_segment *segments[] = {in, out};
    for (unsigned i = 0; i < 2; i++) {
        operands[i] = (lanes_operand){
            .segment = segments[i],
            .stride = {sizeof(double)},
            .dtype = LANES_F8,
        };
    }
    const lanes_batch batch = {
        .kernel = kernel,
        .shape = shape,
        .dimensions = 1,
        .operands = operands,
        .operand_count = 2,
    };
    lanes_error err = {.message = ""};
    for (int i = 0; i < 3; i++) {
        memset(lanes_segment_data(out), 0, BYTES);
        must(lanes_run(session, &batch, NULL, &err), &err, "batch");
    }
    const double *from = lanes_segment_data(in);
    const double *to = lanes_segment_data(out);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        const double wanted = 2 * from[i] + 1;
        wrong += memcmp(&to[i], &wanted, sizeof(wanted)) != 0;
    }
    check(wrong == 0, "%u results are right", COUNT);
}

static void check_nodes(void)
{
    struct stat facts;
    const bool has_nodes = stat("/sys/devices/system/node/node1", &facts) == 0;
    const pid_t owner = find_owner();
    const unsigned long pages[] = {count_pages(owner, 0), count_pages(owner, 1)};
    char last[512] = "";
    const uint32_t placed =
        show_lines(log_path, "are run near their memory", last, sizeof(last));
    if (!has_nodes) {
        check(placed == 0, "one node: nothing is placed");
        return;
    }
    const unsigned long half = BYTES / 4096; /* of two segments */
    check(pages[0] == half && pages[1] == half,
          "segments: %lu pages on node 0, %lu on node 1", pages[0], pages[1]);
    check(placed == 3 && strstr(last, ": 128 of 128 parts") != NULL,
          "%u batches of 3 are placed", placed);
}

int main(int argc, char **argv)
{
    if (argc != 2 || mkdtemp(folder) == NULL) {
        fprintf(stderr, "Usage: nodes_executor LANESD\n");
        return 64;
    }
    snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    snprintf(log_path, sizeof(log_path), "%s/log", folder);
    atexit(clean_up);
    start_executor(argv[1]);
    lanes_error err = {.message = ""};
    lanes_session *session = open_session();
    lanes_segment *in = NULL;
    lanes_segment *out = NULL;
    lanes_kernel *kernel = NULL;
    must(lanes_segment_create(session, BYTES, &in, &err), &err, "segment");
    must(lanes_segment_create(session, BYTES, &out, &err), &err, "segment");
    double *data = lanes_segment_data(in);
    for (uint64_t i = 0; i < COUNT; i++) {
        data[i] = (double)(i % 1000) * 0.1;
    }
    must(lanes_kernel_load(session, ir_text, strlen(ir_text), NULL, &kernel, &err), &err,
         "kernel");
    run_batches(session, in, out, kernel);
    check_nodes();
    lanes_kernel_release(kernel);
    lanes_segment_release(in);
    lanes_segment_release(out);
    lanes_close(session);
    check(true, "all");
    return 0;
}
