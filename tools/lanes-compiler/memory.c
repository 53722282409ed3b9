/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - tells a compile that ran out of memory from one that crashed.
 *
 * LLVM answers a failed allocation with abort(), which from outside looks like any other
 * of its aborts. A program may replace malloc() for itself and every library it loads, so
 * these functions forward to glibc's own and, once sandbox_exit_without_memory() was
 * called, end the process with a status of its own when glibc has nothing to give.
 * free() and the rest of the family are not replaced: the blocks are glibc's.
 *
 * Sanitizers replace malloc() themselves, and their builds have no memory limit.
 */
#include "sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int exit_status_without_memory = -1;

void sandbox_exit_without_memory(int exit_status)
{
    exit_status_without_memory = exit_status;
}

#if !defined(LANES_SANITIZED)

#define REPLACEMENT __attribute__((visibility("default")))

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
 */
/* glibc's allocator under the names it keeps for replacements. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
 */

static void *checked(void *block, size_t size)
{
    if (block == NULL && size != 0 && exit_status_without_memory >= 0) {
        _exit(exit_status_without_memory);
    }
    return block;
}

REPLACEMENT void *malloc(size_t size)
{
    return checked(__libc_malloc(size), size);
}

REPLACEMENT void *calloc(size_t count, size_t size)
{
    return checked(__libc_calloc(count, size), count != 0 ? size : 0);
}

REPLACEMENT void *realloc(void *block, size_t size)
{
    return checked(__libc_realloc(block, size), size);
}

/* What C++'s aligned operator new calls. */
REPLACEMENT void *aligned_alloc(size_t alignment, size_t size)
{
    return checked(__libc_memalign(alignment, size), size);
}

REPLACEMENT int posix_memalign(void **out_block, size_t alignment, size_t size)
{
    void *block = checked(__libc_memalign(alignment, size), size);
    if (block == NULL) {
        return ENOMEM;
    }
    *out_block = block;
    return 0;
}

#endif
