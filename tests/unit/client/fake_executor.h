/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_executor.h - an executor that speaks the protocol, adds two arrays, and lies when
 * told to. It has no compiler: every kernel is f8(f8,f8), c = a + b.
 */
#ifndef LANES_TEST_FAKE_EXECUTOR_H
#define LANES_TEST_FAKE_EXECUTOR_H

#include <pthread.h>

#include "base/base.h"

#include <lanes/abi.h>

/** How the reply to a message of plan.type is spoilt. */
enum fake_lie {
    FAKE_HONEST = 0,
    FAKE_REFUSE,        /* a failure reply with plan.status */
    FAKE_SILENT,        /* no reply */
    FAKE_HANG_UP,       /* close the socket instead */
    FAKE_OTHER_TYPE,    /* header.type is another one */
    FAKE_OTHER_NUMBER,  /* header.sequence is another one */
    FAKE_OTHER_BYTES,   /* header.bytes is not the datagram's size */
    FAKE_POSITIVE,      /* header.status is positive */
    FAKE_TOO_SHORT,     /* a datagram shorter than a header */
    FAKE_TOO_LONG,      /* a datagram longer than LANES_ABI_MESSAGE_MAX */
    FAKE_LONGER,        /* eight bytes more than the reply has, as its header says */
    FAKE_SHORT_FAILURE, /* a failure reply without its text */
    FAKE_FAILURE_FD,    /* a failure reply with a descriptor */
    FAKE_FEWER_FDS,     /* one descriptor is missing */
    FAKE_EXTRA_FD,      /* one descriptor too many */
    FAKE_WRONG_FDS,     /* sockets instead of what the reply should bring */
    FAKE_OTHER_VERSION, /* hello: another protocol version */
    FAKE_OTHER_MAGIC,   /* hello: it is none of ours */
    FAKE_OTHER_SIZE,    /* segment: fewer bytes; kernel: too many operands, long report */
    FAKE_OTHER_INPUTS,  /* kernel: more inputs than there can be operands */
    FAKE_OTHER_ROWS,    /* kernel: a row among the operands that are no inputs */
    FAKE_OTHER_PARAMS,  /* kernel: two params blocks */
    FAKE_LIES_END
};

/** What the executor does with batches. */
enum fake_batches {
    FAKE_RUN = 0,
    FAKE_HOLD,           /* take them and never complete them */
    FAKE_DIE,            /* take one, then close the socket without a word */
    FAKE_FINISH_AND_DIE, /* complete one without waking anybody, then close the socket */
    FAKE_CLOSE,          /* end the session with reason plan.status */
    FAKE_CORRUPT         /* publish an impossible complete_tail */
};

/** How far the executor gets with batch plan.death_batch before it dies. */
enum fake_death {
    FAKE_LIVE = 0,
    FAKE_BEFORE_TAKE,
    FAKE_AFTER_TAKE,
    FAKE_AFTER_STARTED,
    FAKE_AFTER_WRITE,   /* its output is there */
    FAKE_AFTER_POST,    /* its completion is there, not announced */
    FAKE_AFTER_PUBLISH, /* and announced; nobody is woken */
    FAKE_AT_STOP        /* as on SIGTERM: what was taken is cancelled, the ring closed */
};

typedef struct fake_plan {
    enum fake_lie lie;
    uint32_t type;       /* enum lanes_abi_message_type that the lie is about */
    lanes_status status; /* for FAKE_REFUSE and FAKE_CLOSE */
    enum fake_batches batches;
    enum fake_death death;
    uint32_t death_batch;  /* of a session, from 0 */
    uint32_t deaths;       /* FAKE_HANG_UP and fake_death so often; 0: always */
    uint64_t delay_ns;     /* before each completion */
    uint64_t cookie_error; /* added to cookies of completions */
    uint32_t fp_raised;    /* of what a batch asks for */
    /* What its completions say, once they have run. */
    lanes_status outcome;
    uint64_t failed;
    lanes_abi_raised raised;
    /* What it says of its kernels. */
    uint32_t row_mask;
    uint64_t params_bytes; /* 0: no params block */
    uint64_t stats_bytes;  /* of its statistics, for FAKE_OTHER_SIZE */
    /* Where it says it runs. */
    bool tells_cpu;
    uint32_t cpu;
    uint32_t threads; /* that it tells beside the hello; 0: it tells none */
} fake_plan;

#define FAKE_RUNS_MAX 1024

/** A listening fake in a thread. */
typedef struct fake_executor {
    fake_plan plan;
    char folder[64];
    char path[80]; /* of its socket */
    int listener;
    int stop;   /* eventfd */
    int served; /* the socket of the present session */
    pthread_t thread;
    uint32_t
        segments_left; /* after fake_stop(): in the last session's table at its end */
    uint32_t kernels_left;
    /* What it got last; read it after the completion or the reply. */
    lanes_abi_entry entry;
    lanes_abi_operand first_operand;
    lanes_abi_kernel_load load;
    lanes_abi_kernel_fuse fuse;
    uint64_t cancelled_tag;
    lanes_abi_session_cancel session_cancel;
    /* What it did, in all sessions. */
    uint32_t deaths;
    uint32_t sessions;
    uint32_t loads;
    uint32_t fuses;
    uint32_t attached;
    uint32_t started; /* batches of which it said so */
    uint32_t run_count;
    uint64_t run_tag[FAKE_RUNS_MAX]; /* in the order in which they were run */
} fake_executor;

/** Listen at fake->path, in a new folder, and serve one session after the other. */
void fake_start(fake_executor *fake, fake_plan plan);

/** End the thread and delete the folder. */
void fake_stop(fake_executor *fake);

/** Serve one session on @p socket, which is closed at the end, until hang-up or @p stop.
 */
void fake_serve(int socket, int stop, fake_executor *fake);

#endif /* LANES_TEST_FAKE_EXECUTOR_H */
