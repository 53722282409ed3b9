/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - takes from the executor what it does not need to serve.
 *
 * The executor runs machine code that others wrote, in memory that others can write. It
 * has no promise to keep against malice of its own user, but what goes wrong in it should
 * end there: no new process, no new connection, no file written but in its cache.
 * README.md lists what is allowed and why.
 *
 * Threads: from the only thread of the process, before it starts others, which inherit
 * it. What was started before is not affected (spawner.h), what is started later would
 * be.
 */
#ifndef LANES_LANESD_CONFINE_H
#define LANES_LANESD_CONFINE_H

#include "base/base.h"

/** What the executor may still need. */
typedef struct confine_options {
    const char *cache_folder; /**< writes files in there; NULL: writes none */
    const char *socket_path;  /**< deletes it at the end; NULL: nothing to delete */
    bool is_dumpable;         /**< debuggers may attach, and it may leave a core file */
    bool has_sandbox;         /**< confine_paths() and confine_calls(), too */
} confine_options;

/**
 * All of it. What this kernel does not offer is logged and left out: a warning where
 * system calls stay open.
 */
void confine_self(const confine_options *options);

/**
 * No core file, no debugger, nobody of this user reads this process's memory.
 */
LANES_NODISCARD lanes_status confine_memory(lanes_error *err);

/**
 * Of paths: files are written, made and deleted below the cache's folder, files deleted
 * in the folder of the socket, and nothing is executed. Reading stays as it was.
 *
 * @return LANES_OK, LANES_E_UNAVAILABLE (a kernel without Landlock), -errno
 */
LANES_NODISCARD lanes_status confine_paths(const confine_options *options,
                                           lanes_error *err);

/**
 * The system-call filter. Calls that an executor has no reason for kill the process; what
 * is on neither list fails with ENOSYS, and is logged.
 *
 * @param may_write  files may be opened for writing; else that fails with EACCES
 * @return LANES_OK, LANES_E_UNAVAILABLE (a kernel without seccomp, or a container that
 *   forbids it), -errno
 */
LANES_NODISCARD lanes_status confine_calls(bool may_write, lanes_error *err);

#endif /* LANES_LANESD_CONFINE_H */
