/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h - what a client and the executor share: limits, rings, messages. Their codes are
 * in types.h.
 *
 * A session is one SEQPACKET connection (control messages, below) and two memfds:
 *
 *   U  written by the client:   submit_tail, complete_head, entries, arguments
 *   K  written by the executor: submit_head, complete_tail, completions, texts
 *
 * The client can map K only for reading. Everything is fixed-width and addressed by
 * offset; there are no pointers, enums, bools, bit-fields or padding, and both sides are
 * on one machine, so byte order is the host's. Indices run freely over 32 bits; slot =
 * index & (LANES_ABI_ENTRIES - 1).
 *
 * Submit: fill entry and argument slot `tail`, store submit_tail + 1 (seq_cst), and if
 * executor_sleeping is then set, write 1 to the doorbell eventfd. Complete: wait until
 * complete_tail moves, read the completion, store complete_head + 1 (release).
 * The executor accepts an entry only when a completion slot is free for it, copies it
 * once, and ends the session when an index is impossible.
 *
 * Most programs never include this header: client.h hides it. It is public so that other
 * languages can speak the protocol.
 */
#ifndef LANES_ABI_H
#define LANES_ABI_H

#include <stdint.h>

#include <lanes/error.h>
#include <lanes/types.h>

/** "lanes\0" and the layout version; both sides must agree exactly. */
#define LANES_ABI_MAGIC   0x0000736c656e616cull
#define LANES_ABI_VERSION 9u

/* Limits. Exceeding one is a named error, never truncation. */
#define LANES_OPERANDS_MAX       16           /**< inputs + outputs of a kernel */
#define LANES_DIMENSIONS_MAX     8            /**< of a batch's shape */
#define LANES_COUNT_MAX          (1ull << 40) /**< elements of a batch */
#define LANES_SEGMENTS_MAX       256          /**< per session */
#define LANES_CANCELS_MAX        16           /**< per session, not yet looked for */
#define LANES_KERNELS_MAX        4096         /**< per session */
#define LANES_SESSIONS_MAX       64           /**< per executor */
#define LANES_IR_BYTES_MAX       (16u << 20)
#define LANES_ENTRY_NAME_MAX     1024 /**< bytes of a function name, with NUL */
#define LANES_SIGNATURE_TEXT_MAX 512  /**< bytes of "f8(f8,f8)", with NUL */
#define LANES_SEGMENT_BYTES_MAX  (1ull << 46)
#define LANES_FUSION_NODES_MAX   8 /**< kernels that one is made of */

/* ---- Rings ---------------------------------------------------------------------- */

#define LANES_ABI_ENTRIES        256u  /**< of each ring; a power of two */
#define LANES_ABI_ARGUMENT_BYTES 2048u /**< of one argument slot */
#define LANES_ABI_ARGUMENT_WORDS (LANES_ABI_ARGUMENT_BYTES / 8u)
#define LANES_ABI_TEXT_BYTES     512u /**< of one error text slot */

/** Bits of client_waiting: how the executor tells the client about a completion. */
#define LANES_ABI_WAIT_FUTEX 1u /**< FUTEX_WAKE complete_tail */
#define LANES_ABI_WAIT_EVENT 2u /**< write to the session's eventfd */

/** First page of U. Each word has one writer, the client, and its own cache line. */
typedef struct lanes_abi_client_page {
    uint32_t submit_tail; /**< entries ever submitted; seq_cst store, executor acquires */
    uint32_t pad0[15];
    uint32_t complete_head; /**< completions ever consumed; release store */
    uint32_t pad1[15];
    uint32_t client_waiting; /**< LANES_ABI_WAIT_*; set (seq_cst) before the last check */
    uint32_t pad2[15];
} lanes_abi_client_page;

/**
 * First page of K. Each word has one writer, the executor, and its own cache line, but
 * for the last two, which change together. What is unused is 0.
 */
typedef struct lanes_abi_executor_page {
    uint64_t magic;   /**< LANES_ABI_MAGIC; constant */
    uint32_t version; /**< LANES_ABI_VERSION; constant */
    uint32_t entries; /**< LANES_ABI_ENTRIES; constant */
    uint32_t pad0[12];
    uint32_t submit_head; /**< entries ever copied out of U; release store */
    uint32_t pad1[15];
    uint32_t complete_tail; /**< completions ever published; seq_cst store; futex word */
    uint32_t pad2[15];
    uint32_t executor_sleeping; /**< 1: ring the doorbell after submitting; seq_cst */
    uint32_t pad3[15];
    uint32_t closed; /**< a negated lanes_status once the executor ended the session */
    uint32_t pad4[15];
    uint32_t leader_cpu; /**< 1 + the CPU to which the thread that takes entries and runs
                              a part of each batch is bound; 0: unknown; relaxed */
    uint32_t team_threads; /**< of the team now; 0: not said, the hello's are the latest;
                                relaxed */
    uint32_t pad5[14];
} lanes_abi_executor_page;

#define LANES_ABI_OP_MAP 1u /**< apply a kernel element by element */

#define LANES_ABI_BATCH_WHERE 1u /**< the last operand says which elements to compute */
#define LANES_ABI_BATCH_FLUSH 2u /**< LANES_DENORMALS_FLUSH */

/**
 * One submission. The argument slot of the same index holds, as 8-byte words:
 * shape[dimensions], then for each operand (inputs first) a lanes_abi_operand followed by
 * int64 strides[dimensions] in bytes.
 */
typedef struct lanes_abi_entry {
    uint32_t opcode; /**< LANES_ABI_OP_* */
    uint32_t errors; /**< enum lanes_errors */
    uint32_t kernel_slot;
    uint32_t kernel_generation;
    uint64_t tag;            /**< echoed in the completion */
    uint64_t submitted_ns;   /**< CLOCK_MONOTONIC, for queued_ns; 0 = unknown */
    uint32_t argument_words; /**< used words of the argument slot */
    uint32_t dimensions;     /**< 1 .. LANES_DIMENSIONS_MAX */
    uint32_t operand_count;  /**< 1 .. LANES_OPERANDS_MAX */
    uint32_t casting;        /**< enum lanes_casting */
    uint64_t seed;           /**< of np.random in the callback */
    uint32_t params_slot;    /**< segment of the params block; generation 0 = no block */
    uint32_t params_generation;
    uint64_t params_offset; /**< bytes; a multiple of 16 */
    uint64_t params_bytes;
    uint32_t flags;       /**< LANES_ABI_BATCH_* */
    uint32_t reduce;      /**< enum lanes_reduce */
    uint32_t reduce_axes; /**< bit d < dimensions: it is reduced; 0 if reduce is NONE */
    uint32_t priority;    /**< enum lanes_priority */
    uint64_t deadline_ns; /**< CLOCK_MONOTONIC by which it has ended; 0: no limit */
    uint64_t cookie;      /**< the client's name for this submission, echoed in its
                               completion and in K's `started`; unlike `tag`, no two of a
                               session are alike; 0: it has none */
    uint32_t fp_report;   /**< bits of enum lanes_fp_flag that the client asks for */
    uint32_t fp_exact;    /**< 1: none that is raised may be missed; 0: samples */
    uint64_t reserved[1]; /**< must be 0 */
} lanes_abi_entry;

/** One operand in an argument slot; its strides follow it. */
typedef struct lanes_abi_operand {
    uint32_t segment_slot;
    uint32_t segment_generation;
    uint64_t offset;    /**< bytes from the segment's start to element (0,0,...) */
    uint32_t dtype;     /**< enum lanes_dtype */
    uint32_t row_count; /**< elements of each row, side by side; 0: not a row operand */
} lanes_abi_operand;

/** Largest number of items that an exception carries from the failing element. */
#define LANES_RAISED_ITEMS_MAX 32
/** Bytes of their values. */
#define LANES_RAISED_DATA_BYTES 984

/** lanes_abi_raised_item.type, if it is not the enum lanes_dtype of a number. */
enum lanes_raised_item {
    LANES_RAISED_ITEM_UNKNOWN = 0,     /**< a value that lanes cannot tell */
    LANES_RAISED_ITEM_NONE = 0x100,    /**< Python's None */
    LANES_RAISED_ITEM_TUPLE = 0x101,   /**< its elements are the items behind it */
    LANES_RAISED_ITEM_TEXT = 0x102,    /**< a string: UTF-8, without NUL at its end */
    LANES_RAISED_ITEM_TEXT_CUT = 0x103 /**< the beginning of a string */
};

/** A value that the failing element put into its exception, or a part of one. */
typedef struct lanes_abi_raised_item {
    uint32_t type;   /**< enum lanes_dtype or lanes_raised_item */
    uint32_t count;  /**< tuples: direct elements; others: 0 */
    uint32_t offset; /**< of its value in lanes_abi_raised.data; a multiple of 8 */
    uint32_t bytes;  /**< of its value; numbers: as in an array of that dtype */
} lanes_abi_raised_item;

/**
 * The first failure of a batch. The exception's class and constant arguments are a pickle
 * in the IR that the client itself submitted: the executor only says where, because
 * unpickling another's bytes would be running another's code. Arguments that the failing
 * element computed come by value, in the order in which the pickle has placeholders.
 *
 * Items are a list of trees: each tuple is followed by its elements, which may be tuples
 * themselves. ValueError((x, 3), y) has the items TUPLE (count 2), x, 3, y.
 *
 * Of a fused kernel, `node` says which of its callbacks failed, and the place is in the
 * IR of that one.
 */
typedef struct lanes_abi_raised {
    uint32_t kind;           /**< enum lanes_raised_kind */
    uint32_t payload_form;   /**< enum lanes_payload_form */
    uint64_t payload_offset; /**< of its first byte in the IR; bits for bitcode */
    uint64_t payload_bytes;  /**< of the pickle */
    uint32_t argument_count; /**< computed arguments: items that are in no tuple */
    uint32_t item_count;     /**< <= LANES_RAISED_ITEMS_MAX */
    uint32_t node;           /**< of a fused kernel; else 0 */
    uint32_t reserved;       /**< 0 */
    lanes_abi_raised_item item[LANES_RAISED_ITEMS_MAX]; /**< unused: 0 */
    uint8_t data[LANES_RAISED_DATA_BYTES];              /**< unused: 0 */
} lanes_abi_raised;

/** What does not fit a completion: one slot of the same index. */
typedef struct lanes_abi_detail {
    char text[LANES_ABI_TEXT_BYTES]; /**< a sentence */
    lanes_abi_raised raised;         /**< kind is LANES_RAISED_NONE unless failed > 0 */
} lanes_abi_detail;

/** One result. The detail of the same index is valid when status < 0 or failed > 0. */
typedef struct lanes_abi_completion {
    uint64_t tag;
    int32_t status;  /**< lanes_status */
    uint32_t flags;  /**< 0 */
    uint64_t failed; /**< elements whose callback failed */
    uint64_t
        first_failed;    /**< smallest failing flat C-order index; valid if failed > 0 */
    uint64_t elements;   /**< of the batch */
    uint64_t queued_ns;  /**< from submission to the first tile */
    uint64_t run_ns;     /**< from the first tile to the last */
    uint64_t compile_ns; /**< time this batch waited for its variant to be compiled */
    uint32_t tiles;      /**< tiles run */
    uint32_t threads;    /**< threads that ran at least one */
    uint32_t strategy;   /**< enum lanes_strategy */
    uint32_t vector_width; /**< elements per vector operation; 1 = not vectorized */
    uint64_t cookie;       /**< of the entry */
    uint64_t fp_first;   /**< smallest known flat C-order index of an element that raised
                              any of fp_raised; valid if that is not 0 */
    uint32_t fp_raised;  /**< bits of the entry's fp_report that elements raised */
    uint32_t reserved32; /**< 0 */
    uint64_t reserved[3];
} lanes_abi_completion;

/* Offsets inside U and K. */
#define LANES_ABI_PAGE_BYTES  4096u
#define LANES_ABI_U_ENTRIES   LANES_ABI_PAGE_BYTES
#define LANES_ABI_U_ARGUMENTS (LANES_ABI_U_ENTRIES + LANES_ABI_ENTRIES * 128u)
#define LANES_ABI_U_BYTES                                                                \
    (LANES_ABI_U_ARGUMENTS + LANES_ABI_ENTRIES * LANES_ABI_ARGUMENT_BYTES)
/*
 * In K's first page: uint64_t started[LANES_ABI_ENTRIES], the cookies of batches whose
 * first tile may have begun. The executor stores a cookie before that tile (release) and
 * never takes it back, so what is here says something of batches without completion only:
 * such a one has written nothing if its cookie is not here. For a client whose executor
 * has died.
 */
#define LANES_ABI_K_STARTED     2048u
#define LANES_ABI_K_COMPLETIONS LANES_ABI_PAGE_BYTES
#define LANES_ABI_K_DETAILS     (LANES_ABI_K_COMPLETIONS + LANES_ABI_ENTRIES * 128u)
#define LANES_ABI_K_BYTES       (LANES_ABI_K_DETAILS + LANES_ABI_ENTRIES * 2048u)

/* ---- Control messages ------------------------------------------------------------ */

/*
 * Every request is answered by exactly one reply with the same type and sequence; the
 * client has one request outstanding. A datagram whose size is not that of its type, or
 * that carries another number of file descriptors than stated, ends the session.
 */
enum lanes_abi_message_type {
    LANES_ABI_HELLO = 1,          /**< reply carries 4 fds: U, K, doorbell, event */
    LANES_ABI_SEGMENT_CREATE = 2, /**< reply carries 1 fd: the memfd, to map read-write */
    /* 3 was SEGMENT_SEAL, until version 8 */
    LANES_ABI_SEGMENT_ATTACH = 4, /**< request carries 1 fd: what to map */
    LANES_ABI_SEGMENT_RELEASE = 5,
    LANES_ABI_KERNEL_LOAD =
        6, /**< request carries 1 fd: the IR; reply 1 fd: the report */
    LANES_ABI_KERNEL_REPORT = 7, /**< reply carries 1 fd: the report */
    LANES_ABI_KERNEL_RELEASE = 8,
    LANES_ABI_KERNEL_FUSE = 9,   /**< reply as to LOAD: 1 fd, the report */
    LANES_ABI_BATCH_CANCEL = 10, /**< reply: batches of that tag are going to end */
    LANES_ABI_STATS = 11, /**< request: a header alone; reply carries 1 fd: the text */
    LANES_ABI_SESSION_CANCEL = 12 /**< reply: batches of a session, which may
                                       be another, are going to end */
};

typedef struct lanes_abi_header {
    uint32_t type;     /**< enum lanes_abi_message_type */
    uint32_t sequence; /**< echoed */
    int32_t status;    /**< replies: lanes_status; requests: 0 */
    uint32_t bytes;    /**< size of the whole message */
} lanes_abi_header;

/** Failure reply of any type: sent instead of the type's own reply when status < 0. */
typedef struct lanes_abi_failure {
    lanes_abi_header header;
    char message[LANES_ABI_TEXT_BYTES];
} lanes_abi_failure;

/** A slot with the generation that makes stale references detectable. */
typedef struct lanes_abi_id {
    uint32_t slot;
    uint32_t generation; /**< never 0 */
} lanes_abi_id;

typedef struct lanes_abi_hello {
    lanes_abi_header header;
    uint64_t magic;
    uint32_t version;
    uint32_t executor_pid; /**< reply */
    uint32_t threads; /**< reply: size of the team then; K's team_threads is of now */
    uint32_t reserved;
} lanes_abi_hello;

#define LANES_ABI_SEGMENT_READ_ONLY 1u /**< attach: the executor maps it for reading */
#define LANES_ABI_SEGMENT_SPARSE    2u /**< attach: holes stay, pages come when touched */

typedef struct lanes_abi_segment {
    lanes_abi_header header;
    lanes_abi_id id;   /**< requests about an existing segment, and replies */
    uint64_t bytes;    /**< create: wanted; attach: 0 = the whole file; reply: mapped */
    uint32_t flags;    /**< LANES_ABI_SEGMENT_* */
    uint32_t reserved; /**< must be 0 */
} lanes_abi_segment;

#define LANES_ABI_KERNEL_STAGES                                                          \
    1u /**< the report shall contain IR stages and assembly                              \
        */

typedef struct lanes_abi_kernel_load {
    lanes_abi_header header;
    uint64_t ir_bytes;
    uint32_t flags;                           /**< LANES_ABI_KERNEL_* */
    uint32_t math;                            /**< enum lanes_math */
    uint32_t convention;                      /**< enum lanes_convention */
    uint32_t fp;                              /**< bits of enum lanes_fp */
    char entry[LANES_ENTRY_NAME_MAX];         /**< "" = find it */
    char signature[LANES_SIGNATURE_TEXT_MAX]; /**< "" = from the IR */
} lanes_abi_kernel_load;

/** lanes_abi_source.node: an input of the fused kernel, not an output of a node. */
#define LANES_FUSION_INPUT 0xffffffffu

/** Where a value in a fused kernel comes from. */
typedef struct lanes_abi_source {
    uint32_t node;  /**< one that is earlier in the list, or LANES_FUSION_INPUT */
    uint32_t index; /**< of that node's output, or of the fused kernel's input */
} lanes_abi_source;

typedef struct lanes_abi_fusion_node {
    lanes_abi_id kernel;
    lanes_abi_source input[LANES_OPERANDS_MAX]; /**< as many as the kernel has inputs */
} lanes_abi_fusion_node;

typedef struct lanes_abi_kernel_fuse {
    lanes_abi_header header;
    uint32_t flags; /**< LANES_ABI_KERNEL_* */
    uint32_t node_count;
    uint32_t output_count;
    uint32_t reserved; /**< must be 0 */
    lanes_abi_fusion_node node[LANES_FUSION_NODES_MAX];
    lanes_abi_source output[LANES_OPERANDS_MAX];
} lanes_abi_kernel_fuse;

/** Reply to LOAD, FUSE and REPORT, and (id only) the request of REPORT and RELEASE. */
typedef struct lanes_abi_kernel {
    lanes_abi_header header;
    lanes_abi_id id;
    uint64_t report_bytes; /**< JSON text in the attached memfd, without NUL */
    uint64_t compile_ns;   /**< from request to loaded code */
    uint32_t input_count;
    uint32_t output_count;
    uint32_t dtype[LANES_OPERANDS_MAX]; /**< inputs, then outputs */
    uint32_t row_mask;                  /**< bit k: input k is a row for each element */
    uint32_t has_params;                /**< 1: the callback takes a params block */
    uint64_t params_bytes; /**< of it that the callback is seen to read; the least */
} lanes_abi_kernel;

/** Request, and reply. */
typedef struct lanes_abi_cancel {
    lanes_abi_header header;
    uint64_t tag; /**< of batches that this session has submitted */
} lanes_abi_cancel;

/** Reply to STATS. */
typedef struct lanes_abi_stats {
    lanes_abi_header header;
    uint64_t bytes; /**< JSON text in the attached memfd, without NUL */
} lanes_abi_stats;

#define LANES_ABI_CANCEL_ALL 1u /**< batches of every tag; tag is 0 */

/** Request, and reply. */
typedef struct lanes_abi_session_cancel {
    lanes_abi_header header;
    uint64_t tag;       /**< of batches that the session has submitted */
    uint32_t session;   /**< its number, from the statistics */
    uint32_t flags;     /**< LANES_ABI_CANCEL_* */
    uint32_t in_flight; /**< reply: batches that it had in flight, of whatever tag */
    uint32_t reserved;  /**< must be 0 */
} lanes_abi_session_cancel;

/** Upper bound of every control message. */
#define LANES_ABI_MESSAGE_MAX 2048u
#define LANES_ABI_FDS_MAX     4u

#if (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
#define LANES_ABI_ASSERT(condition, text) _Static_assert(condition, text)
#elif defined(__cplusplus) && __cplusplus >= 201103L
#define LANES_ABI_ASSERT(condition, text) static_assert(condition, text)
#else
#define LANES_ABI_ASSERT(condition, text) struct lanes_abi_assert_unused_
#endif

LANES_ABI_ASSERT(sizeof(lanes_abi_client_page) == 3 * 64, "one line a word");
LANES_ABI_ASSERT(sizeof(lanes_abi_executor_page) == 6 * 64, "one line a word");
LANES_ABI_ASSERT(sizeof(lanes_abi_executor_page) <= LANES_ABI_K_STARTED &&
                     LANES_ABI_K_STARTED + 8 * LANES_ABI_ENTRIES <= LANES_ABI_PAGE_BYTES,
                 "they are side by side in a page");
LANES_ABI_ASSERT(sizeof(lanes_abi_entry) == 128, "entries are 128 bytes");
LANES_ABI_ASSERT(sizeof(lanes_abi_operand) == 24, "operands are 24 bytes");
LANES_ABI_ASSERT(sizeof(lanes_abi_completion) == 128, "completions are 128 bytes");
LANES_ABI_ASSERT(sizeof(lanes_abi_segment) == 40, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_hello) == 40, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_raised_item) == 16, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_raised) == 40 + 32 * 16 + 984, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_detail) == 2048, "details are 2048 bytes");
LANES_ABI_ASSERT(sizeof(lanes_abi_kernel_load) == 40 + 1024 + 512, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_kernel_fuse) == 32 + 8 * 136 + 16 * 8, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_kernel) == 48 + 64 + 16, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_stats) == 24, "no padding");
LANES_ABI_ASSERT(sizeof(lanes_abi_session_cancel) == 40, "no padding");
LANES_ABI_ASSERT(LANES_OPERANDS_MAX * (24 + 8 * LANES_DIMENSIONS_MAX) +
                         8 * LANES_DIMENSIONS_MAX <=
                     LANES_ABI_ARGUMENT_BYTES,
                 "the largest batch fits an argument slot");

#endif /* LANES_ABI_H */
