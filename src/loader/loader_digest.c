/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_digest.c - BLAKE3 over parts; the host.
 */
#include "loader/digest.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/blake3.h>
#include <string.h>

#include "base/base.h"

_Static_assert(LANES_DIGEST_BYTES == LLVM_BLAKE3_OUT_LEN, "a whole hash");

/* The length first: two parts in a row are not two others. */
static void add(llvm_blake3_hasher *hasher, const void *data, size_t bytes)
{
    const uint64_t length = bytes;
    llvm_blake3_hasher_update(hasher, &length, sizeof(length));
    llvm_blake3_hasher_update(hasher, data, bytes);
}

void lanes_digest_of(const lanes_digest_part *parts, size_t count,
                     lanes_digest *out_digest)
{
    llvm_blake3_hasher hasher;
    llvm_blake3_hasher_init(&hasher);
    for (size_t i = 0; i < count; i++) {
        add(&hasher, parts[i].data, parts[i].bytes);
    }
    llvm_blake3_hasher_finalize(&hasher, out_digest->bytes, sizeof(out_digest->bytes));
}

static void add_build(void *ctx, const void *id, size_t bytes)
{
    add(ctx, id, bytes);
}

void lanes_digest_of_host(lanes_digest *out_digest)
{
    llvm_blake3_hasher hasher;
    char *cpu = LLVMGetHostCPUName();
    char *features = LLVMGetHostCPUFeatures();
    llvm_blake3_hasher_init(&hasher);
    lanes_build_ids(add_build, &hasher);
    add(&hasher, cpu, strlen(cpu));
    add(&hasher, features, strlen(features));
    llvm_blake3_hasher_finalize(&hasher, out_digest->bytes, sizeof(out_digest->bytes));
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
}
