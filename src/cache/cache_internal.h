/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_internal.h - file format, file names, and what is remembered of the folder.
 */
#ifndef LANES_CACHE_INTERNAL_H
#define LANES_CACHE_INTERNAL_H

#include "cache/cache.h"
#include "os/os_file.h"

/** Raised with every change of lanes_cache_header. */
#define LANES_CACHE_FORMAT 1u

/** Head of every file; what follows is the entry. */
typedef struct lanes_cache_header {
    char magic[8]; /* "lanes" and three NULs */
    uint32_t format;
    uint32_t kind; /* enum lanes_cache_kind */
    lanes_cache_key key;
    uint64_t bytes;    /* of the entry */
    uint64_t checksum; /* of the header up to here and of the entry */
} lanes_cache_header;

_Static_assert(sizeof(lanes_cache_header) == 64, "no padding");

/** Bytes of the longest name of an entry, with its NUL. */
#define LANES_CACHE_NAME_MAX (2 * LANES_CACHE_KEY_BYTES + sizeof(".request"))

struct lanes_cache {
    char path[LANES_OS_PATH_MAX - LANES_CACHE_NAME_MAX - sizeof(".XXXXXX")];
    uint64_t limit_bytes;
    /* The code there was when the folder was read last. */
    lanes_cache_key *keys;
    uint32_t key_count;
    uint32_t key_capacity;
    uint64_t read_mtime_ns; /* the folder's then; 0: never */
    /* What lanes_cache_measure() has found. */
    lanes_cache_usage usage;
    uint64_t usage_ns;       /* when; 0: never */
    uint64_t usage_mtime_ns; /* the folder's then */
    /* Size of the folder, as far as known. */
    bool is_measured;
    uint64_t used_bytes;
    uint64_t written_bytes; /* since it was measured */
};

/* ---- cache_entry.c ------------------------------------------------------------------
 */

/** Fill the header of an entry of the given parts. */
void lanes_cache_header_init(lanes_cache_header *header, enum lanes_cache_kind kind,
                             const lanes_cache_key *key, const lanes_cache_part *parts,
                             size_t part_count);

/** LANES_E_FORMAT unless a file of @p file_bytes may begin so. */
LANES_NODISCARD lanes_status lanes_cache_header_check(const lanes_cache_header *header,
                                                      enum lanes_cache_kind kind,
                                                      const lanes_cache_key *key,
                                                      uint64_t file_bytes,
                                                      lanes_error *err);

/** LANES_E_FORMAT unless @p data, of header->bytes, is what was written. */
LANES_NODISCARD lanes_status lanes_cache_entry_check(const lanes_cache_header *header,
                                                     const char *data, lanes_error *err);

/* ---- cache_name.c -------------------------------------------------------------------
 */

/** Write the file's name. */
void lanes_cache_name(char name[LANES_CACHE_NAME_MAX], enum lanes_cache_kind kind,
                      const lanes_cache_key *key);

enum lanes_cache_file {
    LANES_CACHE_FILE_FOREIGN = 0, /* not ours: it is left alone */
    LANES_CACHE_FILE_ENTRY,
    LANES_CACHE_FILE_TEMPORARY /* being written, or left by one that died doing so */
};

/** What a name in the folder is; for an entry, its kind and key. */
enum lanes_cache_file lanes_cache_name_parse(const char *name,
                                             enum lanes_cache_kind *out_kind,
                                             lanes_cache_key *out_key);

/* ---- cache_folder.c -----------------------------------------------------------------
 */

/** "folder/name"; there is room for every name of an entry. */
void lanes_cache_path(const lanes_cache *cache, const char *name,
                      char path[LANES_OS_PATH_MAX]);

/** Bytes that a file of @p bytes takes on disk. */
uint64_t lanes_cache_disk_bytes(uint64_t bytes);

/**
 * Measure the folder, and if it is over its limit remove what was not used for longest
 * until an eighth of it is free.
 */
void lanes_cache_sweep(lanes_cache *cache);

#endif /* LANES_CACHE_INTERNAL_H */
