/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.h - what compiled callbacks call beyond libm: memory, random numbers, and the
 * helper functions that Numba's IR names. Plain C: no CPython, no Numba.
 *
 * A callback keeps nothing from one element to the next. Generated code calls
 * lanes_runtime_begin() before each element whose callback uses this room; it takes back
 * all memory of the element before and starts the random streams that belong to (batch
 * seed, element index). So results do not depend on threads, tiles or order, and an
 * element can be repeated.
 *
 * Threads: all state is thread-local. Any of these functions may be left by siglongjmp
 * (a fault in the callback): the next lanes_runtime_begin() makes everything right again.
 * They call neither malloc nor anything else that takes a lock; the one exception, the
 * thread's arena, is made by lanes_runtime_enter().
 */
#ifndef LANES_RUNTIME_H
#define LANES_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/**
 * Memory that the callback may hold at one time, for one element. A request beyond it
 * gets NULL, which Numba's IR turns into MemoryError for that element.
 */
#define LANES_RUNTIME_ARENA_BYTES (64ull << 20)

/** A function that compiled code reaches by name. */
typedef struct lanes_runtime_symbol {
    const char *name;
    void (*address)(void);
} lanes_runtime_symbol;

/** One row for each row of LANES_RUNTIME_TABLE (kernel/symbols.h). Static. */
const lanes_runtime_symbol *lanes_runtime_symbols(size_t *out_count);

/**
 * Make this thread's arena: address space of LANES_RUNTIME_ARENA_BYTES, of which only
 * touched pages become memory. Cheap when it exists. Call before running compiled code,
 * outside any guard. Without it (or when it failed) every allocation yields NULL.
 */
void lanes_runtime_enter(void);

/**
 * Give back pages beyond the first MiB that this thread's elements have touched. Between
 * elements: what the last one holds is taken back as well.
 */
void lanes_runtime_trim(void);

/** Free this thread's arena. Allowed when there is none. */
void lanes_runtime_leave(void);

/** Called by generated code: a new element begins. @p index is its flat C-order index. */
void lanes_runtime_begin(uint64_t seed, uint64_t index);

/**
 * Called by generated code, in functions that could not be inlined into the loop: the
 * element has failed with @p code (enum lanes_element_code, kernel/loop.h). The first
 * code of an element counts.
 */
void lanes_runtime_fail(int32_t code);

/** Called by generated code: the code of this element's failure, 0 if none. */
int32_t lanes_runtime_failure(void);

/**
 * True if [address, address + bytes) is memory this element has allocated and holds:
 * inside one block. Of no bytes, anywhere between blocks as well. Takes a step for each
 * block above it.
 */
bool lanes_runtime_owns(const void *address, size_t bytes);

/** Bytes in blocks that are allocated now, with their headers; for tests of leaks. */
size_t lanes_runtime_used_bytes(void);

#endif /* LANES_RUNTIME_H */
