/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the targets share: the entry that libFuzzer calls, and an input that is
 * read piece by piece.
 *
 * A target is deterministic: what it does follows from the bytes alone. Behind their end
 * an input gives zeros, so that every prefix of one is an input.
 */
#ifndef LANES_FUZZ_H
#define LANES_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wide enough for every sum of products of two 64-bit numbers. */
__extension__ typedef __int128 fuzz_i128;
__extension__ typedef unsigned __int128 fuzz_u128;

/** Run one input; 0. A finding ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/** A finding if false, in every build. */
#define FUZZ_CHECK(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                     \
        }                                                                                \
    } while (0)

/** What has not been read of an input. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t bytes;
} fuzz_input;

/** Fill @p out with the next @p bytes, then zeros. */
static inline void fuzz_take(fuzz_input *input, void *out, size_t bytes)
{
    const size_t there = bytes < input->bytes ? bytes : input->bytes;
    if (there > 0) {
        memcpy(out, input->at, there);
        input->at += there;
        input->bytes -= there;
    }
    memset((char *)out + there, 0, bytes - there);
}

static inline uint8_t fuzz_u8(fuzz_input *input)
{
    uint8_t value;
    fuzz_take(input, &value, sizeof(value));
    return value;
}

static inline uint16_t fuzz_u16(fuzz_input *input)
{
    uint16_t value;
    fuzz_take(input, &value, sizeof(value));
    return value;
}

static inline uint32_t fuzz_u32(fuzz_input *input)
{
    uint32_t value;
    fuzz_take(input, &value, sizeof(value));
    return value;
}

static inline uint64_t fuzz_u64(fuzz_input *input)
{
    uint64_t value;
    fuzz_take(input, &value, sizeof(value));
    return value;
}

/**
 * The rest in memory of its own of exactly that size, so that a sanitizer sees who reads
 * behind it; with @p padding zeros behind it. To be freed.
 */
static inline char *fuzz_rest(const fuzz_input *input, size_t padding)
{
    char *copy = malloc(input->bytes + padding + (input->bytes + padding == 0));
    FUZZ_CHECK(copy != NULL);
    if (input->bytes > 0) {
        memcpy(copy, input->at, input->bytes);
    }
    memset(copy + input->bytes, 0, padding);
    return copy;
}

#endif /* LANES_FUZZ_H */
