/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_client_payload.c - a place that a lying executor names, in IR of ours: what is
 * read lies in it, fills what it says, and nothing beyond.
 *
 *   kind u8, form u8, room u16, offset u64, bytes u64, then the IR
 */
#include "fuzz.h"

#include <lanes/batch.h>

#include "base/base.h"

#define UNTOUCHED 0xa5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    lanes_error err = {.message = ""};
    lanes_raised raised = {.kind = fuzz_u8(&input), .payload_form = fuzz_u8(&input)};
    const uint16_t room = fuzz_u16(&input);
    raised.payload_offset = fuzz_u64(&input);
    raised.payload_bytes = fuzz_u64(&input);
    char *ir = fuzz_rest(&input, 0);
    uint8_t *pickle = malloc(room + 1u);
    FUZZ_CHECK(pickle != NULL);
    memset(pickle, UNTOUCHED, room + 1u);
    const lanes_status status =
        lanes_payload_read(ir, input.bytes, &raised, pickle, room, &err);
    FUZZ_CHECK(pickle[room] == UNTOUCHED);
    if (status < 0) {
        FUZZ_CHECK(err.code == status && err.message[0] != '\0');
    } else {
        FUZZ_CHECK(status == LANES_OK && raised.kind == LANES_RAISED_EXCEPTION);
        FUZZ_CHECK(raised.payload_bytes > 0 && raised.payload_bytes <= room);
        for (size_t i = raised.payload_bytes; i < room; i++) {
            FUZZ_CHECK(pickle[i] == UNTOUCHED);
        }
    }
    free(pickle);
    free(ir);
    return 0;
}
