/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pickled exception says: pickles of CPython 3.11 in protocols 2 to 5, and what
 * becomes of damaged and hostile ones. Pickles of real modules, with cloudpickle's
 * classes and Numba's placeholders, are in test_codegen_exception.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_pickle.h"

#define BYTES(literal) .pickle = (literal), .bytes = sizeof(literal) - 1

struct sample {
    const char *what;
    const char *pickle;
    size_t bytes;
    const char *type;
    const char *message;
    const char *location;
};

static const struct sample samples[] = {
    {.what = "protocol 2",
     BYTES("\x80\x02\x63\x65xceptions\x0aValueError\x0aq\x00(X\x08\x00\x00\x00negative"
           "q\x01J\xfd\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\x88NK\x01X\x03\x00"
           "\x00\x00twoq\x02\x86q\x03)tq\x04X\x01\x00\x00\x00\x66q\x05X\x13\x00\x00\x00"
           "/tmp/x/callbacks.pyq\x06K\x0c\x87q\x07\x87q\x08."),
     .type = "ValueError",
     .message = "'negative', -3, 2.5, True, None, (1, 'two'), ()",
     .location = "f (callbacks.py:12)"},
    {.what = "protocol 3",
     BYTES("\x80\x03\x63\x62uiltins\x0aValueError\x0aq\x00(X\x08\x00\x00\x00negative"
           "q\x01J\xfd\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\x88NK\x01X\x03\x00"
           "\x00\x00twoq\x02\x86q\x03)tq\x04X\x01\x00\x00\x00\x66q\x05X\x13\x00\x00\x00"
           "/tmp/x/callbacks.pyq\x06K\x0c\x87q\x07\x87q\x08."),
     .type = "ValueError",
     .message = "'negative', -3, 2.5, True, None, (1, 'two'), ()",
     .location = "f (callbacks.py:12)"},
    {.what = "protocol 4",
     BYTES("\x80\x04\x95\x64\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94(\x8c\x08negative\x94J\xfd\xff\xff\xffG@\x04\x00\x00"
           "\x00\x00\x00\x00\x88NK\x01\x8c\x03two\x94\x86\x94)t\x94\x8c\x01\x66\x94\x8c"
           "\x13/tmp/x/callbacks.py\x94K\x0c\x87\x94\x87\x94."),
     .type = "ValueError",
     .message = "'negative', -3, 2.5, True, None, (1, 'two'), ()",
     .location = "f (callbacks.py:12)"},
    {.what = "protocol 5",
     BYTES("\x80\x05\x95\x64\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94(\x8c\x08negative\x94J\xfd\xff\xff\xffG@\x04\x00\x00"
           "\x00\x00\x00\x00\x88NK\x01\x8c\x03two\x94\x86\x94)t\x94\x8c\x01\x66\x94\x8c"
           "\x13/tmp/x/callbacks.py\x94K\x0c\x87\x94\x87\x94."),
     .type = "ValueError",
     .message = "'negative', -3, 2.5, True, None, (1, 'two'), ()",
     .location = "f (callbacks.py:12)"},
    {.what = "no location",
     BYTES("\x80\x04\x95:\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x11"
           "ZeroDivisionError\x94\x93\x94\x8c\x10\x64ivision by zero\x94\x85\x94N\x87"
           "\x94."),
     .type = "ZeroDivisionError",
     .message = "'division by zero'",
     .location = ""},
    {.what = "integers",
     BYTES("\x80\x04\x95k\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94(K\x00K\xffM\x00\x01M\xff\xffJ\x00\x00\x01\x00J\xff"
           "\xff\xff\xffJ\x00\x00\x00\x80\x8a\x05\x00\x00\x00\x80\x00\x8a\x08\xff\xff"
           "\xff\xff\xff\xff\xff\x7f\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80\x8a\x09\xff"
           "\xff\xff\xff\xff\xff\xff\xff\x00\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01"
           "\x8a\x00t\x94N\x87\x94."),
     .type = "ValueError",
     .message = "0, 255, 256, 65535, 65536, -1, -2147483648, 2147483648, "
                "9223372036854775807, -9223372036854775808, 18446744073709551615, ..., 0",
     .location = ""},
    {.what = "floats",
     BYTES("\x80\x04\x95\x84\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94(G\x00\x00\x00\x00\x00\x00\x00\x00G\x80\x00\x00\x00"
           "\x00\x00\x00\x00G?\xb9\x99\x99\x99\x99\x99\x9aGCA\xc3y7\xe0\x80\x00G>\xe4"
           "\xf8\xb5\x88\xe3h\xf1GB\xdc\x12!\x83w\xde@G?\xd5UUUUUUG\x7f\xf0\x00\x00\x00"
           "\x00\x00\x00G\x7f\xf8\x00\x00\x00\x00\x00\x00G\x00\x00\x00\x00\x00\x00\x00"
           "\x01GD\x80\xf0\xcf\x06M\xd5\x92t\x94N\x87\x94."),
     .type = "ValueError",
     .message = "0.0, -0.0, 0.1, 1e+16, 1e-05, 123456789012345.0, 0.3333333333333333, "
                "inf, nan, 5e-324, 1e+22",
     .location = ""},
    {.what = "strings",
     BYTES("\x80\x04\x95U\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94(\x8c\x00\x94\x8c\x04it's\x94\x8c\x02\"'\x94\x8c\x06"
           "\\ \x09\x0d\x00\x7f\x94\x8c\x0a{} and {x}\x94\x8c\x0c\xc3\xa9\xe2\x80\x8b"
           "\xf0\x9f\x98\x80\xed\xa0\x80\x94t\x94N\x87\x94."),
     .type = "ValueError",
     .message = "'', \"it's\", '\"\\'', '\\\\ \\t\\r\\x00\\x7f', '\\x7b} and {x}', "
                "'\xc3\xa9\\u200b\xf0\x9f\x98\x80\\ud800'",
     .location = ""},
    {.what = "bytes",
     BYTES("\x80\x04\x95?\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x0a"
           "ValueError\x94\x93\x94\x43\x04\x61\x00\xff'\x94h\x00\x8c\x09\x62ytearray\x94"
           "\x93\x94\x43\x01x\x94\x85\x94R\x94\x86\x94N\x87\x94."),
     .type = "ValueError",
     .message = "b\"a\\x00\\xff'\", bytearray(b'x')",
     .location = ""},
    {.what = "objects",
     BYTES("\x80\x04\x95{\x00\x00\x00\x00\x00\x00\x00\x8c\x08\x62uiltins\x94\x8c\x08"
           "KeyError\x94\x93\x94(h\x00\x8c\x07\x63omplex\x94\x93\x94G\x00\x00\x00\x00"
           "\x00\x00\x00\x00G?\xf0\x00\x00\x00\x00\x00\x00\x86\x94R\x94]\x94K\x01\x61}"
           "\x94K\x02K\x03s(K\x04\x91\x94h\x00\x8c\x0aValueError\x94\x93\x94h\x00\x8c"
           "\x05range\x94\x93\x94K\x00K\x03K\x01\x87\x94R\x94t\x94N\x87\x94."),
     .type = "KeyError",
     .message = "complex(0.0, 1.0), ..., ..., ..., ValueError, range(0, 3, 1)",
     .location = ""},
    {.what = "nested tuples; a class in a package",
     BYTES("\x80\x04\x95\x37\x00\x00\x00\x00\x00\x00\x00\x8c\x0cnumpy.linalg\x94\x8c\x0b"
           "LinAlgError\x94\x93\x94K\x01\x85\x94\x85\x94\x85\x94\x85\x94\x85\x94\x85\x94"
           "\x85\x94\x85\x94\x85\x94\x85\x94N\x87\x94."),
     .type = "LinAlgError",
     .message = "((((((((...,),),),),),),),)",
     .location = ""},
    {.what = "a bare raise",
     BYTES("\x80\x04\x95#\x00\x00\x00\x00\x00\x00\x00N)\x8c\x01\x66\x94\x8c\x13/tmp/x/"
           "callbacks.py\x94K\x0c\x87\x94\x87\x94."),
     .type = "RuntimeError",
     .message = "'No active exception to reraise'",
     .location = "f (callbacks.py:12)"},
};

/* Reads a copy of exactly the right size, so that a sanitizer sees every wrong access. */
static bool read_copy(const char *pickle, size_t bytes, lanes_pickle_exception *out)
{
    unsigned char *copy = malloc(bytes + 1);
    cr_assert_not_null(copy);
    unsigned char *exact = realloc(copy, bytes > 0 ? bytes : 1);
    memcpy(exact, pickle, bytes);
    const bool is_read = lanes_pickle_read_exception(exact, bytes, out);
    free(exact);
    cr_assert_not_null(memchr(out->type, '\0', sizeof(out->type)));
    cr_assert_not_null(memchr(out->message, '\0', sizeof(out->message)));
    cr_assert_not_null(memchr(out->location, '\0', sizeof(out->location)));
    return is_read;
}

Test(codegen_pickle, says_what_python_would)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(samples); i++) {
        const struct sample *sample = &samples[i];
        lanes_pickle_exception text;
        cr_expect(read_copy(sample->pickle, sample->bytes, &text), "%s", sample->what);
        cr_expect_str_eq(text.type, sample->type, "%s: %s", sample->what, text.type);
        cr_expect_str_eq(text.message, sample->message, "%s: %s", sample->what,
                         text.message);
        cr_expect_str_eq(text.location, sample->location, "%s: %s", sample->what,
                         text.location);
        cr_expect_eq(text.computed_count, 0);
    }
}

Test(codegen_pickle, what_numba_computes_is_a_placeholder)
{
    static const char pickle[] = "\x80\x04\x8c\x01m\x8c\x01"
                                 "E\x93\x8c\x02{}\x8c\x12llvmlite.ir.values\x8c\x08"
                                 "Constant\x93)\x81}\x8c\x04typeK\x01sb\x86N\x87.";
    lanes_pickle_exception text;
    cr_expect(read_copy(pickle, sizeof(pickle) - 1, &text));
    cr_expect_str_eq(text.message, "'\\x7b}', {}");
    cr_expect_eq(text.computed_count, 1);
}

/* Adds to a pickle that a test writes by hand. */
static void put(char *pickle, size_t *used, const char *bytes, size_t count)
{
    memcpy(pickle + *used, bytes, count);
    *used += count;
}

Test(codegen_pickle, long_texts_are_cut_between_characters)
{
    char pickle[600] = "\x80\x04\x8c\x01m\x8c\x01"
                       "E\x93X";
    size_t used = 10;
    const uint32_t length = 2 * 200;
    put(pickle, &used, (const char *)&length, sizeof(length));
    for (uint32_t i = 0; i < length; i += 2) {
        put(pickle, &used, "\xc3\xa9", 2);
    }
    put(pickle, &used, "\x85N\x87.", 4);
    lanes_pickle_exception text;
    cr_expect(read_copy(pickle, used, &text));
    const size_t end = strlen(text.message);
    cr_expect_geq(end, sizeof(text.message) - 6); /* less than two characters less */
    cr_expect_str_eq(text.message + end - 6, "\xc3\xa9...'");
}

/* A pickle and its size, as two arguments. */
#define BYTES_OF(literal) (literal), sizeof(literal) - 1

static bool read_string(const char *pickle, size_t bytes, size_t room, const char *wanted,
                        bool *out_is_cut)
{
    unsigned char text[64];
    size_t length = 99;
    memset(text, '#', sizeof(text));
    const bool is_string = lanes_pickle_read_string((const unsigned char *)pickle, bytes,
                                                    text, room, &length, out_is_cut);
    if (is_string) {
        cr_expect_eq(length, strlen(wanted));
        cr_expect_eq(memcmp(text, wanted, length), 0, "%s", wanted);
    } else {
        cr_expect_eq(length, 99);
    }
    cr_expect_eq(text[is_string ? length : 0], '#');
    return is_string;
}

Test(codegen_pickle, strings_alone)
{
    static const char text[] = "\x80\x04\x8c\x07"
                               "a\xc3\xa9\xe2\x82\xac!\x94.";
    static const char *const cuts[] = {
        "", "a", "a", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\xe2\x82\xac"};
    bool is_cut;
    cr_expect(read_string(text, sizeof(text) - 1, 7, "a\xc3\xa9\xe2\x82\xac!", &is_cut));
    cr_expect_not(is_cut);
    for (size_t room = 0; room < LANES_ARRAY_COUNT(cuts); room++) {
        cr_expect(read_string(text, sizeof(text) - 1, room, cuts[room], &is_cut));
        cr_expect(is_cut, "%zu", room);
    }
    cr_expect(read_string(BYTES_OF("\x80\x04\x8c\x06\xed\xb2\x80\xed\x9f\xbf."), 64,
                          "\xef\xbf\xbd\xed\x9f\xbf", &is_cut));
    cr_expect_not(read_string(BYTES_OF("\x80\x04K\x03."), 64, "", &is_cut));
    cr_expect_not(read_string(BYTES_OF("\x80\x04\x8c\x03"
                                       "ab."),
                              64, "", &is_cut));
    cr_expect_not(read_string(BYTES_OF("\x80\x04\x8c\x01"
                                       "a\x85."),
                              64, "", &is_cut));
    cr_expect_not(read_string("", 0, 64, "", &is_cut));
}

Test(codegen_pickle, what_is_no_exception_is_refused)
{
    static const struct sample cases[] = {
        {.what = "nothing", BYTES("")},
        {.what = "a protocol only", BYTES("\x80\x04.")},
        {.what = "protocol 0", BYTES("(c__builtin__\nValueError\n(S'x'\ntN\x87.")},
        {.what = "protocol 9", BYTES("\x80\x09NN\x86.")},
        {.what = "None", BYTES("\x80\x04N.")},
        {.what = "a pair", BYTES("\x80\x04N)\x86.")},
        {.what = "a number as class", BYTES("\x80\x04K\x01)N\x87.")},
        {.what = "no tuple of arguments", BYTES("\x80\x04NK\x01N\x87.")},
        {.what = "an empty stack", BYTES("\x80\x04\x87.")},
        {.what = "too few for a tuple", BYTES("\x80\x04N)\x87.")},
        {.what = "a mark in a tuple", BYTES("\x80\x04(N)\x87.")},
        {.what = "a mark as result", BYTES("\x80\x04(.")},
        {.what = "no mark", BYTES("\x80\x04Nt.")},
        {.what = "nothing to memoize", BYTES("\x80\x04\x94N)N\x87.")},
        {.what = "an unused memo", BYTES("\x80\x04N)h\x00\x87.")},
        {.what = "a memo with gaps", BYTES("\x80\x04Nr\xff\xff\xff\xff)N\x87.")},
        {.what = "a string past the end", BYTES("\x80\x04N)X\xff\xff\xff\xff\x87.")},
        {.what = "a length past all",
         BYTES("\x80\x04N)\x8d\xff\xff\xff\xff\xff\xff\xff"
               "\xff\x87.")},
        {.what = "a global without end",
         BYTES("\x80\x04"
               "cbuiltins\nValueError).")},
        {.what = "a persistent id", BYTES("\x80\x04NQ)N\x87.")},
        {.what = "an extension", BYTES("\x80\x04\x82\x01)N\x87.")},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_pickle_exception text;
        cr_expect(!read_copy(cases[i].pickle, cases[i].bytes, &text), "%s",
                  cases[i].what);
        cr_expect_str_empty(text.type, "%s", cases[i].what);
        cr_expect_str_empty(text.message, "%s", cases[i].what);
    }
}

Test(codegen_pickle, odd_classes_have_no_name)
{
    static const struct sample cases[] = {
        {.what = "a class by a call without strings",
         BYTES("\x80\x04\x8c\x01m\x8c\x01"
               "f\x93)R)N\x87."),
         .type = ""},
        {.what = "a global whose name is a number",
         BYTES("\x80\x04\x8c\x01mK\x01\x93)N\x87."),
         .type = ""},
        {.what = "a class in a class",
         BYTES("\x80\x04\x8c\x01m\x8c\x03"
               "A.B\x93)N\x87."),
         .type = "B"},
        {.what = "a location of other shape",
         BYTES("\x80\x04\x8c\x01m\x8c\x01"
               "E\x93)K\x01K\x02K\x03\x87\x87."),
         .type = "E"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_pickle_exception text;
        cr_expect(read_copy(cases[i].pickle, cases[i].bytes, &text), "%s", cases[i].what);
        cr_expect_str_eq(text.type, cases[i].type, "%s: %s", cases[i].what, text.type);
        cr_expect_str_empty(text.location);
    }
}

/* Every tuple holds the one before twice: 2^depth leaves if they were all written. */
Test(codegen_pickle, tuples_of_tuples_end, .timeout = 10)
{
    char pickle[4096] = "\x80\x04\x8c\x01m\x8c\x01"
                        "E\x93)";
    size_t used = 10;
    for (int depth = 0; depth < 1000; depth++) {
        put(pickle, &used, "2\x86", 2);
    }
    put(pickle, &used, "N\x87.", 3);
    lanes_pickle_exception text;
    cr_expect(read_copy(pickle, used, &text));
    cr_expect_str_eq(text.type, "E");
}

/* A pickle of @p count times @p opcode before an exception. */
static bool read_after(char opcode, size_t count)
{
    char *pickle = malloc(count + 16);
    cr_assert_not_null(pickle);
    size_t used = 0;
    put(pickle, &used, "\x80\x04", 2);
    memset(pickle + used, opcode, count);
    used += count;
    put(pickle, &used, "N)N\x87.", 5);
    lanes_pickle_exception text;
    const bool is_read = read_copy(pickle, used, &text);
    free(pickle);
    return is_read;
}

Test(codegen_pickle, more_values_than_the_limit_are_refused, .timeout = 60)
{
    cr_expect(read_after('N', 1000));
    cr_expect(read_after('(', 1000));
    cr_expect(!read_after('N', (1u << 20) + 1));
    cr_expect(!read_after('(', (1u << 20) + 1));
}

Test(codegen_pickle, truncated_pickles_do_no_harm)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(samples); i++) {
        for (size_t bytes = 0; bytes < samples[i].bytes; bytes++) {
            lanes_pickle_exception text;
            cr_expect(!read_copy(samples[i].pickle, bytes, &text) || bytes > 10);
        }
    }
}

Test(codegen_pickle, damaged_pickles_do_no_harm, .timeout = 120)
{
    uint64_t seed = 0x9e3779b97f4a7c15u;
    for (uint32_t round = 0; round < 100000; round++) {
        const struct sample *sample = &samples[round % LANES_ARRAY_COUNT(samples)];
        char pickle[256];
        cr_assert_leq(sample->bytes, sizeof(pickle));
        memcpy(pickle, sample->pickle, sample->bytes);
        for (uint32_t flips = 1 + round % 4; flips > 0; flips--) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            pickle[2 + (seed >> 33) % (sample->bytes - 3)] = (char)(seed >> 24);
        }
        lanes_pickle_exception text;
        LANES_IGNORE(read_copy(pickle, sample->bytes, &text), "only that it returns");
    }
}
