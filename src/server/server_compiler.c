/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_compiler.c - the compiler process: its start, its end, what its answers depend
 * on. server_compile.c has its jobs.
 */
#include "server/server_internal.h"

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_thread.h"
#include "os/os_wait.h"

/* Number of the socket in the compiler. */
#define COMPILER_FD 3

/* It may take to end when its socket is closed. */
#define ENDING_NS UINT64_C(1000000000)

static lanes_status spawn(const char *path, int *out_socket_fd, lanes_os_child *out_child,
                          lanes_error *err)
{
    int fds[2];
    LANES_TRY(lanes_os_socket_pair(fds, err));
    const char *const argv[] = {"lanes-compiler", "--socket-fd=3", NULL};
    const lanes_os_spawn options = {
        .path = path,
        .argv = argv,
        .flags = LANES_OS_SPAWN_OWN_GROUP,
        .fd_count = 1,
        .fds = {{.from = fds[1], .to = COMPILER_FD}},
    };
    const lanes_status status = lanes_os_spawn_program(&options, out_child, err);
    lanes_os_close(&fds[1]);
    if (status < 0) {
        lanes_os_close(&fds[0]);
        return lanes_error_prefix(err, status, "starting %s", path);
    }
    *out_socket_fd = fds[0];
    return LANES_OK;
}

bool lanes_server_compiler_end(lanes_server *server, lanes_os_exit *out_ended)
{
    lanes_server_compiler *compiler = &server->compiler;
    if (compiler->fd >= 0) {
        lanes_os_poller_remove(server->poller, compiler->fd);
        lanes_os_close(&compiler->fd);
    }
    if (compiler->child.pid == 0) {
        return false;
    }
    lanes_os_poller_remove(server->poller, compiler->child.pidfd);
    const bool has_time_out =
        lanes_os_child_wait(&compiler->child, ENDING_NS, out_ended) == LANES_E_TIMED_OUT;
    if (has_time_out) {
        LANES_IGNORE(lanes_os_child_signal(&compiler->child, LANES_OS_SIGNAL_KILL) < 0,
                     "it ends by itself then");
        LANES_IGNORE(lanes_os_child_wait(&compiler->child, LANES_OS_FOREVER, out_ended) <
                         0,
                     "there is nothing left to do");
    }
    return has_time_out;
}

/*
 * What answers depend on beside the request: this machine, this program and its
 * libraries, and the compiler, whose file is not read but looked at.
 */
static void identify_build(lanes_server *server)
{
    lanes_digest host;
    lanes_os_facts file = {.bytes = 0};
    int fd = -1;
    const char *path = server->options->compiler_path;
    lanes_digest_of_host(&host);
    if (path != NULL && lanes_os_file_open(path, 0, &fd, NULL) == LANES_OK) {
        LANES_IGNORE(lanes_os_fd_facts(fd, &file, NULL) < 0,
                     "one that is not there does not start either");
        lanes_os_close(&fd);
    }
    const uint64_t numbers[] = {file.device, file.inode, file.bytes, file.mtime_ns};
    const lanes_digest_part parts[] = {{&host, sizeof(host)}, {numbers, sizeof(numbers)}};
    lanes_digest_of(parts, LANES_ARRAY_COUNT(parts), &server->compiler.build);
}

lanes_status lanes_server_compiler_start(lanes_server *server, lanes_error *err)
{
    identify_build(server);
    lanes_server_compiler *compiler = &server->compiler;
    compiler->sent_max = lanes_os_cpu_count() + LANES_COMPILE_EXTRA;
    const lanes_server_options *options = server->options;
    int fd = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    LANES_TRY(options->hooks.start_compiler != NULL
                  ? options->hooks.start_compiler(options->hooks.ctx, &fd, &child, err)
                  : spawn(options->compiler_path, &fd, &child, err));
    compiler->fd = fd;
    compiler->child = child;
    server->stats.compiler_starts++;
    compiler->started_ns = lanes_clock_ns();
    compiler->restart_ns = 0;
    lanes_status status = lanes_os_poller_add(server->poller, fd, LANES_OS_READABLE,
                                              LANES_TOKEN_COMPILER, err);
    if (status == LANES_OK && child.pidfd >= 0) {
        status = lanes_os_poller_add(server->poller, child.pidfd, LANES_OS_READABLE,
                                     LANES_TOKEN_COMPILER, err);
    }
    if (status < 0) {
        lanes_os_exit ended;
        /* One that nobody listens to is none. */
        lanes_server_compiler_end(server, &ended);
    }
    return status;
}
