/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawner.h - a process that starts lanes-compiler for an executor which cannot.
 *
 * The executor's filter (confine.h) would be the compiler's, too, and would have to allow
 * what only a compiler needs: other programs, new processes. So before the executor
 * confines itself it forks this one, which waits to be asked and starts one compiler each
 * time. It holds nothing but its socket and stderr, and ends with the executor.
 *
 * Threads: spawner_start() from the only thread of the process; the rest from one thread.
 */
#ifndef LANES_LANESD_SPAWNER_H
#define LANES_LANESD_SPAWNER_H

#include "os/os_process.h"

typedef struct spawner {
    const char *program; /**< borrowed; of lanes-compiler */
    int socket_fd;       /**< owned; -1: none */
    lanes_os_child child;
} spawner;

#define SPAWNER_NONE {.program = "", .socket_fd = -1, .child = LANES_OS_CHILD_NONE}

/** Fork one. @p program, the path of lanes-compiler, is borrowed until spawner_end(). */
LANES_NODISCARD lanes_status spawner_start(spawner *self, const char *program,
                                           lanes_error *err);

/**
 * Have the program started. It is a child of this process, not of the spawner.
 *
 * @param ctx  a spawner; the type is that of lanes_server_hooks.start_compiler
 * @return LANES_OK, LANES_E_UNAVAILABLE (the spawner has gone), what starting it gave
 */
LANES_NODISCARD lanes_status spawner_run(void *ctx, int *out_socket_fd,
                                         lanes_os_child *out_child, lanes_error *err);

/** End it. What it has started goes on. */
void spawner_end(spawner *self);

#endif /* LANES_LANESD_SPAWNER_H */
