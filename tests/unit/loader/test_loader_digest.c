/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_loader_digest.c - digests tell everything apart that was put in.
 */
#include "loader/digest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

static bool is_equal(const lanes_digest *a, const lanes_digest *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

Test(loader_digest, bytes_and_where_parts_end_count)
{
    const lanes_digest_part lists[][3] = {
        {{"ab", 2}, {"c", 1}, {NULL, 0}},   {{"a", 1}, {"bc", 2}, {NULL, 0}},
        {{"ab", 2}, {"d", 1}, {NULL, 0}},   {{NULL, 0}, {"ab", 2}, {"c", 1}},
        {{"abc", 3}, {NULL, 0}, {NULL, 0}},
    };
    lanes_digest digests[LANES_ARRAY_COUNT(lists)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        lanes_digest again;
        lanes_digest_of(lists[i], 3, &digests[i]);
        lanes_digest_of(lists[i], 3, &again);
        cr_expect(is_equal(&digests[i], &again));
        for (size_t k = 0; k < i; k++) {
            cr_expect_not(is_equal(&digests[i], &digests[k]), "%zu and %zu", i, k);
        }
    }
    lanes_digest two;
    lanes_digest_of(lists[0], 2, &two);
    cr_expect_not(is_equal(&two, &digests[0]), "an empty part is a part");
}

/* The first of its own test vectors, of no bytes at all. */
Test(loader_digest, it_is_blake3)
{
    char hex[2 * LANES_DIGEST_BYTES + 1];
    lanes_digest digest;
    lanes_digest_of(NULL, 0, &digest);
    for (size_t i = 0; i < LANES_DIGEST_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
    }
    cr_expect_str_eq(hex,
                     "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
}

Test(loader_digest, a_host_is_itself)
{
    lanes_digest a;
    lanes_digest b;
    lanes_digest none;
    lanes_digest_of_host(&a);
    lanes_digest_of_host(&b);
    lanes_digest_of(NULL, 0, &none);
    cr_expect(is_equal(&a, &b));
    cr_expect_not(is_equal(&a, &none));
}
