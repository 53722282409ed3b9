/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_result.c - what the compiler returned: is it whole, is it what was asked for,
 * and make it callable.
 *
 * The child that wrote the result has read foreign IR and may have been subverted in any
 * way, so every size and text is checked before use. Its machine code cannot be: that
 * runs with the authority of the user whose IR it is (design: same user, same trust).
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"

#define MIB (UINT64_C(1) << 20)

/* ---- Outcome ------------------------------------------------------------------------
 */

static lanes_status crash_error(const lanes_compile_reply *reply, lanes_error *err)
{
    if (reply->signal_number == 0) {
        return lanes_error_set(err, LANES_E_COMPILE_CRASHED,
                               "LLVM ended without a result while compiling this IR");
    }
    char how[64];
    const lanes_os_exit ended = {.code = -1,
                                 .signal_number = (int32_t)reply->signal_number};
    lanes_os_exit_format(&ended, how, sizeof(how));
    return lanes_error_set(err, LANES_E_COMPILE_CRASHED,
                           "LLVM %s while compiling this IR", how);
}

static lanes_status outcome_error(const lanes_compile_reply *reply, lanes_error *err)
{
    switch (reply->outcome) {
    case LANES_COMPILE_DONE:
        return LANES_OK;
    case LANES_COMPILE_CRASHED:
        return crash_error(reply, err);
    case LANES_COMPILE_CPU_LIMIT:
        return lanes_error_set(err, LANES_E_COMPILE_LIMIT,
                               "compiling this IR took more than %" PRIu64
                               " s of CPU time (it used %" PRIu64 " ms)",
                               reply->limit, reply->cpu_ns / 1000000u);
    case LANES_COMPILE_WALL_LIMIT:
        return lanes_error_set(err, LANES_E_COMPILE_LIMIT,
                               "compiling this IR took more than %" PRIu64 " s",
                               reply->limit);
    case LANES_COMPILE_MEMORY_LIMIT:
        return lanes_error_set(err, LANES_E_COMPILE_LIMIT,
                               "compiling this IR needs more than %" PRIu64
                               " MiB of memory",
                               reply->limit / MIB);
    case LANES_COMPILE_OUTPUT_LIMIT:
        return lanes_error_set(err, LANES_E_COMPILE_LIMIT,
                               "compiling this IR gives more than %" PRIu64
                               " MiB of code",
                               reply->limit / MIB);
    case LANES_COMPILE_NO_CHILD:
        return lanes_error_set(err, -EAGAIN,
                               "the compiler could not start a process for this IR; try "
                               "again later");
    default:
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler answered with outcome %u, which is unknown",
                               reply->outcome);
    }
}

/* ---- Result -------------------------------------------------------------------------
 */

static lanes_status check_signature(const lanes_signature *signature, lanes_error *err)
{
    bool is_good = signature->input_count >= 1 && signature->output_count >= 1 &&
                   signature->input_count <= LANES_OPERANDS_MAX &&
                   signature->output_count <= LANES_OPERANDS_MAX &&
                   lanes_signature_operand_count(signature) <= LANES_OPERANDS_MAX;
    for (uint32_t i = 0; is_good && i < lanes_signature_operand_count(signature); i++) {
        is_good = lanes_dtype_bytes(signature->dtype[i]) != 0;
    }
    return is_good ? LANES_OK
                   : lanes_error_set(err, LANES_E_INTERNAL,
                                     "the compiler returned an impossible signature");
}

static lanes_status check_head(const lanes_server_job *job,
                               const lanes_compile_result *result, uint64_t file_bytes,
                               lanes_error *err)
{
    if (result->version != LANES_COMPILE_VERSION) {
        return lanes_error_set(err, LANES_E_ABI_MISMATCH,
                               "lanes-compiler is of version %u, lanesd of version %u; "
                               "install both from one release",
                               result->version, LANES_COMPILE_VERSION);
    }
    if (memchr(result->message, '\0', sizeof(result->message)) == NULL ||
        memchr(result->symbol, '\0', sizeof(result->symbol)) == NULL ||
        result->status > 0) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result is malformed");
    }
    if (result->status < 0) {
        return lanes_error_set(err, result->status, "%s", result->message);
    }
    const uint64_t rest = file_bytes - sizeof(*result);
    if (result->report_bytes > rest ||
        result->object_bytes != rest - result->report_bytes ||
        result->object_bytes == 0 || result->report_bytes == 0 ||
        result->symbol[0] == '\0') {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result has %" PRIu64
                               " bytes, but names a report of %" PRIu64
                               " and an object of %" PRIu64,
                               file_bytes, result->report_bytes, result->object_bytes);
    }
    LANES_TRY(check_signature(&result->signature, err));
    const lanes_server_variant *variant = job->variant;
    lanes_signature signature = variant->kernel->signature;
    lanes_variant_key key = variant->key;
    if (job->is_load) {
        signature = result->signature;
        lanes_variant_key_contiguous(&signature, &key);
    }
    if (!lanes_signature_equal(&result->signature, &signature) ||
        !lanes_variant_key_equal(&result->key, &key)) {
        return lanes_error_set(
            err, LANES_E_INTERNAL,
            "the compiler returned another variant than was asked for");
    }
    return LANES_OK;
}

static lanes_status load(lanes_server *server, lanes_server_variant *variant,
                         const lanes_compile_result *result, const char *object,
                         lanes_error *err)
{
    const lanes_server_hooks *hooks = &server->options->hooks;
    if (hooks->load_object != NULL) {
        return hooks->load_object(hooks->ctx, object, result->object_bytes,
                                  result->symbol, &variant->loaded, &variant->function,
                                  err);
    }
    lanes_loaded *loaded = NULL;
    LANES_TRY(lanes_loader_load(server->loader, object, result->object_bytes,
                                result->symbol, &loaded, err));
    variant->loaded = loaded;
    variant->function = lanes_loaded_function(loaded);
    return LANES_OK;
}

void lanes_server_unload(lanes_server *server, lanes_server_variant *variant)
{
    const lanes_server_hooks *hooks = &server->options->hooks;
    if (variant->loaded == NULL) {
        return;
    }
    if (hooks->unload_object != NULL) {
        hooks->unload_object(hooks->ctx, variant->loaded);
    } else {
        lanes_loader_unload(server->loader, variant->loaded);
    }
    variant->loaded = NULL;
    variant->function = NULL;
}

/* @p body is the report, then the object. */
static lanes_status use_result(lanes_server *server, lanes_server_job *job,
                               const lanes_compile_result *result, const char *body,
                               lanes_error *err)
{
    lanes_server_variant *variant = job->variant;
    LANES_TRY(lanes_server_report_add(variant->kernel, body, result->report_bytes, err));
    LANES_TRY(load(server, variant, result, body + result->report_bytes, err));
    variant->info = result->info;
    if (job->is_load) {
        variant->kernel->signature = result->signature;
        variant->key = result->key;
    }
    return LANES_OK;
}

lanes_status lanes_server_result_take(lanes_server *server, lanes_server_job *job,
                                      const lanes_compile_reply *reply, lanes_error *err)
{
    LANES_TRY(outcome_error(reply, err));
    lanes_os_facts facts;
    LANES_TRY(lanes_os_fd_facts(job->result_fd, &facts, err));
    lanes_compile_result result;
    if (facts.bytes < sizeof(result) || facts.bytes > LANES_COMPILE_OUTPUT_BYTES) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result has %" PRIu64
                               " bytes; %zu to %" PRIu64 " are possible",
                               facts.bytes, sizeof(result),
                               (uint64_t)LANES_COMPILE_OUTPUT_BYTES);
    }
    LANES_TRY(lanes_os_read_at(job->result_fd, &result, sizeof(result), 0, err));
    LANES_TRY(check_head(job, &result, facts.bytes, err));
    const size_t bytes = (size_t)(result.report_bytes + result.object_bytes);
    char *body = malloc(bytes);
    if (body == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for %zu bytes of code", bytes);
    }
    lanes_status status =
        lanes_os_read_at(job->result_fd, body, bytes, sizeof(result), err);
    if (status == LANES_OK) {
        status = use_result(server, job, &result, body, err);
    }
    free(body);
    return status;
}
