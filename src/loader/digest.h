/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - BLAKE3, and what names everything that compiled code depends on.
 *
 * It is in this room because both are LLVM's. The executor finds by a digest what it was
 * asked before; nothing else is compared, so it must not have collisions.
 */
#ifndef LANES_LOADER_DIGEST_H
#define LANES_LOADER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define LANES_DIGEST_BYTES 32

typedef struct lanes_digest {
    uint8_t bytes[LANES_DIGEST_BYTES];
} lanes_digest;

/** A run of bytes. */
typedef struct lanes_digest_part {
    const void *data;
    size_t bytes;
} lanes_digest_part;

/** Digest of a list of parts; where one ends and the next begins counts. */
void lanes_digest_of(const lanes_digest_part *parts, size_t count,
                     lanes_digest *out_digest);

/**
 * Digest of what this process is made of and runs on: the builds of the program and of
 * its libraries, LLVM among them, and the CPU with its features. Code that another
 * executor had made for the same request is the same only if this is.
 */
void lanes_digest_of_host(lanes_digest *out_digest);

#endif /* LANES_LOADER_DIGEST_H */
