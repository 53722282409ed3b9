/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_failpoint.h - places at which tests can have a process end as kill -9 would end it.
 *
 * $LANES_FAILPOINT = NAME[:HITS[:FILE]]: the thread that comes to NAME as the HITS-th one
 * (1: the first) kills its process. With FILE, only if it can delete FILE, so that what
 * is started in its place lives.
 *
 * Only in Debug builds: in others LANES_FAILPOINT() is nothing. A place is a change of
 * state that somebody else sees half of if the process ends there: put one on either
 * side.
 */
#ifndef LANES_OS_FAILPOINT_H
#define LANES_OS_FAILPOINT_H

#include <stdint.h>

/* X(constant, name): of the executor, the compiler, the client library. */
#define LANES_FAILPOINT_TABLE(X)                                                         \
    X(SESSION_ACCEPTED, "session-accepted")                                              \
    X(SESSION_HELLO, "session-hello")     /* made, not answered */                       \
    X(SESSION_OPEN, "session-open")       /* answered */                                 \
    X(SESSION_CLOSING, "session-closing") /* dispatch is told */                         \
    X(SESSION_GONE, "session-gone")       /* dispatch has let go */                      \
    X(SESSION_FREED, "session-freed")                                                    \
    X(SEGMENT_MADE, "segment-made")   /* mapped, nobody knows */                         \
    X(SEGMENT_KNOWN, "segment-known") /* dispatch knows, not answered */                 \
    X(SEGMENT_ANSWERED, "segment-answered")                                              \
    X(SEGMENT_REMOVED, "segment-removed") /* released, not answered */                   \
    X(SEGMENT_FREED, "segment-freed")                                                    \
    X(KERNEL_RECEIVED, "kernel-received") /* IR copied */                                \
    X(KERNEL_COMPILED, "kernel-compiled") /* loaded, dispatch does not know */           \
    X(KERNEL_KNOWN, "kernel-known")       /* dispatch knows, not answered */             \
    X(KERNEL_ANSWERED, "kernel-answered")                                                \
    X(KERNEL_REMOVED, "kernel-removed")                                                  \
    X(KERNEL_FREED, "kernel-freed")                                                      \
    X(JOB_QUEUED, "job-queued")                                                          \
    X(JOB_SENT, "job-sent")                                                              \
    X(JOB_ANSWERED, "job-answered") /* not checked yet */                                \
    X(JOB_LOADED, "job-loaded")     /* its code is linked */                             \
    X(JOB_FINISHED, "job-finished")                                                      \
    X(VARIANT_WANTED, "variant-wanted")                                                  \
    X(VARIANT_DONE, "variant-done")                                                      \
    X(CACHE_WRITING, "cache-writing") /* a file without its name */                      \
    X(CACHE_WRITTEN, "cache-written")                                                    \
    X(BATCH_TAKEN, "batch-taken")                                                        \
    X(BATCH_DECODED, "batch-decoded")                                                    \
    X(BATCH_PARKED, "batch-parked")                                                      \
    X(BATCH_QUEUED, "batch-queued")                                                      \
    X(BATCH_STARTING, "batch-starting")   /* not said in K yet */                        \
    X(BATCH_STARTED, "batch-started")     /* said, nothing written */                    \
    X(BATCH_SLICE, "batch-slice")         /* a slice has run */                          \
    X(BATCH_RUN, "batch-run")             /* all has run */                              \
    X(BATCH_POSTED, "batch-posted")       /* the completion is in K */                   \
    X(BATCH_PUBLISHED, "batch-published") /* and announced, nobody woken */              \
    X(BATCH_WOKEN, "batch-woken")                                                        \
    X(STOPPING, "stopping")                                                              \
    X(STOPPED, "stopped")             /* dispatch has ended */                           \
    X(COMPILER_READ, "compiler-read") /* a request */                                    \
    X(COMPILER_FORKED, "compiler-forked")                                                \
    X(COMPILER_ANSWERING, "compiler-answering")                                          \
    X(COMPILER_ANSWERED, "compiler-answered")                                            \
    X(CLIENT_RECORDED, "client-recorded") /* the entry is noted, not in U */             \
    X(CLIENT_SUBMITTED, "client-submitted")                                              \
    X(CLIENT_TAKEN, "client-taken") /* a completion is copied, not consumed */           \
    X(CLIENT_CONSUMED, "client-consumed")

#define LANES_FAILPOINT_ENUM_ROW(constant, name) LANES_FAILPOINT_##constant,
enum lanes_failpoint { LANES_FAILPOINT_TABLE(LANES_FAILPOINT_ENUM_ROW) LANES_FAILPOINTS };
#undef LANES_FAILPOINT_ENUM_ROW

#ifdef LANES_DEBUG

/** The one that is wanted, LANES_FAILPOINTS: none; set before main(). */
extern uint32_t lanes_failpoint_wanted;

/** A thread has come to the wanted one; may not return. */
void lanes_failpoint_reach(void);

static inline void lanes_failpoint(enum lanes_failpoint point)
{
    if (__builtin_expect(lanes_failpoint_wanted == (uint32_t)point, 0)) {
        lanes_failpoint_reach();
    }
}
#define LANES_FAILPOINT(constant) lanes_failpoint(LANES_FAILPOINT_##constant)

#else
#define LANES_FAILPOINT(constant) ((void)0)
#endif

#endif /* LANES_OS_FAILPOINT_H */
