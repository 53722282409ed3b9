/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_raised.c - the exception that a callback leaves in memory.
 *
 * It is data of the client: an address is compared with the kernel's table or checked to
 * be memory that this element has allocated before anything behind it is read. Only a
 * string's characters may be elsewhere, since a literal is a constant of the kernel's
 * code; they are copied inside a guard, and as many of them as the struct says
 * (README.md).
 */
#include <string.h>

#include "engine/engine_internal.h"
#include "kernel/raised.h"
#include "runtime/runtime.h"

_Static_assert(sizeof(lanes_payload_excinfo) == 40, "as Numba lays it out");
_Static_assert(sizeof(lanes_payload_text) == 24, "as Numba lays it out");

static bool is_readable(const void *address, size_t bytes, size_t alignment)
{
    return (uintptr_t)address % alignment == 0 && lanes_runtime_owns(address, bytes);
}

/* @p column: 0 = by constant excinfo, 1 = by pickle. */
static const lanes_payload *find_payload(const lanes_engine_exceptions *exceptions,
                                         const void *address, uint32_t column)
{
    for (uint32_t i = 0; i < exceptions->payload_count && address != NULL; i++) {
        if (exceptions->address[2 * i + column] == address) {
            return &exceptions->payload[i];
        }
    }
    return NULL;
}

static const lanes_payload_arguments *
find_arguments(const lanes_engine_exceptions *exceptions, const void *unwrap)
{
    const uint32_t first = 2 * exceptions->payload_count;
    for (uint32_t i = 0; i < exceptions->argument_list_count && unwrap != NULL; i++) {
        if (exceptions->address[first + i] == unwrap) {
            return &exceptions->arguments[i];
        }
    }
    return NULL;
}

/* ---- Strings --------------------------------------------------------------------- */

/* Characters of a string, and where they are to be copied. */
struct copy {
    const void *from;
    uint8_t *to;
    size_t bytes;
};

/* Runs inside a guard: the address may be any. Sanitizers would end the process. */
__attribute__((no_sanitize("address", "undefined"))) static void
copy_characters(void *ctx)
{
    const struct copy *copy = ctx;
    const volatile uint8_t *from = copy->from;
    for (size_t i = 0; i < copy->bytes; i++) {
        copy->to[i] = from[i];
    }
}

/* U+FFFD stands for what is no character. Returns how many bytes it takes. */
static size_t encode(uint32_t code, uint8_t out[4])
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        code = 0xfffd;
    }
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = bytes - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)(leads[bytes] | code);
    return bytes;
}

static uint32_t code_at(const uint8_t *characters, size_t index, uint32_t kind)
{
    uint16_t narrow;
    uint32_t wide;
    switch (kind) {
    case 1:
        return characters[index];
    case 2:
        memcpy(&narrow, characters + 2 * index, sizeof(narrow));
        return narrow;
    default:
        memcpy(&wide, characters + 4 * index, sizeof(wide));
        return wide;
    }
}

/* Fills @p item and at most @p room bytes of raised->data from @p item->offset on; leaves
 * it unknown if @p text is no string. */
static void read_text(const lanes_payload_text *text, size_t room,
                      lanes_abi_raised_item *item, lanes_abi_raised *raised)
{
    uint8_t characters[4 * LANES_RAISED_DATA_BYTES];
    if ((text->kind != 1 && text->kind != 2 && text->kind != 4) || text->length < 0) {
        return;
    }
    const uint32_t kind = (uint32_t)text->kind;
    /* A character takes at least a byte. */
    const size_t count = (uint64_t)text->length < room ? (size_t)text->length : room;
    struct copy copy = {text->characters, characters, count * kind};
    lanes_os_fault fault;
    if (count > 0 && !lanes_os_guard_call(copy_characters, &copy, &fault)) {
        return;
    }
    size_t used = 0;
    size_t next = 0;
    for (; next < count; next++) {
        uint8_t bytes[4];
        const size_t length = encode(code_at(characters, next, kind), bytes);
        if (length > room - used) {
            break;
        }
        memcpy(raised->data + item->offset + used, bytes, length);
        used += length;
    }
    item->type = next < (uint64_t)text->length ? LANES_RAISED_ITEM_TEXT_CUT
                                               : LANES_RAISED_ITEM_TEXT;
    item->bytes = (uint32_t)used;
}

/* ---- Arguments ------------------------------------------------------------------- */

/* @p block holds list->bytes. Strings share what the other values leave. */
static void read_arguments(const lanes_payload_arguments *list, const char *block,
                           lanes_abi_raised *raised)
{
    uint32_t used = 0;
    uint32_t room = LANES_RAISED_DATA_BYTES - lanes_payload_fixed_bytes(list);
    for (uint32_t i = 0; i < list->item_count; i++) {
        const lanes_payload_item *source = &list->item[i];
        lanes_abi_raised_item *item = &raised->item[i];
        *item = (lanes_abi_raised_item){.count = source->count, .offset = used};
        if (lanes_payload_is_computed_text(source)) {
            lanes_payload_text text;
            memcpy(&text, block + source->offset, sizeof(text));
            read_text(&text, room, item, raised);
            room -= lanes_raised_round_up(item->bytes);
        } else {
            const void *from = source->place == LANES_PAYLOAD_CONSTANT
                                   ? (const void *)(list->constant + source->offset)
                                   : block + source->offset;
            item->type = source->type;
            item->bytes = source->bytes;
            memcpy(raised->data + used, from, source->bytes);
        }
        if (item->type == LANES_BOOL) {
            raised->data[used] = raised->data[used] != 0;
        }
        item->offset = item->bytes > 0 ? used : 0;
        used += lanes_raised_round_up(item->bytes);
    }
    raised->item_count = list->item_count;
    raised->argument_count = list->argument_count;
}

/* The payload of an exception that the callback has allocated; NULL if it is none. */
static const lanes_payload *read_dynamic(const lanes_engine_exceptions *exceptions,
                                         const void *excinfo, lanes_abi_raised *raised)
{
    lanes_payload_excinfo copy;
    if (!is_readable(excinfo, sizeof(copy), _Alignof(lanes_payload_excinfo))) {
        return NULL;
    }
    memcpy(&copy, excinfo, sizeof(copy));
    const lanes_payload *payload = find_payload(exceptions, copy.pickle, 1);
    const lanes_payload_arguments *list = find_arguments(exceptions, copy.unwrap);
    if (payload == NULL || list == NULL || !lanes_payload_arguments_is_sane(list) ||
        (list->bytes != 0 && !is_readable(copy.arguments, list->bytes, 1))) {
        return NULL;
    }
    read_arguments(list, copy.arguments, raised);
    return payload;
}

const lanes_payload *lanes_engine_read_raised(const lanes_engine_exceptions *exceptions,
                                              const void *excinfo,
                                              lanes_abi_raised *out_raised)
{
    lanes_abi_raised raised = {.kind = LANES_RAISED_EXCEPTION};
    const lanes_payload *payload = find_payload(exceptions, excinfo, 0);
    if (payload == NULL) {
        payload = read_dynamic(exceptions, excinfo, &raised);
    }
    if (payload == NULL) {
        return NULL;
    }
    raised.node = payload->node;
    raised.payload_form = payload->form;
    raised.payload_offset = payload->offset;
    raised.payload_bytes = payload->bytes;
    *out_raised = raised;
    return payload;
}
