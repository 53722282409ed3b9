/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h - turn the LLVM IR of a scalar callback into a kernel.
 *
 * A callback is an ordinary function of scalars, as LLVM IR text or bitcode from Numba's
 * @cfunc, clang, rustc or any other front end. A kernel is that callback compiled, inside
 * a vectorized loop, for the CPU the executor runs on.
 *
 * Threads: as client.h; a kernel belongs to its session.
 */
#ifndef LANES_KERNEL_H
#define LANES_KERNEL_H

#include <lanes/abi.h>
#include <lanes/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A compiled callback. Opaque. */
typedef struct lanes_kernel lanes_kernel;

/** The report shall also hold the IR of each stage and the assembly. */
#define LANES_KERNEL_STAGES LANES_ABI_KERNEL_STAGES

/** How to load a kernel. Set with lanes_kernel_options_default(), then change fields. */
typedef struct lanes_kernel_options {
    uint32_t struct_bytes; /**< sizeof(lanes_kernel_options); set by ..._default() */
    uint32_t flags;        /**< LANES_KERNEL_* */
    const char *entry;     /**< borrowed; the callback's symbol; NULL = find it */
    /**
     * Borrowed; "f8(f8,f8)", "c16,i4(f8[:])", or in Numba's words
     * "Tuple((complex128, int32))(float64[:])"; NULL = from the IR. IR does not say which
     * integers are unsigned, which pairs are complex and what a C result pointer points
     * to: give a signature then. It is checked against the IR.
     */
    const char *signature;
    uint32_t math;       /**< enum lanes_math */
    uint32_t convention; /**< enum lanes_convention; AUTO = found from the IR */
    /**
     * Bits of enum lanes_fp; STRICT, the default, gives the bits that the IR promises.
     * LANES_FP_CONTRACT seldom costs accuracy, but x * x - y * y may be other than 0 for
     * x == y.
     */
    uint32_t fp;
    uint32_t reserved; /**< must be 0 */
} lanes_kernel_options;

/** Fill @p options with the defaults. */
LANES_API void lanes_kernel_options_default(lanes_kernel_options *options);

/**
 * Load a kernel.
 *
 * The IR is read, checked and compiled in a process of its own, so IR that crashes LLVM
 * or compiles without end is an error of this call and harms nothing else. The entry is
 * options->entry, else the native function of exactly one `cfunc.*` wrapper (Numba), else
 * exactly one external definition.
 *
 * Blocking: until compiled; other sessions are not delayed.
 *
 * @param ir        borrowed; LLVM IR text or bitcode
 * @param ir_bytes  1 .. LANES_IR_BYTES_MAX
 * @param options   borrowed; NULL = defaults
 * @param out_kernel  owned by the caller; end it with lanes_kernel_release()
 * @return LANES_OK, a code of category IR (the text says what to change),
 *   LANES_E_COMPILE_CRASHED, LANES_E_COMPILE_LIMIT, LANES_E_QUOTA (LANES_KERNELS_MAX,
 *   or a limit of the executor's), LANES_E_INVALID, LANES_E_PEER_GONE
 */
LANES_API LANES_NODISCARD lanes_status lanes_kernel_load(
    lanes_session *session, const void *ir, size_t ir_bytes,
    const lanes_kernel_options *options, lanes_kernel **out_kernel, lanes_error *err);

/**
 * Where a value in a fused kernel comes from: output `index` of an earlier node, or input
 * `index` of the fused kernel, if `node` is LANES_FUSION_INPUT.
 */
typedef lanes_abi_source lanes_source;

/** A kernel in a fusion, and the source of each of its inputs. */
typedef struct lanes_fusion_node {
    const lanes_kernel *kernel;             /**< borrowed; loaded, not itself fused */
    lanes_source input[LANES_OPERANDS_MAX]; /**< as many as the kernel has inputs */
} lanes_fusion_node;

/**
 * A chain or graph of kernels: outputs of some are inputs of later ones. Set with
 * lanes_fusion_default(), then change fields.
 */
typedef struct lanes_fusion {
    uint32_t struct_bytes; /**< sizeof(lanes_fusion); set by ..._default() */
    uint32_t flags;        /**< LANES_KERNEL_* */
    uint32_t node_count;   /**< 1 .. LANES_FUSION_NODES_MAX */
    uint32_t output_count; /**< of the fused kernel */
    lanes_fusion_node node[LANES_FUSION_NODES_MAX]; /**< in the order of their calls */
    lanes_source output[LANES_OPERANDS_MAX];        /**< of which node; never an input */
} lanes_fusion;

/** Fill @p fusion with the defaults: no nodes. */
LANES_API void lanes_fusion_default(lanes_fusion *fusion);

/**
 * Make one kernel of several: for each element their callbacks are called one after the
 * other, in one loop, and what one gives to another is never in memory.
 *
 * The new kernel runs as a callback would that calls theirs in the order of the nodes: it
 * fails where the first of them fails, and those behind it are not called; random numbers
 * go on from one node to the next. All that take a params block get the batch's one
 * block. Rows can only be inputs of the fused kernel. dtypes must be equal where values
 * are passed on: nothing is converted in between. math and fp must be the same for all
 * nodes, and are the new kernel's.
 *
 * Shape:     input i of the fused kernel is any that a source names; none may be left out
 *   below the largest, and all that name the same one have the same dtype. Inputs and
 *   outputs together are at most LANES_OPERANDS_MAX.
 * Ownership: the kernels are not needed any more once the call has returned.
 * Blocking:  as lanes_kernel_load().
 *
 * @param fusion      borrowed
 * @param out_kernel  owned by the caller; end it with lanes_kernel_release()
 * @return LANES_OK, LANES_E_INVALID (the text names the node and its input),
 *   LANES_E_DTYPE, LANES_E_STALE_ID, LANES_E_IR_LIMIT (the IR of all nodes exceeds
 *   LANES_IR_BYTES_MAX), or as lanes_kernel_load()
 */
LANES_API LANES_NODISCARD lanes_status lanes_kernel_fuse(lanes_session *session,
                                                         const lanes_fusion *fusion,
                                                         lanes_kernel **out_kernel,
                                                         lanes_error *err);

/** Number of inputs of @p kernel. */
LANES_API uint32_t lanes_kernel_input_count(const lanes_kernel *kernel);

/** Number of outputs of @p kernel. */
LANES_API uint32_t lanes_kernel_output_count(const lanes_kernel *kernel);

/**
 * enum lanes_dtype of operand @p index: inputs first, then outputs; LANES_DTYPE_NONE if
 * there is no such operand.
 */
LANES_API uint32_t lanes_kernel_dtype(const lanes_kernel *kernel, uint32_t index);

/**
 * True if input @p index is a row: the callback gets a pointer to its first element, and
 * as many elements as lanes_operand.row_count says.
 */
LANES_API int lanes_kernel_is_row(const lanes_kernel *kernel, uint32_t index);

/** True if the callback takes a params block (SciPy's user_data). */
LANES_API int lanes_kernel_has_params(const lanes_kernel *kernel);

/**
 * Bytes of the params block that the callback is seen to read: the least to give. 1 if it
 * uses the block at places that cannot be seen. 0 if it does not use it at all, as many
 * do that have SciPy's user_data only because they must: then a batch may leave the block
 * out, and the callback gets NULL.
 */
LANES_API uint64_t lanes_kernel_params_bytes(const lanes_kernel *kernel);

/** Nanoseconds from the load's request until its code was callable. */
LANES_API uint64_t lanes_kernel_compile_ns(const lanes_kernel *kernel);

/**
 * The kernel's report: JSON with entry, convention, signature, externals, and for each
 * variant compiled so far vectorization, width, remarks and times. A fused kernel's also
 * has its nodes and the wiring between them.
 *
 * @param out_json  NUL-terminated; owned by the caller, freed with free()
 * @return LANES_OK, LANES_E_PEER_GONE, -ENOMEM
 */
LANES_API LANES_NODISCARD lanes_status lanes_kernel_report(lanes_kernel *kernel,
                                                           char **out_json,
                                                           lanes_error *err);

/** Unload a kernel; batches already submitted still complete. NULL is allowed. */
LANES_API void lanes_kernel_release(lanes_kernel *kernel);

#ifdef __cplusplus
}
#endif

#endif /* LANES_KERNEL_H */
