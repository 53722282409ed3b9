/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_guard.h - survive a fault in code that is not ours.
 *
 * A guarded call that receives SIGSEGV, SIGBUS, SIGFPE or SIGILL (its own stack's
 * overflow included) is abandoned with siglongjmp, and the fault returned as data. A
 * fault in any other code of the process does what it did before
 * lanes_os_guard_install(): ours are bugs, and end the process.
 *
 * What the guarded code had in hand is lost: no destructors, no unlocking. So it may hold
 * no lock and own no memory that somebody else frees.
 */
#ifndef LANES_OS_GUARD_H
#define LANES_OS_GUARD_H

#include <pthread.h>

#include "base/base.h"

/** What ended a guarded call. signal_number 0 = nothing did. */
typedef struct lanes_os_fault {
    int32_t signal_number;
    int32_t code;               /* siginfo.si_code */
    uint64_t address;           /* siginfo.si_addr: of the datum, or of the instruction */
    uint32_t is_stack_overflow; /* the address lies in this thread's stack guard */
    uint32_t reserved;
} lanes_os_fault;

/**
 * Install the handlers; once per process (again does nothing), before threads that use
 * guards. Handlers that were there are called for faults outside guards, and for these
 * signals when a process has sent them, which is no fault.
 */
LANES_NODISCARD lanes_status lanes_os_guard_install(lanes_error *err);

/**
 * Call fn(ctx) guarded. The first call on a thread gives it an alternate signal stack,
 * which goes with the thread; without handlers, or without memory for that stack, the
 * call is plain. Does not nest. Costs about 4 ns, a fault about 2 us.
 *
 * A fault leaves the floating-point state that the kernel gives to signal handlers (round
 * to nearest, nothing flushed or trapped): callers restore what they need. The signal
 * mask is that of the code that faulted.
 *
 * @return true if fn returned; false if a fault ended it: then *out_fault tells
 */
LANES_NODISCARD bool lanes_os_guard_call(void (*fn)(void *ctx), void *ctx,
                                         lanes_os_fault *out_fault);

/**
 * As lanes_os_guard_call(), and whoever knows @p ticket, which is not 0, may end it.
 */
LANES_NODISCARD bool lanes_os_guard_call_for(uint64_t ticket, void (*fn)(void *ctx),
                                             void *ctx, lanes_os_fault *out_fault);

/**
 * End the guarded call that @p thread is in, wherever it is, if it was begun for @p
 * ticket: it returns false, with a fault that lanes_os_fault_is_interrupt(). Outside of
 * such a call nothing happens. SIGURG is used, of which one at a time can be pending:
 * where another is, this one is lost, so ask again until the call has ended. Any thread;
 * @p thread must not have ended.
 */
void lanes_os_guard_interrupt(pthread_t thread, uint64_t ticket);

/** True if lanes_os_guard_interrupt() ended the call: it had no fault of its own. */
bool lanes_os_fault_is_interrupt(const lanes_os_fault *fault);

/**
 * True if the address was mapped, but nothing is behind it: its file has become shorter,
 * or has a hole that the file system cannot fill. So it says nothing of the code that
 * faulted.
 */
bool lanes_os_fault_is_missing_memory(const lanes_os_fault *fault);

/** "SIGSEGV at address 0x10", "SIGFPE at instruction 0x5f10" or "stack overflow (SIGSEGV
 * at address 0x7f5f10)" into @p text, cut to its size. */
void lanes_os_fault_format(const lanes_os_fault *fault, char *text, size_t text_bytes);

#endif /* LANES_OS_GUARD_H */
