/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_key.c - the key of a variant's code, and whether the executor has that code.
 *
 * Code is found by its key for as long as somebody keeps it on disk, so the key counts
 * what the identity leaves out: the variant, and everything else in this process that
 * had a part in making code. That is said by the builds of this program and its
 * libraries, which change with every change of code generation and with every build of
 * LLVM.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/blake3.h>
#include <string.h>

/* The length first: two ids in a row are not two others. */
static void add_build(void *ctx, const void *id, size_t bytes)
{
    const uint64_t length = bytes;
    llvm_blake3_hasher_update(ctx, &length, sizeof(length));
    llvm_blake3_hasher_update(ctx, id, bytes);
}

static void make_key(const lanes_codegen *cg, const uint8_t *identity,
                     lanes_code_key *out_key)
{
    static const char version[] = LANES_VERSION_TEXT;
    const uint32_t format = LANES_COMPILE_VERSION;
    llvm_blake3_hasher hasher;
    llvm_blake3_hasher_init(&hasher);
    llvm_blake3_hasher_update(&hasher, identity, LANES_IDENTITY_BYTES);
    llvm_blake3_hasher_update(&hasher, &cg->key, sizeof(cg->key));
    llvm_blake3_hasher_update(&hasher, &format, sizeof(format));
    llvm_blake3_hasher_update(&hasher, version, sizeof(version));
    lanes_build_ids(add_build, &hasher);
    llvm_blake3_hasher_finalize(&hasher, out_key->bytes, sizeof(out_key->bytes));
}

bool lanes_codegen_is_known(const lanes_codegen *cg, lanes_compile_result *result)
{
    make_key(cg, result->identity, &result->code_key);
    for (uint32_t i = 0; i < cg->request->known_count; i++) {
        if (memcmp(&cg->known[i], &result->code_key, sizeof(cg->known[i])) == 0) {
            return true;
        }
    }
    return false;
}
