/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_payload.c - pickles out of IR: texts and bits as LLVM writes them, and
 * places that an executor could only have made up. Buffers are as long as they must be
 * and on the heap, so that AddressSanitizer sees a byte too many.
 */
#include "unit/client/client_fixture.h"

TestSuite(client_payload, .timeout = 10);

static lanes_raised raised_at(uint32_t form, uint64_t offset, uint64_t bytes)
{
    return (lanes_raised){.kind = LANES_RAISED_EXCEPTION,
                          .payload_form = form,
                          .payload_offset = offset,
                          .payload_bytes = bytes};
}

/** Read from a copy of @p ir, and expect exactly @p wanted. */
static void expect_bytes(const void *ir, size_t ir_bytes, lanes_raised raised,
                         const void *wanted)
{
    const size_t bytes = (size_t)raised.payload_bytes;
    void *copy = memcpy(malloc(ir_bytes), ir, ir_bytes);
    unsigned char *pickle = malloc(bytes);
    err.message[0] = '\0';
    cr_assert_eq(lanes_payload_read(copy, ir_bytes, &raised, pickle, bytes, &err),
                 LANES_OK, "%s", err.message);
    cr_assert_eq(memcmp(pickle, wanted, bytes), 0);
    free(copy);
    free(pickle);
}

/** Read from a copy of @p ir, and expect a refusal that says @p text. */
static void expect_refusal(const void *ir, size_t ir_bytes, lanes_raised raised,
                           size_t buffer_bytes, const char *text)
{
    void *copy = memcpy(malloc(ir_bytes), ir, ir_bytes);
    char *pickle = malloc(buffer_bytes);
    err.message[0] = '\0';
    cr_assert_eq(lanes_payload_read(copy, ir_bytes, &raised, pickle, buffer_bytes, &err),
                 LANES_E_INVALID, "%s", text);
    cr_assert_eq(err.code, LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, text), "%s", err.message);
    free(copy);
    free(pickle);
}

/* ---- Text -----------------------------------------------------------------------------
 */

static const char line[] = "@p = constant [9 x i8] c\"a\\80\\04\\\\b\\22\\Ff\\00z\"";
#define LINE_BYTES (sizeof(line) - 1)
#define LINE_AT    25

Test(client_payload, text_is_decoded_as_llvm_does)
{
    const lanes_raised all = raised_at(LANES_PAYLOAD_TEXT, LINE_AT, 9);
    expect_bytes(line, LINE_BYTES, all, "a\x80\x04\\b\"\xff\0z");
    const lanes_raised first = raised_at(LANES_PAYLOAD_TEXT, LINE_AT, 1);
    expect_bytes(line, LINE_BYTES, first, "a");
}

Test(client_payload, a_backslash_that_escapes_nothing_is_itself)
{
    const char text[] = "\\x4\\4g\\";
    expect_bytes(text, 7, raised_at(LANES_PAYLOAD_TEXT, 0, 7), text);
    /* The two digits of the last escape are outside the IR. */
    expect_bytes("ab\\4", 4, raised_at(LANES_PAYLOAD_TEXT, 2, 2), "\\4");
    expect_bytes("ab\\", 3, raised_at(LANES_PAYLOAD_TEXT, 2, 1), "\\");
    expect_bytes("ab\\41", 5, raised_at(LANES_PAYLOAD_TEXT, 2, 1), "A");
}

Test(client_payload, text_ends_at_a_quote)
{
    expect_refusal(line, LINE_BYTES, raised_at(LANES_PAYLOAD_TEXT, LINE_AT, 10), 10,
                   "the string ends after 9 of 10 bytes");
    expect_refusal("\\\"", 2, raised_at(LANES_PAYLOAD_TEXT, 0, 2), 2,
                   "the string ends after 1 of 2 bytes");
    expect_refusal("\"", 1, raised_at(LANES_PAYLOAD_TEXT, 0, 1), 1,
                   "the string ends after 0 of 1 bytes");
}

Test(client_payload, text_ends_with_the_ir)
{
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_TEXT, 0, 4), 4,
                   "the IR ends after 3 of 4 bytes");
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_TEXT, 3, 1), 1, "byte 3");
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_TEXT, UINT64_MAX, 1), 1,
                   "the IR has 3");
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_TEXT, UINT64_MAX - 1, 4), 4,
                   "the IR has 3");
    expect_refusal("\\41", 3, raised_at(LANES_PAYLOAD_TEXT, 0, 2), 2,
                   "the IR ends after 1 of 2 bytes");
}

/* ---- Bitcode --------------------------------------------------------------------------
 */

/** Write @p bytes at bit @p offset, least significant bit first. */
static void put_bits(uint8_t *ir, uint64_t offset, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count * 8; i++) {
        const uint64_t at = offset + i;
        const uint32_t bit = (uint32_t)bytes[i / 8] >> i % 8 & 1u;
        const uint32_t others = (uint32_t)ir[at / 8] & ~(1u << at % 8);
        ir[at / 8] = (uint8_t)(others | bit << at % 8);
    }
}

Test(client_payload, bits_are_read_at_every_offset)
{
    const uint8_t pickle[] = {0x80, 0x04, 0x95, 0xff, 0x00, 0x2e, 0x01};
    for (uint32_t background = 0; background < 2; background++) {
        for (uint64_t offset = 0; offset <= 24; offset++) {
            uint8_t ir[sizeof(pickle) + 3];
            memset(ir, background != 0 ? 0xff : 0, sizeof(ir));
            put_bits(ir, offset, pickle, sizeof(pickle));
            expect_bytes(ir, sizeof(ir),
                         raised_at(LANES_PAYLOAD_BITCODE, offset, sizeof(pickle)),
                         pickle);
        }
    }
}

Test(client_payload, bits_outside_the_ir_are_refused)
{
    const uint8_t ir[16] = {0};
    const struct {
        uint64_t offset;
        uint64_t bytes;
    } cases[] = {
        {1, 16},
        {129, 1},
        {121, 1},
        {128, 1},
        {0, 17},
        {UINT64_MAX, 1},
        {UINT64_MAX - 7, 1},  /* the sum wraps to 0 */
        {UINT64_MAX - 15, 2}, /* likewise */
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        expect_refusal(ir, sizeof(ir),
                       raised_at(LANES_PAYLOAD_BITCODE, cases[i].offset, cases[i].bytes),
                       32, "reaches outside the IR of 16 bytes");
    }
    expect_bytes(ir, sizeof(ir), raised_at(LANES_PAYLOAD_BITCODE, 120, 1), ir);
    expect_bytes(ir, sizeof(ir), raised_at(LANES_PAYLOAD_BITCODE, 0, 16), ir);
}

Test(client_payload, sizes_whose_bits_overflow_are_refused)
{
    const uint8_t ir[16] = {0};
    /* A buffer that large exists in no process, so its size is not true either. */
    const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX / 8 + 1, UINT64_MAX / 8, 1ull << 61};
    uint8_t pickle[1];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(sizes); i++) {
        const lanes_raised raised = raised_at(LANES_PAYLOAD_BITCODE, 8, sizes[i]);
        cr_assert_eq(lanes_payload_read(ir, sizeof(ir), &raised, pickle, SIZE_MAX, &err),
                     LANES_E_INVALID, "%llx", (unsigned long long)sizes[i]);
        cr_assert_not_null(strstr(err.message, "reaches outside"), "%s", err.message);
    }
}

/* ---- Both -----------------------------------------------------------------------------
 */

Test(client_payload, what_has_no_pickle_is_refused)
{
    const uint32_t kinds[] = {LANES_RAISED_NONE,     LANES_RAISED_ZERO_DIVISION,
                              LANES_RAISED_OVERFLOW, LANES_RAISED_FATAL,
                              LANES_RAISED_UNKNOWN,  LANES_RAISED_UNKNOWN + 1};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(kinds); i++) {
        lanes_raised raised = raised_at(LANES_PAYLOAD_TEXT, 0, 1);
        raised.kind = kinds[i];
        expect_refusal("abc", 3, raised, 1, "has no pickle");
    }
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_TEXT, 0, 0), 1, "has no pickle");
    expect_refusal("abc", 3, raised_at(LANES_PAYLOAD_NONE, 0, 1), 1, "payload form 0");
    expect_refusal("abc", 3, raised_at(3, 0, 1), 1, "payload form 3");
}

Test(client_payload, a_buffer_that_is_too_small_is_refused_untouched)
{
    char pickle[2] = {'x', 'y'};
    const lanes_raised text = raised_at(LANES_PAYLOAD_TEXT, 0, 3);
    const lanes_raised bits = raised_at(LANES_PAYLOAD_BITCODE, 0, 3);
    cr_assert_eq(lanes_payload_read("abc", 3, &text, pickle, 2, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "buffer of 2"), "%s", err.message);
    cr_assert_eq(lanes_payload_read("abc", 3, &bits, pickle, 2, NULL), LANES_E_INVALID);
    cr_assert_eq(memcmp(pickle, "xy", 2), 0);
}

Test(client_payload, empty_ir_has_no_pickle)
{
    char pickle[1];
    const lanes_raised text = raised_at(LANES_PAYLOAD_TEXT, 0, 1);
    const lanes_raised bits = raised_at(LANES_PAYLOAD_BITCODE, 0, 1);
    cr_assert_eq(lanes_payload_read("", 0, &text, pickle, 1, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "the IR has 0"), "%s", err.message);
    cr_assert_eq(lanes_payload_read("", 0, &bits, pickle, 1, &err), LANES_E_INVALID);
}

Test(client_payload, missing_arguments_are_refused)
{
    char pickle[3];
    const lanes_raised raised = raised_at(LANES_PAYLOAD_TEXT, 0, 3);
    cr_assert_eq(lanes_payload_read(NULL, 3, &raised, pickle, 3, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_payload_read("abc", 3, NULL, pickle, 3, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_payload_read("abc", 3, &raised, NULL, 3, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "NULL"));
}
