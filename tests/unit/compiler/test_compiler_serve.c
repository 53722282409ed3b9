/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_compiler_serve.c - the loop and the sandbox of lanes-compiler.
 *
 * Each test forks a process that serves one end of a socket pair with the code generator
 * of fake_codegen.c, sends requests and judges replies and results. Not tested here: what
 * LLVM itself needs from the sandbox (tests/e2e does that with real compiles).
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "compiler.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"

#define SECOND 1000000000ull

struct server {
    pid_t pid;
    int socket;
};

static struct server server_start(const compiler_limits *limits)
{
    struct server server;
    int pair[2];
    cr_assert(eq(int, lanes_os_socket_pair(pair, NULL), LANES_OK));
    server.pid = fork();
    cr_assert(ge(int, server.pid, 0));
    if (server.pid == 0) {
        lanes_error err;
        lanes_os_close(&pair[0]);
        const bool is_ok = lanes_codegen_init(&err) == LANES_OK &&
                           compiler_serve(pair[1], limits, &err) == LANES_OK;
        _exit(is_ok ? 0 : 1);
    }
    lanes_os_close(&pair[1]);
    server.socket = pair[0];
    return server;
}

/* The server's exit status, after it noticed that nobody needs it. */
static int server_end(struct server *server)
{
    int status = -1;
    lanes_os_close(&server->socket);
    cr_assert(eq(int, waitpid(server->pid, &status, 0), server->pid));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The exit status of a server that ends by itself. */
static int server_wait(struct server *server)
{
    cr_expect(gt(int, lanes_os_poll(server->socket, LANES_OS_READABLE, 10 * SECOND), 0));
    return server_end(server);
}

/*
 * The limits of these tests: small, so that reaching one takes a second. Wall time is
 * generous, since the machine may be busy; the tests of that limit lower it.
 */
static compiler_limits test_limits(void)
{
    compiler_limits limits;
    compiler_limits_default(&limits);
    limits.cpu_seconds = 1;
    limits.wall_seconds = 20;
    limits.output_bytes = 1u << 20;
    return limits;
}

static lanes_compile_request request_for(const char *ir, uint64_t id)
{
    return (lanes_compile_request){
        .version = LANES_COMPILE_VERSION, .id = id, .ir_bytes = strlen(ir)};
}

/* Sends a request and closes this process's copies of its descriptors but *out_result. */
static void send_request(const struct server *server,
                         const lanes_compile_request *request, const char *ir,
                         int *out_result)
{
    int fds[2] = {-1, -1};
    cr_assert(eq(int, lanes_os_memfd_create("ir", 0, &fds[0], NULL), LANES_OK));
    cr_assert(eq(int, lanes_os_write_at(fds[0], ir, strlen(ir), 0, NULL), LANES_OK));
    cr_assert(eq(int, lanes_os_memfd_create("result", 0, &fds[1], NULL), LANES_OK));
    cr_assert(eq(int,
                 lanes_os_send(server->socket, request, sizeof(*request), fds, 2,
                               10 * SECOND, NULL),
                 LANES_OK));
    lanes_os_close(&fds[0]);
    if (out_result != NULL) {
        *out_result = fds[1];
    } else {
        lanes_os_close(&fds[1]);
    }
}

static lanes_compile_reply receive_reply(const struct server *server)
{
    lanes_compile_reply reply = {0};
    lanes_os_message message = {.buffer = &reply, .capacity_bytes = sizeof(reply)};
    lanes_error err = {0};
    const lanes_status status =
        lanes_os_receive(server->socket, &message, 20 * SECOND, &err);
    cr_assert(eq(int, status, LANES_OK), "%s", err.message);
    cr_assert(eq(sz, message.bytes, sizeof(reply)));
    return reply;
}

/* One compile by a server of its own. */
static lanes_compile_reply compile_alone(const compiler_limits *limits, const char *ir,
                                         lanes_compile_result *out_result)
{
    struct server server = server_start(limits);
    const lanes_compile_request request = request_for(ir, 42);
    int result = -1;
    send_request(&server, &request, ir, &result);
    const lanes_compile_reply reply = receive_reply(&server);
    cr_expect(eq(u64, reply.id, 42));
    if (out_result != NULL) {
        cr_assert(eq(int,
                     lanes_os_read_at(result, out_result, sizeof(*out_result), 0, NULL),
                     LANES_OK));
    }
    lanes_os_close(&result);
    cr_expect(eq(int, server_end(&server), 0));
    return reply;
}

Test(compiler_serve, compile_leaves_result_report_and_object, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    const lanes_compile_request request = request_for("ok", 7);
    int fd = -1;
    send_request(&server, &request, "ok", &fd);
    const lanes_compile_reply reply = receive_reply(&server);
    cr_expect(eq(u64, reply.id, 7));
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_DONE));
    cr_expect(eq(u32, reply.signal_number, 0));
    cr_expect(gt(u64, reply.wall_ns, 0));
    cr_expect(gt(u64, reply.peak_rss_bytes, 0));

    struct {
        lanes_compile_result head;
        char rest[16];
    } got;
    cr_assert(
        eq(int, lanes_os_read_at(fd, &got, sizeof(got.head) + 16, 0, NULL), LANES_OK));
    cr_expect(eq(int, got.head.status, LANES_OK));
    cr_expect(eq(u64, got.head.report_bytes, 10));
    cr_expect(eq(u64, got.head.object_bytes, 6));
    cr_expect(eq(int, memcmp(got.rest, "{\"fake\":1}oooooo", 16), 0));
    lanes_os_close(&fd);
    cr_expect(eq(int, server_end(&server), 0));
}

Test(compiler_serve, refused_ir_is_a_whole_result, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    lanes_compile_result result;
    const lanes_compile_reply reply = compile_alone(&limits, "rubbish", &result);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_DONE));
    cr_expect(eq(int, result.status, LANES_E_IR_PARSE));
    cr_expect(ne(ptr, strstr(result.message, "'rubbish'"), NULL));
    cr_expect(eq(u64, result.object_bytes, 0));
}

Test(compiler_serve, llvm_giving_up_is_a_result_with_its_reason, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    lanes_compile_result result;
    const lanes_compile_reply reply = compile_alone(&limits, "fatal", &result);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_DONE));
    cr_expect(eq(int, result.status, LANES_E_COMPILE_CRASHED));
    cr_expect(ne(ptr, strstr(result.message, "cannot select an instruction"), NULL));
    cr_expect(eq(u64, result.object_bytes, 0));
}

Test(compiler_serve, endless_compile_meets_the_cpu_limit, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    const lanes_compile_reply reply = compile_alone(&limits, "loop", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_CPU_LIMIT));
    cr_expect(eq(u32, reply.signal_number, SIGXCPU));
    cr_expect(eq(u64, reply.limit, 1));
    cr_expect(ge(u64, reply.cpu_ns, SECOND / 2));
}

Test(compiler_serve, sleeping_compile_meets_the_wall_limit, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.wall_seconds = 2;
    const lanes_compile_reply reply = compile_alone(&limits, "sleep", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_WALL_LIMIT));
    cr_expect(eq(u64, reply.limit, 2));
    cr_expect(ge(u64, reply.wall_ns, 2 * SECOND));
    cr_expect(lt(u64, reply.wall_ns, 4 * SECOND));
    cr_expect(lt(u64, reply.cpu_ns, SECOND));
}

/* Sanitizer builds have no memory limit and no filter. */
#if !defined(LANES_SANITIZED)

Test(compiler_serve, files_are_refused_without_killing, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    const lanes_compile_reply reply = compile_alone(&limits, "open", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_DONE));
}

Test(compiler_serve, growing_compile_meets_the_memory_limit, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    const lanes_compile_reply reply = compile_alone(&limits, "allocate", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_MEMORY_LIMIT));
    cr_expect(eq(u64, reply.limit, LANES_COMPILE_MEMORY_BYTES));
}

Test(compiler_serve, one_huge_allocation_meets_the_memory_limit, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    const lanes_compile_reply reply = compile_alone(&limits, "allocate-at-once", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_MEMORY_LIMIT));
}

#endif

Test(compiler_serve, result_just_within_the_output_limit_is_done, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.output_bytes = sizeof(lanes_compile_result) + 10 + 4096;
    lanes_compile_result result;
    const lanes_compile_reply reply = compile_alone(&limits, "write 4096", &result);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_DONE));
    cr_expect(eq(u64, result.object_bytes, 4096));
}

Test(compiler_serve, larger_result_meets_the_output_limit, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.output_bytes = sizeof(lanes_compile_result) + 10 + 4095;
    const lanes_compile_reply reply = compile_alone(&limits, "write 4096", NULL);
    cr_expect(eq(u32, reply.outcome, LANES_COMPILE_OUTPUT_LIMIT));
    cr_expect(eq(u64, reply.limit, limits.output_bytes));
}

Test(compiler_serve, crashes_are_told_by_their_signal, .timeout = 60)
{
#if defined(LANES_SANITIZED)
    static const struct {
        const char *ir;
        uint32_t signal_number;
    } rows[] = {{"abort", SIGABRT}};
#else
    static const struct {
        const char *ir;
        uint32_t signal_number;
    } rows[] = {
        {"abort", SIGABRT},          {"segfault", SIGSEGV},
        {"socket", SIGSYS},          {"execute-memory", SIGSYS},
        {"kill-parent", SIGSYS},     {"write-elsewhere", SIGSYS},
        {"execute", SIGSYS},         {"fork", SIGSYS},
        {"thread", SIGSYS},          {"trace", SIGSYS},
        {"make-executable", SIGSYS}, {"read-elsewhere", SIGSYS},
        {"connect", SIGSYS},
    };
#endif
    const compiler_limits limits = test_limits();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        const lanes_compile_reply reply = compile_alone(&limits, rows[i].ir, NULL);
        cr_expect(eq(u32, reply.outcome, LANES_COMPILE_CRASHED), "%s", rows[i].ir);
        cr_expect(eq(u32, reply.signal_number, rows[i].signal_number), "%s", rows[i].ir);
    }
}

Test(compiler_serve, ir_shorter_than_stated_is_an_error, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    lanes_compile_request request = request_for("ok", 1);
    request.ir_bytes = 1000;
    int fd = -1;
    lanes_compile_result result;
    send_request(&server, &request, "ok", &fd);
    cr_expect(eq(u32, receive_reply(&server).outcome, LANES_COMPILE_DONE));
    cr_assert(eq(int, lanes_os_read_at(fd, &result, sizeof(result), 0, NULL), LANES_OK));
    cr_expect(eq(int, result.status, -EIO));
    cr_expect(ne(ptr, strstr(result.message, "2 of 1000 bytes"), NULL));
    lanes_os_close(&fd);
    cr_expect(eq(int, server_end(&server), 0));
}

Test(compiler_serve, empty_or_oversized_ir_is_an_error, .timeout = 30)
{
    static const uint64_t sizes[] = {0, LANES_IR_BYTES_MAX + 1ull, UINT64_MAX};
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(sizes); i++) {
        lanes_compile_request request = request_for("ok", i);
        request.ir_bytes = sizes[i];
        int fd = -1;
        lanes_compile_result result;
        send_request(&server, &request, "ok", &fd);
        cr_expect(eq(u32, receive_reply(&server).outcome, LANES_COMPILE_DONE));
        cr_assert(
            eq(int, lanes_os_read_at(fd, &result, sizeof(result), 0, NULL), LANES_OK));
        cr_expect(eq(int, result.status, LANES_E_IR_LIMIT));
        lanes_os_close(&fd);
    }
    cr_expect(eq(int, server_end(&server), 0));
}

/* The result of "known" with codes as the fake expects them, or fewer bytes of them. */
static lanes_compile_result compile_with_codes(uint32_t count, uint64_t bytes)
{
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    char text[5 + 3 * sizeof(lanes_code_key) + 1] = "known";
    for (uint32_t i = 0; i < 3; i++) {
        memset(text + 5 + i * sizeof(lanes_code_key), (int)i + 1, sizeof(lanes_code_key));
    }
    text[5 + bytes] = '\0';
    lanes_compile_request request = request_for("known", 1);
    request.known_count = count;
    int fd = -1;
    lanes_compile_result result;
    send_request(&server, &request, text, &fd);
    cr_expect(eq(u32, receive_reply(&server).outcome, LANES_COMPILE_DONE));
    cr_assert(eq(int, lanes_os_read_at(fd, &result, sizeof(result), 0, NULL), LANES_OK));
    lanes_os_close(&fd);
    cr_expect(eq(int, server_end(&server), 0));
    return result;
}

Test(compiler_serve, codes_behind_the_ir_reach_the_code_generator, .timeout = 30)
{
    const lanes_compile_result result = compile_with_codes(3, 96);
    cr_expect(eq(int, result.status, LANES_OK), "%s", result.message);
    cr_expect(eq(u32, result.is_known, 1));
    cr_expect(eq(u64, result.object_bytes, 0));
}

Test(compiler_serve, missing_or_too_many_codes_are_errors, .timeout = 30)
{
    lanes_compile_result result = compile_with_codes(3, 95);
    cr_expect(eq(int, result.status, -EIO));
    cr_expect(ne(ptr, strstr(result.message, "100 of 101 bytes"), NULL), "%s",
              result.message);
    result = compile_with_codes(LANES_KNOWN_MAX + 1, 96);
    cr_expect(eq(int, result.status, LANES_E_PROTOCOL));
    cr_expect(ne(ptr, strstr(result.message, "16385"), NULL), "%s", result.message);
}

Test(compiler_serve, other_version_is_an_error_that_names_both, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    lanes_compile_request request = request_for("ok", 1);
    request.version = 4711;
    int fd = -1;
    lanes_compile_result result;
    send_request(&server, &request, "ok", &fd);
    cr_expect(eq(u32, receive_reply(&server).outcome, LANES_COMPILE_DONE));
    cr_assert(eq(int, lanes_os_read_at(fd, &result, sizeof(result), 0, NULL), LANES_OK));
    cr_expect(eq(int, result.status, LANES_E_ABI_MISMATCH));
    cr_expect(ne(ptr, strstr(result.message, "4711"), NULL));
    lanes_os_close(&fd);
    cr_expect(eq(int, server_end(&server), 0));
}

Test(compiler_serve, malformed_request_ends_the_server, .timeout = 30)
{
    const compiler_limits limits = test_limits();
    const lanes_compile_request request = request_for("ok", 1);
    struct server server = server_start(&limits);
    cr_assert(
        eq(int, lanes_os_send(server.socket, "hello", 5, NULL, 0, SECOND, NULL), 0));
    cr_expect(eq(int, server_wait(&server), 1));

    server = server_start(&limits);
    cr_assert(
        eq(int,
           lanes_os_send(server.socket, &request, sizeof(request), NULL, 0, SECOND, NULL),
           LANES_OK));
    cr_expect(eq(int, server_wait(&server), 1));

    const int fds[] = {0, 0};
    server = server_start(&limits);
    cr_assert(eq(
        int,
        lanes_os_send(server.socket, &request, sizeof(request) - 8, fds, 2, SECOND, NULL),
        LANES_OK));
    cr_expect(eq(int, server_wait(&server), 1));
}

Test(compiler_serve, slow_compile_does_not_delay_another, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.children_max = 2;
    limits.wall_seconds = 2;
    struct server server = server_start(&limits);
    const lanes_compile_request slow = request_for("sleep", 1);
    const lanes_compile_request quick = request_for("ok", 2);
    send_request(&server, &slow, "sleep", NULL);
    send_request(&server, &quick, "ok", NULL);
    cr_expect(eq(u64, receive_reply(&server).id, 2));
    cr_expect(eq(u64, receive_reply(&server).id, 1));
    cr_expect(eq(int, server_end(&server), 0));
}

Test(compiler_serve, requests_beyond_the_children_wait_in_order, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.children_max = 1;
    limits.wall_seconds = 1;
    struct server server = server_start(&limits);
    const lanes_compile_request slow = request_for("sleep", 1);
    send_request(&server, &slow, "sleep", NULL);
    for (uint64_t id = 2; id < 6; id++) {
        const lanes_compile_request quick = request_for("ok", id);
        send_request(&server, &quick, "ok", NULL);
    }
    for (uint64_t id = 1; id < 6; id++) {
        cr_expect(eq(u64, receive_reply(&server).id, id));
    }
    cr_expect(eq(int, server_end(&server), 0));
}

/* More than the job table holds, and nobody reads replies until the socket is full. */
Test(compiler_serve, flood_of_requests_is_answered_one_by_one, .timeout = 50)
{
    const compiler_limits limits = test_limits();
    struct server server = server_start(&limits);
    uint64_t sent = 0;
    uint64_t answered = 0;
    while (answered < 400) {
        if (sent < 400 &&
            lanes_os_poll(server.socket, LANES_OS_WRITABLE, SECOND / 10) > 0) {
            const lanes_compile_request request = request_for("ok", sent++);
            send_request(&server, &request, "ok", NULL);
        } else {
            cr_assert(eq(u32, receive_reply(&server).outcome, LANES_COMPILE_DONE));
            answered++;
        }
    }
    cr_expect(eq(int, server_end(&server), 0));
}

/* Starts a compile that sleeps and holds the writing end of a pipe. */
static int start_sleeper(const struct server *server)
{
    int ends[2];
    int fds[2] = {-1, -1};
    cr_assert(eq(int, pipe(ends), 0));
    cr_assert(eq(int, lanes_os_memfd_create("ir", 0, &fds[0], NULL), LANES_OK));
    cr_assert(eq(int, lanes_os_write_at(fds[0], "sleep", 5, 0, NULL), LANES_OK));
    fds[1] = ends[1];
    const lanes_compile_request request = request_for("sleep", 1);
    cr_assert(
        eq(int,
           lanes_os_send(server->socket, &request, sizeof(request), fds, 2, SECOND, NULL),
           LANES_OK));
    lanes_os_close(&fds[0]);
    lanes_os_close(&fds[1]);
    return ends[0];
}

/* Waits until nobody holds the writing end any more. */
static bool pipe_hangs_up(int fd, int timeout_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, timeout_ms) == 1 && (entry.revents & POLLHUP) != 0;
}

Test(compiler_serve, hang_up_ends_the_children, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.wall_seconds = 100;
    struct server server = server_start(&limits);
    int fd = start_sleeper(&server);
    cr_expect(not(pipe_hangs_up(fd, 200)));
    cr_expect(eq(int, server_end(&server), 0));
    cr_expect(pipe_hangs_up(fd, 1000));
    lanes_os_close(&fd);
}

Test(compiler_serve, killed_server_takes_its_children_along, .timeout = 30)
{
    compiler_limits limits = test_limits();
    limits.wall_seconds = 100;
    struct server server = server_start(&limits);
    int fd = start_sleeper(&server);
    cr_expect(not(pipe_hangs_up(fd, 200)));
    cr_expect(eq(int, kill(server.pid, SIGKILL), 0));
    cr_expect(pipe_hangs_up(fd, 1000));
    lanes_os_close(&fd);
    cr_expect(eq(int, server_end(&server), 128 + SIGKILL));
}
