/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_text.c - exceptions as sentences: what of the compiler's text and of an
 * element's values is where, and what is left of it in little room.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine_internal.h"

static lanes_abi_raised raised;
static lanes_payload payload;
static char text[1024];

static void add_item(uint32_t type, uint32_t count, const void *value, uint32_t bytes)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < raised.item_count; i++) {
        at += (raised.item[i].bytes + 7) / 8 * 8;
    }
    cr_assert_leq(at + bytes, sizeof(raised.data));
    raised.item[raised.item_count++] =
        (lanes_abi_raised_item){type, count, bytes > 0 ? at : 0, bytes};
    if (bytes > 0) {
        memcpy(raised.data + at, value, bytes);
    }
}

static void add_tuple(uint32_t count)
{
    add_item(LANES_RAISED_ITEM_TUPLE, count, NULL, 0);
}

static void add_integer(int64_t value)
{
    add_item(LANES_I8, 0, &value, sizeof(value));
}

static void add_text(const char *value)
{
    add_item(LANES_RAISED_ITEM_TEXT, 0, value, (uint32_t)strlen(value));
}

static void begin(const char *pattern)
{
    raised = (lanes_abi_raised){.kind = LANES_RAISED_EXCEPTION};
    payload = (lanes_payload){.type = "E"};
    snprintf(payload.message, sizeof(payload.message), "%s", pattern);
}

static void expect(const char *expected)
{
    lanes_repr repr = lanes_repr_begin(text, sizeof(text));
    lanes_engine_write_raised(&repr, &payload, &raised);
    cr_expect_str_eq(text, expected);
}

Test(engine_text, values_take_the_places_of_placeholders)
{
    begin("'a', {}, 'b', {}");
    add_integer(1);
    add_integer(-2);
    expect("E('a', 1, 'b', -2)");
    begin("{}");
    add_item(LANES_RAISED_ITEM_NONE, 0, NULL, 0);
    expect("E(None)");
    begin("{}{}");
    add_item(LANES_RAISED_ITEM_UNKNOWN, 0, NULL, 0);
    expect("E(......)"); /* a value that is not known, and one that is not there */
    begin("'no place'");
    add_integer(1);
    expect("E('no place')");
    begin("");
    snprintf(payload.location, sizeof(payload.location), "f (\xc3\xa9.py:3)");
    expect("E() in f (\xc3\xa9.py:3)");
    payload.type[0] = '\0';
    expect("an exception whose class lanes cannot read in f (\xc3\xa9.py:3)");
}

Test(engine_text, tuples_in_tuples)
{
    begin("{}, {}, {}");
    add_tuple(0);
    add_tuple(1);
    add_integer(1);
    add_tuple(3);
    add_tuple(2);
    add_integer(2);
    add_tuple(1);
    add_tuple(0);
    add_text("{}");
    add_tuple(2);
    add_integer(4);
    add_integer(5);
    expect("E((), (1,), ((2, ((),)), '{}', (4, 5)))");
}

/* As deep as there are items. */
Test(engine_text, thirty_two_tuples)
{
    cr_assert_eq(LANES_RAISED_ITEMS_MAX, 32);
    begin("{}");
    for (int i = 0; i < LANES_RAISED_ITEMS_MAX - 1; i++) {
        add_tuple(1);
    }
    add_tuple(0);
    expect("E((((((((((((((((((((((((((((((((()"
           ",),),),),),),),),),),),),),),),),),),),),),),),),),),),),),),))");
}

static size_t character_bytes(const unsigned char *at)
{
    return *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
}

static void expect_characters(const char *cut)
{
    const unsigned char *at = (const unsigned char *)cut;
    while (*at != '\0') {
        const size_t length = character_bytes(at);
        cr_assert(length == 1 || *at >= 0xc2, "%s", cut);
        for (size_t i = 1; i < length; i++) {
            cr_assert_eq(at[i] & 0xc0, 0x80, "cut inside a character: %s", cut);
        }
        at += length;
    }
}

/* A long string gives way to what is behind it, and its quotes stay in pairs. */
Test(engine_text, a_long_string_is_cut_and_nothing_else)
{
    char expected[512];
    begin("'a', {}, 'b', {}");
    snprintf(payload.location, sizeof(payload.location), "f (file.py:12)");
    char value[601];
    memset(value, 'x', sizeof(value) - 1);
    value[600] = '\0';
    add_text(value);
    add_integer(-7);
    lanes_repr repr = lanes_repr_begin(text, 384);
    lanes_engine_write_raised(&repr, &payload, &raised);
    cr_assert_geq(strlen(text), 330, "the room is used: %zu", strlen(text));
    snprintf(expected, sizeof(expected), "E('a', '%.*s...', 'b', -7) in f (file.py:12)",
             (int)strspn(text + 8, "x"), value);
    cr_assert_str_eq(text, expected);
}

Test(engine_text, texts_of_every_size_end_between_characters)
{
    begin("'\xc3\xa9', {}, {}, {}");
    snprintf(payload.location, sizeof(payload.location), "f (\xe4\xb8\xad.py:12)");
    add_text("\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x82\xac");
    add_tuple(2);
    add_text("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    add_integer(3);
    add_integer(123456789);
    lanes_repr whole = lanes_repr_begin(text, sizeof(text));
    lanes_engine_write_raised(&whole, &payload, &raised);
    const size_t length = strlen(text);
    cr_assert_not(whole.is_full);
    for (size_t size = 4; size <= length + 8; size++) {
        char cut[256];
        memset(cut, '#', sizeof(cut));
        lanes_repr repr = lanes_repr_begin(cut, size);
        lanes_engine_write_raised(&repr, &payload, &raised);
        cr_assert_lt(strlen(cut), size);
        cr_assert_eq(cut[size], '#');
        expect_characters(cut);
        if (size > length + 3) {
            cr_assert_str_eq(cut, text);
        } else {
            cr_assert_not_null(strstr(cut, "..."), "%s", cut);
        }
    }
}
