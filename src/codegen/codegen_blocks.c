/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_blocks.c - blocks of a function by number, for what is kept of each.
 */
#include "codegen/codegen_internal.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const uintptr_t first = (uintptr_t)*(LLVMBasicBlockRef const *)a;
    const uintptr_t second = (uintptr_t)*(LLVMBasicBlockRef const *)b;
    return (first > second) - (first < second);
}

void lanes_codegen_sort_blocks(LLVMValueRef function, LLVMBasicBlockRef *out_blocks)
{
    LLVMGetBasicBlocks(function, out_blocks);
    qsort(out_blocks, LLVMCountBasicBlocks(function), sizeof(LLVMBasicBlockRef), compare);
}

unsigned lanes_codegen_find_block(const LLVMBasicBlockRef *blocks, unsigned count,
                                  LLVMBasicBlockRef block)
{
    const LLVMBasicBlockRef *found =
        bsearch(&block, blocks, count, sizeof(*blocks), compare);
    LANES_ASSERT(found != NULL);
    return (unsigned)(found - blocks);
}
