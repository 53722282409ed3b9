/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine_explain.c - why an element failed, with callbacks written in C that leave
 * exceptions as Numba does, or as nobody should.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/engine.h"
#include "runtime/runtime.h"

#define FAULTS __attribute__((noinline, no_sanitize("undefined", "address")))

/* ---- A kernel's table ------------------------------------------------------------ */

static const char pickles[4][8] = {"static", "dynamic", "strange", "bare"};
static const lanes_payload_excinfo constants[] = {
    {.pickle = pickles[0], .bytes = 8},
    {.pickle = pickles[2], .bytes = 8},
};
static const char stand_ins[5];

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

/* Lists with one item: what tests change is of the last one. */
#define CHANGED 4

static lanes_payload_arguments lists[] = {
    {.argument_count = 2,
     .item_count = 2,
     .bytes = 24,
     .item = {{.type = LANES_F8, .bytes = 8},
              {.type = LANES_BOOL, .offset = 16, .bytes = 1}}},
    {.argument_count = 1,
     .item_count = 1,
     .bytes = 16,
     .item = {{.type = LANES_C16, .bytes = 16}}},
    {.argument_count = 0},
    {.argument_count = 2,
     .item_count = 2,
     .bytes = 16,
     .item = {{.type = LANES_RAISED_ITEM_UNKNOWN},
              {.type = LANES_I4, .offset = 12, .bytes = 4}}},
    {.argument_count = 0},
};

static const void *const addresses[] = {
    &constants[0], pickles[0],    /* raise ValueError('negative', 3) */
    NULL,          pickles[1],    /* raise OutOfRange('x', value, 'y', value) */
    &constants[1], pickles[2],    /* a class that cannot be read */
    NULL,          pickles[3],    /* raise KeyError(value) */
    &stand_ins[0], &stand_ins[1], /* of lists of arguments */
    &stand_ins[2], &stand_ins[3], &stand_ins[CHANGED],
    NULL, /* which is no function even so */
};

/* ---- The callback ---------------------------------------------------------------- */

static int32_t code;                /* what it returns */
static const void *excinfo;         /* what it leaves, unless make_excinfo does */
static uint64_t seen_index;         /* what it was called with */
static lanes_loop_frame seen_frame; /* likewise */
static void *(*allocate)(size_t bytes);
static void (*release)(void *data);
static const void *(*make_excinfo)(void);
static bool is_runtime_unused; /* then nothing tells it that an element begins */

static int32_t explain(const lanes_loop_frame *frame, uint64_t index,
                       const void **out_excinfo)
{
    seen_frame = *frame;
    seen_index = index;
    if (!is_runtime_unused) {
        lanes_runtime_begin(frame->seed, index);
    }
    *out_excinfo = make_excinfo != NULL ? make_excinfo() : excinfo;
    return code;
}

static lanes_abi_raised raised;
static char text[512];

static lanes_engine_plan plan;
static char memory[2][800]; /* input and output: 10 columns of 10 f8 */

/* f8(f8) on (10, 10), in the order of columns. */
static void make_plan(void)
{
    const lanes_engine_kernel kernel = {
        .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}},
        .may_raise = 1};
    lanes_engine_batch batch = {
        .dimensions = 2, .shape = {10, 10}, .operand_count = 2, .seed = 5};
    for (uint32_t k = 0; k < 2; k++) {
        batch.operand[k] = (lanes_engine_operand){
            .segment_base = memory[k],
            .segment_bytes = sizeof(memory[k]),
            .segment_key = k,
            .stride = {8, 80},
            .dtype = LANES_F8,
        };
    }
    cr_assert_eq(lanes_engine_plan_batch(&batch, &kernel, &plan, NULL), LANES_OK);
}

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
    make_plan();
}

TestSuite(engine_explain, .init = set_up, .timeout = 30);

static void run(void)
{
    memset(&raised, 0xaa, sizeof(raised));
    memset(text, 'x', sizeof(text) - 1);
    lanes_engine_explain(&plan, &exceptions, 17, 0, &raised, text, sizeof(text));
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
                "ZeroDivisionError('integer division by zero')");
    expect_kind(LANES_ELEMENT_OVERFLOW, LANES_RAISED_OVERFLOW,
                "OverflowError('integer division overflow (minimum / -1)')");
    expect_kind(LANES_ELEMENT_FATAL, LANES_RAISED_FATAL,
                "a fatal error: it asked to abort the process");
    expect_kind(LANES_ELEMENT_OK, LANES_RAISED_UNKNOWN,
                "a failure that did not repeat when the element was computed alone");
    expect_kind(99, LANES_RAISED_UNKNOWN, "a failure of a kind lanes does not know");
    expect_kind(-2, LANES_RAISED_UNKNOWN, "a failure of a kind lanes does not know");
}

Test(engine_explain, the_frame_is_of_the_element)
{
    code = LANES_ELEMENT_ZERO_DIVISION;
    run();
    cr_assert_eq(seen_index, 17);
    cr_assert_eq(seen_frame.first, 17);
    cr_assert_eq(seen_frame.seed, 5);
    cr_assert_eq((char *)seen_frame.base[0], memory[0] + 1 * 8 + 7 * 80, "(1, 7)");
    cr_assert_eq((char *)seen_frame.base[1], memory[1] + 1 * 8 + 7 * 80);
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
    const lanes_abi_raised_item items[LANES_RAISED_ITEMS_MAX] = {
        {.type = LANES_F8, .offset = 0, .bytes = 8},
        {.type = LANES_BOOL, .offset = 8, .bytes = 1}};
    uint8_t data[LANES_RAISED_DATA_BYTES] = {0};
    memcpy(data, &first.number, 8);
    data[8] = 1;
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_eq(raised.item_count, 2);
    cr_assert_arr_eq(raised.item, items, sizeof(items), "unused items are 0");
    cr_assert_arr_eq(raised.data, data, sizeof(data), "unused bytes are 0");
    cr_assert_str_eq(text, "OutOfRange('x', -2.0, 'y', True) in f (file.py:12)");
}

Test(engine_explain, a_bool_is_made_0_or_1)
{
    struct first_list block = first;
    block.boolean = 0x80;
    want(1, 0, &block, sizeof(block));
    run();
    cr_assert_eq(raised.data[8], 1);
    cr_assert_eq(raised.data[9], 0);
    block.boolean = 0;
    run();
    cr_assert_eq(raised.data[8], 0);
    cr_assert_str_eq(text, "OutOfRange('x', -2.0, 'y', False) in f (file.py:12)");
}

Test(engine_explain, more_placeholders_than_arguments_and_fewer)
{
    const double number[2] = {1, 2};
    want(1, 1, number, sizeof(number));
    run();
    cr_assert_str_eq(text, "OutOfRange('x', (1+2j), 'y', ...) in f (file.py:12)");
    want(3, 0, &first, sizeof(first));
    run();
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_str_eq(text, "KeyError(-2.0)");
    want(3, 2, &first, 0);
    wanted.arguments = (const void *)8; /* nobody looks at it */
    run();
    cr_assert_eq(raised.argument_count, 0);
    cr_assert_str_eq(text, "KeyError(...)");
}

Test(engine_explain, an_argument_that_is_no_number)
{
    const int32_t block[4] = {1, 2, 3, -4};
    want(1, 3, block, sizeof(block));
    run();
    cr_assert_eq(raised.argument_count, 2);
    cr_assert_eq(raised.item[0].type, LANES_RAISED_ITEM_UNKNOWN);
    cr_assert_eq(raised.item[1].type, LANES_I4);
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
    lists[0].item[1].offset = 24;
    expect_unknown_form();
    lists[0].item[1].offset = 23;
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    lists[0].item_count = LANES_RAISED_ITEMS_MAX + 1; /* test_kernel_raised.c has more */
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

/* ---- Strings ------------------------------------------------------------------------
 */

/* As Numba has a string in its registers, and so in a list of arguments. */
struct string {
    lanes_payload_text text;
    int64_t hash;
    void *meminfo;
    void *parent;
};

#define STRING_ITEM(at)                                                                  \
    {.type = LANES_RAISED_ITEM_TEXT, .offset = (at), .bytes = sizeof(lanes_payload_text)}

/* raise KeyError(string) */
static void raise_string(const void *characters, int64_t length, int32_t kind)
{
    static struct string string;
    string = (struct string){{characters, length, kind, 0}, -1, NULL, NULL};
    lists[CHANGED] = (lanes_payload_arguments){.argument_count = 1,
                                               .item_count = 1,
                                               .bytes = sizeof(string),
                                               .item = {STRING_ITEM(0)}};
    want(3, CHANGED, &string, sizeof(string));
    run();
    cr_assert_eq(raised.kind, LANES_RAISED_EXCEPTION);
    cr_assert_eq(raised.item_count, 1);
}

static void expect_string(const void *characters, int64_t length, int32_t kind,
                          const char *expected, const char *expected_text)
{
    char sentence[512];
    snprintf(sentence, sizeof(sentence), "KeyError(%s)", expected_text);
    raise_string(characters, length, kind);
    cr_assert_eq(raised.item[0].type, LANES_RAISED_ITEM_TEXT);
    cr_assert_eq(raised.item[0].bytes, strlen(expected));
    cr_assert_arr_eq(raised.data, expected, strlen(expected));
    cr_assert_eq(raised.data[strlen(expected)], 0);
    cr_assert_str_eq(text, sentence);
}

Test(engine_explain, strings_of_every_width)
{
    static const uint16_t two[] = {'a', 0xe9, 0x4e2d, 0x20ac};
    static const uint32_t four[] = {'a', 0xe9, 0x4e2d, 0x1f600, 0x10ffff};
    expect_string("x = -7", 6, 1, "x = -7", "'x = -7'");
    expect_string("caf\xe9 it's", 9, 1, "caf\xc3\xa9 it's", "\"caf\xc3\xa9 it's\"");
    expect_string(two, 4, 2, "a\xc3\xa9\xe4\xb8\xad\xe2\x82\xac",
                  "'a\xc3\xa9\xe4\xb8\xad\xe2\x82\xac'");
    expect_string(four, 5, 4, "a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf",
                  "'a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\\U0010ffff'");
    expect_string("{}\n", 3, 1, "{}\n", "'{}\\n'"); /* no placeholder */
    expect_string(NULL, 0, 1, "", "''");            /* nobody looks */
    expect_string((const char *)two + 1, 0, 2, "", "''");
}

Test(engine_explain, what_is_no_character_is_replaced)
{
    static const uint16_t two[] = {0xd7ff, 0xd800, 0xdfff, 0xe000};
    static const uint32_t four[] = {0xdc80, 0x110000, UINT32_MAX, 'z'};
    raise_string(two, 4, 2);
    cr_assert_arr_eq(raised.data, "\xed\x9f\xbf\xef\xbf\xbd\xef\xbf\xbd\xee\x80\x80", 12);
    raise_string(four, 4, 4);
    cr_assert_arr_eq(raised.data, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz", 10);
}

static const void *make_string(void)
{
    char *characters = allocate(3);
    memcpy(characters, "two", 3);
    lanes_payload_excinfo *info = (void *)(uintptr_t)make_dynamic();
    ((struct string *)(uintptr_t)info->arguments)->text.characters = characters;
    return info;
}

Test(engine_explain, characters_that_the_callback_allocated)
{
    raise_string("one", 3, 1);
    make_excinfo = make_string;
    run();
    cr_assert_str_eq(text, "KeyError('two')");
}

Test(engine_explain, strings_that_are_none)
{
    /* A page whose neighbour cannot be read. */
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    cr_assert_eq(mprotect(pages + page, page, PROT_NONE), 0);
    memset(pages, 'x', page);
    const struct {
        const void *characters;
        int64_t length;
        int32_t kind;
    } rows[] = {
        {"abc", 3, 0},
        {"abc", 3, 3},
        {"abc", 3, -1},
        {"abc", 3, 8},
        {"abc", -1, 1},
        {"abc", INT64_MIN, 1},
        {NULL, 1, 1},
        {(const void *)8, 3, 2},
        {pages + page - 3, 4, 1},
        {pages + page, INT64_MAX, 4},
        {(const void *)0x8000000000000000, 1, 1},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        raise_string(rows[i].characters, rows[i].length, rows[i].kind);
        const lanes_abi_raised_item unknown = {.type = LANES_RAISED_ITEM_UNKNOWN};
        cr_assert_arr_eq(&raised.item[0], &unknown, sizeof(unknown), "row %zu", i);
        cr_assert_str_eq(text, "KeyError(...)");
        for (size_t k = 0; k < sizeof(raised.data); k++) {
            cr_assert_eq(raised.data[k], 0);
        }
    }
    raise_string(pages + page - 3, 3, 1);
    cr_assert_str_eq(text, "KeyError('xxx')", "up to the end of what can be read");
}

Test(engine_explain, long_strings_are_cut_between_characters)
{
    static uint16_t long_string[2000];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(long_string); i++) {
        long_string[i] = 0x20ac; /* 3 bytes */
    }
    static char exact[LANES_RAISED_DATA_BYTES + 1];
    memset(exact, 'x', sizeof(exact));
    raise_string(exact, LANES_RAISED_DATA_BYTES, 1);
    cr_assert_eq(raised.item[0].type, LANES_RAISED_ITEM_TEXT);
    cr_assert_eq(raised.item[0].bytes, LANES_RAISED_DATA_BYTES);
    raise_string(exact, LANES_RAISED_DATA_BYTES + 1, 1);
    cr_assert_eq(raised.item[0].type, LANES_RAISED_ITEM_TEXT_CUT);
    cr_assert_eq(raised.item[0].bytes, LANES_RAISED_DATA_BYTES);
    raise_string(long_string, LANES_ARRAY_COUNT(long_string), 2);
    cr_assert_eq(raised.item[0].type, LANES_RAISED_ITEM_TEXT_CUT);
    cr_assert_eq(raised.item[0].bytes, LANES_RAISED_DATA_BYTES / 3 * 3);
    cr_assert_arr_eq(raised.data + raised.item[0].bytes - 3, "\xe2\x82\xac", 3);
    cr_assert_arr_eq(text, "KeyError('\xe2\x82\xac", 13);
    cr_assert_str_eq(text + strlen(text) - 8, "\xe2\x82\xac...')");
}

/* A string takes what the numbers leave, the next what that one leaves. */
Test(engine_explain, strings_share_what_there_is)
{
    static char characters[2000];
    memset(characters, 'x', sizeof(characters));
    struct {
        struct string string[2];
        double number[2];
    } block = {{{{characters, 2000, 1, 1}, 0, NULL, NULL},
                {{characters, 3, 1, 1}, 0, NULL, NULL}},
               {-2, 3}};
    lists[CHANGED] = (lanes_payload_arguments){
        .argument_count = 3,
        .item_count = 3,
        .bytes = sizeof(block),
        .constant_bytes = 5,
        .constant = "fixed",
        .item = {STRING_ITEM(0),
                 {.type = LANES_RAISED_ITEM_TEXT_CUT,
                  .place = LANES_PAYLOAD_CONSTANT,
                  .bytes = 5},
                 {.type = LANES_F8, .offset = sizeof(block.string), .bytes = 8}}};
    want(3, CHANGED, &block, sizeof(block));
    run();
    cr_assert_eq(raised.item[0].bytes, LANES_RAISED_DATA_BYTES - 16);
    cr_assert_eq(raised.item[1].type, LANES_RAISED_ITEM_TEXT_CUT);
    cr_assert_arr_eq(raised.data + raised.item[1].offset, "fixed", 5);
    cr_assert_arr_eq(raised.data + raised.item[2].offset, &block.number[0], 8);
    lists[CHANGED].item[1] = (lanes_payload_item)STRING_ITEM(sizeof(struct string));
    lists[CHANGED].constant_bytes = 0;
    run();
    cr_assert_eq(raised.item[0].bytes, LANES_RAISED_DATA_BYTES - 8);
    cr_assert_eq(raised.item[1].type, LANES_RAISED_ITEM_TEXT_CUT);
    cr_assert_eq(raised.item[1].bytes, 0);
    cr_assert_arr_eq(raised.data + raised.item[2].offset, &block.number[0], 8);
}
