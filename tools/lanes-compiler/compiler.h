/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compiler.h - the loop of lanes-compiler: requests in, one limited child each, replies
 * out.
 *
 * A job goes free -> queued (its request has arrived) -> running (its child lives) ->
 * ended (its child was reaped, the reply waits to be sent) -> free. One thread does all
 * of it; it never looks at IR or at a result.
 */
#ifndef LANES_COMPILER_H
#define LANES_COMPILER_H

#include "base/base.h"
#include "kernel/compile.h"

/** What one child may use, and how many may live at once. */
typedef struct compiler_limits {
    uint64_t cpu_seconds;
    uint64_t wall_seconds;
    uint64_t memory_bytes; /* address space */
    uint64_t output_bytes; /* the whole result */
    uint32_t children_max;
    uint32_t keeps_stderr; /* 1: children may print; else their stderr is /dev/null */
} compiler_limits;

/** The limits of kernel/compile.h and a child for each allowed CPU plus two. */
void compiler_limits_default(compiler_limits *limits);

/**
 * Serve requests until the other end of @p socket_fd hangs up; kills what still runs
 * then. lanes_codegen_init() must have been called, and the process must have one thread.
 *
 * @return LANES_OK after the hang-up, LANES_E_PROTOCOL for a malformed request, -errno
 */
LANES_NODISCARD lanes_status compiler_serve(int socket_fd, const compiler_limits *limits,
                                            lanes_error *err);

#endif /* LANES_COMPILER_H */
