/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_text.c - an exception as a sentence for people, as Python would show it.
 *
 * The compiler has written the constant arguments, with {} for each that the element
 * computes. A long string leaves room for all that is behind it, so that brackets and
 * quotes come in pairs: programs look for the end of the arguments (tools/lanes).
 */
#include <string.h>

#include "engine/engine_internal.h"
#include "kernel/raised.h"

#define PLACEHOLDER "{}"

/* Bytes that a string takes however much is behind it. */
#define TEXT_ROOM_MIN 40u
/* Bytes that a string leaves for each value behind it: a number, or the least string. */
#define VALUE_ROOM (TEXT_ROOM_MIN + 4)

/* A piece of the compiler's text, up to @p end. */
static void add_piece(lanes_repr *repr, const char *piece, const char *end)
{
    lanes_repr_add_name(repr, (const unsigned char *)piece, (size_t)(end - piece));
}

static void add_item(lanes_repr *repr, const lanes_abi_raised *raised,
                     const lanes_abi_raised_item *item, size_t behind)
{
    if (item->type == LANES_RAISED_ITEM_NONE) {
        lanes_repr_add(repr, "None");
    } else if (lanes_raised_is_text(item->type)) {
        const size_t left = repr->size - repr->used;
        const size_t room = left > behind + TEXT_ROOM_MIN ? left - behind : TEXT_ROOM_MIN;
        lanes_repr_add_string_within(repr, raised->data + item->offset, item->bytes,
                                     item->type == LANES_RAISED_ITEM_TEXT_CUT, room);
    } else {
        lanes_repr_add_element(repr, item->type, raised->data + item->offset);
    }
}

/*
 * Writes the tree that begins at item @p first; returns the item behind it. @p behind:
 * bytes that other things will need. Items are sane: no tree is deeper than there are
 * items, nor does one end behind them.
 */
static uint32_t add_tree(lanes_repr *repr, const lanes_abi_raised *raised, uint32_t first,
                         size_t behind)
{
    uint32_t missing[LANES_RAISED_ITEMS_MAX + 1]; /* elements, of each open tuple */
    uint32_t whole[LANES_RAISED_ITEMS_MAX + 1];
    uint32_t depth = 0;
    uint32_t at = first;
    for (;;) {
        const lanes_abi_raised_item *item = &raised->item[at++];
        if (item->type == LANES_RAISED_ITEM_TUPLE) {
            missing[depth] = whole[depth] = item->count;
            depth++;
            lanes_repr_add(repr, "(");
        } else {
            add_item(repr, raised, item,
                     behind + VALUE_ROOM * (raised->item_count - at) + 2 * depth);
            if (depth > 0) {
                missing[depth - 1]--;
            }
        }
        /* What is whole now ends the tuples that it is the last element of. */
        while (depth > 0 && missing[depth - 1] == 0) {
            depth--;
            lanes_repr_add(repr, whole[depth] == 1 ? ",)" : ")");
            if (depth > 0) {
                missing[depth - 1]--;
            }
        }
        if (depth == 0) {
            return at;
        }
        if (missing[depth - 1] < whole[depth - 1]) {
            lanes_repr_add(repr, ", ");
        }
    }
}

static void add_arguments(lanes_repr *repr, const char *pattern,
                          const lanes_abi_raised *raised, size_t behind)
{
    uint32_t item = 0;
    const char *place = strstr(pattern, PLACEHOLDER);
    while (place != NULL) {
        add_piece(repr, pattern, place);
        pattern = place + strlen(PLACEHOLDER);
        if (item < raised->item_count) {
            item = add_tree(repr, raised, item, strlen(pattern) + behind);
        } else {
            lanes_repr_add(repr, "..."); /* more than items, or not known what it is */
        }
        place = strstr(pattern, PLACEHOLDER);
    }
    add_piece(repr, pattern, pattern + strlen(pattern));
}

void lanes_engine_write_raised(lanes_repr *repr, const lanes_payload *payload,
                               const lanes_abi_raised *raised)
{
    static const char joint[] = " in ";
    static const char end[] = ")...";
    const size_t location = strlen(payload->location);
    if (payload->type[0] == '\0') {
        lanes_repr_add(repr, "an exception whose class lanes cannot read");
    } else {
        add_piece(repr, payload->type, payload->type + strlen(payload->type));
        lanes_repr_add(repr, "(");
        /* A text keeps room for its "...". */
        add_arguments(repr, payload->message, raised,
                      location + sizeof(joint) + sizeof(end));
        lanes_repr_add(repr, ")");
    }
    if (location > 0) {
        lanes_repr_add(repr, joint);
        add_piece(repr, payload->location, payload->location + location);
    }
}
