/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.h - what the executor asks of lanes-compiler and what it gets back.
 *
 * A request is one SEQPACKET datagram, struct lanes_compile_request, with two memfds: the
 * IR with the codes that the executor has behind it (read with pread, so a truncated one
 * is an error and not a SIGBUS) and an empty one for the result. The compiler forks a
 * child, which writes struct lanes_compile_result followed by the report (JSON text), the
 * exception tables and the object file into the result memfd. When the child has ended
 * the compiler answers with struct lanes_compile_reply; only then, and only if `outcome`
 * is LANES_COMPILE_DONE, is the result read.
 *
 * Several callbacks are compiled as one if node_count is not 0: then what stands in the
 * place of the IR is as fusion.h says, and entry, signature and convention are in there.
 *
 * A child that finds, before it optimises anything, that the executor has the code
 * already, leaves the object out: the same callback costs a client that is not the first
 * a fraction of a compile, and the executor no further memory.
 *
 * Both processes are built from the same tree; `version` guards against a mixed install.
 */
#ifndef LANES_KERNEL_COMPILE_H
#define LANES_KERNEL_COMPILE_H

#include "kernel/loop.h"
#include "kernel/payload.h"
#include "kernel/variant.h"

/** Raised with every change to this file, loop.h or the meaning of a field. */
#define LANES_COMPILE_VERSION 6u

#define LANES_CPU_NAME_MAX   64
#define LANES_IDENTITY_BYTES 32
#define LANES_KNOWN_MAX      16384u /* codes named in one request */

/**
 * What code is the same: a hash of the kernel's identity, the variant's key and the
 * version of lanes. Whatever of a kernel differs between equal ones (names, places and
 * texts of exceptions) is not in the code but beside it, in each one's own result.
 */
typedef struct lanes_code_key {
    uint8_t bytes[LANES_IDENTITY_BYTES];
} lanes_code_key;

typedef struct lanes_compile_request {
    uint32_t version;
    uint32_t known_count; /* lanes_code_key right behind the IR; <= LANES_KNOWN_MAX */
    uint64_t id;          /* echoed in the reply */
    uint64_t ir_bytes;
    uint32_t flags;       /* LANES_ABI_KERNEL_* */
    uint32_t math;        /* enum lanes_math */
    uint32_t default_key; /* 1: ignore key, compile the contiguous variant */
    uint32_t convention;  /* enum lanes_convention */
    uint32_t fp;          /* bits of enum lanes_fp */
    uint32_t node_count;  /* 0: `ir_bytes` are one callback's IR; else kernel/fusion.h */
    lanes_variant_key key;
    char entry[LANES_ENTRY_NAME_MAX];         /* "" = find it */
    char signature[LANES_SIGNATURE_TEXT_MAX]; /* "" = from the IR */
    char cpu[LANES_CPU_NAME_MAX];             /* of kernel/cpu.h; "" = this host */
} lanes_compile_request;

enum lanes_compile_outcome {
    LANES_COMPILE_DONE = 1,    /* the child wrote a whole result */
    LANES_COMPILE_CRASHED = 2, /* `signal_number` killed it, or it left no result */
    LANES_COMPILE_CPU_LIMIT = 3,
    LANES_COMPILE_WALL_LIMIT = 4,
    LANES_COMPILE_MEMORY_LIMIT = 5,
    LANES_COMPILE_OUTPUT_LIMIT = 6,
    LANES_COMPILE_NO_CHILD = 7 /* fork failed: try again later */
};

typedef struct lanes_compile_reply {
    uint64_t id;
    uint32_t outcome; /* enum lanes_compile_outcome */
    uint32_t signal_number;
    uint64_t cpu_ns; /* user + system time of the child */
    uint64_t wall_ns;
    uint64_t peak_rss_bytes;
    uint64_t limit; /* the exceeded limit, in seconds or bytes */
} lanes_compile_reply;

/**
 * Head of the result. After it, unpadded, in this order: the report, payload_count
 * lanes_payload, argument_list_count lanes_payload_arguments, the object.
 */
typedef struct lanes_compile_result {
    uint32_t version;
    lanes_status
        status; /* < 0: `message` says why; nothing else is valid but the report */
    char message[LANES_ERROR_TEXT_BYTES];
    lanes_signature signature;
    lanes_variant_key key;
    lanes_variant_info info;
    uint8_t identity[LANES_IDENTITY_BYTES]; /* equal: the same kernel, whoever sent it */
    lanes_code_key code_key;
    uint32_t is_known;    /* 1: code_key was named in the request; there is no object, and
                             what follows from making it is not set: the next two */
    uint32_t may_raise;   /* 1: the loop reports failures */
    uint32_t keeps_order; /* 1: what an element gives may depend on its index */
    uint32_t has_params;  /* 1: the callback takes a params block */
    uint32_t payload_count;
    uint32_t argument_list_count;
    uint32_t row_minimum[LANES_OPERANDS_MAX]; /* elements of input k's rows that the
                                                 callback is seen to read; 0: not a row */
    uint64_t params_bytes; /* of it that the callback is seen to read; the least */
    uint64_t report_bytes;
    uint64_t object_bytes;
    /*
     * Symbols in the object: the lanes_loop_fn, the lanes_explain_fn ("" if nothing can
     * fail), the lanes_confirm_fn ("" if there is none) and the table of addresses of
     * payload.h ("" if both counts are 0).
     */
    char symbol[64];
    char explain_symbol[64];
    char confirm_symbol[64];
    char payload_symbol[64];
} lanes_compile_result;

/* Limits of one compile. */
#define LANES_COMPILE_CPU_SECONDS  10
#define LANES_COMPILE_WALL_SECONDS 30
/* Compiles at once: one for each CPU, and so many; what waits does so in the executor. */
#define LANES_COMPILE_EXTRA        2u
#define LANES_COMPILE_MEMORY_BYTES (1ull << 30)
#define LANES_COMPILE_OUTPUT_BYTES (64ull << 20)

#endif /* LANES_KERNEL_COMPILE_H */
