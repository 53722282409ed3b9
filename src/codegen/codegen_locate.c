/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_locate.c - see codegen_locate.h.
 *
 * Both searches ask one index of the wanted constants, by hash and length, about each
 * place that could be one. In text these are the strings; in bitcode, where strings begin
 * at any bit, the places whose first 8 bytes are those of a wanted constant.
 */
#include "codegen/codegen_locate.h"

#include <string.h>

#include "base/base.h"
#include "kernel/payload.h"

#define SLOTS        (4 * LANES_PAYLOADS_MAX) /* a power of two; at most a quarter used */
#define EMPTY        UINT32_MAX
#define PREFIX_BYTES 8u

struct index {
    lanes_locate_constant *constants;
    uint32_t missing;            /* constants without a place */
    uint64_t longest;            /* count */
    uint32_t all[SLOTS];         /* constants by content */
    uint32_t begins[SLOTS];      /* bitcode: one constant per first bytes and length */
    uint8_t first_two[1u << 13]; /* bitcode: a bit for each possible start */
};

/* FNV-1a, byte by byte. */
#define HASH_SEED 0xcbf29ce484222325u

static uint64_t hash_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * 0x100000001b3u;
}

static uint64_t hash_bytes(const unsigned char *bytes, uint64_t count)
{
    uint64_t hash = HASH_SEED;
    for (uint64_t i = 0; i < count; i++) {
        hash = hash_byte(hash, bytes[i]);
    }
    return hash;
}

static uint32_t slot_of(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32) & (SLOTS - 1);
}

static uint64_t prefix_of(const unsigned char *bytes)
{
    uint64_t prefix;
    memcpy(&prefix, bytes, PREFIX_BYTES);
    return prefix;
}

static uint32_t prefix_slot(uint64_t prefix)
{
    return slot_of(prefix * 0x9e3779b97f4a7c15u);
}

static void add_content(struct index *index, uint32_t which)
{
    const lanes_locate_constant *constant = &index->constants[which];
    uint32_t slot = slot_of(hash_bytes(constant->bytes, constant->count));
    while (index->all[slot] != EMPTY) {
        slot = (slot + 1) & (SLOTS - 1);
    }
    index->all[slot] = which;
}

static void add_prefix(struct index *index, uint32_t which)
{
    const lanes_locate_constant *constant = &index->constants[which];
    if (constant->count < PREFIX_BYTES) {
        return;
    }
    const uint64_t prefix = prefix_of(constant->bytes);
    uint32_t slot = prefix_slot(prefix);
    while (index->begins[slot] != EMPTY) {
        const lanes_locate_constant *other = &index->constants[index->begins[slot]];
        if (other->count == constant->count && prefix_of(other->bytes) == prefix) {
            return;
        }
        slot = (slot + 1) & (SLOTS - 1);
    }
    index->begins[slot] = which;
    const uint32_t two = (uint32_t)(prefix & 0xffff);
    index->first_two[two / 8] |= (uint8_t)(1u << two % 8);
}

static void fill_index(struct index *index, lanes_locate_constant *constants,
                       uint32_t count)
{
    index->constants = constants;
    index->missing = count;
    memset(index->all, 0xff, sizeof(index->all));
    memset(index->begins, 0xff, sizeof(index->begins));
    for (uint32_t i = 0; i < count; i++) {
        constants[i].form = LANES_PAYLOAD_NONE;
        constants[i].offset = 0;
        if (constants[i].count > index->longest) {
            index->longest = constants[i].count;
        }
        add_content(index, i);
        add_prefix(index, i);
    }
}

/* A place in the IR where a constant may be. */
struct place {
    const unsigned char *ir;
    uint64_t ir_bytes;
    uint64_t offset;
    uint32_t form;
};

/* Value of a hexadecimal digit; -1 if it is none. */
static int hex_value(unsigned char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const int letter = digit | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* One byte of an LLVM string at *at, read as LLVM reads it: two backslashes are one, two
 * hexadecimal digits behind a backslash are a byte, all else is itself. */
static unsigned char take_character(const unsigned char *ir, uint64_t ir_bytes,
                                    uint64_t *at)
{
    const unsigned char *text = ir + *at;
    const uint64_t left = ir_bytes - *at;
    if (text[0] == '\\' && left >= 2 && text[1] == '\\') {
        *at += 2;
        return '\\';
    }
    if (text[0] == '\\' && left >= 3 && hex_value(text[1]) >= 0 &&
        hex_value(text[2]) >= 0) {
        *at += 3;
        return (unsigned char)(hex_value(text[1]) * 16 + hex_value(text[2]));
    }
    *at += 1;
    return text[0];
}

static unsigned char byte_at_bit(const unsigned char *ir, uint64_t bit)
{
    const unsigned char *from = ir + bit / 8;
    const uint32_t shift = bit % 8;
    /* Without a shift the next byte is not needed, and may be outside. */
    const uint32_t next = shift != 0 ? (uint32_t)from[1] << 8 : 0;
    return (unsigned char)((next | from[0]) >> shift & 0xff);
}

/* The place is known to have as many bytes as the constant. */
static bool is_at(const lanes_locate_constant *constant, const struct place *place)
{
    uint64_t at = place->offset;
    for (uint64_t i = 0; i < constant->count; i++) {
        unsigned char byte;
        if (place->form == LANES_PAYLOAD_TEXT) {
            byte = take_character(place->ir, place->ir_bytes, &at);
        } else {
            byte = byte_at_bit(place->ir, at + 8 * i);
        }
        if (byte != constant->bytes[i]) {
            return false;
        }
    }
    return true;
}

/* Gives the constants (equal ones all) that are at a place their place. */
static void settle(struct index *index, const struct place *place, uint64_t hash,
                   uint64_t count)
{
    for (uint32_t slot = slot_of(hash); index->all[slot] != EMPTY;
         slot = (slot + 1) & (SLOTS - 1)) {
        lanes_locate_constant *constant = &index->constants[index->all[slot]];
        if (constant->form == LANES_PAYLOAD_NONE && constant->count == count &&
            is_at(constant, place)) {
            constant->form = place->form;
            constant->offset = place->offset;
            index->missing--;
        }
    }
}

/*
 * Every c"..." is tried, also where a comment or another string only looks like one: what
 * decodes to the right bytes is right. A string ends at the next '"', and each candidate
 * contains one, so no byte is decoded for two candidates.
 */
static void search_text(struct index *index, const unsigned char *ir, uint64_t ir_bytes)
{
    uint64_t next = 1;
    while (next < ir_bytes && index->missing > 0) {
        const unsigned char *quote = memchr(ir + next, '"', ir_bytes - next);
        if (quote == NULL) {
            return;
        }
        next = (uint64_t)(quote - ir) + 1;
        if (quote[-1] != 'c') {
            continue;
        }
        uint64_t at = next;
        uint64_t hash = HASH_SEED;
        uint64_t count = 0;
        while (at < ir_bytes && ir[at] != '"' && count <= index->longest) {
            hash = hash_byte(hash, take_character(ir, ir_bytes, &at));
            count++;
        }
        if (at < ir_bytes && ir[at] == '"') {
            const struct place place = {ir, ir_bytes, next, LANES_PAYLOAD_TEXT};
            settle(index, &place, hash, count);
        }
    }
}

/*
 * Bits from @p bit on begin as some wanted constant does: settle those that are there.
 * Returns the bytes that were looked at.
 */
static uint64_t try_bit(struct index *index, const struct place *place, uint64_t prefix)
{
    uint64_t looked_at = 0;
    for (uint32_t slot = prefix_slot(prefix); index->begins[slot] != EMPTY;
         slot = (slot + 1) & (SLOTS - 1)) {
        const lanes_locate_constant *constant = &index->constants[index->begins[slot]];
        if (prefix_of(constant->bytes) != prefix ||
            constant->count > (8 * place->ir_bytes - place->offset) / 8) {
            continue;
        }
        uint64_t hash = HASH_SEED;
        for (uint64_t i = 0; i < constant->count; i++) {
            hash = hash_byte(hash, byte_at_bit(place->ir, place->offset + 8 * i));
        }
        looked_at += constant->count;
        settle(index, place, hash, constant->count);
    }
    return looked_at;
}

static bool is_start(const struct index *index, uint64_t bits)
{
    const uint32_t two = (uint32_t)(bits & 0xffff);
    return (index->first_two[two / 8] >> two % 8 & 1) != 0;
}

/* Real places cost their length once; more than a multiple of the IR's is a module made
 * to be slow, and what was not found until then is not found. */
#define LOOKED_AT_MAX 8u

static void search_bitcode(struct index *index, const unsigned char *ir,
                           uint64_t ir_bytes)
{
    uint64_t looked_at = 0;
    for (uint64_t i = 0; i + PREFIX_BYTES <= ir_bytes; i++) {
        const uint64_t low = prefix_of(ir + i);
        const uint64_t high = i + PREFIX_BYTES < ir_bytes ? ir[i + PREFIX_BYTES] : 0;
        for (uint32_t shift = 0; shift < 8; shift++) {
            const uint64_t bits = shift == 0 ? low : low >> shift | high << (64 - shift);
            if (!is_start(index, bits)) {
                continue;
            }
            const struct place place = {ir, ir_bytes, 8 * i + shift,
                                        LANES_PAYLOAD_BITCODE};
            looked_at += try_bit(index, &place, bits);
            if (index->missing == 0 || looked_at > LOOKED_AT_MAX * ir_bytes) {
                return;
            }
        }
    }
}

static bool is_bitcode(const unsigned char *ir, uint64_t ir_bytes)
{
    static const unsigned char raw[4] = {'B', 'C', 0xc0, 0xde};
    static const unsigned char wrapped[4] = {0xde, 0xc0, 0x17, 0x0b};
    return ir_bytes >= 4 && (memcmp(ir, raw, 4) == 0 || memcmp(ir, wrapped, 4) == 0);
}

void lanes_locate_constants(const char *ir, uint64_t ir_bytes,
                            lanes_locate_constant *constants, uint32_t count)
{
    LANES_ASSERT(count <= LANES_PAYLOADS_MAX);
    if (count == 0) {
        return;
    }
    struct index index = {0};
    fill_index(&index, constants, count);
    const unsigned char *bytes = (const unsigned char *)ir;
    if (is_bitcode(bytes, ir_bytes)) {
        search_bitcode(&index, bytes, ir_bytes);
    } else {
        search_text(&index, bytes, ir_bytes);
    }
}
