/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_producer.c - which LLVM wrote a bitcode file, for people whose file cannot be
 * read.
 *
 * Bitcode begins with an identification block (BitcodeWriter.cpp, since LLVM 3.8), so the
 * version is known even if nothing behind it can be understood. A stream of bits:
 *
 *   'BC' c0de, enter block 13 [abbreviation width], align 32, length in words,
 *   abbreviations, the record STRING = 1 of 6-bit characters, ...
 */
#include "codegen/codegen_internal.h"

#include <string.h>

#define IDENTIFICATION_BLOCK  13u
#define IDENTIFICATION_STRING 1u

enum abbreviation { END_BLOCK = 0, ENTER_BLOCK = 1, DEFINE = 2, UNABBREVIATED = 3 };

struct bits {
    const unsigned char *bytes;
    uint64_t count; /* bits */
    uint64_t at;
};

/* Behind the end there are zeros. */
static uint32_t read_fixed(struct bits *bits, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++, bits->at++) {
        if (bits->at < bits->count) {
            const uint32_t byte = bits->bytes[bits->at / 8];
            value |= (byte >> (bits->at % 8) & 1u) << i;
        }
    }
    return value;
}

/* Groups of @p width bits, of which the highest says that there are more. */
static uint32_t read_variable(struct bits *bits, unsigned width)
{
    const uint32_t more = UINT32_C(1) << (width - 1);
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += width - 1) {
        const uint32_t group = read_fixed(bits, width);
        value |= (group & (more - 1)) << shift;
        if ((group & more) == 0) {
            break;
        }
    }
    return value;
}

static void skip_abbreviation(struct bits *bits)
{
    const uint32_t count = read_variable(bits, 5);
    for (uint32_t i = 0; i < count && bits->at < bits->count; i++) {
        if (read_fixed(bits, 1) != 0) {
            read_variable(bits, 8); /* a literal */
        } else {
            const uint32_t encoding = read_fixed(bits, 3);
            if (encoding == 1 || encoding == 2) { /* fixed, variable: with a width */
                read_variable(bits, 5);
            }
        }
    }
}

/* The abbreviated form is: literal 1, array of 6-bit characters. */
static bool read_text(struct bits *bits, bool is_abbreviated, char *text,
                      size_t text_bytes)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    if (!is_abbreviated && read_variable(bits, 6) != IDENTIFICATION_STRING) {
        return false;
    }
    const uint32_t length = read_variable(bits, 6);
    if (length == 0 || length >= text_bytes || bits->at >= bits->count) {
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        text[i] =
            is_abbreviated ? alphabet[read_fixed(bits, 6)] : (char)read_variable(bits, 6);
    }
    text[length] = '\0';
    return bits->at <= bits->count;
}

static uint32_t read_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

bool lanes_codegen_bitcode_producer(const char *ir, uint64_t ir_bytes, char *text,
                                    size_t text_bytes)
{
    const unsigned char *bytes = (const unsigned char *)ir;
    if (ir_bytes >= 20 && read_word(bytes) == 0x0b17c0de) { /* Apple's wrapper */
        const uint32_t offset = read_word(bytes + 8);
        if (offset > ir_bytes) {
            return false;
        }
        bytes += offset;
        ir_bytes -= offset;
    }
    if (ir_bytes < 16 || read_word(bytes) != 0xdec04342) {
        return false;
    }
    struct bits bits = {.bytes = bytes, .count = 8 * ir_bytes, .at = 32};
    if (read_fixed(&bits, 2) != ENTER_BLOCK ||
        read_variable(&bits, 8) != IDENTIFICATION_BLOCK) {
        return false;
    }
    const unsigned width = read_variable(&bits, 4);
    bits.at = 96; /* aligned, behind the length */
    if (width < 2 || width > 32) {
        return false;
    }
    while (bits.at < bits.count) {
        const uint32_t id = read_fixed(&bits, width);
        if (id == END_BLOCK || id == ENTER_BLOCK) {
            return false;
        }
        if (id != DEFINE) {
            return read_text(&bits, id != UNABBREVIATED, text, text_bytes);
        }
        skip_abbreviation(&bits);
    }
    return false;
}
