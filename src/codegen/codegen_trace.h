/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_trace.h - what a function does with memory that it gets a pointer to.
 *
 * Opaque pointers do not say what they point to; the loads and stores through them do.
 */
#ifndef LANES_CODEGEN_TRACE_H
#define LANES_CODEGEN_TRACE_H

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <stdbool.h>
#include <stdint.h>

#define LANES_TRACE_STORES_MAX 64

typedef struct lanes_trace_store {
    uint64_t offset; /* bytes from the pointer */
    LLVMTypeRef type;
    bool is_bool; /* every i8 stored here was made of an i1 */
} lanes_trace_store;

typedef struct lanes_trace {
    bool is_known; /* false: it escapes, or is used at offsets that are no constants */
    bool is_read;
    bool is_written;
    bool is_filled;    /* some of it by memset or memcpy, which says nothing of types */
    bool escapes;      /* who gets it may read and write; then it is not known, either */
    uint64_t read_end; /* bytes from the pointer to behind the last read seen */
    uint64_t written_end;  /* likewise for writes */
    LLVMTypeRef read_type; /* of the first load; NULL: none */
    LLVMTypeRef written_type;
    /*
     * Reads at constant offsets that every call of the function does, if it ends: those
     * behind a condition, a call that may not return, or a loop's test are not among
     * them. What they reach must be there; of the others only the caller knows.
     */
    int64_t always_read_begin; /* the lowest offset, if below 0; else 0 */
    uint64_t always_read_end;  /* bytes from the pointer to behind the last */
    int64_t begin; /* lowest constant offset of any access, if below 0; else 0 */
    /*
     * Only for memory that is written: what is read although not every way to the read
     * has written it before.
     */
    bool reads_before_writing; /* at a constant offset */
    uint64_t written_first;    /* bytes from the pointer that are written before any read
                                  at an offset that is no constant; UINT64_MAX: none */
    uint32_t store_count;      /* distinct offsets, in ascending order */
    lanes_trace_store store[LANES_TRACE_STORES_MAX];
} lanes_trace;

/** Follow @p pointer through the function that it is a parameter of. */
void lanes_trace_pointer(LLVMTargetDataRef layout, LLVMValueRef pointer,
                         lanes_trace *out_trace);

#endif /* LANES_CODEGEN_TRACE_H */
