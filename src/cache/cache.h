/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h - what compiling gave, in a folder: found again by any later executor.
 *
 * An entry is a run of bytes under a kind and a key. It is written whole or not at all,
 * and read only if not one bit of it has changed. Entries that were not used for longest
 * go when the folder has grown over its limit. Several processes may use one folder.
 *
 * Threads: one at a time per lanes_cache.
 */
#ifndef LANES_CACHE_H
#define LANES_CACHE_H

#include "base/base.h"

#define LANES_CACHE_KEY_BYTES 32

/** Must tell apart whatever may differ: entries are found by nothing else. */
typedef struct lanes_cache_key {
    uint8_t bytes[LANES_CACHE_KEY_BYTES];
} lanes_cache_key;

/** What a key is the key of. The numbers are in the files. */
enum lanes_cache_kind {
    LANES_CACHE_CODE = 1,   /**< a variant's code */
    LANES_CACHE_REQUEST = 2 /**< what the compiler was asked, word for word */
};

/** One part of an entry; entries are written as a list of them, read as one. */
typedef struct lanes_cache_part {
    const void *data;
    size_t bytes;
} lanes_cache_part;

/** The largest entry. */
#define LANES_CACHE_ENTRY_BYTES_MAX (UINT64_C(128) << 20)

typedef struct lanes_cache lanes_cache;

/**
 * Use folder @p path, which is created, as are those above it, with mode 0700. One that
 * is there must be ours, no symbolic link, and closed to group and others.
 *
 * @param path  absolute; copied
 * @param limit_bytes  what the entries may take on disk
 * @return LANES_OK, LANES_E_INVALID (not absolute), LANES_E_FOREIGN_UID (others own it or
 *   may enter), -ENOTDIR, -EACCES, -EROFS, -ENAMETOOLONG, -ENOMEM
 */
LANES_NODISCARD lanes_status lanes_cache_open(const char *path, uint64_t limit_bytes,
                                              lanes_cache **out_cache, lanes_error *err);

/** Change what the entries may take; what is too much goes at once. NULL is allowed. */
void lanes_cache_limit(lanes_cache *cache, uint64_t limit_bytes);

/** NULL is allowed. */
void lanes_cache_close(lanes_cache *cache);

/**
 * Read an entry, which counts as its use. One that is damaged is removed.
 *
 * @param out_data  to be freed by the caller
 * @return LANES_OK, -ENOENT (none there), LANES_E_FORMAT (damaged), -ENOMEM, -errno
 */
LANES_NODISCARD lanes_status lanes_cache_read(lanes_cache *cache,
                                              enum lanes_cache_kind kind,
                                              const lanes_cache_key *key, char **out_data,
                                              size_t *out_bytes, lanes_error *err);

/**
 * Write an entry, in place of one that may be there, and remove old ones if the folder
 * has become too large.
 *
 * @return LANES_OK, LANES_E_QUOTA (larger than an entry, or the folder, may be), and what
 *   the file system refuses with: -ENOSPC, -EROFS, -EACCES, ...
 */
LANES_NODISCARD lanes_status lanes_cache_write(lanes_cache *cache,
                                               enum lanes_cache_kind kind,
                                               const lanes_cache_key *key,
                                               const lanes_cache_part *parts,
                                               size_t part_count, lanes_error *err);

/** An entry was used without being read. */
void lanes_cache_touch(const lanes_cache *cache, enum lanes_cache_kind kind,
                       const lanes_cache_key *key);

/** Remove an entry, if it is there. */
void lanes_cache_remove(lanes_cache *cache, enum lanes_cache_kind kind,
                        const lanes_cache_key *key);

/**
 * Keys of the LANES_CACHE_CODE entries there are. One may go, and others come, before
 * anybody looks again.
 *
 * @param out_keys  @p keys_max keys, each of LANES_CACHE_KEY_BYTES
 * @return how many were written
 */
uint32_t lanes_cache_code_keys(lanes_cache *cache, void *out_keys, uint32_t keys_max);

/** What is in the folder, whoever wrote it. */
typedef struct lanes_cache_usage {
    uint64_t entries;
    uint64_t bytes; /**< on disk */
} lanes_cache_usage;

/**
 * Look at every entry of the folder, which takes some 2 us for each: so not again while
 * the folder is as it was, nor within LANES_CACHE_MEASURE_NS. A folder that cannot be
 * read has no entries.
 */
void lanes_cache_measure(lanes_cache *cache, lanes_cache_usage *out_usage);

#define LANES_CACHE_MEASURE_NS UINT64_C(10000000000)

#endif /* LANES_CACHE_H */
