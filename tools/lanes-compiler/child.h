/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - what the forked child of one compile does, from fork to _exit().
 */
#ifndef LANES_COMPILER_CHILD_H
#define LANES_COMPILER_CHILD_H

#include "compiler.h"

/** How a child ends when no signal kills it. */
enum child_exit {
    CHILD_EXIT_DONE = 0,    /* the whole result is written */
    CHILD_EXIT_FAILED = 70, /* it could not be confined or could not write */
    CHILD_EXIT_MEMORY = 71, /* an allocation failed */
    CHILD_EXIT_OUTPUT = 72  /* the result is larger than the limit */
};

typedef struct child_task {
    const lanes_compile_request *request;
    const compiler_limits *limits;
    int ir_fd;
    int result_fd;
    int32_t parent;
} child_task;

/** Confine this process, compile, write the result, end. */
_Noreturn void child_run(const child_task *task);

#endif /* LANES_COMPILER_CHILD_H */
