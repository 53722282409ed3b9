/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_codegen_scan.c - what of ours reads IR beside LLVM, and names in it.
 *
 *   mode u8 (modulo 4), then bytes:
 *   0  IR text for an older LLVM
 *   1  bitcode: who wrote it
 *   2  a mangled name, without NUL
 *   3  IR in which constants are sought: count u8, lengths u8 and contents, then the IR
 */
#include "codegen/codegen_downgrade.h"
#include "codegen/codegen_internal.h"
#include "codegen/codegen_locate.h"
#include "codegen/codegen_mangle.h"
#include "fuzz.h"

#define CONSTANTS_MAX 8u

static size_t count_lines(const char *text, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        count += text[i] == '\n';
    }
    return count;
}

static void downgrade(const fuzz_input *input)
{
    size_t bytes = 0;
    char *text = fuzz_rest(input, 0);
    char *older = lanes_codegen_downgrade(text, input->bytes, &bytes);
    if (older != NULL) {
        FUZZ_CHECK(older[bytes] == '\0');
        FUZZ_CHECK(count_lines(older, bytes) <= count_lines(text, input->bytes));
    }
    free(older);
    free(text);
}

static void find_producer(const fuzz_input *input)
{
    enum { ROOM = 64 };
    char *bitcode = fuzz_rest(input, 0);
    char *text = malloc(ROOM);
    FUZZ_CHECK(text != NULL);
    if (lanes_codegen_bitcode_producer(bitcode, input->bytes, text, ROOM)) {
        FUZZ_CHECK(strnlen(text, ROOM) < ROOM);
    }
    free(text);
    free(bitcode);
}

static void demangle(const fuzz_input *input)
{
    enum { ROOM = 40 };
    lanes_mangle_argument arguments[LANES_MANGLE_ARGUMENTS_MAX];
    uint32_t count = 0;
    char *name = fuzz_rest(input, 1);
    if (lanes_mangle_arguments(name, arguments, &count)) {
        FUZZ_CHECK(count <= LANES_MANGLE_ARGUMENTS_MAX);
        for (uint32_t i = 0; i < count; i++) {
            const lanes_mangle_argument *argument = &arguments[i];
            char *text = malloc(ROOM);
            FUZZ_CHECK(text != NULL);
            FUZZ_CHECK(argument->kind >= LANES_MANGLE_SCALAR);
            FUZZ_CHECK(argument->kind <= LANES_MANGLE_OTHER);
            if (argument->kind == LANES_MANGLE_OTHER) {
                /* Of the name, or a constant. */
                FUZZ_CHECK(strnlen(argument->text, argument->text_length) ==
                           argument->text_length);
                lanes_mangle_unescape(argument->text, argument->text_length, text, ROOM);
                FUZZ_CHECK(strnlen(text, ROOM) < ROOM);
            }
            free(text);
        }
    }
    free(name);
}

/* True if the constant stands at its place in bitcode, as bits. */
static bool is_at(const fuzz_input *ir, const lanes_locate_constant *constant)
{
    for (uint64_t bit = 0; bit < 8 * constant->count; bit++) {
        const uint64_t at = constant->offset + bit;
        if (at / 8 >= ir->bytes ||
            (ir->at[at / 8] >> at % 8 & 1) != (constant->bytes[bit / 8] >> bit % 8 & 1)) {
            return false;
        }
    }
    return true;
}

static void locate(fuzz_input *input)
{
    lanes_locate_constant constants[CONSTANTS_MAX] = {{.bytes = NULL}};
    unsigned char *copies[CONSTANTS_MAX];
    const uint32_t count = fuzz_u8(input) % (CONSTANTS_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t bytes = fuzz_u8(input);
        copies[i] = malloc(bytes > 0 ? bytes : 1u);
        FUZZ_CHECK(copies[i] != NULL);
        fuzz_take(input, copies[i], bytes);
        constants[i].bytes = copies[i];
        constants[i].count = bytes;
    }
    char *ir = fuzz_rest(input, 0);
    lanes_locate_constants(ir, input->bytes, constants, count);
    for (uint32_t i = 0; i < count; i++) {
        FUZZ_CHECK(constants[i].form <= LANES_PAYLOAD_BITCODE);
        if (constants[i].form == LANES_PAYLOAD_BITCODE) {
            FUZZ_CHECK(is_at(input, &constants[i]));
        } else if (constants[i].form == LANES_PAYLOAD_TEXT) {
            FUZZ_CHECK(constants[i].offset + constants[i].count <= input->bytes);
        }
        free(copies[i]);
    }
    free(ir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    switch (fuzz_u8(&input) % 4) {
    case 0:
        downgrade(&input);
        break;
    case 1:
        find_producer(&input);
        break;
    case 2:
        demangle(&input);
        break;
    default:
        locate(&input);
    }
    return 0;
}
