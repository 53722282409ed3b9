/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.h - exceptions that a Numba callback can raise, found by the compiler.
 *
 * Numba compiles `raise` into a store of an excinfo address and status 1. The excinfo
 * names a pickle of (class, arguments, location): a constant of the module. A static one
 * is itself a constant. A dynamic one (Numba >= 0.57) is allocated by the callback:
 *
 *   struct { const void *pickle; int32_t bytes; const void *arguments; void *unwrap;
 *            int32_t argument_count; }
 *
 * where `arguments` is an allocated struct of the values that the element computed and
 * `unwrap` a function that would make Python objects of them. lanes never calls it; the
 * compiler reads from its code how the struct is laid out.
 *
 * The object exports a table of 2 * payload_count + argument_list_count addresses: for
 * payload p its constant excinfo (or NULL) at 2p and its pickle at 2p + 1; then what
 * stands for each unwrap function. The executor compares with these and follows no
 * pointer of the callback's that is not in the table or in the thread's arena.
 */
#ifndef LANES_KERNEL_PAYLOAD_H
#define LANES_KERNEL_PAYLOAD_H

#include <stdint.h>

#include <lanes/abi.h>

#define LANES_PAYLOADS_MAX 1024u /* of a kernel, and as many argument lists */

/** One pickled exception of the module. */
typedef struct lanes_payload {
    uint32_t form;   /* enum lanes_payload_form */
    uint32_t node;   /* of a fused kernel, in whose IR it is; else 0 */
    uint64_t offset; /* in the IR as submitted: bytes, or bits for bitcode */
    uint64_t bytes;  /* of the pickle */
    char type[64];   /* class for people, such as "ValueError"; "" = unreadable */
    char
        message[192]; /* its arguments for people, such as "'negative', {}"; may be cut */
    char location[128]; /* "f (file.py:12)", or "" */
} lanes_payload;

/** Where the value of an item is. */
enum lanes_payload_place {
    LANES_PAYLOAD_COMPUTED = 0, /* in the struct that the callback allocates */
    LANES_PAYLOAD_CONSTANT = 1  /* in lanes_payload_arguments.constant */
};

/**
 * A value that an exception is raised with, or a part of one, in the order of
 * lanes_abi_raised.item. A computed text is the beginning of Numba's struct of a string,
 * lanes_payload_text.
 */
typedef struct lanes_payload_item {
    uint32_t type;   /* enum lanes_dtype or lanes_raised_item */
    uint32_t count;  /* tuples: direct elements; others: 0 */
    uint32_t place;  /* enum lanes_payload_place; 0 if there is no value */
    uint32_t offset; /* bytes from the start of that place; likewise */
    uint32_t bytes;  /* likewise */
} lanes_payload_item;

/** Bytes of the constants in one list of arguments. */
#define LANES_PAYLOAD_CONSTANT_BYTES 256

/** How the struct of arguments of one unwrap function is laid out. */
typedef struct lanes_payload_arguments {
    uint32_t argument_count; /* items that are in no tuple */
    uint32_t item_count;
    uint32_t bytes;          /* of the whole struct */
    uint32_t constant_bytes; /* used of constant[] */
    lanes_payload_item item[LANES_RAISED_ITEMS_MAX];
    uint8_t constant[LANES_PAYLOAD_CONSTANT_BYTES]; /* unused: 0 */
} lanes_payload_arguments;

/** The beginning of Numba's struct of a string. */
typedef struct lanes_payload_text {
    const void *characters; /* of 1, 2 or 4 bytes: code points */
    int64_t length;         /* of them */
    int32_t kind;           /* bytes of one */
    int32_t is_ascii;
} lanes_payload_text;

/** A dynamic excinfo as the callback leaves it in memory. */
typedef struct lanes_payload_excinfo {
    const void *pickle;
    int32_t bytes;
    int32_t pad0;
    const void *arguments;
    const void *unwrap;
    int32_t argument_count;
    int32_t pad1;
} lanes_payload_excinfo;

#endif /* LANES_KERNEL_PAYLOAD_H */
