/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_clients.c - clients that are killed at any instant, and what they leave behind.
 *
 * Starts lanesd, and again and again a process that connects, creates and attaches
 * segments, loads callbacks and submits batches until it gets SIGKILL, after anything
 * from no time at all to 60 ms. Some of the callbacks are new each time, so that compiles
 * are cut short, too. In the end lanesd must be the same process, with as many
 * descriptors and mappings and as much memory of its own as after the first of them; and
 * the batches of a session that was there all the time must have been right.
 *
 *   stress_clients [CYCLES [SEED]]
 *
 * CTest runs 100; 10000 take some five minutes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "stress_honest.h"

#define CYCLES_DEFAULT 100
#define WARM_UP        40 /* cycles after which it is looked what there is */
#define ELEMENTS       8192

/* Of memory: what malloc keeps depends on how many sessions were there at once, of which
 * each takes about a MiB. */
#define RSS_TOLERANCE_KIB 4096
#define MAPS_TOLERANCE    16 /* it is 4, after 100 clients as after 10000 */

#define EXIT_SKIPPED 77

/* ---- lanesd -------------------------------------------------------------------------
 */

static char folder[64];
static lanes_os_child lanesd = LANES_OS_CHILD_NONE;

/* Whatever fails, here or in a client: nothing stays behind. */
static void on_abort(int signal_number)
{
    (void)signal_number;
    kill(lanesd.pid, SIGTERM);
}

static void start_lanesd(fixture *f)
{
    char program[512];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 16);
    require(length > 0, "stress_clients", "/proc/self/exe");
    program[length] = '\0';
    snprintf(strrchr(program, '/') + 1, 16, "lanesd");
    snprintf(folder, sizeof(folder), "/tmp/lanes-stress-XXXXXX");
    require(mkdtemp(folder) != NULL, "stress_clients", "mkdtemp");
    snprintf(f->path, sizeof(f->path), "%s/lanes.sock", folder);
    const char *const argv[] = {"lanesd",
                                "--threads",
                                "2",
                                "--socket",
                                f->path,
                                "--cache-folder=none",
                                "--code-bytes=0",
                                "--log-level=error",
                                NULL};
    const lanes_os_spawn spawn = {.path = program, .argv = argv};
    lanes_error err;
    require(lanes_os_spawn_program(&spawn, &lanesd, &err) == LANES_OK, "stress_clients",
            "lanesd does not start");
    signal(SIGABRT, on_abort);
    int fd = -1;
    for (int i = 0; i < 6000 && lanes_os_connect(f->path, 0, &fd, NULL) < 0; i++) {
        sleep_ms(5);
    }
    lanes_os_close(&fd);
}

struct usage {
    uint32_t fds;
    uint32_t maps;
    uint64_t rss_kib; /* of memory that is nobody else's */
};

static uint32_t count_entries(const char *path)
{
    DIR *all = opendir(path);
    uint32_t count = 0;
    require(all != NULL, "stress_clients: the executor is gone", path);
    while (readdir(all) != NULL) {
        count++;
    }
    closedir(all);
    return count;
}

static struct usage usage_of(uint32_t pid)
{
    struct usage usage = {.rss_kib = 0};
    char path[64];
    char line[512];
    snprintf(path, sizeof(path), "/proc/%u/fd", pid);
    usage.fds = count_entries(path);
    snprintf(path, sizeof(path), "/proc/%u/maps", pid);
    FILE *file = fopen(path, "re");
    require(file != NULL, "stress_clients", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        usage.maps++;
    }
    fclose(file);
    snprintf(path, sizeof(path), "/proc/%u/status", pid);
    file = fopen(path, "re");
    require(file != NULL, "stress_clients", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            usage.rss_kib = strtoull(line + 8, NULL, 10);
        }
    }
    fclose(file);
    return usage;
}

/* What is behind each descriptor: to see which are left. */
static void print_descriptors(uint32_t pid)
{
    char path[320];
    char target[256];
    snprintf(path, sizeof(path), "/proc/%u/fd", pid);
    DIR *all = opendir(path);
    const struct dirent *one;
    int left = 100;
    while (all != NULL && (one = readdir(all)) != NULL && left-- > 0) {
        snprintf(path, sizeof(path), "/proc/%u/fd/%s", pid, one->d_name);
        const ssize_t length = readlink(path, target, sizeof(target) - 1);
        if (length > 0) {
            printf("stress_clients: descriptor %s: %.*s\n", one->d_name, (int)length,
                   target);
        }
    }
    if (all != NULL) {
        closedir(all);
    }
}

static bool is_within(const struct usage *now, const struct usage *expected)
{
    return now->fds <= expected->fds && now->maps <= expected->maps + MAPS_TOLERANCE;
}

/*
 * Once the executor has noticed that everybody but us is gone, and what they wanted to be
 * compiled has been: nothing has changed for a second, or it is as expected.
 */
static struct usage settled_usage(uint32_t pid, const struct usage *expected)
{
    struct usage now = usage_of(pid);
    int still = 0;
    for (int i = 0; i < 4000 && still < 100; i++) {
        const struct usage before = now;
        sleep_ms(10);
        now = usage_of(pid);
        still = now.fds == before.fds && now.maps == before.maps ? still + 1 : 0;
        if (expected != NULL && is_within(&now, expected)) {
            break;
        }
    }
    return now;
}

static void print_usage(const char *when, const struct usage *usage)
{
    printf("stress_clients: %s: %u descriptors, %u mappings, %llu KiB of memory\n", when,
           usage->fds, usage->maps, (unsigned long long)usage->rss_kib);
}

/* ---- Clients ------------------------------------------------------------------------
 */

static void write_ir(char *text, size_t bytes, double factor)
{
    snprintf(text, bytes,
             "define double @f(double %%x) {\n"
             "  %%y = fmul double %%x, %.1f\n"
             "  ret double %%y\n"
             "}\n",
             factor);
}

static void attach_some(client *c)
{
    const int fd = memfd_create("stress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    lanes_abi_segment request = {.bytes = 0};
    lanes_abi_segment reply;
    if (fd >= 0 && ftruncate(fd, 1 << 20) == 0) {
        require(client_request(c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request), fd,
                               &reply, sizeof(reply), NULL) == LANES_OK,
                "stress_clients: attach", c->text);
    }
    close(fd);
}

/* Goes on until it is killed. */
static _Noreturn void be_a_client(const fixture *f, uint64_t random, uint64_t cycle)
{
    static client c;
    static segment segments[2];
    lanes_abi_kernel kernel;
    char ir[256];
    const bool is_new = random_below(&random, 8) == 0;
    write_ir(ir, sizeof(ir), is_new ? (double)(3 + cycle) : 2.0);
    client_open_ok(&c, f);
    for (int i = 0; i < 2; i++) {
        require(client_segment(&c, ELEMENTS * 8, &segments[i]) == LANES_OK,
                "stress_clients: segment", c.text);
    }
    attach_some(&c);
    require(client_load(&c, ir, &kernel) == LANES_OK, "stress_clients: load", c.text);
    for (;;) {
        const uint32_t count = 1 + random_below(&random, 100);
        for (uint32_t i = 0; i < count; i++) {
            const batch b = batch_of(&kernel, &segments[0], &segments[1],
                                     1 + random_below(&random, ELEMENTS));
            client_submit(&c, &b, i);
        }
        for (uint32_t i = 0; i < count; i++) {
            require(client_wait(&c).status == LANES_OK, "stress_clients: batch", c.text);
        }
        attach_some(&c);
    }
}

static void run_cycle(const fixture *f, uint64_t *random, uint64_t cycle)
{
    const uint32_t limit_us = random_below(random, 4) == 0 ? 60000 : 12000;
    const uint32_t life_us = random_below(random, limit_us);
    const uint64_t seed = *random;
    const pid_t pid = fork();
    require(pid >= 0, "stress_clients", "fork");
    if (pid == 0) {
        be_a_client(f, seed, cycle);
    }
    usleep(life_us);
    int status = 0;
    require(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid, "stress_clients",
            "kill");
    require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "stress_clients",
            "a client ended by itself");
}

struct observer {
    client c;
    segment in;
    segment out;
    lanes_abi_kernel kernel;
};

static void observe(struct observer *o)
{
    const batch b = batch_of(&o->kernel, &o->in, &o->out, ELEMENTS);
    for (int i = 0; i < ELEMENTS; i++) {
        o->in.data[i] += 1;
    }
    require(client_run(&o->c, &b).status == LANES_OK, "stress_clients", o->c.text);
    for (int i = 0; i < ELEMENTS; i++) {
        require(o->out.data[i] == 2 * o->in.data[i], "stress_clients", "a wrong result");
    }
}

static void open_observer(struct observer *o, const fixture *f)
{
    char ir[256];
    write_ir(ir, sizeof(ir), 2.0);
    client_open_ok(&o->c, f);
    require(client_segment(&o->c, ELEMENTS * 8, &o->in) == LANES_OK &&
                client_segment(&o->c, ELEMENTS * 8, &o->out) == LANES_OK &&
                client_load(&o->c, ir, &o->kernel) == LANES_OK,
            "stress_clients", o->c.text);
}

static void stop_lanesd(void)
{
    lanes_os_exit ended = {.code = -1};
    require(lanes_os_child_signal(&lanesd, SIGTERM) == LANES_OK &&
                lanes_os_child_wait(&lanesd, UINT64_C(30000000000), &ended) == LANES_OK &&
                ended.code == 0,
            "stress_clients", "lanesd does not stop with 0");
    rmdir(folder);
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_THREAD__
    return EXIT_SKIPPED;
#endif
    const uint64_t cycles = number_of(argc, argv, 1, CYCLES_DEFAULT);
    uint64_t random = number_of(argc, argv, 2, lanes_clock_ns());
    printf("stress_clients: seed %llu\n", (unsigned long long)random);
    fflush(stdout);
    static fixture f; /* its path only: the server is another process */
    static struct observer observer;
    start_lanesd(&f);
    open_observer(&observer, &f);
    const uint32_t pid = observer.c.hello.executor_pid;
    struct usage before = {.fds = 0};
    for (uint64_t i = 0; i < cycles + WARM_UP; i++) {
        if (i == WARM_UP) {
            before = settled_usage(pid, NULL);
            print_usage("at first", &before);
        }
        run_cycle(&f, &random, i);
        observe(&observer);
    }
    const struct usage after = settled_usage(pid, &before);
    print_usage("in the end", &after);
    if (after.fds > before.fds) {
        print_descriptors(pid);
    }
    fflush(stdout); /* before what may abort() */
    require(after.fds <= before.fds, "stress_clients", "descriptors are left");
    require(after.maps <= before.maps + MAPS_TOLERANCE, "stress_clients",
            "mappings are left");
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
    require(after.rss_kib <= before.rss_kib + RSS_TOLERANCE_KIB, "stress_clients",
            "memory is left");
#endif
    client_close(&observer.c);
    client_open_ok(&observer.c, &f);
    require(observer.c.hello.executor_pid == pid, "stress_clients", "another executor");
    client_close(&observer.c);
    stop_lanesd();
    printf("stress_clients: %llu clients\n", (unsigned long long)(cycles + WARM_UP));
    return 0;
}
