/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_entry.c - the header and the checksum of an entry.
 */
#include <inttypes.h>
#include <string.h>

#include "cache/cache_internal.h"

static const char magic[8] = "lanes";

#define CHECKSUM_START UINT64_C(0xcbf29ce484222325)

/*
 * 64-bit FNV-1a. Each step is a bijection of the sum, so that one damaged byte never goes
 * unnoticed; that two cancel out has the odds of any 64-bit sum.
 */
static uint64_t add(uint64_t sum, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < bytes; i++) {
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t start(const lanes_cache_header *header)
{
    return add(CHECKSUM_START, header, offsetof(lanes_cache_header, checksum));
}

void lanes_cache_header_init(lanes_cache_header *header, enum lanes_cache_kind kind,
                             const lanes_cache_key *key, const lanes_cache_part *parts,
                             size_t part_count)
{
    *header = (lanes_cache_header){
        .format = LANES_CACHE_FORMAT, .kind = (uint32_t)kind, .key = *key};
    memcpy(header->magic, magic, sizeof(magic));
    for (size_t i = 0; i < part_count; i++) {
        header->bytes += parts[i].bytes;
    }
    uint64_t sum = start(header);
    for (size_t i = 0; i < part_count; i++) {
        sum = add(sum, parts[i].data, parts[i].bytes);
    }
    header->checksum = sum;
}

lanes_status lanes_cache_header_check(const lanes_cache_header *header,
                                      enum lanes_cache_kind kind,
                                      const lanes_cache_key *key, uint64_t file_bytes,
                                      lanes_error *err)
{
    if (memcmp(header->magic, magic, sizeof(magic)) != 0 ||
        header->format != LANES_CACHE_FORMAT) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it does not begin like an entry of format %u",
                               LANES_CACHE_FORMAT);
    }
    if (header->kind != (uint32_t)kind ||
        memcmp(&header->key, key, sizeof(header->key)) != 0) {
        return lanes_error_set(err, LANES_E_FORMAT, "it is the entry of another key");
    }
    if (header->bytes != file_bytes - sizeof(*header)) {
        return lanes_error_set(err, LANES_E_FORMAT,
                               "it has %" PRIu64 " bytes instead of %" PRIu64,
                               file_bytes - sizeof(*header), header->bytes);
    }
    return LANES_OK;
}

lanes_status lanes_cache_entry_check(const lanes_cache_header *header, const char *data,
                                     lanes_error *err)
{
    return add(start(header), data, header->bytes) == header->checksum
               ? LANES_OK
               : lanes_error_set(err, LANES_E_FORMAT, "its checksum is wrong");
}
