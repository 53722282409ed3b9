/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_exceptions.c - what the compiler says a kernel can raise: can it be true?
 *
 * The tables come from a process that has read foreign IR. Clients cut pickles out of
 * their IR where the tables say, and the engine reads memory by their offsets and prints
 * their texts, so nothing in them may reach beyond what it describes.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/raised.h"

/* Both arrays are in one block, the second right behind the first. */
_Static_assert(sizeof(lanes_payload) % _Alignof(lanes_payload_arguments) == 0,
               "argument lists are aligned behind payloads");

bool lanes_server_exceptions_bytes(const lanes_compile_result *result,
                                   uint64_t *out_bytes)
{
    if (result->payload_count > LANES_PAYLOADS_MAX ||
        result->argument_list_count > LANES_PAYLOADS_MAX) {
        return false;
    }
    /* At most a thousand of each, of less than a KiB. */
    *out_bytes = result->payload_count * sizeof(lanes_payload) +
                 result->argument_list_count * sizeof(lanes_payload_arguments);
    return true;
}

/* True if the pickle lies in IR of @p ir_bytes. A text may be longer than its pickle. */
static bool is_inside(const lanes_payload *payload, uint64_t ir_bytes)
{
    const uint64_t unit = payload->form == LANES_PAYLOAD_BITCODE ? 8 : 1;
    uint64_t size = 0;
    uint64_t end = 0;
    return lanes_mul_u64(payload->bytes, unit, &size) &&
           lanes_add_u64(payload->offset, size, &end) && end <= ir_bytes * unit;
}

static lanes_status check_payload(const lanes_payload *payload, uint64_t ir_bytes,
                                  lanes_error *err)
{
    if (payload->form > LANES_PAYLOAD_BITCODE || ir_bytes == 0 ||
        memchr(payload->type, '\0', sizeof(payload->type)) == NULL ||
        memchr(payload->message, '\0', sizeof(payload->message)) == NULL ||
        memchr(payload->location, '\0', sizeof(payload->location)) == NULL) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler returned a malformed payload");
    }
    /* Without a form nobody looks at the place. */
    if (payload->form != LANES_PAYLOAD_NONE && !is_inside(payload, ir_bytes)) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler returned a pickled payload (form %u, offset "
                               "%" PRIu64 ", %" PRIu64
                               " bytes) that reaches outside the module of %" PRIu64
                               " bytes",
                               payload->form, payload->offset, payload->bytes, ir_bytes);
    }
    return LANES_OK;
}

static lanes_status check_tables(const lanes_engine_exceptions *exceptions,
                                 const lanes_server_kernel *kernel, lanes_error *err)
{
    for (uint32_t i = 0; i < exceptions->payload_count; i++) {
        const lanes_payload *payload = &exceptions->payload[i];
        LANES_TRY(
            check_payload(payload, lanes_server_node_bytes(kernel, payload->node), err));
    }
    for (uint32_t i = 0; i < exceptions->argument_list_count; i++) {
        if (!lanes_payload_arguments_is_sane(&exceptions->arguments[i])) {
            return lanes_error_set(err, LANES_E_INTERNAL,
                                   "the compiler returned list of arguments %u with %u "
                                   "items in %u bytes, which is not well-formed",
                                   i, exceptions->arguments[i].item_count,
                                   exceptions->arguments[i].bytes);
        }
    }
    return LANES_OK;
}

lanes_status lanes_server_exceptions_take(lanes_server_variant *variant,
                                          const lanes_compile_result *result,
                                          const char *tables, lanes_error *err)
{
    uint64_t bytes = 0;
    LANES_ASSERT(lanes_server_exceptions_bytes(result, &bytes)); /* check_sizes() */
    if (bytes == 0) {
        return LANES_OK;
    }
    char *copy = malloc(bytes);
    if (copy == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a kernel's exceptions");
    }
    memcpy(copy, tables, bytes);
    variant->tables = copy;
    const size_t payload_bytes = result->payload_count * sizeof(lanes_payload);
    variant->exceptions = (lanes_engine_exceptions){
        .payload = (const lanes_payload *)(const void *)copy,
        .payload_count = result->payload_count,
        .arguments =
            (const lanes_payload_arguments *)(const void *)(copy + payload_bytes),
        .argument_list_count = result->argument_list_count,
    };
    return check_tables(&variant->exceptions, variant->kernel, err);
}
