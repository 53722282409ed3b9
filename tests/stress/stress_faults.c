/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_faults.c - callbacks that fault, and callbacks that do not return, one after the
 * other.
 *
 * Faults are SIGSEGV, SIGFPE, SIGILL, SIGBUS and stacks that overflow, on any thread of
 * the team, after the callback has changed how its thread rounds. Each must be named,
 * with elements of which it is one; what is computed in between must be right. Callbacks
 * that do not return must end by their deadline, each time. An honest session works all
 * the time, and in the end the team has all its threads, which is all that this process
 * has.
 *
 *   stress_faults [FAULTS [ENDLESS [SEED]]]
 *
 * CTest runs 3000 and 60; 100000 and 1000 take a few minutes.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress_honest.h"
#include "unit/server/server_loops.h"

#define FAULTS_DEFAULT  3000
#define ENDLESS_DEFAULT 60
#define ELEMENTS        60000
#define THREADS         2
#define KINDS           5
#define MILLISECOND     UINT64_C(1000000)
#define DEADLINE        (5 * MILLISECOND)
#define EXIT_SKIPPED    77

static const char *const kind_texts[KINDS] = {
    "the callback received SIGSEGV at address 0x10 within elements [",
    "the callback received SIGFPE at instruction 0x",
    "the callback received SIGILL at instruction 0x",
    "the callback ran out of stack (recursion without end?) within elements [",
    "the callback received SIGBUS at address 0x",
};

static fixture f;
static client c;
static segment in;
static segment out;
static uint64_t random_state;

static void make_hole(void)
{
    const int fd = memfd_create("stress", MFD_CLOEXEC);
    require(fd >= 0 && ftruncate(fd, 4096) == 0, "stress_faults", "memfd");
    const char *data = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    require(data != MAP_FAILED, "stress_faults", "mmap");
    close(fd);
    fake_hole = (const volatile double *)(const void *)(data + 4096);
}

static uint32_t count_threads(void)
{
    DIR *all = opendir("/proc/self/task");
    uint32_t count = 0;
    while (readdir(all) != NULL) {
        count++;
    }
    closedir(all);
    return count;
}

/* The elements that the text names are not all, and @p at is one of them. */
static void require_range(uint32_t at, uint32_t count)
{
    unsigned long long begin = 1;
    unsigned long long end = 0;
    const char *range = strstr(c.text, " within elements [");
    require(range != NULL &&
                sscanf(range, " within elements [%llu, %llu)", &begin, &end) == 2,
            "stress_faults: no elements", c.text);
    require(begin <= at && at < end && end <= count, "stress_faults: other elements",
            c.text);
}

static void run_fault(const lanes_abi_kernel *kernel)
{
    const uint32_t kind = random_below(&random_state, KINDS);
    const uint32_t count = 1 + random_below(&random_state, ELEMENTS);
    const uint32_t at = random_below(&random_state, count);
    const batch b = batch_of(kernel, &in, &out, count);
    in.data[at] = -2.0 - kind;
    const lanes_abi_completion done = client_run(&c, &b);
    in.data[at] = at;
    require(done.status == LANES_E_KERNEL_FAULT, "stress_faults: no fault", c.text);
    require(strncmp(c.text, kind_texts[kind], strlen(kind_texts[kind])) == 0,
            "stress_faults: another fault", c.text);
    require_range(at, count);
}

static void run_good(const lanes_abi_kernel *kernel)
{
    const batch b = batch_of(kernel, &in, &out, ELEMENTS);
    memset(out.data, 0, ELEMENTS * sizeof(double));
    require(client_run(&c, &b).status == LANES_OK, "stress_faults: a good batch", c.text);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        require(out.data[i] == in.data[i] / 3, "stress_faults", "a wrong result");
    }
}

static void run_faults(uint64_t faults)
{
    lanes_abi_kernel kernel;
    require(client_load(&c, "faults", &kernel) == LANES_OK, "stress_faults", c.text);
    for (uint64_t i = 0; i < faults; i++) {
        run_fault(&kernel);
        if (i % 8 == 0) {
            run_good(&kernel);
        }
    }
    printf("stress_faults: %llu faults\n", (unsigned long long)faults);
}

/* One element that does not return, or all, so that every thread is in one. */
static void run_endless(uint64_t rounds)
{
    lanes_abi_kernel kernel;
    uint64_t latest_ns = 0;
    uint64_t sum_ns = 0;
    require(client_load(&c, "endless", &kernel) == LANES_OK, "stress_faults", c.text);
    for (uint64_t i = 0; i < rounds; i++) {
        const bool is_all = i % 2 == 0;
        const uint32_t at = random_below(&random_state, ELEMENTS);
        for (uint32_t k = is_all ? 0 : at; k < (is_all ? ELEMENTS : at + 1); k++) {
            in.data[k] = -2;
        }
        batch b = batch_of(&kernel, &in, &out, ELEMENTS);
        b.entry.deadline_ns = lanes_clock_ns() + DEADLINE;
        const lanes_abi_completion done = client_run(&c, &b);
        const uint64_t late_ns = lanes_clock_ns() - b.entry.deadline_ns;
        require(done.status == LANES_E_DEADLINE, "stress_faults: no deadline", c.text);
        latest_ns = late_ns > latest_ns ? late_ns : latest_ns;
        sum_ns += late_ns;
        for (uint32_t k = is_all ? 0 : at; k < (is_all ? ELEMENTS : at + 1); k++) {
            in.data[k] = k;
        }
    }
    printf("stress_faults: %llu that do not return, ended %.1f ms after their deadline, "
           "%.1f ms at most\n",
           (unsigned long long)rounds,
           rounds > 0 ? (double)sum_ns / 1e6 / (double)rounds : 0.0,
           (double)latest_ns / 1e6);
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_THREAD__
    return EXIT_SKIPPED; /* stacks that overflow take it minutes; stress_server has faults
                          */
#endif
    const uint64_t faults = number_of(argc, argv, 1, FAULTS_DEFAULT);
    const uint64_t endless = number_of(argc, argv, 2, ENDLESS_DEFAULT);
    random_state = number_of(argc, argv, 3, lanes_clock_ns());
    printf("stress_faults: seed %llu\n", (unsigned long long)random_state);
    fflush(stdout);
    lanes_log_set_level(LANES_LOG_ERROR);
    make_hole();
    fixture_init(&f, THREADS);
    fixture_start(&f);
    client_open_ok(&c, &f);
    require(client_segment(&c, ELEMENTS * 8, &in) == LANES_OK &&
                client_segment(&c, ELEMENTS * 8, &out) == LANES_OK,
            "stress_faults: segment", c.text);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
    honest_expect_team(&f, THREADS);
    const uint32_t threads = count_threads();
    honest other;
    honest_start(&other, &f, random_state + 1);
    run_faults(faults);
    run_endless(endless);
    honest_stop(&other, "stress_faults: honest");
    honest_expect_team(&f, THREADS);
    for (int i = 0; i < 1000 && count_threads() != threads; i++) {
        sleep_ms(5); /* one that was joined just now is there a little longer */
    }
    require(count_threads() == threads, "stress_faults", "threads are lost, or new");
    client_close(&c);
    fixture_stop(&f);
    return 0;
}
