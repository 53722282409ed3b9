/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_producers.c - how many small batches a second does one executor run, for how many
 * programs?
 *
 * 1, 2 and 8 processes, each with a session of its own, run batches of 1000 f8 elements
 * of y = 2 x on one executor as fast as they can: one at a time (lanes_run), and with 16
 * in flight. A sample is a round of some hundred milliseconds, from when all are ready
 * until the last has finished: batches a second, of all together.
 *
 * Left out: compiling, starting. The executor is a lanesd of its own unless --socket
 * names one.
 */
#include <errno.h>
#include <lanes/lanes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define ELEMENTS      1000u
#define PRODUCERS_MAX 8u
#define IN_FLIGHT_MAX 16u
#define ROUND_NS      200000000u
#define START_NS      10000000000u

static const char ir_text[] = "define double @twice(double %x) {\n"
                              "  %y = fadd double %x, %x\n"
                              "  ret double %y\n"
                              "}\n";

struct options {
    bench_options common;
    const char *socket;
};

/* Shared by the processes. */
struct board {
    uint32_t round;     /* the harness: which one runs; 0: none yet */
    uint32_t producers; /* that take part in it */
    uint32_t in_flight;
    uint32_t ready; /* producers that have opened their sessions */
    uint64_t end_ns;
    struct {
        _Alignas(64) uint32_t finished; /* round */
        uint64_t batches;               /* of that round */
    } producer[PRODUCERS_MAX];
};

struct scenario {
    struct board *board;
    uint32_t producers;
    uint32_t in_flight;
    uint64_t round_ns;
};

struct producer {
    lanes_session *session;
    lanes_segment *segment;
    lanes_kernel *kernel;
};

enum option_key { OPTION_SOCKET = 0x100 };

static const struct argp_option option_table[] = {
    {"socket", OPTION_SOCKET, "PATH", 0, "Use this executor instead of one of its own",
     0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->common;
        return 0;
    case OPTION_SOCKET:
        options->socket = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void check(lanes_status status, const char *what, const lanes_error *error)
{
    if (status < 0) {
        bench_die("%s: %s: %s", what, lanes_status_name(status), error->message);
    }
}

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ---- A producer ------------------------------------------------------------------ */

static void open_producer(struct producer *p, const char *socket)
{
    lanes_error error = {.message = ""};
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.socket = socket;
    const uint64_t bytes = (1 + IN_FLIGHT_MAX) * ELEMENTS * sizeof(double);
    check(lanes_open(&options, &p->session, &error), "lanes_open", &error);
    check(lanes_segment_create(p->session, bytes, &p->segment, &error),
          "lanes_segment_create", &error);
    check(
        lanes_kernel_load(p->session, ir_text, strlen(ir_text), NULL, &p->kernel, &error),
        "lanes_kernel_load", &error);
}

static void submit(const struct producer *p, uint64_t slot)
{
    static const uint64_t count = ELEMENTS;
    const lanes_operand operands[] = {
        {.segment = p->segment, .stride = {8}, .dtype = LANES_F8},
        {.segment = p->segment,
         .offset = (1 + slot) * ELEMENTS * sizeof(double),
         .stride = {8},
         .dtype = LANES_F8},
    };
    const lanes_batch batch = {.kernel = p->kernel,
                               .dimensions = 1,
                               .operand_count = 2,
                               .shape = &count,
                               .operands = operands};
    lanes_error error = {.message = ""};
    check(lanes_submit(p->session, &batch, &error), "lanes_submit", &error);
}

static void take(const struct producer *p)
{
    lanes_completion completion;
    lanes_error error = {.message = ""};
    check(lanes_wait(p->session, UINT64_MAX, &completion, &error), "lanes_wait", &error);
    if (completion.status < 0) {
        bench_die("batch: %s", completion.message);
    }
}

/* The clock is looked at once for 16 batches. */
static uint64_t run_round(const struct producer *p, uint32_t in_flight, uint64_t end_ns)
{
    uint64_t sent = 0;
    uint64_t taken = 0;
    while (sent % IN_FLIGHT_MAX != 0 || bench_now_ns() < end_ns) {
        if (sent - taken == in_flight) {
            take(p);
            taken++;
        }
        submit(p, sent % IN_FLIGHT_MAX);
        sent++;
    }
    for (; taken < sent; taken++) {
        take(p);
    }
    return sent;
}

/* The numbers of a wrong program mean nothing. */
static void check_results(const struct producer *p)
{
    double *in = lanes_segment_data(p->segment);
    for (unsigned i = 0; i < ELEMENTS; i++) {
        in[i] = i + 0.25;
    }
    submit(p, 0);
    take(p);
    for (unsigned i = 0; i < ELEMENTS; i++) {
        const double difference = in[ELEMENTS + i] - 2 * in[i];
        if (difference < 0 || difference > 0) {
            bench_die("wrong result: element %u is %g", i, in[ELEMENTS + i]);
        }
    }
}

_Noreturn static void produce(struct board *board, uint32_t index, const char *socket)
{
    struct producer p;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_producer(&p, socket);
    check_results(&p);
    __atomic_fetch_add(&board->ready, 1, __ATOMIC_ACQ_REL);
    for (uint32_t last = 0;;) {
        const uint32_t round = load(&board->round);
        if (round == last || index >= board->producers) {
            last = round;
            usleep(200);
            continue;
        }
        last = round;
        board->producer[index].batches = run_round(&p, board->in_flight, board->end_ns);
        __atomic_store_n(&board->producer[index].finished, round, __ATOMIC_RELEASE);
    }
}

/* ---- The harness ----------------------------------------------------------------- */

static double measure_round(void *ctx)
{
    const struct scenario *s = ctx;
    struct board *board = s->board;
    const uint64_t start_ns = bench_now_ns();
    board->producers = s->producers;
    board->in_flight = s->in_flight;
    board->end_ns = start_ns + s->round_ns;
    const uint32_t round = board->round + 1;
    __atomic_store_n(&board->round, round, __ATOMIC_RELEASE);
    uint64_t batches = 0;
    for (uint32_t i = 0; i < s->producers; i++) {
        while (load(&board->producer[i].finished) != round) {
            if (bench_now_ns() - start_ns > START_NS) {
                bench_die("producer %u does not finish", i);
            }
            usleep(200);
        }
        batches += board->producer[i].batches;
    }
    return (double)batches * 1e9 / (double)(bench_now_ns() - start_ns);
}

/* The lanesd beside this program, on a socket of its own. */
static pid_t start_executor(const char *socket)
{
    char program[512];
    char option[128];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length <= 0) {
        bench_die("where this program lies cannot be found");
    }
    program[length] = '\0';
    char *name = strrchr(program, '/') + 1;
    snprintf(name, sizeof(program) - (size_t)(name - program), "lanesd");
    snprintf(option, sizeof(option), "--socket=%s", socket);
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execl(program, "lanesd", option, "--log-level=warning", (char *)NULL);
        _exit(127);
    }
    const uint64_t start_ns = bench_now_ns();
    while (access(socket, F_OK) != 0) {
        if (pid < 0 || bench_now_ns() - start_ns > START_NS) {
            bench_die("%s does not start", program);
        }
        usleep(1000);
    }
    return pid;
}

static void start_producers(struct board *board, const char *socket,
                            pid_t pids[PRODUCERS_MAX])
{
    for (uint32_t i = 0; i < PRODUCERS_MAX; i++) {
        pids[i] = fork();
        if (pids[i] < 0) {
            bench_die("cannot fork a producer");
        }
        if (pids[i] == 0) {
            produce(board, i, socket);
        }
    }
    const uint64_t start_ns = bench_now_ns();
    while (load(&board->ready) != PRODUCERS_MAX) {
        if (bench_now_ns() - start_ns > START_NS) {
            bench_die("%u of %u producers are ready", load(&board->ready), PRODUCERS_MAX);
        }
        usleep(1000);
    }
}

static void end_process(pid_t pid, int signal_number)
{
    kill(pid, signal_number);
    waitpid(pid, NULL, 0);
}

static void bench_scenarios(bench_report *report, struct board *board, bool is_smoke)
{
    const uint64_t round_ns = is_smoke ? ROUND_NS / 20 : ROUND_NS;
    struct scenario of[] = {
        {board, 1, 1, round_ns},  {board, 2, 1, round_ns},  {board, 8, 1, round_ns},
        {board, 1, 16, round_ns}, {board, 2, 16, round_ns}, {board, 8, 16, round_ns},
    };
    bench_case cases[] = {
        {"1 producer, one at a time", "batches/s", measure_round, &of[0], {0}},
        {"2 producers, one at a time", "batches/s", measure_round, &of[1], {0}},
        {"8 producers, one at a time", "batches/s", measure_round, &of[2], {0}},
        {"1 producer, 16 in flight", "batches/s", measure_round, &of[3], {0}},
        {"2 producers, 16 in flight", "batches/s", measure_round, &of[4], {0}},
        {"8 producers, 16 in flight", "batches/s", measure_round, &of[5], {0}},
    };
    bench_interleave(cases, 6, 1, is_smoke ? 2 : 21);
    for (size_t i = 0; i < 6; i++) {
        bench_report_add(report, cases[i].name, cases[i].unit, &cases[i].samples);
        bench_samples_deinit(&cases[i].samples);
    }
}

int main(int argc, char **argv)
{
    const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
    const struct argp parser = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Measure how many small batches a second an executor runs.",
        .children = children,
    };
    struct options options = {.socket = NULL};
    bench_parse(&parser, argc, argv, &options, &options.common);
    struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char folder[] = "/tmp/lanes-bench-XXXXXX";
    char socket[64];
    if (board == MAP_FAILED || mkdtemp(folder) == NULL) {
        bench_die("no memory, or no folder in /tmp");
    }
    snprintf(socket, sizeof(socket), "%s/lanes.sock", folder);
    pid_t executor = 0;
    if (options.socket == NULL) {
        executor = start_executor(socket);
        options.socket = socket;
    }
    pid_t pids[PRODUCERS_MAX];
    start_producers(board, options.socket, pids);
    bench_report *report = bench_report_create("producers", &options.common);
    bench_scenarios(report, board, options.common.is_smoke);
    for (uint32_t i = 0; i < PRODUCERS_MAX; i++) {
        end_process(pids[i], SIGKILL);
    }
    if (executor != 0) {
        end_process(executor, SIGTERM);
    }
    rmdir(folder);
    return bench_report_finish(report);
}
