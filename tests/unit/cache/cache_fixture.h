/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_fixture.h - a folder for a cache, and what tests do to the files in it.
 */
#ifndef LANES_TESTS_CACHE_FIXTURE_H
#define LANES_TESTS_CACHE_FIXTURE_H

#include "cache/cache.h"

/** What a cache is opened on; inside a folder that is made and removed with the test. */
extern char cache_path[96];

#define CACHE_BYTES (UINT64_C(1) << 20)

void cache_make_folder(void);
void cache_remove_folder(void);

/** Open cache_path, which must work. */
lanes_cache *cache_open_ok(uint64_t limit_bytes);

/** A key of which @p number is the first byte, and other than 0 the others. */
lanes_cache_key cache_key(uint8_t number);

/** Write @p bytes of value @p number under cache_key(number), as code. */
lanes_status cache_write_bytes(lanes_cache *cache, uint8_t number, size_t bytes);

/** Path of the entry cache_key(number) of a kind; static. */
const char *cache_entry_path(enum lanes_cache_kind kind, uint8_t number);

/** Read code under cache_key(number), and check what cache_write_bytes() has written. */
lanes_status cache_read_bytes(lanes_cache *cache, uint8_t number, size_t bytes);

/** Names in the folder. */
unsigned cache_count_files(void);

#endif /* LANES_TESTS_CACHE_FIXTURE_H */
