/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_main.c - shares the jobs among processes and reports.
 *
 *   accuracy [--long] [--markdown] [FUNCTION...]
 *
 * Without functions, all of them. Succeeds with 0; 1: a promise is broken, 64: usage.
 */
#include "accuracy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "codegen/codegen.h"

#define JOBS_MAX      256
#define PROCESSES_MAX 64

/* Shared with the children: who takes jobs next, and what came out. */
struct board {
    uint32_t next;
    accuracy_result result[JOBS_MAX];
};

struct plan {
    accuracy_row row[JOBS_MAX];
    size_t row_count;
    size_t points;
    bool is_markdown;
};

/* Both types of one function. */
static void plan_function(struct plan *plan, struct board *board,
                          const accuracy_function *function)
{
    for (int is_float = 0; is_float < 2; is_float++) {
        LANES_ASSERT(plan->row_count < JOBS_MAX);
        plan->row[plan->row_count] =
            (accuracy_row){function, is_float != 0, &board->result[plan->row_count]};
        plan->row_count++;
    }
}

static int parse_arguments(struct plan *plan, struct board *board, char **argv)
{
    for (; *argv != NULL; argv++) {
        if (strcmp(*argv, "--long") == 0) {
            plan->points = ACCURACY_POINTS_LONG;
        } else if (strcmp(*argv, "--markdown") == 0) {
            plan->is_markdown = true;
        } else if (accuracy_find(*argv) == NULL) {
            fprintf(stderr,
                    "accuracy: '%s' is neither an option (--long, --markdown) nor one of "
                    "the %zu functions that have vector forms (kernel/symbols.h)\n",
                    *argv, accuracy_function_count);
            return 64;
        } else if (plan->row_count + 2 > JOBS_MAX) {
            fprintf(stderr, "accuracy: '%s' is one function too many; at most %d\n",
                    *argv, JOBS_MAX / 2);
            return 64;
        } else {
            plan_function(plan, board, accuracy_find(*argv));
        }
    }
    if (plan->row_count == 0) {
        for (size_t i = 0; i < accuracy_function_count; i++) {
            plan_function(plan, board, &accuracy_functions[i]);
        }
    }
    return 0;
}

/* A process takes jobs until there are none; LLVM is not for several threads. */
static void work(const struct plan *plan, struct board *board)
{
    for (;;) {
        const uint32_t job = lanes_fetch_add_relaxed_u32(&board->next, 1);
        if (job >= plan->row_count) {
            return;
        }
        accuracy_job_run(plan->row[job].function, plan->row[job].is_float, plan->points,
                         &board->result[job]);
    }
}

static size_t run_processes(const struct plan *plan, struct board *board)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const long count = cores < 1 ? 1 : cores > PROCESSES_MAX ? PROCESSES_MAX : cores;
    size_t failed = 0;
    long started = 0;
    fflush(stdout);
    for (; started < count; started++) {
        const pid_t child = fork();
        if (child == 0) {
            work(plan, board);
            _exit(0);
        }
        if (child < 0) {
            perror("accuracy: fork");
            break;
        }
    }
    for (; started > 0; started--) {
        int status = 0;
        if (wait(&status) < 0 || status != 0) {
            fprintf(stderr, "accuracy: a process ended with status 0x%x\n",
                    (unsigned)status);
            failed++;
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    (void)argc;
    static struct plan plan = {.points = ACCURACY_POINTS_SHORT};
    struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        perror("accuracy: mmap");
        return EXIT_FAILURE;
    }
    const int usage = parse_arguments(&plan, board, argv + 1);
    if (usage != 0) {
        return usage;
    }
    lanes_error err;
    if (lanes_codegen_init(&err) != LANES_OK) {
        fprintf(stderr, "accuracy: %s\n", err.message);
        return EXIT_FAILURE;
    }
    size_t findings = run_processes(&plan, board);
    if (plan.is_markdown) {
        accuracy_report_markdown(plan.row, plan.row_count);
    } else {
        accuracy_report_lines(plan.row, plan.row_count);
    }
    findings += accuracy_report_findings(plan.row, plan.row_count);
    printf("%zu findings in %zu functions and types\n", findings, plan.row_count);
    return findings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
