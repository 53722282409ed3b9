/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_repr.c - values as Python's repr() writes them, whole and cut.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/base.h"
#include "kernel/dtype.h"
#include "kernel/repr.h"

static char buffer[256];

static void expect_element(uint32_t dtype, const void *element, const char *expected)
{
    lanes_repr repr = lanes_repr_begin(buffer, sizeof(buffer));
    lanes_repr_add_element(&repr, dtype, element);
    cr_expect_str_eq(buffer, expected);
}

#define EXPECT(dtype, type, value, expected)                                             \
    do {                                                                                 \
        const type stored = (value);                                                     \
        expect_element((dtype), &stored, (expected));                                    \
    } while (0)

Test(kernel_repr, integers)
{
    EXPECT(LANES_BOOL, uint8_t, 1, "True");
    EXPECT(LANES_BOOL, uint8_t, 0, "False");
    EXPECT(LANES_I1, int8_t, INT8_MIN, "-128");
    EXPECT(LANES_U1, uint8_t, UINT8_MAX, "255");
    EXPECT(LANES_I2, int16_t, INT16_MIN, "-32768");
    EXPECT(LANES_U2, uint16_t, UINT16_MAX, "65535");
    EXPECT(LANES_I4, int32_t, INT32_MIN, "-2147483648");
    EXPECT(LANES_U4, uint32_t, UINT32_MAX, "4294967295");
    EXPECT(LANES_I8, int64_t, INT64_MIN, "-9223372036854775808");
    EXPECT(LANES_U8, uint64_t, UINT64_MAX, "18446744073709551615");
    EXPECT(LANES_DTYPE_NONE, uint8_t, 0, "...");
}

Test(kernel_repr, floats)
{
    EXPECT(LANES_F8, double, 0.0, "0.0");
    EXPECT(LANES_F8, double, -0.0, "-0.0");
    EXPECT(LANES_F8, double, 0.1, "0.1");
    EXPECT(LANES_F8, double, 1.0 / 3, "0.3333333333333333");
    EXPECT(LANES_F8, double, 0.1 + 0.2, "0.30000000000000004");
    EXPECT(LANES_F8, double, 100, "100.0");
    EXPECT(LANES_F8, double, 1e15, "1000000000000000.0");
    EXPECT(LANES_F8, double, 123456789012345680, "1.2345678901234568e+17");
    EXPECT(LANES_F8, double, 1e16, "1e+16");
    EXPECT(LANES_F8, double, 0.0001, "0.0001");
    EXPECT(LANES_F8, double, 0.00001, "1e-05");
    EXPECT(LANES_F8, double, 0x1p-1074, "5e-324");
    EXPECT(LANES_F8, double, 0x1.fffffffffffffp1023, "1.7976931348623157e+308");
    EXPECT(LANES_F8, double, -HUGE_VAL, "-inf");
    EXPECT(LANES_F8, double, HUGE_VAL, "inf");
    EXPECT(LANES_F8, double, -(double)NAN, "nan");
    EXPECT(LANES_F4, float, 0.1F, "0.1");
    EXPECT(LANES_F4, float, 16777216.0F, "16777216.0");
    EXPECT(LANES_F4, float, 0x1.fffffep127F, "3.4028235e+38");
}

static void expect_complex(double real, double imaginary, const char *expected)
{
    const double number[2] = {real, imaginary};
    expect_element(LANES_C16, number, expected);
}

Test(kernel_repr, complex_numbers)
{
    expect_complex(1, 2, "(1+2j)");
    expect_complex(-1.5, -0.25, "(-1.5-0.25j)");
    expect_complex(0, 2, "2j");
    expect_complex(0, -0.0, "-0j");
    expect_complex(-0.0, 2, "(-0+2j)");
    expect_complex(1e16, (double)NAN, "(1e+16+nanj)");
    expect_complex((double)NAN, -HUGE_VAL, "(nan-infj)");
    const float single[2] = {0.1F, 3};
    expect_element(LANES_C8, single, "(0.1+3j)");
}

Test(kernel_repr, elements_at_any_address)
{
    char bytes[16] = {0};
    const double value = -2.5;
    memcpy(bytes + 3, &value, sizeof(value));
    expect_element(LANES_F8, bytes + 3, "-2.5");
}

static void add(lanes_repr *repr, const char *text, bool is_cut, size_t room)
{
    lanes_repr_add_string_within(repr, (const unsigned char *)text, strlen(text), is_cut,
                                 room);
}

Test(kernel_repr, strings)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"", "''"},
        {"it's", "\"it's\""},
        {"it's \"", "'it\\'s \"'"},
        {"a\\\n\t\x01\x7f", "'a\\\\\\n\\t\\x01\\x7f'"},
        {"\xc3\xa9\xe2\x80\xae\xf0\x9f\x98\x80", "'\xc3\xa9\\u202e\xf0\x9f\x98\x80'"},
        {"\xff\xed\xa0\x80", "'\\xff\\ud800'"},
        {"{}", "'{}'"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_repr repr = lanes_repr_begin(buffer, sizeof(buffer));
        add(&repr, rows[i].text, false, sizeof(buffer));
        cr_expect_str_eq(buffer, rows[i].expected);
    }
    lanes_repr repr = lanes_repr_begin(buffer, sizeof(buffer));
    repr.is_pattern = true;
    add(&repr, "a{}{", false, sizeof(buffer));
    cr_expect_str_eq(buffer, "'a\\x7b}{'");
}

Test(kernel_repr, strings_within_their_room)
{
    static const struct {
        const char *text;
        bool is_cut;
        size_t room;
        const char *expected;
    } rows[] = {
        {"abcdefghij", false, 16, "'abcdefghij'!"}, /* and place for "..." */
        {"abcdefghij", false, 15, "'abcdefghi...'!"},
        {"abcdefghij", false, 12, "'abcdef...'!"},
        {"abcdefghij", false, 8, "'ab...'!"},
        {"abcdefghij", false, 7, "...!"},
        {"abc", true, 40, "'abc...'!"},
        {"", true, 40, "'...'!"},
        {"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", false, 13,
         "'\xe2\x82\xac\xe2\x82\xac...'!"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        lanes_repr repr = lanes_repr_begin(buffer, sizeof(buffer));
        add(&repr, rows[i].text, rows[i].is_cut, rows[i].room);
        cr_expect_leq(repr.used, rows[i].room);
        lanes_repr_add(&repr, "!");
        cr_expect_str_eq(buffer, rows[i].expected);
    }
}

Test(kernel_repr, a_full_text_stays_as_it_is)
{
    lanes_repr repr = lanes_repr_begin(buffer, 10);
    lanes_repr_add(&repr, "12345");
    lanes_repr_add(&repr, "67"); /* all of it or nothing */
    lanes_repr_add(&repr, "8");
    cr_expect_str_eq(buffer, "12345...");
}

/* Nothing is written behind the buffer, whatever is added to whatever is there. */
Test(kernel_repr, buffers_of_every_size)
{
    for (size_t size = 4; size < 40; size++) {
        for (size_t before = 0; before < 40; before++) {
            memset(buffer, '#', sizeof(buffer));
            lanes_repr repr = lanes_repr_begin(buffer, size);
            for (size_t i = 0; i < before; i++) {
                lanes_repr_add(&repr, "b");
            }
            add(&repr, "it's \xe2\x82\xac", before % 2 == 0, before);
            lanes_repr_add(&repr, ")");
            cr_assert_lt(strlen(buffer), size);
            cr_assert_eq(strlen(buffer), repr.used);
            cr_assert_eq(buffer[size], '#');
        }
    }
}
