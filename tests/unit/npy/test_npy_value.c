/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_npy_value.c - numbers as typed on the command line, to and from elements.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

union element {
    unsigned char bytes[VALUE_BYTES_MAX];
    uint8_t u1;
    int8_t i1;
    int16_t i2;
    uint16_t u2;
    int32_t i4;
    uint32_t u4;
    int64_t i8;
    uint64_t u8;
    float f4;
    double f8;
    float c8[2];
    double c16[2];
};

static union element store(const char *text, uint32_t dtype)
{
    union element element;
    memset(&element, 0xee, sizeof(element));
    cr_expect(value_store(text, dtype, &element), "%s", text);
    return element;
}

/** What the element that @p text stores is written as. */
static void expect_format(const char *text, uint32_t dtype, const char *wanted)
{
    const union element element = store(text, dtype);
    char got[VALUE_TEXT_MAX];
    memset(got, 'x', sizeof(got));
    value_format(dtype, &element, got);
    cr_expect_str_eq(got, wanted);
}

Test(npy_value, elements_are_written_with_the_fewest_digits)
{
    expect_format("0.1", LANES_F8, "0.1");
    expect_format("0.1", LANES_F4, "0.1");
    expect_format("12", LANES_F8, "12");
    expect_format("-0.0", LANES_F8, "-0");
    expect_format("-2.2250738585072014e-308", LANES_F8, "-2.2250738585072014e-308");
    expect_format("4.9e-324", LANES_F8, "5e-324");
    expect_format("3.4028235e38", LANES_F4, "3.4028235e+38");
    expect_format("16777216", LANES_F4, "16777216");
    expect_format("-nan", LANES_F8, "nan");
    expect_format("-inf", LANES_F4, "-inf");
    expect_format("inf", LANES_F8, "inf");
    expect_format("1-2j", LANES_C16, "1-2j");
    expect_format("nan+infj", LANES_C8, "nan+infj");
    expect_format("-2.2250738585072014e-308-2.2250738585072011e-308j", LANES_C16,
                  "-2.2250738585072014e-308-2.225073858507201e-308j");
}

Test(npy_value, integers_are_written_to_their_ends)
{
    expect_format("true", LANES_BOOL, "true");
    expect_format("0", LANES_BOOL, "false");
    expect_format("-128", LANES_I1, "-128");
    expect_format("255", LANES_U1, "255");
    expect_format("-32768", LANES_I2, "-32768");
    expect_format("65535", LANES_U2, "65535");
    expect_format("-2147483648", LANES_I4, "-2147483648");
    expect_format("4294967295", LANES_U4, "4294967295");
    expect_format("-9223372036854775808", LANES_I8, "-9223372036854775808");
    expect_format("18446744073709551615", LANES_U8, "18446744073709551615");
}

/** Random bits, written and taken back. */
Test(npy_value, what_is_written_is_taken_back_to_the_bit)
{
    uint64_t state = 20261123;
    for (int i = 0; i < 20000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        union element element = {.u8 = state ^ state >> 29};
        char text[VALUE_TEXT_MAX];
        if (!isnan(element.f8)) {
            value_format(LANES_F8, &element, text);
            cr_assert_eq(store(text, LANES_F8).u8, element.u8, "%s", text);
        }
        if (!isnan(element.f4)) {
            value_format(LANES_F4, &element, text);
            cr_assert_eq(store(text, LANES_F4).u4, element.u4, "%s", text);
        }
    }
}

Test(npy_value, what_is_a_number)
{
    static const char *const numbers[] = {
        "1",    "-1",   "+1",    " -1",      "1.5",  ".5",        "1e3",       "0x10",
        "-inf", "nan",  "inf",   "infinity", "true", "True",      "false",     "False",
        "2j",   "1+2j", "1-2J",  "-1.5e-3j", "-2j",  "(1+2j)",    "(-0-0j)",   "nan+infj",
        "0",    "1e99", "1e999", "0x1.8p1",  "infj", "-inf-nanj", "1e+3+1e-3j"};
    static const char *const others[] = {
        "",      " ",     "x",   "1x",  "1.npy", "./1", "1,2",   "--1",   "TRUE",
        "j",     "1+2",   "1+j", "2ij", "1+2j ", "(1)", "(1+2j", "1+2j)", "1 + 2j",
        "true1", "1+2jj", "i",   "0xg", "-",     "+",   "e5",    "truej"};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        cr_expect(value_is_number(numbers[i]), "'%s'", numbers[i]);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        cr_expect(not(value_is_number(others[i])), "'%s'", others[i]);
        union element element;
        cr_expect(not(value_store(others[i], LANES_C16, &element)), "'%s'", others[i]);
    }
}

Test(npy_value, integers_of_every_width_and_their_limits)
{
    cr_expect(eq(i8, store("-128", LANES_I1).i1, INT8_MIN));
    cr_expect(eq(i8, store("127", LANES_I1).i1, 127));
    cr_expect(eq(u8, store("255", LANES_U1).u1, 255));
    cr_expect(eq(i16, store("-32768", LANES_I2).i2, INT16_MIN));
    cr_expect(eq(u16, store("65535", LANES_U2).u2, 65535));
    cr_expect(eq(i32, store("-2147483648", LANES_I4).i4, INT32_MIN));
    cr_expect(eq(u32, store("4294967295", LANES_U4).u4, UINT32_MAX));
    cr_expect(eq(i64, store("-9223372036854775808", LANES_I8).i8, INT64_MIN));
    cr_expect(eq(i64, store("9223372036854775807", LANES_I8).i8, INT64_MAX));
    cr_expect(eq(u64, store("18446744073709551615", LANES_U8).u8, UINT64_MAX));
    cr_expect(eq(u64, store("0xffffffffffffffff", LANES_U8).u8, UINT64_MAX));
    cr_expect(eq(i64, store("-0x10", LANES_I8).i8, -16));
    cr_expect(eq(i64, store("0123", LANES_I8).i8, 123));
    cr_expect(eq(u64, store("1e19", LANES_U8).u8, 10000000000000000000u));
    cr_expect(eq(i32, store("-1e3", LANES_I4).i4, -1000));
    cr_expect(eq(u8, store("-0", LANES_U1).u1, 0));
    cr_expect(eq(i32, store("true", LANES_I4).i4, 1));
    cr_expect(eq(u8, store("true", LANES_BOOL).u1, 1));
    cr_expect(eq(u8, store(" False", LANES_BOOL).u1, 0));
    cr_expect(eq(u8, store("1.0", LANES_BOOL).u1, 1));
}

Test(npy_value, only_the_element_is_written)
{
    static const uint32_t dtypes[] = {LANES_BOOL, LANES_I2, LANES_U4, LANES_F4, LANES_F8};
    static const size_t bytes[] = {1, 2, 4, 4, 8};
    for (size_t i = 0; i < COUNT_OF(dtypes); i++) {
        const union element element = store("1", dtypes[i]);
        cr_expect(eq(u8, element.bytes[bytes[i]], 0xee));
    }
}

Test(npy_value, numbers_that_a_dtype_cannot_hold)
{
    static const struct {
        const char *text;
        uint32_t dtype;
    } rows[] = {
        {"2", LANES_BOOL},       {"-1", LANES_BOOL},  {"0.5", LANES_BOOL},
        {"128", LANES_I1},       {"-129", LANES_I1},  {"256", LANES_U1},
        {"-1", LANES_U1},        {"32768", LANES_I2}, {"65536", LANES_U2},
        {"1.5", LANES_I4},       {"1e10", LANES_I4},  {"2147483648", LANES_I4},
        {"-1", LANES_U8},        {"nan", LANES_I8},   {"-inf", LANES_I8},
        {"1e19", LANES_I8},      {"1e20", LANES_U8},  {"9223372036854775808", LANES_I8},
        {"1e39", LANES_F4},      {"-1e39", LANES_F4}, {"18446744073709551616", LANES_U8},
        {"1e999", LANES_F8},     {"1+2j", LANES_F8},  {"2j", LANES_I4},
        {"0j", LANES_F8},        {"1e39j", LANES_C8}, {"1+1e999j", LANES_C16},
        {"1", LANES_DTYPE_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        union element element;
        cr_expect(not(value_store(rows[i].text, rows[i].dtype, &element)), "%s as %u",
                  rows[i].text, rows[i].dtype);
    }
}

Test(npy_value, floats_are_rounded_once)
{
    cr_expect(eq(flt, store("0.1", LANES_F4).f4, 0.1f));
    cr_expect(eq(dbl, store("0.1", LANES_F8).f8, 0.1));
    /* A little above halfway between two floats: through double it would round down. */
    cr_expect(eq(flt, store("1.00000005960464477540", LANES_F4).f4, 1.0f + 0x1p-23f));
    cr_expect(lt(flt, store("-inf", LANES_F4).f4, -3e38f));
    cr_expect(isnan(store("nan", LANES_F8).f8));
    cr_expect(eq(dbl, store("0x1.8p1", LANES_F8).f8, 3.0));
    cr_expect(eq(dbl, store("1e-999", LANES_F8).f8, 0.0));
    cr_expect(eq(dbl, store("true", LANES_F8).f8, 1.0));
}

Test(npy_value, complex_numbers_have_two_parts)
{
    static const struct {
        const char *text;
        double real;
        double imaginary;
    } rows[] = {
        {"1+2j", 1, 2},
        {"-1.5e2-2.5J", -150, -2.5},
        {"2j", 0, 2},
        {"-2j", 0, -2},
        {"(1-0.5j)", 1, -0.5},
        {"3", 3, 0},
        {" -1+1e-3j", -1, 1e-3},
        {"true", 1, 0},
        {"0x10+0x1p-1j", 16, 0.5},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const union element wide = store(rows[i].text, LANES_C16);
        cr_expect(eq(dbl, wide.c16[0], rows[i].real), "%s", rows[i].text);
        cr_expect(eq(dbl, wide.c16[1], rows[i].imaginary), "%s", rows[i].text);
        const union element narrow = store(rows[i].text, LANES_C8);
        cr_expect(eq(flt, narrow.c8[0], (float)rows[i].real), "%s", rows[i].text);
        cr_expect(eq(flt, narrow.c8[1], (float)rows[i].imaginary), "%s", rows[i].text);
    }
}

Test(npy_value, lists_are_all_numbers_or_none)
{
    double *values = NULL;
    cr_assert(eq(i64, value_store_list("1,-2.5,1e3", &values), 3));
    cr_expect(eq(dbl, values[0], 1.0));
    cr_expect(eq(dbl, values[1], -2.5));
    cr_expect(eq(dbl, values[2], 1e3));
    free(values);
    cr_assert(eq(i64, value_store_list("7", &values), 1));
    cr_expect(eq(dbl, values[0], 7.0));
    free(values);
    static const char *const others[] = {"",     ",",     "1,",  ",1",
                                         "1,,2", "p.npy", "1,x", "2j"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        double *none = NULL;
        cr_expect(eq(i64, value_store_list(others[i], &none), 0), "'%s'", others[i]);
        cr_expect(eq(ptr, none, NULL));
    }
}
