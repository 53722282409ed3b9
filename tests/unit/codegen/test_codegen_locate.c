/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where constants lie in IR text and in bitcode. A place is right if the bytes read from
 * it are the constant's, so that is what is compared. Real modules are in
 * test_codegen_exception.c.
 */
#include <criterion/criterion.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "codegen/codegen_locate.h"
#include "kernel/payload.h"

#define CONSTANT(literal)                                                                \
    {.bytes = (const unsigned char *)(literal), .count = sizeof(literal) - 1}

static void locate_text(const char *ir, lanes_locate_constant *constants, uint32_t count)
{
    /* A copy without the NUL, so that a sanitizer sees a wrong access. */
    char *copy = strdup(ir);
    const size_t bytes = strlen(copy);
    char *exact = realloc(copy, bytes > 0 ? bytes : 1);
    cr_assert_not_null(exact);
    lanes_locate_constants(exact, bytes, constants, count);
    free(exact);
}

static void expect_text_at(const lanes_locate_constant *constant, const char *ir,
                           const char *spelling)
{
    cr_assert_eq(constant->form, LANES_PAYLOAD_TEXT, "%s", spelling);
    cr_assert_lt(constant->offset, strlen(ir));
    cr_expect_eq(strncmp(ir + constant->offset, spelling, strlen(spelling)), 0,
                 "%s at %s", spelling, ir + constant->offset);
}

Test(codegen_locate, finds_what_llvm_prints)
{
    static const char ir[] = "@a = constant [3 x i8] c\"abc\"\n"
                             "@b = constant [5 x i8] c\"\\80\\04\\95\\\\.\"\n"
                             "@c = constant [4 x i8] c\"a\\22\\\\b\", align 1\n";
    lanes_locate_constant constants[] = {CONSTANT("\x80\x04\x95\\."), CONSTANT("a\"\\b"),
                                         CONSTANT("abc")};
    locate_text(ir, constants, LANES_ARRAY_COUNT(constants));
    expect_text_at(&constants[0], ir, "\\80\\04");
    expect_text_at(&constants[1], ir, "a\\22\\\\b\", align");
    expect_text_at(&constants[2], ir, "abc\"\n@b");
}

Test(codegen_locate, accepts_any_spelling)
{
    static const char *const spellings[] = {
        "\\41\\0a\\5c",
        "A\\0A\\\\",
        "A\n\\",
        "\\41\n\\5C",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(spellings); i++) {
        char ir[64];
        snprintf(ir, sizeof(ir), "@a = constant [3 x i8] c\"%s\"", spellings[i]);
        lanes_locate_constant constant = CONSTANT("A\n\\");
        locate_text(ir, &constant, 1);
        expect_text_at(&constant, ir, spellings[i]);
    }
    /* Not two hexadecimal digits: the backslash is itself. */
    static const char ir[] = "@a = constant [4 x i8] c\"\\4x\\\"";
    lanes_locate_constant constant = CONSTANT("\\4x\\");
    locate_text(ir, &constant, 1);
    expect_text_at(&constant, ir, "\\4x");
}

Test(codegen_locate, comments_and_other_strings_do_not_mislead)
{
    static const char ir[] = "; c\" an odd quote, c\"abd\" and c\"ab\n"
                             "source_filename = \"c\"\n"
                             "@\".const.c\" = constant [3 x i8] c\"abc\"\n"
                             "!0 = !{!\"c\", !\"abc\"}\n"
                             "; c\"abc";
    lanes_locate_constant constants[] = {CONSTANT("abc"), CONSTANT("abcd"),
                                         CONSTANT("ab")};
    locate_text(ir, constants, LANES_ARRAY_COUNT(constants));
    expect_text_at(&constants[0], ir, "abc\"\n!0");
    cr_expect_eq(constants[1].form, LANES_PAYLOAD_NONE);
    cr_expect_eq(constants[1].offset, 0);
    cr_expect_eq(constants[2].form, LANES_PAYLOAD_NONE);
}

Test(codegen_locate, equal_constants_share_the_first_place)
{
    static const char ir[] = "@a = constant [3 x i8] c\"abc\"\n"
                             "@b = constant [3 x i8] c\"\\61bc\"\n";
    lanes_locate_constant constants[] = {CONSTANT("abc"), CONSTANT("abc")};
    locate_text(ir, constants, LANES_ARRAY_COUNT(constants));
    expect_text_at(&constants[0], ir, "abc");
    expect_text_at(&constants[1], ir, "abc");
}

Test(codegen_locate, ends_of_the_text_are_not_passed)
{
    static const char *const texts[] = {"",      "\"",     "c\"",  "c\"a",
                                        "c\"\\", "c\"\\4", "\"\"c"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        lanes_locate_constant constants[] = {CONSTANT("a"), CONSTANT("\\"), CONSTANT("")};
        locate_text(texts[i], constants, LANES_ARRAY_COUNT(constants));
        cr_expect_eq(constants[0].form, LANES_PAYLOAD_NONE, "%s", texts[i]);
        cr_expect_eq(constants[1].form, LANES_PAYLOAD_NONE, "%s", texts[i]);
    }
}

/* ---- Bitcode --------------------------------------------------------------------- */

static const unsigned char magic[4] = {'B', 'C', 0xc0, 0xde};

/* String i is no C string, has 30 + i % 40 bytes, and begins as a pickle does: with the
 * protocol and its length. */
static void make_string(uint32_t index, unsigned char *bytes, uint64_t *out_count)
{
    *out_count = 30 + index % 40;
    memset(bytes, (int)('a' + index % 3), *out_count);
    static const unsigned char head[] = {0x80, 0x04, 0x95};
    memcpy(bytes, head, sizeof(head));
    memcpy(bytes + 3, out_count, sizeof(*out_count));
    memcpy(bytes + 20, &index, 4);
    bytes[*out_count - 1] = '.';
}

static LLVMMemoryBufferRef strings_as_bitcode(uint32_t count)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("strings", context);
    for (uint32_t i = 0; i < count; i++) {
        unsigned char bytes[80];
        uint64_t length;
        make_string(i, bytes, &length);
        LLVMValueRef value =
            LLVMConstStringInContext2(context, (const char *)bytes, length, 1);
        LLVMValueRef global = LLVMAddGlobal(module, LLVMTypeOf(value), "s");
        LLVMSetInitializer(global, value);
    }
    LLVMMemoryBufferRef code = LLVMWriteBitcodeToMemoryBuffer(module);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return code;
}

static unsigned char byte_at_bit(const char *ir, uint64_t bit)
{
    unsigned value = 0;
    for (unsigned i = 0; i < 8; i++) {
        const uint32_t byte = (unsigned char)ir[(bit + i) / 8];
        value |= (byte >> (bit + i) % 8 & 1u) << i;
    }
    return (unsigned char)value;
}

static void expect_bits_at(const lanes_locate_constant *constant, const char *ir,
                           uint64_t ir_bytes)
{
    cr_assert_eq(constant->form, LANES_PAYLOAD_BITCODE);
    cr_assert_leq(constant->offset + 8 * constant->count, 8 * ir_bytes);
    for (uint64_t i = 0; i < constant->count; i++) {
        cr_assert_eq(byte_at_bit(ir, constant->offset + 8 * i), constant->bytes[i]);
    }
}

Test(codegen_locate, finds_strings_in_bitcode, .timeout = 60)
{
    LLVMMemoryBufferRef code = strings_as_bitcode(LANES_PAYLOADS_MAX);
    const char *ir = LLVMGetBufferStart(code);
    static unsigned char bytes[LANES_PAYLOADS_MAX][80];
    static lanes_locate_constant constants[LANES_PAYLOADS_MAX];
    for (uint32_t i = 0; i < LANES_PAYLOADS_MAX; i++) {
        constants[i].bytes = bytes[i];
        make_string(i, bytes[i], &constants[i].count);
    }
    lanes_locate_constants(ir, LLVMGetBufferSize(code), constants, LANES_PAYLOADS_MAX);
    unsigned alignments = 0;
    for (uint32_t i = 0; i < LANES_PAYLOADS_MAX; i++) {
        expect_bits_at(&constants[i], ir, LLVMGetBufferSize(code));
        alignments |= 1u << constants[i].offset % 8;
    }
    cr_expect_neq(alignments & (alignments - 1), 0, "only one bit alignment was tried");
    LLVMDisposeMemoryBuffer(code);
}

/* The start of a file that says it is bitcode, then a constant at a chosen bit. */
static char *bits_with(const lanes_locate_constant *constant, uint64_t bit,
                       uint64_t ir_bytes)
{
    char *ir = calloc(1, ir_bytes);
    cr_assert_not_null(ir);
    memcpy(ir, magic, sizeof(magic));
    for (uint64_t i = 0; i < 8 * constant->count; i++) {
        const uint32_t value = (uint32_t)constant->bytes[i / 8] >> i % 8 & 1u;
        const uint64_t at = bit + i;
        ir[at / 8] = (char)((unsigned char)ir[at / 8] | value << at % 8);
    }
    return ir;
}

Test(codegen_locate, finds_every_alignment_up_to_the_last_bit)
{
    lanes_locate_constant constant = CONSTANT("\x80\x04\x95"
                                              "0123456789.");
    for (uint64_t slack = 0; slack < 9; slack++) {
        for (uint64_t shift = 0; shift <= slack; shift++) {
            const uint64_t ir_bytes = 4 + constant.count + (slack + 7) / 8;
            char *ir = bits_with(&constant, 32 + shift, ir_bytes);
            lanes_locate_constants(ir, ir_bytes, &constant, 1);
            expect_bits_at(&constant, ir, ir_bytes);
            cr_expect_eq(constant.offset, 32 + shift);
            /* Without the last byte it is not all there. */
            lanes_locate_constants(ir, 4 + constant.count - 1, &constant, 1);
            cr_expect_eq(constant.form, LANES_PAYLOAD_NONE);
            free(ir);
        }
    }
}

Test(codegen_locate, short_and_missing_constants_are_not_found_in_bitcode)
{
    static const char ir[] = "BC\xc0\xde"
                             "\x80\x04.";
    lanes_locate_constant constants[] = {CONSTANT("\x80\x04."), CONSTANT("\x80\x04"
                                                                         "34567.")};
    lanes_locate_constants(ir, sizeof(ir) - 1, constants, LANES_ARRAY_COUNT(constants));
    cr_expect_eq(constants[0].form, LANES_PAYLOAD_NONE);
    cr_expect_eq(constants[1].form, LANES_PAYLOAD_NONE);
    lanes_locate_constants(ir, sizeof(ir) - 1, NULL, 0);
}

/* ---- Time ------------------------------------------------------------------------ */

#define LARGE (16u << 20)

static uint64_t ms_to_miss(char *ir, lanes_locate_constant *constants, uint32_t count)
{
    const uint64_t start = lanes_clock_ns();
    lanes_locate_constants(ir, LARGE, constants, count);
    const uint64_t ms = (lanes_clock_ns() - start) / 1000000;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(constants[i].form, LANES_PAYLOAD_NONE);
    }
    return ms;
}

/* The largest IR and the most constants, none of them there but many almost. */
Test(codegen_locate, takes_linear_time, .timeout = 120)
{
    static unsigned char bytes[LANES_PAYLOADS_MAX][80];
    static lanes_locate_constant constants[LANES_PAYLOADS_MAX];
    for (uint32_t i = 0; i < LANES_PAYLOADS_MAX; i++) {
        constants[i].bytes = bytes[i];
        make_string(i, bytes[i], &constants[i].count);
    }
    char *ir = malloc(LARGE);
    cr_assert_not_null(ir);
    for (uint32_t at = 0; at < LARGE; at++) {
        ir[at] = "c\"\\80\\04\\95aaa"[at % 14];
    }
    cr_log_info("text: %llu ms",
                (unsigned long long)ms_to_miss(ir, constants, LANES_PAYLOADS_MAX));
    memset(ir, 'c', LARGE);
    ir[LARGE - LARGE / 2] = '"';
    cr_log_info("one string: %llu ms",
                (unsigned long long)ms_to_miss(ir, constants, LANES_PAYLOADS_MAX));
    for (uint32_t at = 0; at < LARGE; at++) {
        ir[at] = "\x80\x04\x95\x20\0\0\0\0\0\0\0aa"[at % 13];
    }
    memcpy(ir, magic, sizeof(magic));
    cr_log_info("bitcode: %llu ms",
                (unsigned long long)ms_to_miss(ir, constants, LANES_PAYLOADS_MAX));
    free(ir);
}
