/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_locate.h - where constants of a module lie in the IR as it was submitted.
 */
#ifndef LANES_CODEGEN_LOCATE_H
#define LANES_CODEGEN_LOCATE_H

#include <stdint.h>

/** A constant array of bytes, and the place of the first copy of it. */
typedef struct lanes_locate_constant {
    const unsigned char *bytes; /* borrowed */
    uint64_t count;
    uint32_t form;   /* out: enum lanes_payload_form; LANES_PAYLOAD_NONE: not found */
    uint64_t offset; /* out: see kernel/payload.h */
} lanes_locate_constant;

/**
 * Find constants in IR text or bitcode.
 *
 * Time is linear in @p ir_bytes plus all counts. Not found are: in text, arrays that are
 * not written as strings; in bitcode, constants of less than 8 bytes and those written
 * otherwise than as 8-bit fields (LLVM writes C strings of 7-bit characters so, and no
 * pickle is one).
 *
 * @param ir     borrowed; [ir_bytes]
 * @param count  of @p constants; at most LANES_PAYLOADS_MAX
 */
void lanes_locate_constants(const char *ir, uint64_t ir_bytes,
                            lanes_locate_constant *constants, uint32_t count);

#endif /* LANES_CODEGEN_LOCATE_H */
