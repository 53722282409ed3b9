/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_code.c - loaded code, once for all kernels that have the same.
 *
 * Clients of one executor load the same callbacks again and again: a pool of workers, a
 * script that is started twice, a test. Every kernel has its own IR, report and exception
 * tables; the machine code of a variant belongs to whoever names its key. Code that
 * nobody has any more is idle: it stays for the next who names it, as long as there is
 * room.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cache/cache.h"
#include "loader/loader.h"

/* ---- Loading ------------------------------------------------------------------------
 */

/* Looks for a symbol beside the loop; "" is none. */
static lanes_status find_symbol(lanes_loader *loader, lanes_loaded *loaded,
                                const char *symbol, void **out_address, lanes_error *err)
{
    *out_address = NULL;
    if (symbol[0] == '\0') {
        return LANES_OK;
    }
    *out_address = lanes_loader_find(loader, loaded, symbol);
    return *out_address != NULL
               ? LANES_OK
               : lanes_error_set(err, LANES_E_LINK, "the object does not define '%s'",
                                 symbol);
}

static lanes_status load(lanes_server *server, const lanes_compile_result *result,
                         const char *object, lanes_server_object *out_object,
                         lanes_error *err)
{
    const lanes_server_hooks *hooks = &server->options->hooks;
    if (hooks->load_object != NULL) {
        return hooks->load_object(hooks->ctx, object, result->object_bytes, result,
                                  out_object, err);
    }
    lanes_loaded *loaded = NULL;
    LANES_TRY(lanes_loader_load(server->loader, object, result->object_bytes,
                                result->symbol, &loaded, err));
    out_object->loaded = loaded;
    out_object->loop = lanes_loaded_function(loaded);
    out_object->bytes = lanes_loaded_bytes(loaded);
    void *explain = NULL;
    void *confirm = NULL;
    void *address = NULL;
    LANES_TRY(find_symbol(server->loader, loaded, result->explain_symbol, &explain, err));
    LANES_TRY(find_symbol(server->loader, loaded, result->confirm_symbol, &confirm, err));
    LANES_TRY(find_symbol(server->loader, loaded, result->payload_symbol, &address, err));
    memcpy(&out_object->explain, &explain, sizeof(explain));
    memcpy(&out_object->confirm, &confirm, sizeof(confirm));
    out_object->address = address;
    return LANES_OK;
}

static void unload(lanes_server *server, void *loaded)
{
    const lanes_server_hooks *hooks = &server->options->hooks;
    if (loaded != NULL && hooks->unload_object != NULL) {
        hooks->unload_object(hooks->ctx, loaded);
    } else if (loaded != NULL) {
        lanes_loader_unload(server->loader, loaded);
    }
}

/* ---- Sharing ------------------------------------------------------------------------
 */

/* The key is the first member of what the tree holds. */
static int compare(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(lanes_code_key));
}

static lanes_server_code *find(const lanes_server *server, const lanes_code_key *key)
{
    lanes_server_code *const *found = tfind(key, &server->codes.tree, compare);
    return found != NULL ? *found : NULL;
}

static lanes_status link_code(lanes_server *server, lanes_server_code *code,
                              lanes_error *err)
{
    lanes_server_codes *codes = &server->codes;
    if (tsearch(code, &codes->tree, compare) == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a kernel's code");
    }
    code->next = codes->first;
    if (code->next != NULL) {
        code->next->previous = code;
    }
    codes->first = code;
    codes->count++;
    return LANES_OK;
}

static void unlink_code(lanes_server *server, lanes_server_code *code)
{
    lanes_server_codes *codes = &server->codes;
    tdelete(code, &codes->tree, compare);
    if (code->previous != NULL) {
        code->previous->next = code->next;
    } else {
        codes->first = code->next;
    }
    if (code->next != NULL) {
        code->next->previous = code->previous;
    }
    codes->count--;
}

static lanes_status create(lanes_server *server, const lanes_server_result *result,
                           const json_t *report, lanes_server_code **out_code,
                           lanes_error *err)
{
    const lanes_compile_result *head = &result->head;
    const char *object = result->body + result->body_bytes - head->object_bytes;
    lanes_server_code *code = calloc(1, sizeof(*code));
    if (code == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a kernel's code");
    }
    code->key = head->code_key;
    code->info = head->info;
    code->signature = head->signature;
    code->payload_count = head->payload_count;
    code->argument_list_count = head->argument_list_count;
    code->may_raise = head->may_raise;
    code->keeps_order = head->keeps_order;
    code->references = 1;
    lanes_status status = load(server, head, object, &code->object, err);
    if (status == LANES_OK) {
        status = link_code(server, code, err);
    }
    if (status < 0) {
        unload(server, code->object.loaded);
        free(code);
        return status;
    }
    code->report = lanes_server_report_of_code(report);
    *out_code = code;
    return LANES_OK;
}

static void destroy(lanes_server *server, lanes_server_code *code)
{
    unlink_code(server, code);
    unload(server, code->object.loaded);
    json_decref(code->report);
    free(code);
}

/* ---- Idle code ----------------------------------------------------------------------
 */

static void push_idle(lanes_server_codes *codes, lanes_server_code *code)
{
    code->idle_previous = codes->idle_last;
    code->idle_next = NULL;
    if (codes->idle_last != NULL) {
        codes->idle_last->idle_next = code;
    } else {
        codes->idle_first = code;
    }
    codes->idle_last = code;
    codes->idle_bytes += code->object.bytes;
}

static void remove_idle(lanes_server_codes *codes, lanes_server_code *code)
{
    if (code->idle_previous != NULL) {
        code->idle_previous->idle_next = code->idle_next;
    } else {
        codes->idle_first = code->idle_next;
    }
    if (code->idle_next != NULL) {
        code->idle_next->idle_previous = code->idle_previous;
    } else {
        codes->idle_last = code->idle_previous;
    }
    codes->idle_bytes -= code->object.bytes;
}

static void free_idle(lanes_server *server, uint64_t limit_bytes)
{
    lanes_server_codes *codes = &server->codes;
    while (codes->idle_first != NULL && codes->idle_bytes > limit_bytes) {
        lanes_server_code *code = codes->idle_first;
        remove_idle(codes, code);
        destroy(server, code);
    }
}

/* ---- Holding ------------------------------------------------------------------------
 */

/*
 * The engine reads the table of addresses by the counts of the kernel's own exceptions,
 * so code that has another number of them is not this kernel's, whatever its key says.
 */
static bool is_of_kernel(const lanes_server_code *code,
                         const lanes_compile_result *result)
{
    return lanes_signature_equal(&code->signature, &result->signature) &&
           code->payload_count == result->payload_count &&
           code->argument_list_count == result->argument_list_count;
}

/* The code of a result that has none; the executor said that it has it. */
static lanes_status load_stored(lanes_server *server, const lanes_server_job *job,
                                const lanes_code_key *key, lanes_server_code **out_code,
                                lanes_error *err)
{
    lanes_server_result stored = {.block = NULL};
    lanes_error why;
    lanes_status status = lanes_server_stored_code(server, job, key, &stored, &why);
    if (status == LANES_OK) {
        json_t *report = NULL;
        status = lanes_server_report_parse(stored.body, stored.head.report_bytes, &report,
                                           &why);
        if (status == LANES_OK) {
            status = create(server, &stored, report, out_code, &why);
        }
        if (status < 0) {
            lanes_server_stored_forget(server, key);
        }
        json_decref(report);
        lanes_server_result_deinit(&stored);
    }
    return status < 0 ? lanes_error_set(err, LANES_E_STALE_ID,
                                        "code that is not loaded was left out: %.200s",
                                        why.message)
                      : LANES_OK;
}

lanes_status lanes_server_code_hold(lanes_server *server, const lanes_server_job *job,
                                    const lanes_server_result *result, json_t *report,
                                    lanes_server_code **out_code, lanes_error *err)
{
    const lanes_compile_result *head = &result->head;
    lanes_server_code *code = find(server, &head->code_key);
    enum lanes_server_place place = LANES_IN_MEMORY;
    if (code != NULL) {
        if (code->references++ == 0) {
            remove_idle(&server->codes, code);
        }
        lanes_server_stored_touch(server, &head->code_key);
    } else if (head->is_known != 0) {
        LANES_TRY(load_stored(server, job, &head->code_key, &code, err));
        place = LANES_ON_DISK;
    } else {
        LANES_TRY(create(server, result, report, out_code, err));
        server->stats.compiled++;
        return LANES_OK;
    }
    LANES_ASSERT(code != NULL);
    if (!is_of_kernel(code, head)) {
        lanes_server_code_drop(server, code);
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler gave two kernels with different signatures "
                               "or exceptions the key of the same code");
    }
    server->stats.code_from_memory += place == LANES_IN_MEMORY;
    server->stats.code_from_disk += place == LANES_ON_DISK;
    lanes_server_report_share(report, code->report, place);
    *out_code = code;
    return LANES_OK;
}

void lanes_server_code_trim(lanes_server *server)
{
    free_idle(server, server->team.code_bytes);
}

void lanes_server_code_drop(lanes_server *server, lanes_server_code *code)
{
    if (code != NULL && --code->references == 0) {
        push_idle(&server->codes, code);
        lanes_server_code_trim(server);
    }
}

uint32_t lanes_server_code_keys(const lanes_server *server, lanes_code_key *out_keys,
                                uint32_t keys_max)
{
    uint32_t count = 0;
    for (const lanes_server_code *code = server->codes.first;
         code != NULL && count < keys_max; code = code->next) {
        out_keys[count++] = code->key;
    }
    if (server->cache != NULL) {
        count += lanes_cache_code_keys(server->cache, out_keys + count, keys_max - count);
    }
    return count;
}

void lanes_server_code_clear(lanes_server *server)
{
    free_idle(server, 0);
    LANES_ASSERT(server->codes.count == 0);
}
