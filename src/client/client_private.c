/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_private.c - an executor of our own, for programs whose user runs none.
 *
 * It inherits one end of a socket pair as descriptor 3 and ends when the other end
 * closes, so nothing has to be told when this process dies. It is not killed by a signal
 * bound to this process's thread (PR_SET_PDEATHSIG): the thread that opened the session
 * may end before the session does.
 */
#include "client/client_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"

#define PRIVATE_FD 3
/* An executor that has lost its client needs no longer than a tile and its unmapping. */
#define END_WAIT_NS  2000000000u
#define KILL_WAIT_NS 1000000000u

/** An object whose address tells which file this code was loaded from. */
static const char here;

/** True if @p path, @p levels components shortened, has bin/lanesd in it; then it names
 * it. */
static bool find_near(const char *near, unsigned levels, char path[LANES_OS_PATH_MAX])
{
    memcpy(path, near, strlen(near) + 1);
    return lanes_os_path_sibling(path, levels, "bin/lanesd") == LANES_OK &&
           lanes_os_is_program(path);
}

static lanes_status find_executor(char path[LANES_OS_PATH_MAX], lanes_error *err)
{
    const char *chosen = secure_getenv("LANES_EXECUTOR");
    if (chosen != NULL && chosen[0] != '\0') {
        if (strlen(chosen) >= LANES_OS_PATH_MAX || !lanes_os_is_program(chosen)) {
            return lanes_error_set(err, LANES_E_UNAVAILABLE,
                                   "LANES_EXECUTOR '%.200s' is not a program", chosen);
        }
        memcpy(path, chosen, strlen(chosen) + 1);
        return LANES_OK;
    }
    char near[LANES_OS_PATH_MAX];
    if (lanes_os_object_path(&here, near, NULL) == LANES_OK) {
        /* PREFIX/lib/liblanes.so, or PREFIX/lib/ARCHITECTURE/liblanes.so */
        if (find_near(near, 2, path) || find_near(near, 3, path)) {
            return LANES_OK;
        }
    }
    static const char installed[] = LANES_INSTALLED_BIN "/lanesd";
    memcpy(path, installed, sizeof(installed));
    if (!lanes_os_is_program(path)) {
        return lanes_error_set(
            err, LANES_E_UNAVAILABLE,
            "no executor runs and lanesd is neither in bin/ beside the "
            "library nor at %s; set LANES_EXECUTOR to its path",
            installed);
    }
    return LANES_OK;
}

/*
 * The executor's environment: ours without settings of OpenMP, which are meant for this
 * program. libgomp acts on them before main(), and OMP_PROC_BIND alone binds the
 * executor's first thread, whose mask then says that there is one core.
 */
static const char **executor_environment(void)
{
    static const char *const openmp[] = {"OMP_", "GOMP_", "KMP_"};
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    const char **kept = calloc(count + 1, sizeof(*kept));
    size_t kept_count = 0;
    for (size_t i = 0; kept != NULL && i < count; i++) {
        bool is_openmp = false;
        for (size_t k = 0; k < LANES_ARRAY_COUNT(openmp); k++) {
            is_openmp |= strncmp(environ[i], openmp[k], strlen(openmp[k])) == 0;
        }
        if (!is_openmp) {
            kept[kept_count++] = environ[i];
        }
    }
    return kept;
}

lanes_status lanes_client_start_private(lanes_session *session, lanes_error *err)
{
    char path[LANES_OS_PATH_MAX];
    LANES_TRY(find_executor(path, err));
    const char **environment = executor_environment();
    if (environment == NULL) {
        return lanes_error_errno(err, ENOMEM, "environment of the executor");
    }
    int pair[2] = {-1, -1};
    lanes_status status = lanes_os_socket_pair(pair, err);
    if (status < 0) {
        free(environment);
        return status;
    }
    char fd_option[32];
    char threads_option[32];
    char cpu_option[LANES_CLIENT_CPU_MAX + 8];
    const lanes_client_target *target = &session->target;
    snprintf(fd_option, sizeof(fd_option), "--private-fd=%d", PRIVATE_FD);
    const char *argv[5] = {"lanesd", fd_option};
    size_t argc = 2;
    if (target->threads > 0) { /* else the executor's own default; cpu likewise */
        snprintf(threads_option, sizeof(threads_option), "--threads=%u", target->threads);
        argv[argc++] = threads_option;
    }
    if (target->cpu[0] != '\0') {
        snprintf(cpu_option, sizeof(cpu_option), "--cpu=%s", target->cpu);
        argv[argc] = cpu_option;
    }
    const lanes_os_spawn spawn = {
        .path = path,
        .argv = argv,
        .envp = environment,
        .flags = LANES_OS_SPAWN_OWN_GROUP,
        .fd_count = 1,
        .fds = {{.from = pair[1], .to = PRIVATE_FD}},
    };
    status = lanes_os_spawn_program(&spawn, &session->executor, err);
    free(environment);
    lanes_os_close(&pair[1]);
    if (status < 0) {
        lanes_os_close(&pair[0]);
        return lanes_error_prefix(err, LANES_E_UNAVAILABLE, "no executor");
    }
    session->socket = pair[0];
    return LANES_OK;
}

lanes_status lanes_client_explain_private(lanes_session *session, lanes_status status,
                                          lanes_error *err)
{
    lanes_os_exit ended;
    if (lanes_os_child_wait(&session->executor, KILL_WAIT_NS, &ended) != LANES_OK) {
        return status; /* it lives; lanes_close() ends it */
    }
    char how[64];
    lanes_os_exit_format(&ended, how, sizeof(how));
    return lanes_error_set(
        err, LANES_E_UNAVAILABLE,
        "the private executor %s before it answered; its messages are on "
        "standard error",
        how);
}

void lanes_client_end_private(lanes_session *session)
{
    if (session->executor.pidfd < 0) {
        return;
    }
    if (lanes_client_is_forked(session)) {
        lanes_os_child_forget(&session->executor);
        return;
    }
    if (lanes_os_child_wait(&session->executor, END_WAIT_NS, NULL) == LANES_OK) {
        return;
    }
    LANES_IGNORE(lanes_os_child_signal(&session->executor, LANES_OS_SIGNAL_KILL),
                 "it may just have ended");
    if (lanes_os_child_wait(&session->executor, KILL_WAIT_NS, NULL) < 0) {
        /* Stuck in the kernel: leave it rather than hang the program. */
        lanes_os_child_forget(&session->executor);
    }
}
