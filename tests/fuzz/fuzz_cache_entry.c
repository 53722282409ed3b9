/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cache_entry.c - any bytes as a file in the cache's folder.
 *
 *   mode u8, then by its lowest two bits:
 *   0  header and entry as they are
 *   1  an entry, written as lanes does, of which `at` u16 is changed by `by` u8: no
 *      changed bit goes unnoticed
 *   2  a name in the folder
 */
#include "cache/cache_internal.h"
#include "fuzz.h"

static const lanes_cache_key key = {{1, 2, 3}};

static lanes_status check_file(const char *file, size_t bytes)
{
    lanes_cache_header header;
    lanes_error err = {.message = ""};
    if (bytes < sizeof(header)) {
        return LANES_E_FORMAT;
    }
    memcpy(&header, file, sizeof(header));
    lanes_status status =
        lanes_cache_header_check(&header, LANES_CACHE_CODE, &key, bytes, &err);
    if (status == LANES_OK) {
        FUZZ_CHECK(header.bytes == bytes - sizeof(header));
        status = lanes_cache_entry_check(&header, file + sizeof(header), &err);
    }
    FUZZ_CHECK(status == LANES_OK || status == LANES_E_FORMAT);
    FUZZ_CHECK(status == LANES_OK || err.message[0] != '\0');
    return status;
}

static void change_one(fuzz_input *input)
{
    const uint16_t place = fuzz_u16(input);
    const uint8_t by = fuzz_u8(input);
    const size_t bytes = sizeof(lanes_cache_header) + input->bytes;
    const size_t at = place % bytes;
    const lanes_cache_part parts[2] = {
        {.data = input->at, .bytes = input->bytes / 3},
        {.data = input->at + input->bytes / 3, .bytes = input->bytes - input->bytes / 3},
    };
    lanes_cache_header header;
    lanes_cache_header_init(&header, LANES_CACHE_CODE, &key, parts, 2);
    char *file = malloc(bytes);
    FUZZ_CHECK(file != NULL);
    memcpy(file, &header, sizeof(header));
    if (input->bytes > 0) {
        memcpy(file + sizeof(header), input->at, input->bytes);
    }
    FUZZ_CHECK(check_file(file, bytes) == LANES_OK);
    file[at] = (char)(file[at] ^ (char)by);
    FUZZ_CHECK(check_file(file, bytes) == (by == 0 ? LANES_OK : LANES_E_FORMAT));
    free(file);
}

static void read_name(const fuzz_input *input)
{
    enum lanes_cache_kind kind;
    lanes_cache_key found;
    char *name = fuzz_rest(input, 1);
    if (lanes_cache_name_parse(name, &kind, &found) == LANES_CACHE_FILE_ENTRY) {
        char again[LANES_CACHE_NAME_MAX];
        lanes_cache_name(again, kind, &found);
        FUZZ_CHECK(strcmp(again, name) == 0);
    }
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    const uint8_t mode = fuzz_u8(&input) & 3;
    if (mode == 1) {
        change_one(&input);
    } else if (mode == 2) {
        read_name(&input);
    } else {
        char *file = fuzz_rest(&input, 0);
        LANES_IGNORE(check_file(file, input.bytes) < 0, "damaged, mostly");
        free(file);
    }
    return 0;
}
