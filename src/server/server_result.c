/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_result.c - what the compiler returned, now or for an earlier executor: is it
 * whole, is it what was asked for, and make it callable.
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

#include <jansson.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"

#define MIB (UINT64_C(1) << 20)

/* ---- Outcome ------------------------------------------------------------------------
 */

bool lanes_server_is_killed_by_others(uint32_t signal_number)
{
    return signal_number == LANES_OS_SIGNAL_KILL ||
           signal_number == LANES_OS_SIGNAL_TERMINATE ||
           signal_number == LANES_OS_SIGNAL_INTERRUPT ||
           signal_number == LANES_OS_SIGNAL_HANG_UP;
}

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
    if (lanes_server_is_killed_by_others(reply->signal_number)) {
        return lanes_error_set(
            err, LANES_E_COMPILE_CRASHED,
            "LLVM %s while compiling this IR, twice, and not by lanes; "
            "see whether the machine is short of memory",
            how);
    }
    return lanes_error_set(err, LANES_E_COMPILE_CRASHED,
                           "LLVM %s while compiling this IR", how);
}

lanes_status lanes_server_outcome_check(const lanes_compile_reply *reply,
                                        lanes_error *err)
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
    is_good = is_good && signature->row_mask >> signature->input_count == 0;
    return is_good ? LANES_OK
                   : lanes_error_set(err, LANES_E_INTERNAL,
                                     "the compiler returned an impossible signature");
}

static bool has_end(const char *text, size_t bytes)
{
    return memchr(text, '\0', bytes) != NULL;
}

/* Texts, and what must be there for them to be used. */
static bool is_well_formed(const lanes_compile_result *result)
{
    if (!has_end(result->message, sizeof(result->message)) ||
        !has_end(result->symbol, sizeof(result->symbol)) ||
        !has_end(result->explain_symbol, sizeof(result->explain_symbol)) ||
        !has_end(result->confirm_symbol, sizeof(result->confirm_symbol)) ||
        !has_end(result->payload_symbol, sizeof(result->payload_symbol)) ||
        result->status > 0) {
        return false;
    }
    const bool has_tables = result->payload_count > 0 || result->argument_list_count > 0;
    const bool has_block = result->has_params == 1;
    return result->status < 0 ||
           (result->has_params <= 1 && (has_block || result->params_bytes == 0) &&
            result->is_known <= 1 && (!has_tables || result->payload_symbol[0] != '\0'));
}

/* Report, tables and object are all there is behind the head. */
static lanes_status check_sizes(const lanes_compile_result *result, uint64_t file_bytes,
                                lanes_error *err)
{
    uint64_t table_bytes = 0;
    if (!lanes_server_exceptions_bytes(result, &table_bytes)) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result has %u payloads and %u argument "
                               "lists; %u are possible",
                               result->payload_count, result->argument_list_count,
                               LANES_PAYLOADS_MAX);
    }
    uint64_t rest = file_bytes - sizeof(*result);
    bool is_good = result->report_bytes != 0 && result->report_bytes <= rest;
    rest -= is_good ? result->report_bytes : 0;
    is_good = is_good && table_bytes <= rest;
    rest -= is_good ? table_bytes : 0;
    is_good =
        is_good && result->object_bytes == rest &&
        (result->is_known != 0 ? rest == 0 : rest != 0 && result->symbol[0] != '\0');
    return is_good ? LANES_OK
                   : lanes_error_set(err, LANES_E_INTERNAL,
                                     "the compiler's result has %" PRIu64
                                     " bytes, but names a report of %" PRIu64
                                     ", tables of %" PRIu64 " and an object of %" PRIu64,
                                     file_bytes, result->report_bytes, table_bytes,
                                     result->object_bytes);
}

static lanes_status check_variant(const lanes_server_job *job,
                                  const lanes_compile_result *result, lanes_error *err)
{
    const lanes_server_variant *variant = job->variant;
    lanes_engine_kernel kernel = variant->kernel->checked;
    lanes_variant_key key = variant->key;
    if (job->is_load) {
        kernel.signature = result->signature;
        kernel.has_params = result->has_params;
        lanes_variant_key_contiguous(&result->signature, &key);
    }
    if (!lanes_signature_equal(&result->signature, &kernel.signature) ||
        result->has_params != kernel.has_params ||
        !lanes_variant_key_equal(&result->key, &key)) {
        return lanes_error_set(
            err, LANES_E_INTERNAL,
            "the compiler returned another variant than was asked for");
    }
    return LANES_OK;
}

lanes_status lanes_server_result_check(const lanes_server_job *job,
                                       const lanes_server_result *whole, lanes_error *err)
{
    const lanes_compile_result *result = &whole->head;
    if (result->version != LANES_COMPILE_VERSION) {
        return lanes_error_set(err, LANES_E_ABI_MISMATCH,
                               "lanes-compiler is of version %u, lanesd of version %u; "
                               "install both from one release",
                               result->version, LANES_COMPILE_VERSION);
    }
    if (!is_well_formed(result)) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result is malformed");
    }
    if (result->status < 0) {
        return lanes_error_set(err, result->status, "%s", result->message);
    }
    if (result->is_known != 0 && job->is_offered_none) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler left out code that it was asked to make");
    }
    LANES_TRY(check_sizes(result, sizeof(*result) + whole->body_bytes, err));
    LANES_TRY(check_signature(&result->signature, err));
    return check_variant(job, result, err);
}

/* ---- Use ----------------------------------------------------------------------------
 */

void lanes_server_unload(lanes_server *server, lanes_server_variant *variant)
{
    lanes_server_code_drop(server, variant->code);
    variant->code = NULL;
    variant->exceptions = (lanes_engine_exceptions){.explain = NULL};
    free(variant->tables);
    variant->tables = NULL;
}

static void describe_kernel(lanes_server_variant *variant,
                            const lanes_compile_result *head)
{
    variant->kernel->checked = (lanes_engine_kernel){
        .signature = head->signature,
        .has_params = head->has_params,
        .params_bytes = head->params_bytes,
        .may_raise = variant->code->may_raise,
        .keeps_order = variant->code->keeps_order,
    };
    memcpy(variant->kernel->checked.row_minimum, head->row_minimum,
           sizeof(head->row_minimum));
    variant->key = head->key;
}

static lanes_status use_parts(lanes_server *server, lanes_server_job *job,
                              const lanes_server_result *result,
                              enum lanes_server_origin origin, lanes_error *err)
{
    lanes_server_variant *variant = job->variant;
    const lanes_compile_result *head = &result->head;
    const char *tables = result->body + head->report_bytes;
    LANES_TRY(lanes_server_exceptions_take(variant, head, tables, err));
    json_t *report = NULL;
    LANES_TRY(lanes_server_report_parse(result->body, head->report_bytes, &report, err));
    if (origin == LANES_FROM_DISK) {
        lanes_server_report_clear_times(report);
    }
    const lanes_status status =
        lanes_server_code_hold(server, job, result, report, &variant->code, err);
    if (status < 0) {
        json_decref(report);
        return status;
    }
    lanes_server_report_add(variant->kernel, report);
    variant->exceptions.explain = variant->code->object.explain;
    variant->exceptions.address = variant->code->object.address;
    if (job->is_load) {
        describe_kernel(variant, head);
    }
    return LANES_OK;
}

lanes_status lanes_server_result_use(lanes_server *server, lanes_server_job *job,
                                     const lanes_server_result *result,
                                     enum lanes_server_origin origin, lanes_error *err)
{
    const lanes_status status = use_parts(server, job, result, origin, err);
    if (status < 0) {
        lanes_server_unload(server, job->variant);
    }
    return status;
}

/* ---- Taking -------------------------------------------------------------------------
 */

lanes_status lanes_server_result_init(lanes_server_result *result, char *block,
                                      size_t bytes, lanes_error *err)
{
    if (bytes < sizeof(result->head)) {
        free(block);
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result has %zu bytes; its head has %zu",
                               bytes, sizeof(result->head));
    }
    memcpy(&result->head, block, sizeof(result->head));
    result->body = block + sizeof(result->head);
    result->body_bytes = bytes - sizeof(result->head);
    result->block = block;
    return LANES_OK;
}

void lanes_server_result_deinit(lanes_server_result *result)
{
    free(result->block);
    result->block = NULL;
}

static lanes_status read_result(int fd, lanes_server_result *out_result, lanes_error *err)
{
    lanes_os_facts facts;
    LANES_TRY(lanes_os_fd_facts(fd, &facts, err));
    if (facts.bytes > LANES_COMPILE_OUTPUT_BYTES) {
        return lanes_error_set(err, LANES_E_INTERNAL,
                               "the compiler's result has %" PRIu64
                               " bytes; the limit is %" PRIu64,
                               facts.bytes, (uint64_t)LANES_COMPILE_OUTPUT_BYTES);
    }
    char *block = malloc(facts.bytes + 1);
    if (block == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for %" PRIu64 " bytes of code",
                               facts.bytes);
    }
    const lanes_status status = lanes_os_read_at(fd, block, facts.bytes, 0, err);
    if (status < 0) {
        free(block);
        return status;
    }
    return lanes_server_result_init(out_result, block, facts.bytes, err);
}

lanes_status lanes_server_result_take(lanes_server *server, lanes_server_job *job,
                                      const lanes_compile_reply *reply, lanes_error *err)
{
    lanes_server_result result = {.block = NULL};
    LANES_TRY(lanes_server_outcome_check(reply, err));
    LANES_TRY(read_result(job->result_fd, &result, err));
    lanes_status status = lanes_server_result_check(job, &result, err);
    if (status == LANES_OK) {
        status = lanes_server_result_use(server, job, &result, LANES_FROM_COMPILER, err);
    }
    if (status == LANES_OK && job->is_sent) {
        lanes_server_stored_keep(server, job, &result);
    }
    lanes_server_result_deinit(&result);
    return status;
}
