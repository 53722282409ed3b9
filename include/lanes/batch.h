/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - apply a kernel to arrays.
 *
 * A batch applies one kernel to every element of its operands: output[i] = f(inputs[i]).
 * It is submitted, runs in the executor, and has exactly one completion, also when the
 * executor dies (client.h): then another one runs what has none. A batch that the dead
 * one had begun is run again unless an output shares memory with an input, `where` or the
 * params block, or no_replay says otherwise; those end with LANES_E_INDETERMINATE. Which
 * bytes an array takes is judged by its first and last one, so arrays that interleave
 * count as sharing. Deadlines stay what they were.
 *
 * Threads: as client.h. Submitting and waiting never allocate; they make a system call
 * only to wake the executor, to sleep, or when the executor has died.
 */
#ifndef LANES_BATCH_H
#define LANES_BATCH_H

#include <lanes/kernel.h>
#include <lanes/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An array inside a segment. */
typedef struct lanes_operand {
    const lanes_segment *segment; /**< borrowed until the batch completes */
    uint64_t offset;              /**< bytes from the segment's start to element 0 */
    /**
     * Bytes from one element to the next, for each dimension of the batch, as NumPy's:
     * any number, also negative; 0 broadcasts (inputs only). Elements need no alignment.
     * Two elements of an output may not share memory.
     */
    int64_t stride[LANES_DIMENSIONS_MAX];
    uint32_t dtype; /**< enum lanes_dtype; the kernel's, or as batch.casting allows */
    /**
     * Inputs of which the callback takes a row (lanes_kernel_is_row()): elements of each
     * row, which lie side by side; stride leads from row to row, at any distance. The
     * callback gets it as its length argument, 1 .. INT32_MAX; fewer than it is seen to
     * read whatever the length are refused. Other operands: 0.
     */
    uint32_t row_count;
} lanes_operand;

/** One unit of work. Zero-initialise, then set the fields you need. */
typedef struct lanes_batch {
    lanes_kernel *kernel;   /**< borrowed until the batch completes */
    uint32_t dimensions;    /**< 1 .. LANES_DIMENSIONS_MAX */
    uint32_t operand_count; /**< inputs + outputs of the kernel, + mask, + `where` */
    const uint64_t *shape;  /**< borrowed for the call; [dimensions] elements, >= 0 */
    /**
     * Borrowed for the call: inputs, outputs, then
     *   with LANES_ERRORS_MASK a bool operand that gets true for each element that failed
     *   and false for the others;
     *   with has_where a bool operand, read only: elements where it is false are not
     *   computed, their outputs stay as they are, and they never fail.
     */
    const lanes_operand *operands;
    uint64_t tag;     /**< returned untouched in lanes_completion.tag */
    uint32_t errors;  /**< enum lanes_errors */
    uint32_t casting; /**< enum lanes_casting: which dtypes operands may have */
    /**
     * Seed of random numbers in the callback. Each element has a stream of its own, a
     * function of seed and element index only: equal seeds give equal bits whatever the
     * number of threads.
     */
    uint64_t seed;
    /**
     * The params block, for kernels with lanes_kernel_has_params(): read by every call,
     * lent until the completion; the segment is borrowed for the call. NULL: no block,
     * for kernels whose lanes_kernel_params_bytes() is 0.
     */
    const lanes_segment *params;
    uint64_t params_offset; /**< bytes from the segment's start; a multiple of 16 */
    uint64_t params_bytes;  /**< at least lanes_kernel_params_bytes() */
    uint32_t has_where;     /**< 1: the last operand is `where`; 0: all elements */
    /**
     * enum lanes_denormals. FLUSH is refused for kernels that call hypot with
     * LANES_MATH_VECTOR, whose results would be wrong for numbers that are none.
     */
    uint32_t denormals;
    /**
     * enum lanes_reduce. Other than NONE: each output gets one value for all elements
     * along the reduced axes. Its array has stride 0 along these, which counts its
     * elements once, and is written, not added to; it may not be an input. Values are
     * combined in the array's dtype, in an order that depends on the shape, the strides
     * and the CPU only: equal bits whatever the number of threads. Index of argmin and
     * argmax: flat, in C order, among the reduced axes. A SCAN goes along one dimension
     * and its output is that of any batch: of the whole shape, or the second input.
     */
    uint32_t reduce;
    /** Bit d: dimension d is reduced. Bits of dimensions that the batch does not have
     * mean nothing, so UINT32_MAX reduces all. */
    uint32_t reduce_axes;
    /**
     * Nanoseconds from lanes_submit() on, compiling and waiting included, after which the
     * batch is ended with LANES_E_DEADLINE, also in the middle of a callback that does
     * not return; 0: no limit. What its outputs hold then is undefined, and other batches
     * are not affected.
     */
    uint64_t deadline_ns;
    /**
     * 1: should the executor die when it has begun to run this batch, it is not run again
     * but ends with LANES_E_INDETERMINATE, as a batch does whose outputs share memory
     * with what it reads. 0: it is run again by the next executor.
     */
    uint32_t no_replay;
    /**
     * enum lanes_priority; 0, which is NORMAL, is the common case. Batches of a session
     * begin in order only among those of the same priority. While HIGH ones wait all the
     * time, of all sessions together, NORMAL ones still get a ninth of the time; LOW ones
     * get what nobody else wants, which may be nothing. What runs gives way after 2 ms.
     */
    uint32_t priority;
    /**
     * Bits of enum lanes_fp_flag: floating-point exceptions that the completion shall
     * tell of, if elements raise them; 0: none, which costs nothing. Only what an element
     * needs for its results counts: not the other side of a branch, elements that `where`
     * leaves out or that fail, or operations whose results nobody uses, whatever the
     * compiled code does. Quiet NaN as operand raises nothing. Conversions between the
     * floats of an array and of the kernel count, and those to integers do not (enum
     * lanes_casting says what becomes of what does not fit). Of reductions, elements
     * count, and not how their results are combined; kernels that combine by themselves
     * (LANES_REDUCE_KERNEL, _SCAN) are not told of, nor are callbacks in which another
     * compiler has made vectors of choices. Nothing is reported that was not raised;
     * what may be missed is UNDERFLOW of functions of libm near 0, where they are all but
     * their argument (sin, tan, atan ...), with LANES_MATH_VECTOR.
     */
    uint32_t fp_report;
    /**
     * 0: where code that computes both sides of branches raises flags again and again for
     * values that nobody uses, elements are looked at by samples only, which costs some
     * 10 to 20 %, and what few elements raise among these may be missed. 1: nothing is
     * missed, at several times the cost for such kernels.
     */
    uint32_t fp_exact;
} lanes_batch;

/**
 * Why the first failing element failed: see abi.h. Counts, offsets, sizes and types of
 * its items have been checked; whether a text is UTF-8 has not.
 */
typedef lanes_abi_raised lanes_raised;

/** The outcome of one batch. */
typedef struct lanes_completion {
    uint64_t tag;        /**< of the batch */
    lanes_status status; /**< LANES_OK, LANES_E_KERNEL_RAISED, _KERNEL_FAULT,
                            _SEGMENT_TRUNCATED, or why it did not run */
    uint32_t threads;    /**< that ran at least one tile */
    uint64_t elements;   /**< in the batch */
    uint64_t failed; /**< elements whose callback failed; their outputs are unchanged */
    uint64_t first_failed; /**< smallest failing flat index in C order, if failed > 0 */
    uint64_t queued_ns;    /**< from submission to the first tile, compiling included */
    uint64_t run_ns;       /**< from the first tile to the last */
    uint64_t
        compile_ns;    /**< part of queued_ns spent compiling a variant for this batch */
    uint32_t tiles;    /**< contiguous pieces it was run in */
    uint32_t strategy; /**< enum lanes_strategy */
    uint32_t vector_width; /**< elements per vector operation; 1 = not vectorized */
    uint32_t fp_raised;    /**< bits of lanes_batch.fp_report that elements raised */
    uint64_t fp_first;     /**< smallest flat index, in C order, of the elements known to
                              have raised any of these; UINT64_MAX: none */
    /**
     * One sentence, UTF-8, if status < 0 or failed > 0, else "". Why the first failing
     * element failed is there whatever lanes_batch.errors is: "callback raised
     * ValueError('negative', -2.0) for 1 of 10 elements, first at index 3".
     */
    char message[LANES_ERROR_TEXT_BYTES];
    lanes_raised raised; /**< of element first_failed; raised.kind is 0 if none failed */
} lanes_completion;

/**
 * Copy the pickle of a raised exception out of the IR that the caller itself submitted.
 * The bytes come from @p ir alone, so unpickling them runs nobody else's code.
 *
 * @param ir          borrowed; what was given to lanes_kernel_load(); of a fused kernel,
 *   for its node raised->node
 * @param raised      borrowed; kind LANES_RAISED_EXCEPTION
 * @param out_pickle  [buffer_bytes]; receives raised->payload_bytes bytes
 * @return LANES_OK; LANES_E_INVALID (no payload, the buffer is too small, or the place is
 *   not inside @p ir: it is not the IR that was submitted)
 */
LANES_API LANES_NODISCARD lanes_status lanes_payload_read(const void *ir, size_t ir_bytes,
                                                          const lanes_raised *raised,
                                                          void *out_pickle,
                                                          size_t buffer_bytes,
                                                          lanes_error *err);

/**
 * Queue one batch without waiting for it.
 *
 * Shape:     every operand covers shape elements; the executor checks each field and
 *            reports what is wrong in the completion.
 * Ownership: @p batch, its shape and operands are borrowed for the call. The memory the
 *            operands name is lent to the executor until the completion: do not write
 *            inputs, do not touch outputs. An output may be exactly an input.
 * Blocking:  never, unless the executor has died and another one has to take over.
 * Order:     stores made before this call are visible to the callback.
 *
 * @return LANES_OK, or
 *   LANES_E_RING_FULL  LANES_ABI_ENTRIES batches are in flight; wait for one
 *   LANES_E_INVALID    dimensions, operand_count, flags or a handle is out of range
 *   LANES_E_PEER_GONE, LANES_E_UNAVAILABLE  the executor has ended, and no other took
 *                      over; reopen the session
 */
LANES_API LANES_NODISCARD lanes_status lanes_submit(lanes_session *session,
                                                    const lanes_batch *batch,
                                                    lanes_error *err);

/**
 * Wait for the next completion, in any order of batches.
 *
 * Blocking: spins for options.spin_us at most, then sleeps; wakes when the executor dies.
 * A thread that would spin on the core of the executor's first thread moves to another of
 *           the CPUs that it may use; which these are stays as it is.
 * Order:    the batch's results are visible after this returns.
 *
 *           Ends late if the executor has died and another one has to take over.
 *
 * @param timeout_ns  0 = only look; UINT64_MAX = no limit
 * @param out_completion  filled when the result is LANES_OK
 * @return LANES_OK, LANES_E_TIMED_OUT, LANES_E_PEER_GONE, LANES_E_UNAVAILABLE (nobody
 * took over from an executor that died), LANES_E_RING_CORRUPT (the session is then over),
 * LANES_E_INVALID (no batch is in flight, so none can complete)
 */
LANES_API LANES_NODISCARD lanes_status lanes_wait(lanes_session *session,
                                                  uint64_t timeout_ns,
                                                  lanes_completion *out_completion,
                                                  lanes_error *err);

/**
 * End batches before they have finished: those of this session that are in flight with
 * @p tag. Each has its completion as ever, some milliseconds later, with
 * LANES_E_CANCELLED unless it has finished; what the outputs of one that was running hold
 * is undefined. If there is no such batch, nothing happens.
 *
 * @return LANES_OK, LANES_E_QUOTA (LANES_CANCELS_MAX tags are waiting to be looked for),
 *   LANES_E_PEER_GONE, LANES_E_TIMED_OUT, LANES_E_PROTOCOL
 */
LANES_API LANES_NODISCARD lanes_status lanes_cancel(lanes_session *session, uint64_t tag,
                                                    lanes_error *err);

/**
 * Take a completion if one is there.
 *
 * Blocking: never, unless the executor has died while batches are in flight. Then a call
 *   makes one attempt to have another one take over, and pauses for up to 10 ms before
 *   it if the last one was in vain: it does not wait for an executor to come up, and
 *   returns 0; but for an answer of one that is there, and for a private one to start.
 *   lanes_fd() polls readable meanwhile.
 *
 * @return 1 and @p out_completion filled, 0 if there is none, LANES_E_PEER_GONE, or
 *   LANES_E_UNAVAILABLE
 */
LANES_API LANES_NODISCARD lanes_status lanes_poll(lanes_session *session,
                                                  lanes_completion *out_completion);

/**
 * Submit a batch and wait for it. No other batch of the session may be in flight.
 *
 * @param out_completion  may be NULL; filled whenever the batch was run or refused
 * @return the completion's status, or a failure of lanes_submit() or lanes_wait()
 */
LANES_API LANES_NODISCARD lanes_status lanes_run(lanes_session *session,
                                                 const lanes_batch *batch,
                                                 lanes_completion *out_completion,
                                                 lanes_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LANES_BATCH_H */
