/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_server_result.c - what a compiler that was subverted, or a damaged file in the
 * cache, may say: checked, used, reported and dropped.
 *
 *   flags u8, patches u8 (as many of: offset u16, value u32, added to a result that is
 *   as it should be), report u8 (bytes), then report, tables and object.
 *
 * Sizes in the head are those of what follows, unless a patch says otherwise.
 */
#include <unistd.h>

#include <jansson.h>

#include "fuzz.h"
#include "kernel/raised.h"
#include "server/server_internal.h"

enum {
    FLAG_IS_LOAD = 1,
    FLAG_OFFERED_NONE = 2,
    FLAG_FROM_DISK = 4,
    FLAG_IS_KNOWN = 8,
    FLAG_HAS_REPORT = 16, /* the kernel has one already */
    FLAG_HAS_CODE = 32,   /* what the result's key names is loaded */
    FLAG_FITS = 64        /* the object is what the tables leave */
};

#define PATCHES_MAX 16u
#define IR_BYTES    64u

static struct {
    lanes_server_options options;
    lanes_server server;
    lanes_server_kernel kernel;
    lanes_server_variant variant;
    lanes_server_job job;
    uint32_t loaded;
} world;

static lanes_status load_object(void *ctx, const void *object, size_t bytes,
                                const struct lanes_compile_result *result,
                                lanes_server_object *out_object, lanes_error *err)
{
    (void)ctx;
    char *copy = malloc(bytes); /* sees an object that is not in the result */
    FUZZ_CHECK(copy != NULL && bytes > 0 && strlen(result->symbol) > 0);
    memcpy(copy, object, bytes);
    const bool is_good = copy[0] != 'x';
    free(copy);
    if (!is_good) {
        return lanes_error_set(err, LANES_E_LINK, "it cannot be linked");
    }
    world.loaded++;
    *out_object = (lanes_server_object){.loaded = &world, .bytes = bytes};
    return LANES_OK;
}

static void unload_object(void *ctx, void *loaded)
{
    (void)ctx;
    FUZZ_CHECK(loaded == &world && world.loaded > 0);
    world.loaded--;
}

static void init_world(uint8_t flags)
{
    static char ir[IR_BYTES];
    static const lanes_signature signature = {
        .input_count = 2, .output_count = 1, .dtype = {LANES_F8, LANES_I4, LANES_F8}};
    world.options = (lanes_server_options)LANES_SERVER_OPTIONS_INIT;
    world.options.hooks.load_object = load_object;
    world.options.hooks.unload_object = unload_object;
    world.options.code_bytes = 0;
    world.server = (lanes_server){.options = &world.options};
    world.kernel = (lanes_server_kernel){.ir = ir, .ir_bytes = IR_BYTES};
    world.kernel.checked.signature = signature;
    world.variant = (lanes_server_variant){.kernel = &world.kernel};
    lanes_variant_key_contiguous(&signature, &world.variant.key);
    if ((flags & FLAG_HAS_REPORT) != 0) {
        world.kernel.report = json_pack("{s:[]}", "variants");
    }
    world.job = (lanes_server_job){.variant = &world.variant,
                                   .is_load = (flags & FLAG_IS_LOAD) != 0,
                                   .is_offered_none = (flags & FLAG_OFFERED_NONE) != 0};
}

/* As the compiler would say it of the kernel above. */
static lanes_compile_result good_head(const fuzz_input *input, uint8_t flags,
                                      uint8_t report_bytes)
{
    lanes_compile_result head = {
        .version = LANES_COMPILE_VERSION,
        .signature = world.kernel.checked.signature,
        .key = world.variant.key,
        .is_known = (flags & FLAG_IS_KNOWN) != 0,
        .report_bytes = report_bytes,
        .symbol = "loop",
        .payload_symbol = "table",
    };
    head.object_bytes = input->bytes - lanes_min_u64(input->bytes, report_bytes);
    return head;
}

static void patch(fuzz_input *input, lanes_compile_result *head, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t old;
        char *at = (char *)head + fuzz_u16(input) % (sizeof(*head) - sizeof(old));
        const uint32_t by = fuzz_u32(input);
        memcpy(&old, at, sizeof(old));
        old += by;
        memcpy(at, &old, sizeof(old));
    }
}

/* Code with the result's key, of another kernel: f8(f8) without exceptions. */
static lanes_server_code *hold_other(const lanes_code_key *key)
{
    const char body[] = "{}object";
    const lanes_signature signature = {
        .input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}};
    const lanes_server_result result = {
        .head = {.signature = signature,
                 .code_key = *key,
                 .report_bytes = 2,
                 .object_bytes = 6,
                 .symbol = "loop"},
        .body = body,
        .body_bytes = 8,
    };
    json_t *report = json_object();
    lanes_server_code *code = NULL;
    FUZZ_CHECK(lanes_server_code_hold(&world.server, &world.job, &result, report, &code,
                                      NULL) == LANES_OK);
    json_decref(report);
    return code;
}

/* All that others may read of what was accepted. */
static void read_all(void)
{
    const lanes_engine_exceptions *exceptions = &world.variant.exceptions;
    for (uint32_t i = 0; i < exceptions->payload_count; i++) {
        const lanes_payload *payload = &exceptions->payload[i];
        FUZZ_CHECK(strlen(payload->type) < sizeof(payload->type));
        FUZZ_CHECK(strlen(payload->message) < sizeof(payload->message));
        FUZZ_CHECK(strlen(payload->location) < sizeof(payload->location));
        FUZZ_CHECK(payload->node == 0);
        const uint32_t unit = payload->form == LANES_PAYLOAD_BITCODE ? 8 : 1;
        const fuzz_i128 end =
            (fuzz_i128)payload->offset + (fuzz_i128)payload->bytes * unit;
        FUZZ_CHECK(payload->form == LANES_PAYLOAD_NONE || end <= IR_BYTES * unit);
    }
    for (uint32_t i = 0; i < exceptions->argument_list_count; i++) {
        const lanes_payload_arguments *list = &exceptions->arguments[i];
        FUZZ_CHECK(list->item_count <= LANES_RAISED_ITEMS_MAX);
        FUZZ_CHECK(lanes_payload_fixed_bytes(list) <= LANES_RAISED_DATA_BYTES);
        for (uint32_t k = 0; k < list->item_count; k++) {
            const lanes_payload_item *item = &list->item[k];
            const uint64_t end = (uint64_t)item->offset + item->bytes;
            FUZZ_CHECK(end <= (item->place == LANES_PAYLOAD_CONSTANT
                                   ? list->constant_bytes
                                   : list->bytes));
        }
    }
    int fd = -1;
    uint64_t bytes = 0;
    FUZZ_CHECK(lanes_server_report_memfd(&world.kernel, &fd, &bytes, NULL) == LANES_OK);
    close(fd);
}

static void use(lanes_server_result *result, uint8_t flags)
{
    lanes_error err = {.message = ""};
    lanes_server_code *other = NULL;
    lanes_status status = lanes_server_result_check(&world.job, result, &err);
    FUZZ_CHECK(status <= 0);
    if (status == LANES_OK && (flags & FLAG_HAS_CODE) != 0) {
        other = hold_other(&result->head.code_key);
    }
    if (status == LANES_OK) {
        const enum lanes_server_origin origin =
            (flags & FLAG_FROM_DISK) != 0 ? LANES_FROM_DISK : LANES_FROM_COMPILER;
        status = lanes_server_result_use(&world.server, &world.job, result, origin, &err);
        FUZZ_CHECK(status <= 0);
    }
    if (status == LANES_OK) {
        read_all();
        lanes_server_unload(&world.server, &world.variant);
    } else {
        FUZZ_CHECK(err.code == status);
    }
    FUZZ_CHECK(world.variant.code == NULL && world.variant.tables == NULL);
    FUZZ_CHECK(world.variant.exceptions.payload_count == 0);
    lanes_server_code_drop(&world.server, other);
    lanes_server_code_clear(&world.server);
    FUZZ_CHECK(world.loaded == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    const uint8_t flags = fuzz_u8(&input);
    const uint32_t patches = fuzz_u8(&input) % PATCHES_MAX;
    const uint8_t report_bytes = fuzz_u8(&input);
    fuzz_input edits = input;
    const size_t edit_bytes = lanes_min_u64(patches * 6, input.bytes);
    input.at += edit_bytes;
    input.bytes -= edit_bytes;
    init_world(flags);
    lanes_compile_result head = good_head(&input, flags, report_bytes);
    patch(&edits, &head, patches);
    uint64_t table_bytes = 0;
    if ((flags & FLAG_FITS) != 0 && lanes_server_exceptions_bytes(&head, &table_bytes)) {
        head.object_bytes -= lanes_min_u64(table_bytes, head.object_bytes);
    }
    const size_t head_bytes = (flags & 128) != 0 ? flags & 127 : sizeof(head);
    const size_t all = head_bytes + input.bytes;
    char *block = malloc(all + (all == 0)); /* the result owns it */
    FUZZ_CHECK(block != NULL);
    memcpy(block, &head, head_bytes);
    if (input.bytes > 0) {
        memcpy(block + head_bytes, input.at, input.bytes);
    }
    lanes_server_result result = {.block = NULL};
    lanes_error err;
    if (lanes_server_result_init(&result, block, all, &err) == LANES_OK) {
        use(&result, flags);
    }
    lanes_server_result_deinit(&result);
    lanes_server_report_free(&world.kernel);
    return 0;
}
