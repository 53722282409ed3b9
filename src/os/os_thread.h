/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_thread.h - the CPU on which a thread runs, and how much of one it gets.
 *
 * Threads: any; each function is about the calling thread.
 */
#ifndef LANES_OS_THREAD_H
#define LANES_OS_THREAD_H

#include "base/base.h"

/** The CPU this thread runs on, some nanoseconds ago; UINT32_MAX: unknown. */
uint32_t lanes_os_current_cpu(void);

/** CPUs that this thread may use; at least 1. */
uint32_t lanes_os_cpu_count(void);

/**
 * Let others go first wherever they want a CPU, for work that nobody waits for: this
 * thread and what it starts are batch work, 5 steps nicer: a quarter of a CPU that
 * one other wants, too. Not more, since compiles have a limit by the clock, too. It
 * cannot be undone. @return LANES_OK, -errno
 */
LANES_NODISCARD lanes_status lanes_os_give_way(void);

/**
 * Move this thread to another of the CPUs that it may use, if it has others than @p cpu.
 * What it may use is afterwards as before, so that the scheduler can bring it back.
 *
 * @return false if it may use no other, or the kernel refused
 */
bool lanes_os_leave_cpu(uint32_t cpu);

#endif /* LANES_OS_THREAD_H */
