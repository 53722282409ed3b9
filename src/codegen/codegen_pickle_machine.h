/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_pickle_machine.h - what a pickle stands for, without making any of it.
 *
 * A pickle is a program for a machine with a stack and a memo. This one runs it on values
 * that say only what they are made of: strings and numbers stay where they are in the
 * pickle, a call is its function and arguments, and containers lose what is put into
 * them. A value refers only to values that were made before it.
 */
#ifndef LANES_CODEGEN_PICKLE_MACHINE_H
#define LANES_CODEGEN_PICKLE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/** Of values, and of words in each list below; no pickle of Numba's comes near. */
#define LANES_PICKLE_VALUES_MAX (1u << 20)

/** What a value is, and what its `a` and `b` are then. */
enum lanes_pickle_kind {
    LANES_PICKLE_OTHER = 0, /* a container, or something that no exception needs */
    LANES_PICKLE_NONE,
    LANES_PICKLE_TRUE,
    LANES_PICKLE_FALSE,
    LANES_PICKLE_UNSIGNED, /* b little-endian bytes at a */
    LANES_PICKLE_SIGNED,   /* likewise, in two's complement */
    LANES_PICKLE_FLOAT,    /* 8 big-endian bytes at a */
    LANES_PICKLE_STRING,   /* b bytes at a */
    LANES_PICKLE_BYTES,    /* likewise */
    LANES_PICKLE_TUPLE,    /* b values, listed from items[a] */
    LANES_PICKLE_GLOBAL,   /* name b of module a, both values */
    LANES_PICKLE_CALL,     /* of value a with arguments b, a value */
    LANES_PICKLE_NEW       /* likewise, through __new__ */
};

typedef struct lanes_pickle_value {
    uint32_t kind; /* enum lanes_pickle_kind */
    uint32_t a;
    uint32_t b;
} lanes_pickle_value;

typedef struct lanes_pickle_list {
    uint32_t *data;
    uint32_t count;
    uint32_t capacity;
} lanes_pickle_list;

typedef struct lanes_pickle_machine {
    const unsigned char *pickle; /* borrowed */
    uint32_t bytes;
    uint32_t at;
    uint32_t argument; /* where the opcode's argument begins */
    uint32_t argument_bytes;
    lanes_pickle_value *values;
    uint32_t value_count;
    uint32_t value_capacity;
    lanes_pickle_list stack; /* values and marks */
    lanes_pickle_list memo;  /* values */
    lanes_pickle_list items; /* values, of all tuples */
} lanes_pickle_machine;

/**
 * Run @p machine, which has .pickle and .bytes set and is zero otherwise, to the end of
 * its pickle. Release with lanes_pickle_machine_deinit() also if it fails.
 *
 * @param out_result  index of the value that the pickle stands for
 * @return false if the pickle is damaged, has an opcode that protocols 2 to 5 do not
 *   write, too many values, or if there is no memory
 */
bool lanes_pickle_machine_run(lanes_pickle_machine *machine, uint32_t *out_result);

void lanes_pickle_machine_deinit(lanes_pickle_machine *machine);

/** The number of @p bytes <= 8 bytes at @p at, least significant first. */
uint64_t lanes_pickle_number(const lanes_pickle_machine *machine, uint32_t at,
                             uint32_t bytes);

#endif /* LANES_CODEGEN_PICKLE_MACHINE_H */
