/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_stored.c - what the compiler answered, kept on disk for later executors.
 *
 * Two kinds of entries, both results as kernel/compile.h has them:
 *
 *   code     a whole result, under the key of the code in it
 *   request  a result without code, under a digest of everything that was asked: of a
 *            kernel that is loaded word for word again, it has report and exceptions
 *
 * The first serves the same callback from another process, whose IR has other names, once
 * the compiler has read it; the second needs no compiler. What is read is checked as if
 * the compiler had just returned it, and whatever is wrong with it only costs a compile.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

#define ROOM "server/cache"

_Static_assert(sizeof(lanes_cache_key) == sizeof(lanes_code_key) &&
                   sizeof(lanes_cache_key) == sizeof(lanes_digest),
               "both are keys of the cache");

void lanes_server_stored_open(lanes_server *server)
{
    const lanes_server_options *options = server->options;
    lanes_error err;
    if (options->cache_folder != NULL &&
        lanes_cache_open(options->cache_folder, options->cache_bytes, &server->cache,
                         &err) < 0) {
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "compiled code is not kept on disk: %.200s; choose another folder, or "
                  "none, by --cache-folder or LANES_CACHE_FOLDER",
                  err.message);
    }
}

/* ---- Keys ---------------------------------------------------------------------------
 */

static lanes_cache_key key_of_code(const lanes_code_key *key)
{
    lanes_cache_key made;
    memcpy(&made, key, sizeof(made));
    return made;
}

static lanes_cache_key key_of_request(const lanes_server_job *job)
{
    lanes_cache_key made;
    memcpy(&made, &job->key, sizeof(made));
    return made;
}

/* What is behind the end of a text is the client's, and means nothing. */
static void clear_rest(char *text, size_t bytes)
{
    const size_t length = strnlen(text, bytes);
    memset(text + length, 0, bytes - length);
}

void lanes_server_stored_key(const lanes_server *server, lanes_server_job *job)
{
    const lanes_server_kernel *kernel = job->variant->kernel;
    /* All of it counts, so that what is added to a request counts, too. Padding does as
     * well: were it ever not 0, that would cost a compile. */
    lanes_compile_request request;
    memcpy(&request, &kernel->request, sizeof(request));
    request.default_key = job->is_load;
    request.key = job->variant->key;
    clear_rest(request.entry, sizeof(request.entry));
    clear_rest(request.signature, sizeof(request.signature));
    clear_rest(request.cpu, sizeof(request.cpu));
    const lanes_digest_part parts[] = {
        {&server->compiler.build, sizeof(server->compiler.build)},
        {&request, sizeof(request)},
        {kernel->ir, kernel->ir_bytes},
    };
    lanes_digest_of(parts, LANES_ARRAY_COUNT(parts), &job->key);
    memcpy(&job->id, &job->key, sizeof(job->id));
}

/* ---- Reading ------------------------------------------------------------------------
 */

static lanes_status read_result(lanes_server *server, enum lanes_cache_kind kind,
                                const lanes_cache_key *key, const lanes_server_job *job,
                                lanes_server_result *out_result, lanes_error *err)
{
    char *block = NULL;
    size_t bytes = 0;
    if (server->cache == NULL) {
        return lanes_error_set(err, -ENOENT, "there is no cache");
    }
    LANES_TRY(lanes_cache_read(server->cache, kind, key, &block, &bytes, err));
    lanes_status status = lanes_server_result_init(out_result, block, bytes, err);
    if (status == LANES_OK) {
        status = lanes_server_result_check(job, out_result, err);
    }
    if (status == LANES_OK &&
        out_result->head.is_known != (kind == LANES_CACHE_REQUEST)) {
        status = lanes_error_set(err, LANES_E_FORMAT, "an entry is of the other kind");
    }
    if (status < 0) {
        lanes_server_result_deinit(out_result);
        lanes_cache_remove(server->cache, kind, key);
    }
    return status;
}

/* Damage is worth a line; that there is nothing yet is not. */
static void log_miss(const lanes_error *err)
{
    if (err->code != -ENOENT) {
        lanes_log(LANES_LOG_INFO, ROOM, "an entry is of no use: %s", err->message);
    }
}

bool lanes_server_stored_take(lanes_server *server, lanes_server_job *job)
{
    const lanes_cache_key key = key_of_request(job);
    lanes_server_result result = {.block = NULL};
    lanes_error err;
    lanes_status status =
        read_result(server, LANES_CACHE_REQUEST, &key, job, &result, &err);
    if (status < 0) {
        log_miss(&err);
        return false;
    }
    status = lanes_server_result_use(server, job, &result, LANES_FROM_DISK, &err);
    lanes_server_result_deinit(&result);
    if (status < 0) {
        lanes_log(LANES_LOG_DEBUG, ROOM, "job %016" PRIx64 ": %s", job->id, err.message);
    }
    return status == LANES_OK;
}

lanes_status lanes_server_stored_code(lanes_server *server, const lanes_server_job *job,
                                      const lanes_code_key *key,
                                      lanes_server_result *out_result, lanes_error *err)
{
    const lanes_cache_key own = key_of_code(key);
    lanes_status status =
        read_result(server, LANES_CACHE_CODE, &own, job, out_result, err);
    if (status == LANES_OK &&
        memcmp(&out_result->head.code_key, key, sizeof(*key)) != 0) {
        status = lanes_error_set(err, LANES_E_FORMAT, "its code has another key");
        lanes_server_result_deinit(out_result);
        lanes_server_stored_forget(server, key);
    }
    if (status < 0) {
        log_miss(err);
    }
    return status;
}

void lanes_server_stored_touch(const lanes_server *server, const lanes_code_key *key)
{
    if (server->cache != NULL) {
        const lanes_cache_key own = key_of_code(key);
        lanes_cache_touch(server->cache, LANES_CACHE_CODE, &own);
    }
}

void lanes_server_stored_forget(lanes_server *server, const lanes_code_key *key)
{
    const lanes_cache_key own = key_of_code(key);
    lanes_cache_remove(server->cache, LANES_CACHE_CODE, &own);
}

/* ---- Writing ------------------------------------------------------------------------
 */

/* A folder that cannot be written to is tried again, and not spoken of again. */
static void write_entry(lanes_server *server, enum lanes_cache_kind kind,
                        const lanes_cache_key *key, const lanes_cache_part *parts,
                        size_t part_count)
{
    lanes_error err;
    const lanes_status status =
        lanes_cache_write(server->cache, kind, key, parts, part_count, &err);
    if (status < 0 && status != LANES_E_QUOTA && !server->has_cache_warned) {
        server->has_cache_warned = true;
        lanes_log(LANES_LOG_WARNING, ROOM,
                  "compiled code cannot be kept on disk: %.300s (said once)",
                  err.message);
    }
}

void lanes_server_stored_keep(lanes_server *server, const lanes_server_job *job,
                              const lanes_server_result *result)
{
    /* Stages are in the report, and of no use to who does not want to see them. */
    const uint32_t flags = job->variant->kernel->request.flags;
    if (server->cache == NULL || (flags & LANES_ABI_KERNEL_STAGES) != 0) {
        return;
    }
    lanes_compile_result head = result->head;
    if (head.is_known == 0) {
        const lanes_cache_key key = key_of_code(&head.code_key);
        const lanes_cache_part parts[] = {{&head, sizeof(head)},
                                          {result->body, result->body_bytes}};
        write_entry(server, LANES_CACHE_CODE, &key, parts, LANES_ARRAY_COUNT(parts));
    }
    const size_t rest_bytes = result->body_bytes - head.object_bytes;
    head.is_known = 1;
    head.object_bytes = 0;
    const lanes_cache_key key = key_of_request(job);
    const lanes_cache_part parts[] = {{&head, sizeof(head)}, {result->body, rest_bytes}};
    write_entry(server, LANES_CACHE_REQUEST, &key, parts, LANES_ARRAY_COUNT(parts));
}
