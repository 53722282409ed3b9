/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - takes from a child of lanes-compiler what it does not need to compile.
 *
 * Two steps, because reading the IR needs what compiling does not: sandbox_limit() right
 * after the fork, sandbox_close() before LLVM sees the IR. In sanitizer builds
 * (LANES_SANITIZED) the address-space limit and the system-call filter are left out: a
 * sanitizer maps terabytes and opens /proc files when it reports.
 */
#ifndef LANES_COMPILER_SANDBOX_H
#define LANES_COMPILER_SANDBOX_H

#include "compiler.h"

/** Descriptors of a child after sandbox_limit(); 0 and 1 are /dev/null, 2 may be. */
enum sandbox_fd { SANDBOX_RESULT_FD = 3, SANDBOX_IR_FD = 4 };

/**
 * Die with @p parent, set the limits, give up privileges, and keep only the two
 * descriptors, as SANDBOX_RESULT_FD and SANDBOX_IR_FD.
 */
LANES_NODISCARD lanes_status sandbox_limit(const compiler_limits *limits, int32_t parent,
                                           int ir_fd, int result_fd);

/**
 * Install the system-call filter: memory without execution, writing to SANDBOX_RESULT_FD
 * (and stderr), clocks, signals of the process itself, exit. Anything else kills it.
 */
LANES_NODISCARD lanes_status sandbox_close(lanes_error *err);

/** From now on a failing allocation ends the process with @p exit_status. */
void sandbox_exit_without_memory(int exit_status);

#endif /* LANES_COMPILER_SANDBOX_H */
