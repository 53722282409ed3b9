/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_loops.h - the kernels that the fake compiler "compiles", written in C.
 */
#ifndef LANES_TESTS_SERVER_LOOPS_H
#define LANES_TESTS_SERVER_LOOPS_H

#include "kernel/compile.h"

/** What an object of this name offers, and what the compiler says of it. */
typedef struct fake_kernel {
    const char *name;
    lanes_loop_fn loop;
    lanes_explain_fn explain;
    const void *const *address;
    lanes_signature signature;
    uint32_t may_raise;
    uint32_t has_params;
    uint64_t params_bytes;
    uint32_t payload_count;       /* of fake_payload */
    uint32_t argument_list_count; /* of fake_arguments */
} fake_kernel;

/** NULL if there is none. */
const fake_kernel *fake_find(const char *name, size_t length);

/** The payload of "raise": bytes [1, 4) of its IR, which is its name. */
extern const lanes_payload fake_payload;
extern const lanes_payload_arguments fake_arguments;

/** Elements that were run once more to learn why they failed; atomic. */
extern uint32_t fake_explains;

/** An address behind the end of the file that is mapped there, for "faults". */
extern const volatile double *fake_hole;

/** Calls of "lines", and those whose output was not aligned as it must be; atomic. */
extern uint32_t fake_lines;
extern uint32_t fake_crooked;

/** What "trace" has run: a row for each change from one seed to another. */
typedef struct fake_turn {
    uint64_t seed;       /* of the batch */
    uint64_t elements;   /* run without another one's in between */
    uint64_t ns;         /* that they took */
    uint64_t longest_ns; /* of the calls that they were run in */
    uint64_t before;     /* elements of all seeds before these */
} fake_turn;

#define FAKE_TURNS_MAX 8192u

/** With a team of one thread only. Read them when what is in them has been completed. */
extern fake_turn fake_trace[FAKE_TURNS_MAX];
extern uint32_t fake_turns;
/** Elements of all seeds so far; atomic. */
extern uint64_t fake_elements;

#endif /* LANES_TESTS_SERVER_LOOPS_H */
