/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_compiler.c - IR that ends compiles is refused for a while; compilers that
 * die or hang are replaced, and what becomes of the jobs that they had and had not.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "kernel/compile.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_thread.h"
#include "os/os_wait.h"
#include "server_ask.h"
#include "server_fake.h"
#include "server_fixture.h"

#define SECOND_NS UINT64_C(1000000000)

static fixture f;
static client c;

static void start(void)
{
    fixture_start(&f);
    client_open_ok(&c, &f);
}

static void setup(void)
{
    fixture_init(&f, 1);
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_compiler, .init = setup, .fini = teardown, .timeout = 60);

static lanes_status load(const char *command)
{
    lanes_abi_kernel kernel;
    return client_load(&c, command, &kernel);
}

static uint32_t compiles(void)
{
    return lanes_load_relaxed_u32(&f.compiles);
}

/* A number of the compiler's statistics, as another session sees it. */
static long long compiler_number(const char *name)
{
    client watcher;
    client_open_ok(&watcher, &f);
    json_t *stats = ask(&watcher);
    const long long number = json_integer_value(at(stats, "compiler", name));
    json_decref(stats);
    client_close(&watcher);
    return number;
}

/* ---- Refused ------------------------------------------------------------------------
 */

Test(server_compiler, what_ended_a_compile_is_not_tried_again)
{
    static const struct {
        const char *command;
        lanes_status status;
        const char *reason;
    } rows[] = {
        {"crash:11", LANES_E_COMPILE_CRASHED, "LLVM was killed by SIGSEGV"},
        {"lost", LANES_E_COMPILE_CRASHED, "without a result"},
        {"cpu", LANES_E_COMPILE_LIMIT, "more than 10 s of CPU time"},
        {"wall", LANES_E_COMPILE_LIMIT, "more than 30 s"},
        {"memory", LANES_E_COMPILE_LIMIT, "more than 1024 MiB of memory"},
        {"output", LANES_E_COMPILE_LIMIT, "more than 64 MiB of code"},
    };
    start();
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(load(rows[i].command), rows[i].status);
        cr_assert_null(strstr(c.text, "without another try"), "%s", c.text);
        cr_assert_eq(compiles(), i + 1);
        for (int again = 0; again < 3; again++) {
            cr_assert_eq(load(rows[i].command), rows[i].status);
            cr_assert_not_null(strstr(c.text, rows[i].reason), "%s", c.text);
            cr_assert_not_null(strstr(c.text, "is refused without another try for "),
                               "%s", c.text);
        }
        cr_assert_eq(compiles(), i + 1, "%s", rows[i].command);
    }
}

Test(server_compiler, how_long_is_said)
{
    f.options.refuse_ns = 3600 * SECOND_NS;
    start();
    cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
    unsigned seconds = 0;
    const char *at = strstr(c.text, "another try for ");
    cr_assert_not_null(at, "%s", c.text);
    cr_assert_eq(sscanf(at, "another try for %u s more, then load it again", &seconds),
                 1);
    cr_assert(seconds > 3500 && seconds <= 3600, "%s", c.text);
}

Test(server_compiler, every_session_is_refused_and_other_ir_is_not)
{
    start();
    cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
    client other;
    lanes_abi_kernel kernel;
    client_open_ok(&other, &f);
    cr_assert_eq(client_load(&other, "crash:11", &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(compiles(), 1);
    cr_assert_eq(client_load(&other, "double", &kernel), LANES_OK);
    /* What is asked of the compiler counts, not the IR alone. */
    other.load_math = LANES_MATH_EXACT;
    cr_assert_eq(client_load(&other, "crash:11", &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(compiles(), 3);
    client_close(&other);
}

Test(server_compiler, after_its_time_it_is_tried_again)
{
    f.options.refuse_ns = SECOND_NS / 2;
    start();
    cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
    const uint64_t start_ns = lanes_clock_ns();
    while (compiles() == 1) {
        cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
        sleep_ms(10);
    }
    cr_assert_geq(lanes_clock_ns() - start_ns, SECOND_NS / 4);
}

Test(server_compiler, answers_and_lack_of_a_process_are_asked_for_again)
{
    static const char *const commands[] = {"refuse", "nochild", "short", "nolink"};
    start();
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(commands); i++) {
        cr_assert_lt(load(commands[i]), 0);
        cr_assert_lt(load(commands[i]), 0);
        cr_assert_eq(compiles(), 2 * i + 2, "%s", commands[i]);
    }
}

Test(server_compiler, the_oldest_of_too_many_is_forgotten)
{
    char command[32];
    start();
    for (uint32_t i = 0; i <= 256; i++) {
        snprintf(command, sizeof(command), "crash:11 %u", i);
        cr_assert_eq(load(command), LANES_E_COMPILE_CRASHED);
    }
    cr_assert_eq(compiles(), 257);
    cr_assert_eq(load("crash:11 1"), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(load("crash:11 256"), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(compiles(), 257, "256 are remembered");
    cr_assert_eq(load("crash:11 0"), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(compiles(), 258, "the first is not");
}

Test(server_compiler, who_left_before_the_crash_has_taught_it_too)
{
    client leaver;
    start();
    client_open_ok(&leaver, &f);
    cr_assert_eq(load("double"), LANES_OK);
    client_load_begin(&leaver, "hold crash"); /* keeps the compiler busy */
    client other;
    client_open_ok(&other, &f);
    client_load_begin(&other, "crash:11");
    while (compiles() < 2) {
        sleep_ms(1);
    }
    client_close(&other);
    sleep_ms(20);
    lanes_store_relaxed_u32(&f.is_released, 1);
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load_end(&leaver, &kernel), LANES_OK);
    while (compiles() < 3) {
        sleep_ms(1);
    }
    cr_assert_eq(load("crash:11"), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(compiles(), 3);
    client_close(&leaver);
}

/* A variant of a kernel that is loaded: its batches fail at once. */
Test(server_compiler, batches_are_refused_too)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    start();
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    for (int i = 0; i < 2; i++) { /* two kernels, one request */
        cr_assert_eq(client_load(&c, "double crash:11", &kernel), LANES_OK);
        batch b = batch_of(&kernel, &in, &out, 100);
        b.stride[0] = 0;
        cr_assert_eq(client_run(&c, &b).status, LANES_E_COMPILE_CRASHED);
        cr_assert_eq(strstr(c.text, "without another try") != NULL, i == 1, "%s", c.text);
    }
    cr_assert_eq(compiles(), 3);
}

/* ---- Replaced -----------------------------------------------------------------------
 */

#define CLIENTS 40u

/* More than a compiler has at once: it dies with the first of them. */
Test(server_compiler, what_a_dead_compiler_did_not_have_is_compiled_by_the_next)
{
    static client clients[CLIENTS];
    char command[32];
    start();
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_open_ok(&clients[i], &f);
    }
    client_load_begin(&c, "hold");
    while (compiles() < 1) {
        sleep_ms(1);
    }
    client_load_begin(&clients[0], "die");
    for (uint32_t i = 1; i < CLIENTS; i++) {
        snprintf(command, sizeof(command), "double %u", i);
        client_load_begin(&clients[i], command);
    }
    sleep_ms(50); /* they are in the queue, or the socket */
    lanes_store_relaxed_u32(&f.is_released, 1);
    uint32_t lost = 0;
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load_end(&c, &kernel), LANES_OK);
    cr_assert_eq(client_load_end(&clients[0], &kernel), LANES_E_COMPILE_CRASHED);
    for (uint32_t i = 1; i < CLIENTS; i++) {
        lanes_status status = client_load_end(&clients[i], &kernel);
        if (status != LANES_OK) {
            lost++;
            cr_assert_eq(status, LANES_E_COMPILE_CRASHED);
            cr_assert_not_null(strstr(clients[i].text, "load it again"));
            snprintf(command, sizeof(command), "double %u", i);
            status = client_load(&clients[i], command, &kernel);
        }
        cr_assert_eq(status, LANES_OK, "client %u: %s", i, clients[i].text);
        client_close(&clients[i]);
    }
    client_close(&clients[0]);
    const uint32_t at_once = lanes_os_cpu_count() + LANES_COMPILE_EXTRA;
    cr_assert(lost >= 1 && lost < at_once, "%u were with it; it is given %u", lost,
              at_once);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiler_starts), 2);
}

Test(server_compiler, one_that_dies_at_once_is_not_started_in_a_loop)
{
    char command[32];
    start();
    const uint64_t start_ns = lanes_clock_ns();
    for (uint32_t i = 0; i < 5; i++) {
        snprintf(command, sizeof(command), "die %u", i);
        cr_assert_eq(load(command), LANES_E_COMPILE_CRASHED);
    }
    cr_assert_eq(load("double"), LANES_OK);
    /* Three are replaced at once, each further one a second later. */
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiler_starts), 6);
    cr_assert_geq(lanes_clock_ns() - start_ns, 3 * SECOND_NS / 2);
}

/* A program that never reads its socket; so are the first `hanging_count` compilers. */
static uint32_t hanging_pid;
static uint32_t hanging_count = 1;

static lanes_status start_hanging_first(void *ctx, int *out_socket_fd,
                                        lanes_os_child *out_child, lanes_error *err)
{
    fixture *own = ctx;
    if (lanes_fetch_add_relaxed_u32(&own->compiler_starts, 1) >= hanging_count) {
        return fake_start_compiler(ctx, out_socket_fd, out_child, err);
    }
    int fds[2];
    LANES_TRY(lanes_os_socket_pair(fds, err));
    const char *const argv[] = {"sleep", "1000", NULL};
    const lanes_os_spawn spawn = {.path = "/bin/sleep",
                                  .argv = argv,
                                  .fd_count = 1,
                                  .fds = {{.from = fds[1], .to = 3}}};
    const lanes_status status = lanes_os_spawn_program(&spawn, out_child, err);
    lanes_os_close(&fds[1]);
    *out_socket_fd = fds[0];
    lanes_store_release_u32(&hanging_pid, (uint32_t)out_child->pid);
    return status;
}

Test(server_compiler, one_that_hangs_is_killed_and_replaced)
{
    f.options.silence_ns = SECOND_NS / 2;
    f.options.hooks.start_compiler = start_hanging_first;
    start();
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(load("double"), LANES_E_COMPILE_CRASHED);
    cr_assert_geq(lanes_clock_ns() - start_ns, SECOND_NS / 2);
    cr_assert_not_null(strstr(c.text, "was killed by SIGKILL"), "%s", c.text);
    cr_assert_eq(compiler_number("retried"), 0, "lanes did that");
    cr_assert_eq(kill((pid_t)hanging_pid, 0), -1, "it was killed and reaped");
    cr_assert_eq(errno, ESRCH);
    cr_assert_eq(load("double"), LANES_OK, "by the next: %s", c.text);
}

/* ---- Killed by others ---------------------------------------------------------------
 */

static void wait_for_number(const char *name, long long wanted)
{
    for (uint32_t i = 0; i < 2000 && compiler_number(name) != wanted; i++) {
        sleep_ms(5);
    }
    cr_assert_eq(compiler_number(name), wanted, "%s", name);
}

static void start_hanging(uint32_t count)
{
    hanging_count = count;
    f.options.hooks.start_compiler = start_hanging_first;
    start();
}

/* Once the compiler that hangs has @p jobs: as an operator would, or the OOM killer. */
static void kill_hanging(uint32_t jobs, int signal_number)
{
    wait_for_number("running", jobs);
    const uint32_t pid = lanes_load_acquire_u32(&hanging_pid);
    cr_assert_eq(kill((pid_t)pid, signal_number), 0);
    while (kill((pid_t)pid, 0) == 0) {
        sleep_ms(1); /* until it is reaped */
    }
}

Test(server_compiler, a_compile_that_was_killed_is_asked_for_once_more)
{
    start();
    cr_assert_eq(load("killed"), LANES_OK, "%s", c.text);
    cr_assert_eq(compiles(), 2);
    cr_assert_eq(compiler_number("retried"), 1);
    cr_assert_eq(compiler_number("failed"), 0);
    cr_assert_eq(compiler_number("requests"), 1);
    cr_assert_eq(compiler_number("restarts"), 0);
}

Test(server_compiler, batches_wait_for_the_second_try)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    start();
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    cr_assert_eq(client_load(&c, "double killed", &kernel), LANES_OK, "%s", c.text);
    batch b = batch_of(&kernel, &in, &out, 100);
    b.stride[0] = 0;
    in.data[0] = 21;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    cr_assert_eq(out.data[99], 42.0);
    cr_assert_eq(compiles(), 3);
}

Test(server_compiler, what_is_killed_twice_is_refused)
{
    static const char *const commands[] = {"crash:9", "crash:15", "crash:2", "crash:1"};
    start();
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(commands); i++) {
        cr_assert_eq(load(commands[i]), LANES_E_COMPILE_CRASHED);
        cr_assert_not_null(strstr(c.text, "LLVM was killed by SIG"), "%s", c.text);
        cr_assert_not_null(strstr(c.text, "twice, and not by lanes"), "%s", c.text);
        cr_assert_eq(compiles(), 2 * i + 2, "%s", commands[i]);
        cr_assert_eq(load(commands[i]), LANES_E_COMPILE_CRASHED);
        cr_assert_not_null(strstr(c.text, "without another try"), "%s", c.text);
        cr_assert_eq(compiles(), 2 * i + 2, "%s", commands[i]);
    }
    cr_assert_eq(compiler_number("retried"), 4);
    cr_assert_eq(compiler_number("crashed"), 8);
}

/* SIGABRT, SIGSEGV, SIGXCPU, SIGSYS. */
Test(server_compiler, what_kills_itself_is_asked_for_once)
{
    static const char *const commands[] = {"crash:6", "crash:11", "crash:24", "crash:31"};
    start();
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(commands); i++) {
        cr_assert_eq(load(commands[i]), LANES_E_COMPILE_CRASHED);
        cr_assert_eq(compiles(), i + 1, "%s", commands[i]);
    }
    cr_assert_eq(compiler_number("retried"), 0);
}

Test(server_compiler, what_a_killed_compiler_had_goes_to_the_next)
{
    static const int signals[] = {SIGKILL, SIGTERM};
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(signals); i++) {
        client other;
        lanes_abi_kernel kernel;
        if (i > 0) {
            teardown();
            setup();
        }
        start_hanging(1);
        client_open_ok(&other, &f);
        client_load_begin(&c, "double");
        client_load_begin(&other, "slow");
        kill_hanging(2, signals[i]);
        cr_assert_eq(client_load_end(&c, &kernel), LANES_OK, "%s", c.text);
        cr_assert_eq(client_load_end(&other, &kernel), LANES_OK, "%s", other.text);
        cr_assert_eq(compiler_number("retried"), 2);
        cr_assert_eq(compiler_number("restarts"), 1);
        cr_assert_eq(compiler_number("failed"), 0);
        client_close(&other);
    }
}

/* And so it is for another that waited for the same. */
Test(server_compiler, what_two_compilers_were_killed_with_is_refused)
{
    client other;
    lanes_abi_kernel kernel;
    start_hanging(2);
    client_open_ok(&other, &f);
    client_load_begin(&c, "double");
    wait_for_number("running", 1);
    client_load_begin(&other, "double");
    wait_for_number("queued", 1);
    kill_hanging(1, SIGKILL);
    wait_for_number("restarts", 1);
    kill_hanging(1, SIGKILL);
    cr_assert_eq(client_load_end(&c, &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_not_null(
        strstr(c.text, "the compiler process was killed by SIGKILL while it had this "
                       "kernel, as it was killed before"),
        "%s", c.text);
    cr_assert_eq(client_load_end(&other, &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_str_eq(other.text, c.text);
    cr_assert_eq(load("double"), LANES_E_COMPILE_CRASHED);
    cr_assert_not_null(strstr(c.text, "without another try"), "%s", c.text);
    cr_assert_eq(compiles(), 0, "no third compiler was asked");
    cr_assert_eq(load("slow"), LANES_OK, "%s", c.text);
    client_close(&other);
}

Test(server_compiler, what_a_crashed_compiler_had_fails_at_once)
{
    lanes_abi_kernel kernel;
    start_hanging(1);
    client_load_begin(&c, "double");
    kill_hanging(1, SIGSEGV);
    cr_assert_eq(client_load_end(&c, &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_not_null(strstr(c.text, "was killed by SIGSEGV while it had this kernel"),
                       "%s", c.text);
    cr_assert_eq(compiler_number("retried"), 0);
    cr_assert_eq(load("double"), LANES_OK, "it has read no IR: %s", c.text);
}

Test(server_compiler, nobody_is_asked_again_for_who_has_left)
{
    client other;
    start_hanging(1);
    client_open_ok(&other, &f);
    client_load_begin(&other, "double");
    wait_for_number("running", 1);
    client_close(&other);
    kill_hanging(1, SIGKILL);
    wait_for_number("running", 0);
    cr_assert_eq(load("slow"), LANES_OK, "%s", c.text);
    cr_assert_eq(compiles(), 1);
    cr_assert_eq(compiler_number("retried"), 0);
}
