/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_build.c - every build that code depends on has an id.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/base.h"

#define SHA1_BYTES 20u

struct seen {
    unsigned count;
    size_t bytes[64];
    unsigned char first[SHA1_BYTES];
};

static void note(void *ctx, const void *id, size_t bytes)
{
    struct seen *seen = ctx;
    if (seen->count == 0 && bytes == SHA1_BYTES) {
        memcpy(seen->first, id, SHA1_BYTES);
    }
    if (seen->count < LANES_ARRAY_COUNT(seen->bytes)) {
        seen->bytes[seen->count++] = bytes;
    }
}

Test(base_build, the_program_and_its_libraries_have_ids)
{
    struct seen seen = {.count = 0};
    struct seen again = {.count = 0};
    lanes_build_ids(note, &seen);
    lanes_build_ids(note, &again);
    cr_assert_geq(seen.count, 3, "the program, the C library, its loader");
    cr_assert_eq(seen.bytes[0], SHA1_BYTES, "the linker was told to make one");
    cr_assert_eq(seen.count, again.count);
    cr_assert_eq(memcmp(seen.first, again.first, SHA1_BYTES), 0);
    const unsigned char none[SHA1_BYTES] = {0};
    cr_assert_neq(memcmp(seen.first, none, SHA1_BYTES), 0);
}
