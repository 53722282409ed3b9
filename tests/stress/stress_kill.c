/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress_kill.c - kill -9 of executor, compiler and clients while batches run: nothing is
 * lost, nothing is done twice, nothing is wrong.
 *
 *   stress_kill [random [KILLS [SEED]]]   at random instants; KILLS: 20
 *   stress_kill points [NAME]             at each failpoint (os/os_failpoint.h), or at
 * one
 *
 * Clients (kill_client.c) check their batches themselves and say what they saw in shared
 * memory. They end with the failure, or when they are told; a client that gets nowhere
 * for 30 s is one. 10^4 kills take some 20 minutes.
 */
#include <dirent.h>
#include <errno.h>
#include <lanes/lanes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/base.h"
#include "os/os_failpoint.h"
#include "stress/kill_client.h"
#include "support/mappings.h"

#define CLIENTS      2
#define STALLED_NS   30000000000u
#define REACHED_NS   20000000000u /* to come to a failpoint */
#define ENDING_NS    30000000000u
#define ANCESTORS    8
#define EX_STALLED   2
#define KILLS_SHORT  20
#define EXIT_SKIPPED 77

struct client {
    pid_t pid;
    uint64_t seen_steps;
    uint64_t seen_ns;
};

static char folder[64];
static char socket_path[96];
static char token[96]; /* a failpoint's FILE */
static const char *self;
static int listening;
static pid_t daemon_pid;
static kill_shared *shared; /* [CLIENTS] */
static int shared_fd;
static struct client clients[CLIENTS];
static uint64_t random_state;
static uint64_t killed_executors;
static uint64_t killed_compilers;
static uint64_t killed_clients;

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "stress_kill: %s%s%s\n", what, detail[0] != '\0' ? ": " : "", detail);
    for (int i = 0; i < CLIENTS; i++) {
        fprintf(stderr, "stress_kill: client %d: %llu steps, %llu batches, \"%s\"\n", i,
                (unsigned long long)shared[i].steps,
                (unsigned long long)shared[i].batches, shared[i].failure);
        if (clients[i].pid > 0) {
            kill(clients[i].pid, SIGKILL);
        }
    }
    kill(daemon_pid, SIGTERM);
    exit(1);
}

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static void rest_us(uint64_t us)
{
    usleep((useconds_t)us);
}

/* ---- Processes ----------------------------------------------------------------------
 */

/* Name and parent of a process, of /proc; false if it has gone. */
static bool look_up(pid_t pid, char name[32], pid_t *out_parent)
{
    char path[64];
    int parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const int found = fscanf(file, "%*d (%31[^)]) %*c %d", name, &parent);
    fclose(file);
    *out_parent = parent;
    return found == 2;
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
    char name[32];
    for (int i = 0; i < ANCESTORS && pid > 1; i++) {
        if (!look_up(pid, name, &pid)) {
            return false;
        }
        if (pid == ancestor) {
            return true;
        }
    }
    return false;
}

/* A process of that name below the daemon; 0: none. */
static pid_t find_below_daemon(const char *wanted)
{
    DIR *processes = opendir("/proc");
    pid_t found = 0;
    const struct dirent *entry;
    while (found == 0 && (entry = readdir(processes)) != NULL) {
        char name[32];
        pid_t parent;
        const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && look_up(pid, name, &parent) && strcmp(name, wanted) == 0 &&
            descends_from(pid, daemon_pid)) {
            found = pid;
        }
    }
    closedir(processes);
    return found;
}

static bool kill_process(pid_t pid)
{
    return pid != 0 && kill(pid, SIGKILL) == 0;
}

/*
 * An executor that inherits our socket, as systemd would start it: clients that come
 * while there is none wait in the socket's backlog. lanesd's own supervisor would do the
 * same, but waits longer and longer for one that is killed time and again.
 */
static void start_daemon(const char *failpoint)
{
    char program[512];
    char text[32];
    snprintf(program, sizeof(program), "%s/bin/lanesd", getenv("LANES_BUILD_DIR"));
    const pid_t harness = getpid();
    daemon_pid = fork();
    if (daemon_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        snprintf(text, sizeof(text), "%d", getpid());
        if (getppid() != harness || dup2(listening, 3) != 3) {
            _exit(1);
        }
        if (failpoint != NULL) {
            setenv("LANES_FAILPOINT", failpoint, 1);
        }
        setenv("LISTEN_PID", text, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LANES_CACHE_FOLDER", folder, 1);
        execl(program, "lanesd", "--no-supervisor", "--log-level=error", (char *)NULL);
        _exit(127);
    }
}

/* Ends it as an operator would; what a failpoint did to it on the way is no matter. */
static void stop_daemon(void)
{
    const uint64_t start_ns = lanes_clock_ns();
    kill(daemon_pid, SIGTERM);
    while (waitpid(daemon_pid, NULL, WNOHANG) == 0) {
        if (lanes_clock_ns() - start_ns > ENDING_NS) {
            give_up("lanesd does not end", "");
        }
        rest_us(1000);
    }
}

/* Starts another where one has ended. */
static void keep_daemon(void)
{
    int status = 0;
    if (waitpid(daemon_pid, &status, WNOHANG) == daemon_pid) {
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            give_up("an executor ended that nobody had killed", "");
        }
        start_daemon(NULL);
    }
}

static void start_client(int i, const char *failpoint)
{
    char text[4][32];
    snprintf(text[0], sizeof(text[0]), "%d", shared_fd);
    snprintf(text[1], sizeof(text[1]), "%d", i);
    snprintf(text[2], sizeof(text[2]), "%u", random_below(1u << 30));
    memset(&shared[i], 0, sizeof(shared[i]));
    clients[i] = (struct client){.seen_ns = lanes_clock_ns()};
    clients[i].pid = fork();
    if (clients[i].pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (failpoint != NULL) {
            setenv("LANES_FAILPOINT", failpoint, 1);
        }
        execl(self, self, "client", socket_path, text[0], text[1], text[2], (char *)NULL);
        _exit(127);
    }
}

/* ---- Checks -------------------------------------------------------------------------
 */

static void add_up(const kill_shared *of, kill_shared *total)
{
    total->batches += of->batches;
    total->indeterminate += of->indeterminate;
    total->poisoned += of->poisoned;
    total->loads += of->loads;
    total->crashed += of->crashed;
    total->reconnects += of->reconnects;
}

/* Still there, and getting on. */
static void check_client(int i)
{
    struct client *c = &clients[i];
    int status = 0;
    if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
        c->pid = 0;
        give_up("a client ended", shared[i].failure);
    }
    const uint64_t steps = lanes_load_relaxed_u64(&shared[i].steps);
    const uint64_t now_ns = lanes_clock_ns();
    if (steps != c->seen_steps) {
        c->seen_steps = steps;
        c->seen_ns = now_ns;
    } else if (now_ns - c->seen_ns > STALLED_NS) {
        give_up("a client has not moved for 30 s", "");
    }
}

static void stop_client(int i, bool may_be_killed, kill_shared *total)
{
    int status = 0;
    const uint64_t start_ns = lanes_clock_ns();
    lanes_store_relaxed_u32(&shared[i].stop, 1);
    while (waitpid(clients[i].pid, &status, WNOHANG) == 0) {
        if (lanes_clock_ns() - start_ns > ENDING_NS) {
            give_up("a client does not end", "");
        }
        keep_daemon();
        rest_us(1000);
    }
    clients[i].pid = 0;
    const bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!(may_be_killed && is_killed) &&
        !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        give_up("a client failed", shared[i].failure);
    }
    add_up(&shared[i], total);
}

/* Without clients the executor maps nothing of theirs. */
static void check_nothing_left(void)
{
    const uint64_t start_ns = lanes_clock_ns();
    while (count_mappings(daemon_pid, "lanes-segment") != 0) {
        if (lanes_clock_ns() - start_ns > ENDING_NS) {
            give_up("the executor keeps segments whose clients have ended", "");
        }
        rest_us(1000);
    }
}

/* ---- Random instants ----------------------------------------------------------------
 */

static void kill_one(kill_shared *total)
{
    const uint32_t choice = random_below(10);
    if (choice < 5) {
        killed_executors += kill_process(daemon_pid);
    } else if (choice < 7) {
        killed_compilers += kill_process(find_below_daemon("lanes-compiler"));
    } else {
        const int i = (int)random_below(CLIENTS);
        kill(clients[i].pid, SIGKILL);
        waitpid(clients[i].pid, NULL, 0);
        add_up(&shared[i], total);
        if (shared[i].failure[0] != '\0') {
            give_up("a client had failed", shared[i].failure);
        }
        start_client(i, NULL);
        killed_clients++;
    }
}

/* Who was killed often may not have come to work; left alone, everybody does. */
static void wait_for_batches(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        const uint64_t start_ns = lanes_clock_ns();
        while (lanes_load_relaxed_u64(&shared[i].batches) == 0) {
            if (lanes_clock_ns() - start_ns > ENDING_NS) {
                give_up("a client that is left alone has run nothing", "");
            }
            keep_daemon();
            check_client(i);
            rest_us(1000);
        }
    }
}

static void run_random(uint64_t kills)
{
    kill_shared total = {.steps = 0};
    const uint64_t start_ns = lanes_clock_ns();
    start_daemon(NULL);
    for (int i = 0; i < CLIENTS; i++) {
        start_client(i, NULL);
    }
    for (uint64_t k = 0; k < kills; k++) {
        rest_us(random_below(random_below(4) == 0 ? 300000 : 100000));
        kill_one(&total);
        keep_daemon();
        for (int i = 0; i < CLIENTS; i++) {
            check_client(i);
        }
        if (k % 500 == 499) {
            printf("stress_kill: %llu kills\n", (unsigned long long)(k + 1));
            fflush(stdout);
        }
    }
    wait_for_batches();
    for (int i = 0; i < CLIENTS; i++) {
        stop_client(i, false, &total);
    }
    check_nothing_left();
    stop_daemon();
    printf("stress_kill: killed %llu executors, %llu compilers, %llu clients in %.0f s; "
           "%llu batches checked: %llu indeterminate (in place), %llu poisoned; "
           "%llu loads; %llu loads and batches told that their compiler was killed; "
           "lost 0, twice 0, wrong 0\n",
           (unsigned long long)killed_executors, (unsigned long long)killed_compilers,
           (unsigned long long)killed_clients,
           (double)(lanes_clock_ns() - start_ns) / 1e9, (unsigned long long)total.batches,
           (unsigned long long)total.indeterminate, (unsigned long long)total.poisoned,
           (unsigned long long)total.loads, (unsigned long long)total.crashed);
}

/* ---- Failpoints ---------------------------------------------------------------------
 */

static const char *const point_names[] = {
#define NAME_ROW(constant, name) name,
    LANES_FAILPOINT_TABLE(NAME_ROW)
#undef NAME_ROW
};

static void wait_for_token(const char *name)
{
    const uint64_t start_ns = lanes_clock_ns();
    while (access(token, F_OK) == 0) {
        if (lanes_clock_ns() - start_ns > REACHED_NS) {
            give_up("nobody came to the failpoint", name);
        }
        keep_daemon();
        rest_us(500);
    }
}

/* One death at @p name; then everybody goes on, and ends well. */
static void run_point(const char *name, kill_shared *total)
{
    char failpoint[160];
    const bool is_clients = strncmp(name, "client-", 7) == 0;
    const bool is_at_end = strncmp(name, "stop", 4) == 0;
    FILE *file = fopen(token, "w");
    if (file == NULL) {
        give_up("a file cannot be made", token);
    }
    fclose(file);
    snprintf(failpoint, sizeof(failpoint), "%s:%u:%s", name,
             is_at_end ? 1 : 1 + random_below(3), token);
    start_daemon(is_clients ? NULL : failpoint);
    for (int i = 0; i < CLIENTS; i++) {
        start_client(i, is_clients ? failpoint : NULL);
    }
    if (!is_at_end) {
        wait_for_token(name);
    }
    for (int i = 0; i < 100; i++) {
        keep_daemon();
        rest_us(1000);
    }
    for (int i = 0; i < CLIENTS; i++) {
        stop_client(i, is_clients, total);
    }
    if (!is_at_end) {
        check_nothing_left();
    }
    stop_daemon();
    if (access(token, F_OK) == 0) {
        give_up("nobody came to the failpoint", name);
    }
}

static void run_points(const char *only)
{
    kill_shared total = {.steps = 0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < LANES_FAILPOINTS; i++) {
        if (only == NULL || strcmp(only, point_names[i]) == 0) {
            run_point(point_names[i], &total);
            count++;
        }
    }
    if (count == 0) {
        give_up("there is no failpoint", only != NULL ? only : "");
    }
    printf("stress_kill: a death at each of %u failpoints; %llu batches checked: %llu "
           "indeterminate (in place), %llu poisoned; lost 0, twice 0, wrong 0\n",
           count, (unsigned long long)total.batches,
           (unsigned long long)total.indeterminate, (unsigned long long)total.poisoned);
}

/* ---- Main ---------------------------------------------------------------------------
 */

static int be_client(char **argv)
{
    const int fd = (int)strtol(argv[3], NULL, 10);
    const long index = strtol(argv[4], NULL, 10);
    kill_shared *mine =
        mmap(NULL, CLIENTS * sizeof(*mine), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mine == MAP_FAILED) {
        return 1;
    }
    return kill_client_run(argv[2], strtoull(argv[5], NULL, 10), &mine[index]);
}

static void prepare(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lanes-kill-XXXXXX");
    shared_fd = memfd_create("stress-kill", 0); /* for clients, across exec */
    if (mkdtemp(folder) == NULL || shared_fd < 0 ||
        ftruncate(shared_fd, CLIENTS * sizeof(*shared)) != 0) {
        perror("stress_kill");
        exit(1);
    }
    shared = mmap(NULL, CLIENTS * sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                  shared_fd, 0);
    if (shared == MAP_FAILED) {
        perror("stress_kill");
        exit(1);
    }
    snprintf(socket_path, sizeof(socket_path), "%s/lanes.sock", folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listening < 0 ||
        bind(listening, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listening, 64) != 0) {
        perror("stress_kill");
        exit(1);
    }
    snprintf(token, sizeof(token), "%s/token", folder);
}

static void clean_up(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    LANES_IGNORE(system(command) != 0, "it is in /tmp");
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_THREAD__ /* executors take longer to start than they live here */
    return EXIT_SKIPPED;
#endif
    static char path[512];
    if (argc == 6 && strcmp(argv[1], "client") == 0) {
        return be_client(argv);
    }
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0 || getenv("LANES_BUILD_DIR") == NULL) {
        fputs("stress_kill: set LANES_BUILD_DIR to the build tree\n", stderr);
        return 1;
    }
    self = path;
    prepare();
    if (argc > 1 && strcmp(argv[1], "points") == 0) {
        random_state = 1;
        run_points(argc > 2 ? argv[2] : NULL);
    } else {
        random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : lanes_clock_ns();
        printf("stress_kill: seed %llu\n", (unsigned long long)random_state);
        run_random(argc > 2 ? strtoull(argv[2], NULL, 10) : KILLS_SHORT);
    }
    clean_up();
    return 0;
}
