/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_explain.c - why an element failed, with callbacks written in C that leave
 * exceptions as Numba does, or as nobody should.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "runtime/runtime.h"

#define FAULTS __attribute__((noinline, no_sanitize("undefined", "address")))

/* ---- A kernel's table ------------------------------------------------------------ */

static const char pickles[4][8] = {"static", "dynamic", "strange", "bare"};
static const lanes_payload_excinfo constants[] = {
    {.pickle = pickles[0], .bytes = 8},
    {.pickle = pickles[2], .bytes = 8},
};
static const char stand_ins[4];

static const lanes_payload payloads[] = {
    {.form = LANES_PAYLOAD_TEXT,
     .offset = 100,
     .bytes = 8,
     .type = "ValueError",
     .message = "'negative', 3"},
    {.form = LANES_PAYLOAD_BITCODE,
     .offset = 801,
     .bytes = 9,
     .type = "OutOfRange",
     .message = "'x', {}, 'y', {}",
     .location = "f (file.py:12)"},
    {.form = LANES_PAYLOAD_NONE, .location = "g (file.py:34)"},
    {.form = LANES_PAYLOAD_TEXT, .bytes = 8, .type = "KeyError", .message = "{}"},
};

static lanes_payload_arguments lists[] = {
    {.count = 2, .bytes = 24, .dtype = {LANES_F8, LANES_BOOL}, .offset = {0, 16}},
    {.count = 1, .bytes = 16, .dtype = {LANES_C16}, .offset = {0}},
    {.count = 0, .bytes = 0},
    {.count = 2, .bytes = 16, .dtype = {LANES_DTYPE_NONE, LANES_I4}, .offset = {99, 12}},
    {.count = 0, .bytes = 0},
};

static const void *const addresses[] = {
    &constants[0], pickles[0],          /* raise ValueError('negative', 3) */
    NULL,          pickles[1],          /* raise OutOfRange('x', value, 'y', value) */
    &constants[1], pickles[2],          /* a class that cannot be read */
    NULL,          pickles[3],          /* raise KeyError(value) */
    &stand_ins[0], &stand_ins[1],       /* of lists of arguments */
    &stand_ins[2], &stand_ins[3], NULL, /* NULL: which is no function even so */
};

/* ---- The callback ---------------------------------------------------------------- */

static int32_t code;           /* what it returns */
static const void *excinfo;    /* what it leaves, unless make_excinfo does */
static uint64_t seen_index;    /* what it was called with */
static const void *seen_frame; /* likewise */
static void *(*allocate)(size_t bytes);
static void (*release)(void *data);
static const void *(*make_excinfo)(void);
static bool is_runtime_unused; /* then nothing tells it that an element begins */

static int32_t explain(const lanes_loop_frame *frame, uint64_t index,
                       const void **out_excinfo)
{
    seen_frame = frame;
    seen_index = index;
    if (!is_runtime_unused) {
        lanes_runtime_begin(frame->seed, index);
    }
    *out_excinfo = make_excinfo != NULL ? make_excinfo() : excinfo;
    return code;
}

static lanes_abi_raised raised;
static char text[512];

static lanes_engine_plan plan = {.count = 100, .frame = {.seed = 5}};

static lanes_engine_exceptions exceptions = {
    .explain = explain,
    .address = addresses,
    .payload = payloads,
    .payload_count = LANES_ARRAY_COUNT(payloads),
    .arguments = lists,
    .argument_list_count = LANES_ARRAY_COUNT(lists),
};

static void (*find(const char *name))(void)
{
    size_t count = 0;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    size_t i = 0;
    while (i < count && strcmp(symbols[i].name, name) != 0) {
        i++;
    }
    cr_assert_lt(i, count);
    return symbols[i].address;
}

static void set_up(void)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
    allocate = (void *(*)(size_t))find("NRT_Allocate");
    release = (void (*)(void *))find("NRT_Free");
}

TestSuite(engine_explain, .init = set_up, .timeout = 30);

static void run(void)
{
    memset(&raised, 0xaa, sizeof(raised));
    memset(text, 'x', sizeof(text) - 1);
    lanes_engine_explain(&plan, &exceptions, 17, &raised, text, sizeof(text));
    cr_assert_eq(lanes_runtime_used_bytes(), 0, "memory is given back");
}

static void expect_nothing_more(void)
{
    const lanes_abi_raised only_kind = {.kind = raised.kind};
    cr_assert_arr_eq(&raised, &only_kind, sizeof(raised), "the rest is zero");
}

static void expect_kind(int32_t element_code, uint32_t kind, const char *expected)
{
    code = element_code;
    run();
    cr_assert_eq(raised.kind, kind);
    cr_assert_str_eq(text, expected);
    expect_nothing_more();
}

static void expect_unknown_form(void)
{
    expect_kind(LANES_ELEMENT_RAISED, LANES_RAISED_UNKNOWN,
                "an exception of a form lanes does not know");
}

/* ---- Codes ------------------------------------------------------------------------ */

Test(engine_explain, codes_without_an_exception)
{
    excinfo = &constants[0]; /* counts only if the code says that there is one */
    expect_kind(LANES_ELEMENT_ZERO_DIVISION, LANES_RAISED_ZERO_DIVISION,
                "ZeroDivisionError: integer division by zero");
    expect_kind(LANES_ELEMENT_OVERFLOW, LANES_RAISED_OVERFLOW,
                "OverflowError: integer division overflow (minimum / -1)");
    expect_kind(LANES_ELEMENT_FATAL, LANES_RAISED_FATAL,
                "a fatal error: it asked to abort the process");
    expect_kind(LANES_ELEMENT_OK, LANES_RAISED_UNKNOWN,
                "a failure that did not repeat when the element was computed alone");
    expect_kind(99, LANES_RAISED_UNKNOWN, "a failure of a kind lanes does not know");
    expect_kind(-2, LANES_RAISED_UNKNOWN, "a failure of a kind lanes does not know");
    cr_assert_eq(seen_index, 17);
    cr_assert_eq(seen_frame, &plan.frame);
}

Test(engine_explain, a_kernel_that_cannot_tell)
{
    exceptions = (lanes_engine_exceptions){.explain = NULL};
    expect_kind(LANES_ELEMENT_OK, LANES_RAISED_UNKNOWN,
                "a failure of a kind lanes does not know");
    exceptions.explain = explain;
    excinfo = &constants[0];
    expect_unknown_form();
}

/* ---- Constant exceptions ---------------------------------------------------------- */

Test(engine_explain, a_constant_exception)
{
    code = LANES_ELEMENT_RAISED;
    excinfo = &constants[0];
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    cr_assert_eq(raised.payload_form, LANES_PAYLOAD_TEXT);
    cr_assert_eq(raised.payload_offset, 100);
    cr_assert_eq(raised.payload_bytes, 8);
    cr_assert_eq(raised.argument_count, 0);
    cr_assert_str_eq(text, "ValueError('negative', 3)");
}

Test(engine_explain, an_exception_that_the_compiler_could_not_read)
{
    code = LANES_ELEMENT_RAISED;
    excinfo = &constants[1];
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    cr_assert_eq(raised.payload_form, LANES_PAYLOAD_NONE);
    cr_assert_str_eq(text,
                     "an exception whose class lanes cannot read in g (file.py:34)");
}

/* ---- Exceptions with computed arguments ------------------------------------------- */

struct first_list {
    double number;
    int64_t unused;
    uint8_t boolean;
    uint8_t pad[7];
};

/* What make_dynamic() makes; tests spoil parts of it. */
static lanes_payload_excinfo wanted;
static const void *wanted_block;
static size_t wanted_block_bytes;

static const void *make_dynamic(void)
{
    lanes_payload_excinfo *info = allocate(sizeof(*info));
    void *block = allocate(wanted_block_bytes);
    if (info == NULL || block == NULL) {
        abort();
    }
    memcpy(block, wanted_block, wanted_block_bytes);
    *info = wanted;
    if (wanted.arguments == &wanted) { /* stands for the block */
        info->arguments = block;
    }
    return info;
}

static void want(uint32_t payload, uint32_t list, const void *block, size_t bytes)
{
    code = LANES_ELEMENT_RAISED;
    make_excinfo = make_dynamic;
    wanted_block = block;
    wanted_block_bytes = bytes;
    wanted = (lanes_payload_excinfo){
        .pickle = pickles[payload],
        .bytes = 8,
        .arguments = &wanted,
        .unwrap = &stand_ins[list],
        .argument_count = 2,
    };
}

static const struct first_list first = {.number = -2, .unused = -1, .boolean = 1};

Test(engine_explain, an_exception_with_computed_arguments)
{
    want(1, 0, &first, sizeof(first));
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    cr_assert_eq(raised.payload_form, LANES_PAYLOAD_BITCODE);
    cr_assert_eq(raised.payload_offset, 801);
    cr_assert_eq(raised.payload_bytes, 9);
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_eq(raised.argument_dtype[0], LANES_F8);
    cr_assert_eq(raised.argument_dtype[1], LANES_BOOL);
    cr_assert_arr_eq(raised.argument[0], &first.number, 8);
    cr_assert_eq(raised.argument[1][0], 1);
    cr_assert_str_eq(text, "OutOfRange('x', -2.0, 'y', True) in f (file.py:12)");
}

Test(engine_explain, a_bool_is_made_0_or_1)
{
    struct first_list block = first;
    block.boolean = 0x80;
    want(1, 0, &block, sizeof(block));
    run();
    cr_assert_eq(raised.argument[1][0], 1);
    cr_assert_eq(raised.argument[1][1], 0);
    block.boolean = 0;
    run();
    cr_assert_eq(raised.argument[1][0], 0);
    cr_assert_str_eq(text, "OutOfRange('x', -2.0, 'y', False) in f (file.py:12)");
}

Test(engine_explain, more_placeholders_than_arguments_and_fewer)
{
    const double number[2] = {1, 2};
    want(1, 1, number, sizeof(number));
    run();
    cr_assert_str_eq(text, "OutOfRange('x', (1+2j), 'y', {}) in f (file.py:12)");
    want(3, 0, &first, sizeof(first));
    run();
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_str_eq(text, "KeyError(-2.0)");
    want(3, 2, &first, 0);
    wanted.arguments = (const void *)8; /* nobody looks at it */
    run();
    cr_assert_eq(raised.argument_count, 0);
    cr_assert_str_eq(text, "KeyError({})");
}

Test(engine_explain, an_argument_that_is_no_number)
{
    const int32_t block[4] = {1, 2, 3, -4};
    want(1, 3, block, sizeof(block));
    run();
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_eq(raised.argument_dtype[0], LANES_DTYPE_NONE);
    cr_assert_eq(raised.argument_dtype[1], LANES_I4);
    cr_assert_str_eq(text, "OutOfRange('x', ..., 'y', -4) in f (file.py:12)");
}

/* ---- Exceptions that are not believed --------------------------------------------- */

Test(engine_explain, no_exception_at_all)
{
    excinfo = NULL; /* as the table has for payloads without a constant */
    expect_unknown_form();
}

Test(engine_explain, an_exception_elsewhere)
{
    static const lanes_payload_excinfo copy = {.pickle = pickles[0], .bytes = 8};
    static lanes_payload_excinfo dynamic;
    const void *const elsewhere[] = {&copy,
                                     &dynamic,
                                     (const char *)&constants[0] + 1,
                                     &pickles[0],
                                     (const void *)8,
                                     (const void *)0xffffffffffffffff,
                                     (const void *)0x8000000000000000,
                                     &raised};
    want(1, 0, &first, sizeof(first));
    dynamic = wanted;
    dynamic.arguments = &first;
    make_excinfo = NULL;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(elsewhere); i++) {
        excinfo = elsewhere[i];
        expect_unknown_form();
    }
}

static int64_t shift; /* bytes from where make_dynamic()'s excinfo would be */

static const void *make_shifted(void)
{
    return (const char *)make_dynamic() + shift;
}

/* A good excinfo where no compiler would put one. */
static const void *make_unaligned(void)
{
    const void *whole = make_dynamic();
    char *room = allocate(sizeof(wanted) + 8);
    return memcpy(room + 4, whole, sizeof(wanted));
}

Test(engine_explain, an_exception_that_is_not_aligned_or_not_whole)
{
    const struct first_list blocks[3] = {first, first, first};
    want(1, 0, blocks, sizeof(blocks));
    make_excinfo = make_shifted;
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION, "what is spoilt next");
    const int64_t shifts[] = {1, 4, 16, 24, 40, -8, -16, 64 << 20, -(64 << 20)};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(shifts); i++) {
        shift = shifts[i];
        expect_unknown_form();
    }
    make_excinfo = make_unaligned;
    expect_unknown_form();
}

/* A good excinfo, but its block of memory ends within it. */
static const void *make_short(void)
{
    const char *whole = make_dynamic();
    char *part = allocate(32);
    memcpy(part, whole, 32);
    return part;
}

static const void *make_freed(void)
{
    void *info = allocate(sizeof(wanted));
    const void *good = make_dynamic();
    memcpy(info, good, sizeof(wanted));
    release(info);
    return info;
}

static const void *make_at_the_end(void)
{
    make_dynamic();
    const char *last = allocate(sizeof(wanted));
    return last + sizeof(wanted) - _Alignof(lanes_payload_excinfo);
}

Test(engine_explain, an_exception_at_the_edge_of_what_is_allocated)
{
    want(1, 0, &first, sizeof(first));
    make_excinfo = make_short;
    expect_unknown_form();
    make_excinfo = make_freed;
    expect_unknown_form();
    make_excinfo = make_at_the_end;
    expect_unknown_form();
}

static const void *kept; /* of an earlier element */

static const void *make_kept(void)
{
    return kept;
}

Test(engine_explain, an_exception_of_an_earlier_element)
{
    want(1, 0, &first, sizeof(first));
    lanes_runtime_enter();
    lanes_runtime_begin(1, 1);
    kept = make_dynamic();
    cr_assert(lanes_runtime_owns(kept, sizeof(wanted)));
    make_excinfo = make_kept;
    is_runtime_unused = true;
    expect_unknown_form();
}

Test(engine_explain, parts_that_the_table_does_not_have)
{
    static const char other[8] = "other";
    const void *const others[] = {NULL, other, &pickles[1][1], &constants[0], &wanted};
    want(1, 0, &first, sizeof(first));
    for (size_t i = 0; i < LANES_ARRAY_COUNT(others); i++) {
        wanted.pickle = others[i];
        expect_unknown_form();
    }
    want(1, 0, &first, sizeof(first));
    for (size_t i = 0; i < LANES_ARRAY_COUNT(others); i++) {
        wanted.unwrap = others[i];
        expect_unknown_form();
    }
    wanted.unwrap = pickles[1];
    expect_unknown_form();
    want(1, 0, &first, sizeof(first));
    wanted.pickle = &stand_ins[0];
    expect_unknown_form();
}

Test(engine_explain, arguments_elsewhere)
{
    const void *const elsewhere[] = {NULL, &first, (const void *)8,
                                     (const void *)0xffffffffffffffff, text};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(elsewhere); i++) {
        want(1, 0, &first, sizeof(first));
        wanted.arguments = elsewhere[i];
        expect_unknown_form();
    }
    want(1, 0, &first, 16); /* less than the list has */
    expect_unknown_form();
}

Test(engine_explain, lists_that_cannot_be)
{
    want(1, 0, &first, sizeof(first));
    lists[0].offset[1] = 24;
    expect_unknown_form();
    lists[0].offset[1] = UINT32_MAX;
    expect_unknown_form();
    lists[0].offset[1] = 23;
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    lists[0].offset[0] = 17;
    expect_unknown_form();
    lists[0].offset[0] = 0;
    lists[0].bytes = 4;
    lists[0].count = 1;
    expect_unknown_form();
    lists[0] = (lanes_payload_arguments){.count = 17, .bytes = 24};
    expect_unknown_form();
}

/* ---- Faults ------------------------------------------------------------------------ */

FAULTS static int32_t explain_fault(const lanes_loop_frame *frame, uint64_t index,
                                    const void **out_excinfo)
{
    (void)frame;
    *out_excinfo = &constants[0];
    fesetround(FE_UPWARD);
    volatile char *pointer; /* of which compilers know nothing */
    __asm__("" : "=r"(pointer) : "0"(index - 1));
    if (allocate(1000) != NULL) {
        *pointer = 1;
    }
    return LANES_ELEMENT_RAISED;
}

FAULTS static int32_t fall(const lanes_loop_frame *frame, volatile uint64_t index,
                           const void **out_excinfo)
{
    volatile char local[64];
    local[index % 64] = 1;
    const int32_t below = index == 0 ? 0 : fall(frame, index + 1, out_excinfo);
    return below + local[index % 64];
}

static bool rounds_to_nearest(void)
{
    const volatile double one = 1;
    const volatile double tiny = 1e-30;
    const volatile double above = one + tiny;
    const volatile double below = one - tiny;
    return above <= one && below >= one;
}

Test(engine_explain, a_fault_is_the_reason_itself)
{
    exceptions.explain = explain_fault;
    fesetround(FE_DOWNWARD);
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_UNKNOWN);
    expect_nothing_more();
    cr_assert_str_eq(text, "a failure, but computing the element alone ended with "
                           "SIGSEGV at address 0x10");
    cr_assert_not(rounds_to_nearest(), "the thread's own rounding is back");
    fesetround(FE_TONEAREST);
    exceptions.explain = fall;
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_UNKNOWN);
    cr_assert_not_null(strstr(text, "ended with stack overflow (SIGSEGV at address 0x"));
    exceptions.explain = explain;
    excinfo = &constants[0];
    code = LANES_ELEMENT_RAISED;
    run();
    cr_assert_str_eq(text, "ValueError('negative', 3)");
}

static bool was_to_nearest;

static const void *look_at_rounding(void)
{
    was_to_nearest = rounds_to_nearest();
    return NULL;
}

Test(engine_explain, callbacks_round_to_nearest)
{
    make_excinfo = look_at_rounding;
    fesetround(FE_DOWNWARD);
    run();
    cr_assert(was_to_nearest);
    cr_assert_not(rounds_to_nearest());
}

/* ---- Texts ------------------------------------------------------------------------- */

static void expect_value(uint32_t dtype, const void *value, size_t bytes,
                         const char *expected)
{
    char sentence[128];
    snprintf(sentence, sizeof(sentence), "KeyError(%s)", expected);
    lists[0] = (lanes_payload_arguments){
        .count = 1, .bytes = (uint32_t)bytes, .dtype = {dtype}, .offset = {0}};
    want(3, 0, value, bytes);
    run();
    cr_assert_str_eq(text, sentence);
    cr_assert_arr_eq(raised.argument[0], value, bytes);
}

#define EXPECT_VALUE(dtype, type, value, expected)                                       \
    do {                                                                                 \
        const type stored = (value);                                                     \
        expect_value((dtype), &stored, sizeof(stored), (expected));                      \
    } while (0)

Test(engine_explain, integers_as_text)
{
    EXPECT_VALUE(LANES_BOOL, uint8_t, 1, "True");
    EXPECT_VALUE(LANES_BOOL, uint8_t, 0, "False");
    EXPECT_VALUE(LANES_I1, int8_t, INT8_MIN, "-128");
    EXPECT_VALUE(LANES_U1, uint8_t, UINT8_MAX, "255");
    EXPECT_VALUE(LANES_I2, int16_t, INT16_MIN, "-32768");
    EXPECT_VALUE(LANES_U2, uint16_t, UINT16_MAX, "65535");
    EXPECT_VALUE(LANES_I4, int32_t, INT32_MIN, "-2147483648");
    EXPECT_VALUE(LANES_U4, uint32_t, UINT32_MAX, "4294967295");
    EXPECT_VALUE(LANES_I8, int64_t, INT64_MIN, "-9223372036854775808");
    EXPECT_VALUE(LANES_U8, uint64_t, UINT64_MAX, "18446744073709551615");
}

Test(engine_explain, floats_as_python_writes_them)
{
    EXPECT_VALUE(LANES_F8, double, 0.0, "0.0");
    EXPECT_VALUE(LANES_F8, double, -0.0, "-0.0");
    EXPECT_VALUE(LANES_F8, double, 0.1, "0.1");
    EXPECT_VALUE(LANES_F8, double, 1.0 / 3, "0.3333333333333333");
    EXPECT_VALUE(LANES_F8, double, 0.1 + 0.2, "0.30000000000000004");
    EXPECT_VALUE(LANES_F8, double, 100, "100.0");
    EXPECT_VALUE(LANES_F8, double, 1e15, "1000000000000000.0");
    EXPECT_VALUE(LANES_F8, double, 123456789012345680, "1.2345678901234568e+17");
    EXPECT_VALUE(LANES_F8, double, 1e16, "1e+16");
    EXPECT_VALUE(LANES_F8, double, 0.0001, "0.0001");
    EXPECT_VALUE(LANES_F8, double, 0.00001, "1e-05");
    EXPECT_VALUE(LANES_F8, double, 0x1p-1074, "5e-324");
    EXPECT_VALUE(LANES_F8, double, 0x1.fffffffffffffp1023, "1.7976931348623157e+308");
    EXPECT_VALUE(LANES_F8, double, -HUGE_VAL, "-inf");
    EXPECT_VALUE(LANES_F8, double, HUGE_VAL, "inf");
    EXPECT_VALUE(LANES_F8, double, -(double)NAN, "nan");
    EXPECT_VALUE(LANES_F4, float, 0.1F, "0.1");
    EXPECT_VALUE(LANES_F4, float, 16777216.0F, "16777216.0");
    EXPECT_VALUE(LANES_F4, float, 0x1.fffffep127F, "3.4028235e+38");
}

static void expect_complex(double real, double imaginary, const char *expected)
{
    const double number[2] = {real, imaginary};
    expect_value(LANES_C16, number, sizeof(number), expected);
}

Test(engine_explain, complex_numbers_as_python_writes_them)
{
    expect_complex(1, 2, "(1+2j)");
    expect_complex(-1.5, -0.25, "(-1.5-0.25j)");
    expect_complex(0, 2, "2j");
    expect_complex(0, -0.0, "-0j");
    expect_complex(-0.0, 2, "(-0+2j)");
    expect_complex(1e16, (double)NAN, "(1e+16+nanj)");
    expect_complex((double)NAN, -HUGE_VAL, "(nan-infj)");
    const float single[2] = {0.1F, 3};
    expect_value(LANES_C8, single, sizeof(single), "(0.1+3j)");
}

Test(engine_explain, texts_are_cut_to_their_space)
{
    want(1, 0, &first, sizeof(first));
    for (size_t bytes = 1; bytes <= 60; bytes++) {
        char cut[64];
        memset(cut, 'x', sizeof(cut));
        lanes_engine_explain(&plan, &exceptions, 17, &raised, cut, bytes);
        const char *whole = "OutOfRange('x', -2.0, 'y', True) in f (file.py:12)";
        const size_t length = strlen(whole) < bytes - 1 ? strlen(whole) : bytes - 1;
        cr_assert_arr_eq(cut, whole, length);
        cr_assert_eq(cut[length], '\0');
        cr_assert_eq(cut[bytes], 'x');
    }
}
