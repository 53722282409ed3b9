/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fixture.h - a server on a thread of the test, with a compiler and a loader that
 * know a few loops written in C, and a client that speaks the protocol word by word.
 *
 * The "IR" of a kernel is a command for the compiler: what to answer. "A B" answers A to
 * the load and B to every later variant.
 *
 *   double fail slow        a kernel f8(f8): 2 x; 2 x unless x < 0; 2 x, 1 us an element
 *   hold                    as double, once fixture.is_released is set
 *   first                   as double, noting how many were compiled before
 *   endless                 as double, but does not come back while x < -1
 *   stubborn                as double, but cannot be interrupted for 200 ms
 *   lines                   as slow, counting calls and outputs that are not aligned
 *   trace                   as slow, writing down whose turn it was (fake_trace)
 *   hypot                   as double, reported to call hypot
 *   raise mask              as fail, with ValueError('negative'); and with a mask operand
 *   zero                    as fail, with a division by zero
 *   constant computed       as fail, with a payload; with a list of arguments
 *   textfit bits formless   as raise, its pickle at the end; in bitcode; nowhere
 *   fault deep              as fail, but x < -1 reads address 0x10; recurses without end
 *   seed params             f8(f8): the seed; x * params[0] + params[1], of 16 bytes
 *   rows two                f8(f8[:]), the sum of a row; f8,f8(f8): 2 x and x + 1
 *   faults                  x / 3; x of -2 to -6 ends by SIGSEGV, SIGFPE, SIGILL, a
 *                           stack that overflows, SIGBUS (server_loops.h)
 *   crash:N lost            a crash by signal N; by none
 *   cpu wall memory output nochild strange   the other outcomes, and one that is none
 *   refuse                  LANES_E_IR_REFUSED, "refused by the fake"
 *   version short huge sizes object noreport longreport missing longtable signature
<<<<<<< HEAD
 *   noinputs nooutputs manyinputs manyoutputs dtype rowmask manyparams noparams symbol
 *   explainer table notable payloads lists text positive known json other otherparams
 *   otherkey nolink, form node type message location textout textwrap textlong bitsout
 *   bitswrap bitslong, listcount listdtype listout listwrap       malformed results
 *   killed                  as double, but the first compile is killed by SIGKILL
=======
 *   together noinputs nooutputs manyinputs manyoutputs dtype rowmask manyparams
 *   noparams symbol explainer table notable payloads lists text positive known json
 *   other otherparams otherkey nolink, form node type message location textout
 *   textwrap textlong bitsout bitswrap bitslong, listcount listdtype listout
 *   listwrap                                                  malformed results
>>>>>>> 245e1935c087582a5da82d68ed2d4c40e99c963d
 *   die                     the compiler ends
 *   =NAME                   as kernel NAME, with the key that every =NAME has: what is
 *                           loaded already is left out; every other code has its own key
 *   ~NAME                   as =NAME, but the key is that of all ~NAME
 *   gone                    as double, but first without code that is not loaded
 *   liar                    always without
 *
 * What follows the end of a line is there for its length.
 *
 * A fused kernel is what the command of its first node says, as a variant would be.
 */
#ifndef LANES_TESTS_SERVER_FIXTURE_H
#define LANES_TESTS_SERVER_FIXTURE_H

#include <pthread.h>

#include "ring/ring.h"
#include "server/server.h"
#include "shm/shm.h"

typedef struct fixture {
    lanes_server_options options; /* change between fixture_init() and fixture_start() */
    lanes_topo_plan *plan;
    pthread_t thread;
    lanes_status status; /* of lanes_server_run() */
    lanes_error error;
    char path[96];
    int listen_fd;
    int stop_fd;
    /* Shared with the server's and the compilers' threads: atomics. */
    uint32_t uid_offset; /* what peers' uids are wrong by */
    uint32_t is_released;
    uint32_t compiler_starts;
    uint32_t compiles;
    uint32_t left_out; /* codes that the compiler left out */
    uint32_t gone;     /* compiles of "gone" */
    uint32_t killed;   /* of "killed" */
    uint32_t keys;     /* of codes that are nobody else's */
    uint32_t loads;
    uint32_t unloads;
    uint32_t fails_to_start; /* the compiler does not start */
    uint32_t convention;     /* of the last compile */
    uint32_t order; /* compiles that began before that of "first", + 1; 0: none */
} fixture;

void fixture_init(fixture *f, uint32_t threads);
void fixture_start(fixture *f);
/** Stop the server, wait for it, check that it unloaded what it loaded. */
void fixture_stop(fixture *f);
/** Wait for the server to end by itself, and clean up. */
void fixture_join(fixture *f);

typedef struct client {
    int fd;
    int doorbell;
    int event;
    uint32_t sequence;
    uint32_t load_flags; /* LANES_ABI_KERNEL_* of loads */
    uint32_t load_math;
    uint32_t load_fp;
    lanes_shm_rings rings;
    lanes_ring_client ring;
    lanes_abi_hello hello;
    char text[LANES_ABI_TEXT_BYTES]; /* of the last failure or completion */
    lanes_abi_raised raised;         /* of the last completion */
} client;

/** Connect, without a hello. */
void client_connect(client *c, const fixture *f);
/** Connect and say hello; a failure leaves its text in c->text. */
lanes_status client_open(client *c, const fixture *f);
void client_open_ok(client *c, const fixture *f);
void client_hello_ok(client *c);
void client_close(client *c);

/**
 * Send a request (its header is filled) with @p fd unless it is -1 and receive the reply.
 * @return the reply's status; -EPIPE-like LANES_E_PEER_GONE if the server hung up
 */
lanes_status client_request(client *c, uint32_t type, void *message, size_t bytes, int fd,
                            void *reply, size_t reply_bytes, int *out_fd);

typedef struct segment {
    lanes_abi_id id;
    uint64_t bytes;
    double *data;
} segment;

lanes_status client_segment(client *c, uint64_t bytes, segment *out);
lanes_status client_segment_release(client *c, segment *s);

lanes_status client_load(client *c, const char *command, lanes_abi_kernel *out);
/** The two halves of it: ask, and wait for the answer. */
void client_load_begin(client *c, const char *command);
lanes_status client_load_end(client *c, lanes_abi_kernel *out);
/** Report of a kernel, NUL-terminated; freed by the caller. */
char *client_report(client *c, lanes_abi_id kernel);
lanes_status client_kernel_release(client *c, lanes_abi_id kernel);

/** Operands that a batch of the fixture has room for. */
#define OPERANDS 4

/** A batch of out[i] = f(in[i]) over one segment each; change it, then submit. */
typedef struct batch {
    lanes_abi_entry entry;
    uint64_t shape;
    lanes_abi_operand operand[OPERANDS];
    int64_t stride[OPERANDS];
} batch;

batch batch_of(const lanes_abi_kernel *kernel, const segment *in, const segment *out,
               uint64_t count);
/** One more operand, behind the others. */
void batch_add(batch *b, lanes_abi_operand operand, int64_t stride);
void client_submit(client *c, const batch *b, uint64_t tag);
/** The next completion; its detail in c->text and c->raised. Fails the test after 20 s.
 */
lanes_abi_completion client_wait(client *c);
/** True if a completion is there within @p timeout_ns (which is then not consumed). */
bool client_has_completion(client *c, uint64_t timeout_ns);
lanes_abi_completion client_run(client *c, const batch *b);

/** Entries of /proc/self/fd, and lines of /proc/self/maps. */
uint32_t count_fds(void);
uint32_t count_maps(void);
/** @p count() when it has not changed for 50 ms: what requests took has been given back,
 * which is after their answers. */
uint32_t settled(uint32_t (*count)(void));
/** Waits until @p count() is at most @p wanted: the server tidies up in its own time. */
bool falls_to(uint32_t (*count)(void), uint32_t wanted);
void sleep_ms(uint32_t milliseconds);

#endif /* LANES_TESTS_SERVER_FIXTURE_H */
