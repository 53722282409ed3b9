/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_payload.c - the pickle of a raised exception, out of the caller's own IR.
 *
 * Where it lies is the executor's word, so every place is checked against the IR's
 * length; the bytes themselves are the caller's.
 */
#include <lanes/batch.h>

#include <inttypes.h>
#include <string.h>

#include "base/base.h"

/** Value of a hexadecimal digit; -1 if it is none. By hand: isxdigit() asks the locale.
 */
static int hex_value(unsigned char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/**
 * Decode one byte of an LLVM string at *at, which is < @p end, as LLVM does: two hex
 * digits after a backslash are a byte, two backslashes are one, and all else is itself.
 */
static uint8_t decode_character(const uint8_t *ir, size_t end, size_t *at)
{
    const size_t left = end - *at;
    const uint8_t *text = ir + *at;
    if (text[0] == '\\' && left >= 2 && text[1] == '\\') {
        *at += 2;
        return '\\';
    }
    if (text[0] == '\\' && left >= 3 && hex_value(text[1]) >= 0 &&
        hex_value(text[2]) >= 0) {
        *at += 3;
        return (uint8_t)(hex_value(text[1]) * 16 + hex_value(text[2]));
    }
    *at += 1;
    return text[0];
}

static lanes_status read_text(const uint8_t *ir, size_t ir_bytes,
                              const lanes_raised *raised, uint8_t *pickle,
                              lanes_error *err)
{
    if (raised->payload_offset >= ir_bytes) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the pickle begins at byte %" PRIu64
                               ", the IR has %zu: it is not the IR that was submitted",
                               raised->payload_offset, ir_bytes);
    }
    size_t at = (size_t)raised->payload_offset;
    for (uint64_t i = 0; i < raised->payload_bytes; i++) {
        if (at >= ir_bytes || ir[at] == '"') {
            return lanes_error_set(err, LANES_E_INVALID,
                                   "the %s ends after %" PRIu64 " of %" PRIu64
                                   " bytes of the pickle: it is not the IR that was "
                                   "submitted",
                                   at >= ir_bytes ? "IR" : "string", i,
                                   raised->payload_bytes);
        }
        pickle[i] = decode_character(ir, ir_bytes, &at);
    }
    return LANES_OK;
}

static lanes_status read_bitcode(const uint8_t *ir, size_t ir_bytes,
                                 const lanes_raised *raised, uint8_t *pickle,
                                 lanes_error *err)
{
    const uint64_t ir_bits = 8 * (uint64_t)ir_bytes; /* of memory, so it fits */
    uint64_t pickle_bits = 0;
    uint64_t end = 0;
    if (!lanes_mul_u64(raised->payload_bytes, 8, &pickle_bits) ||
        !lanes_add_u64(raised->payload_offset, pickle_bits, &end) || end > ir_bits) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a pickle of %" PRIu64 " bytes at bit %" PRIu64
                               " reaches outside the IR of %zu bytes: it is not the IR "
                               "that was submitted",
                               raised->payload_bytes, raised->payload_offset, ir_bytes);
    }
    const uint8_t *from = ir + raised->payload_offset / 8;
    const uint32_t shift = raised->payload_offset % 8;
    for (uint64_t i = 0; i < raised->payload_bytes; i++) {
        /* With shift 0 the next byte is not needed, and may be outside. */
        const uint32_t high = shift != 0 ? (uint32_t)from[i + 1] << 8 : 0;
        pickle[i] = (uint8_t)((high | from[i]) >> shift);
    }
    return LANES_OK;
}

lanes_status lanes_payload_read(const void *ir, size_t ir_bytes,
                                const lanes_raised *raised, void *out_pickle,
                                size_t buffer_bytes, lanes_error *err)
{
    if (ir == NULL || raised == NULL || out_pickle == NULL) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the IR, the raised exception or the buffer is NULL");
    }
    if (raised->kind != LANES_RAISED_EXCEPTION || raised->payload_bytes == 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "what was raised (kind %u, %" PRIu64
                               " bytes) has no pickle",
                               raised->kind, raised->payload_bytes);
    }
    if (raised->payload_bytes > buffer_bytes) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a pickle of %" PRIu64
                               " bytes does not fit a buffer of %zu",
                               raised->payload_bytes, buffer_bytes);
    }
    switch (raised->payload_form) {
    case LANES_PAYLOAD_TEXT:
        return read_text(ir, ir_bytes, raised, out_pickle, err);
    case LANES_PAYLOAD_BITCODE:
        return read_bitcode(ir, ir_bytes, raised, out_pickle, err);
    default:
        return lanes_error_set(err, LANES_E_INVALID,
                               "payload form %u is neither text nor bitcode",
                               raised->payload_form);
    }
}
