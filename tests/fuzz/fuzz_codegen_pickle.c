/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_codegen_pickle.c - any bytes as the pickle of an exception, and of a string: what
 * comes out is text that ends, of whole characters.
 */
#include "codegen/codegen_pickle.h"
#include "fuzz.h"

/* UTF-8 without surrogates, and not longer than it must be. */
static void check_utf8(const unsigned char *text, size_t bytes)
{
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < bytes;) {
        const unsigned char first = text[i++];
        const uint32_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        uint32_t point = more == 0 ? first : first & (0x3fu >> more);
        FUZZ_CHECK(first < 0x80 || first >= 0xc0);
        FUZZ_CHECK(more <= bytes - i);
        for (uint32_t k = 0; k < more; k++) {
            FUZZ_CHECK((text[i] & 0xc0) == 0x80);
            point = point << 6 | (text[i++] & 0x3f);
        }
        FUZZ_CHECK(point >= least[more] && point < 0x110000);
        FUZZ_CHECK(point < 0xd800 || point > 0xdfff);
    }
}

static void check_text(const char *text, size_t room)
{
    const size_t bytes = strnlen(text, room);
    FUZZ_CHECK(bytes < room);
    check_utf8((const unsigned char *)text, bytes);
}

static void read_string(const unsigned char *pickle, size_t bytes, size_t room)
{
    size_t text_bytes = 0;
    bool is_cut = false;
    unsigned char *text = malloc(room + (room == 0));
    FUZZ_CHECK(text != NULL);
    if (lanes_pickle_read_string(pickle, bytes, text, room, &text_bytes, &is_cut)) {
        FUZZ_CHECK(text_bytes <= room);
        check_utf8(text, text_bytes);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    lanes_pickle_exception exception;
    const bool is_good = lanes_pickle_read_exception(data, bytes, &exception);
    check_text(exception.type, sizeof(exception.type));
    check_text(exception.message, sizeof(exception.message));
    check_text(exception.location, sizeof(exception.location));
    if (is_good) {
        FUZZ_CHECK(lanes_pickle_is_likely(data, bytes));
    } else {
        FUZZ_CHECK(exception.type[0] == '\0' && exception.message[0] == '\0');
        FUZZ_CHECK(exception.location[0] == '\0' && exception.computed_count == 0);
    }
    read_string(data, bytes, bytes % 64);
    return 0;
}
