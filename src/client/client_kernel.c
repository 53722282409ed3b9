/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_kernel.c - kernels: IR to the executor in a sealed memfd, reports back in one.
 */
#include <lanes/kernel.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_internal.h"
#include "client/client_source.h"
#include "kernel/compile.h"
#include "os/os_file.h"
#include "os/os_memory.h"

/* The executor gives up on a compile after LANES_COMPILE_WALL_SECONDS and says so; allow
 * for a queue before it and the restart of a compiler after it. */
#define LOAD_TIMEOUT_NS ((LANES_COMPILE_WALL_SECONDS + 15) * 1000000000ull)

void lanes_kernel_options_default(lanes_kernel_options *options)
{
    *options = (lanes_kernel_options){
        .struct_bytes = sizeof(*options),
        .math = LANES_MATH_VECTOR,
    };
}

/** Copy a name into a field of the request, with its NUL; "" for NULL. */
static lanes_status put_text(const char *what, const char *text, char *field,
                             size_t field_bytes, lanes_error *err)
{
    const char *source = text != NULL ? text : "";
    const size_t length = strnlen(source, field_bytes);
    if (length == field_bytes) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the %s '%.64s...' exceeds %zu bytes", what, source,
                               field_bytes - 1);
    }
    memcpy(field, source, length + 1);
    return LANES_OK;
}

static lanes_status check_arguments(const void *ir, size_t ir_bytes,
                                    const lanes_kernel_options *options, lanes_error *err)
{
    if (options->struct_bytes != sizeof(*options)) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "lanes_kernel_options has struct_bytes %u, not %zu; set it with "
            "lanes_kernel_options_default()",
            options->struct_bytes, sizeof(*options));
    }
    const uint32_t known = LANES_KERNEL_STAGES;
    if ((options->flags & ~known) != 0 || options->math > LANES_MATH_EXACT ||
        options->convention > LANES_CONVENTION_SCIPY) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_kernel_options has unknown flags 0x%x, math %u or "
                               "convention %u",
                               options->flags & ~known, options->math,
                               options->convention);
    }
    if (options->fp > LANES_FP_FAST || options->reserved != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_kernel_options.fp 0x%x is more than LANES_FP_FAST "
                               "0x%x, or .reserved %u is not 0",
                               options->fp, LANES_FP_FAST, options->reserved);
    }
    if (ir == NULL || ir_bytes == 0 || ir_bytes > LANES_IR_BYTES_MAX) {
        return lanes_error_set(
            err, LANES_E_INVALID,
            "IR of %zu bytes is not possible; 1 to LANES_IR_BYTES_MAX %u are", ir_bytes,
            LANES_IR_BYTES_MAX);
    }
    return LANES_OK;
}

static lanes_status check_reply(const lanes_abi_kernel *reply, lanes_error *err)
{
    if (reply->input_count > LANES_OPERANDS_MAX ||
        reply->output_count > LANES_OPERANDS_MAX - reply->input_count) {
        return lanes_error_set(err, LANES_E_PROTOCOL,
                               "the executor describes a kernel of %u inputs and %u "
                               "outputs",
                               reply->input_count, reply->output_count);
    }
    if (reply->row_mask >> reply->input_count != 0 || reply->has_params > 1) {
        return lanes_error_set(err, LANES_E_PROTOCOL,
                               "the executor describes a kernel of %u inputs whose rows "
                               "are 0x%x and that takes %u params blocks",
                               reply->input_count, reply->row_mask, reply->has_params);
    }
    return LANES_OK;
}

/** The handle of a reply to LOAD or FUSE. */
static lanes_status make_kernel(lanes_session *session, const lanes_abi_kernel *reply,
                                lanes_client_source *source, lanes_kernel **out_kernel,
                                lanes_error *err)
{
    const lanes_status status = check_reply(reply, err);
    if (status < 0) {
        return lanes_client_break(session, status);
    }
    lanes_kernel *kernel = malloc(sizeof(*kernel));
    if (kernel == NULL) {
        return lanes_error_errno(err, ENOMEM, "kernel");
    }
    *kernel = (lanes_kernel){
        .session = session,
        .next = session->kernels,
        .handle.id = reply->id,
        .source = source, /* from now on owned by the handle */
        .compile_ns = reply->compile_ns,
        .input_count = reply->input_count,
        .output_count = reply->output_count,
        .row_mask = reply->row_mask,
        .has_params = reply->has_params,
        .params_bytes = reply->params_bytes,
    };
    memcpy(kernel->dtype, reply->dtype, sizeof(kernel->dtype));
    if (kernel->next != NULL) {
        kernel->next->previous = kernel;
    }
    session->kernels = kernel;
    *out_kernel = kernel;
    return LANES_OK;
}

/** The call that releases @p id. */
static void release_call(const lanes_session *session, lanes_abi_id id,
                         lanes_abi_kernel *request, lanes_abi_kernel *reply,
                         lanes_client_call *out_call)
{
    *request = (lanes_abi_kernel){
        .header = {.type = LANES_ABI_KERNEL_RELEASE, .bytes = sizeof(*request)},
        .id = id,
    };
    *out_call = (lanes_client_call){
        .request = &request->header,
        .request_fd = -1,
        .reply = &reply->header,
        .reply_bytes = sizeof(*reply),
        .timeout_ns = session->timeout_ns,
    };
}

void lanes_client_release_kernel(lanes_session *session, lanes_abi_id id)
{
    lanes_abi_kernel request;
    lanes_abi_kernel reply;
    lanes_client_call call;
    release_call(session, id, &request, &reply, &call);
    LANES_IGNORE(lanes_client_request_once(session, &call, NULL),
                 "if the executor is gone, so is the kernel");
}

lanes_status lanes_client_exchange_release(lanes_session *session, lanes_abi_id id,
                                           lanes_error *err)
{
    lanes_abi_kernel request;
    lanes_abi_kernel reply;
    lanes_client_call call;
    release_call(session, id, &request, &reply, &call);
    return lanes_client_exchange(session, &call, err);
}

void lanes_client_kernel_call(const lanes_session *session, lanes_abi_header *request,
                              int ir_fd, lanes_abi_kernel *reply,
                              lanes_client_call *out_call)
{
    *out_call = (lanes_client_call){
        .request = request,
        .request_fd = ir_fd,
        .reply = &reply->header,
        .reply_bytes = sizeof(*reply),
        .reply_fd_count = 1,
        .timeout_ns =
            session->timeout_ns > LOAD_TIMEOUT_NS ? session->timeout_ns : LOAD_TIMEOUT_NS,
    };
}

lanes_status lanes_client_request_kernel(lanes_session *session, lanes_client_call *call,
                                         lanes_client_source *source,
                                         lanes_kernel **out_kernel, lanes_error *err)
{
    LANES_TRY(lanes_client_request(session, call, err));
    /* The report of now; lanes_kernel_report() asks for the one of then. */
    lanes_os_close(&call->reply_fds[0]);
    lanes_abi_kernel reply;
    memcpy(&reply, call->reply, sizeof(reply));
    const lanes_status status = make_kernel(session, &reply, source, out_kernel, err);
    if (status < 0) {
        lanes_client_release_kernel(session, reply.id);
    }
    return status;
}

/** Load what @p request describes. */
static lanes_status load(lanes_session *session, lanes_abi_kernel_load *request,
                         const void *ir, lanes_kernel **out_kernel, lanes_error *err)
{
    lanes_client_source *source = NULL;
    if (session->replay != NULL) {
        source = lanes_client_source_load(request, ir, request->ir_bytes);
        if (source == NULL) {
            return lanes_error_errno(err, ENOMEM, "kernel");
        }
    }
    int ir_fd = -1;
    lanes_status status = lanes_client_seal_ir(ir, request->ir_bytes, &ir_fd, err);
    if (status == LANES_OK) {
        lanes_abi_kernel reply;
        lanes_client_call call;
        lanes_client_kernel_call(session, &request->header, ir_fd, &reply, &call);
        status = lanes_client_request_kernel(session, &call, source, out_kernel, err);
    }
    lanes_os_close(&ir_fd);
    if (status < 0) {
        lanes_client_source_drop(source);
    }
    return status;
}

lanes_status lanes_kernel_load(lanes_session *session, const void *ir, size_t ir_bytes,
                               const lanes_kernel_options *options,
                               lanes_kernel **out_kernel, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    lanes_kernel_options defaults;
    if (options == NULL) {
        lanes_kernel_options_default(&defaults);
        options = &defaults;
    }
    LANES_TRY(check_arguments(ir, ir_bytes, options, err));
    lanes_abi_kernel_load request = {
        .header = {.type = LANES_ABI_KERNEL_LOAD, .bytes = sizeof(request)},
        .ir_bytes = ir_bytes,
        .flags = options->flags,
        .math = options->math,
        .convention = options->convention,
        .fp = options->fp,
    };
    LANES_TRY(
        put_text("entry", options->entry, request.entry, sizeof(request.entry), err));
    LANES_TRY(put_text("signature", options->signature, request.signature,
                       sizeof(request.signature), err));
    return load(session, &request, ir, out_kernel, err);
}

uint32_t lanes_kernel_input_count(const lanes_kernel *kernel)
{
    return kernel->input_count;
}

uint32_t lanes_kernel_output_count(const lanes_kernel *kernel)
{
    return kernel->output_count;
}

uint32_t lanes_kernel_dtype(const lanes_kernel *kernel, uint32_t index)
{
    return index < kernel->input_count + kernel->output_count ? kernel->dtype[index]
                                                              : LANES_DTYPE_NONE;
}

int lanes_kernel_is_row(const lanes_kernel *kernel, uint32_t index)
{
    return index < kernel->input_count && (kernel->row_mask >> index & 1u) != 0;
}

int lanes_kernel_has_params(const lanes_kernel *kernel)
{
    return kernel->has_params != 0;
}

uint64_t lanes_kernel_params_bytes(const lanes_kernel *kernel)
{
    return kernel->params_bytes;
}

uint64_t lanes_kernel_compile_ns(const lanes_kernel *kernel)
{
    return kernel->compile_ns;
}

lanes_status lanes_client_read_text(int fd, uint64_t bytes, char **out_text,
                                    lanes_error *err)
{
    if (bytes > LANES_COMPILE_OUTPUT_BYTES) {
        return lanes_error_set(
            err, LANES_E_PROTOCOL, "a report of %llu bytes exceeds %llu",
            (unsigned long long)bytes, (unsigned long long)LANES_COMPILE_OUTPUT_BYTES);
    }
    char *text = malloc(bytes + 1);
    if (text == NULL) {
        return lanes_error_errno(err, ENOMEM, "report of %llu bytes",
                                 (unsigned long long)bytes);
    }
    const lanes_status status = lanes_os_read_at(fd, text, bytes, 0, err);
    if (status < 0) {
        free(text);
        return status;
    }
    text[bytes] = '\0';
    *out_text = text;
    return LANES_OK;
}

/** The kernel's id of now. */
static void fill_report(const void *ctx, lanes_abi_header *request)
{
    const lanes_kernel *kernel = ctx;
    ((lanes_abi_kernel *)(void *)request)->id = kernel->handle.id;
}

lanes_status lanes_kernel_report(lanes_kernel *kernel, char **out_json, lanes_error *err)
{
    lanes_abi_kernel request = {
        .header = {.type = LANES_ABI_KERNEL_REPORT, .bytes = sizeof(request)},
    };
    lanes_abi_kernel reply;
    lanes_client_call call = {
        .request = &request.header,
        .fill = fill_report,
        .fill_ctx = kernel,
        .request_fd = -1,
        .reply = &reply.header,
        .reply_bytes = sizeof(reply),
        .reply_fd_count = 1,
        .timeout_ns = kernel->session->timeout_ns,
    };
    LANES_TRY(lanes_client_request(kernel->session, &call, err));
    const lanes_status status =
        lanes_client_read_text(call.reply_fds[0], reply.report_bytes, out_json, err);
    lanes_os_close(&call.reply_fds[0]);
    return status;
}

/** Take @p kernel out of the list that it is in. */
static void unlink_kernel(lanes_kernel *kernel)
{
    lanes_session *session = kernel->session;
    if (kernel->previous != NULL) {
        kernel->previous->next = kernel->next;
    } else if (kernel->handle.is_released) {
        session->released_kernels = kernel->next;
    } else {
        session->kernels = kernel->next;
    }
    if (kernel->next != NULL) {
        kernel->next->previous = kernel->previous;
    }
}

void lanes_client_forget_kernel(lanes_kernel *kernel)
{
    unlink_kernel(kernel);
    lanes_client_source_drop(kernel->source);
    free(kernel);
}

void lanes_kernel_release(lanes_kernel *kernel)
{
    if (kernel == NULL) {
        return;
    }
    lanes_session *session = kernel->session;
    const uint32_t users =
        session->replay != NULL
            ? lanes_client_replay_kernel_users(session->replay, kernel->handle.id)
            : 0;
    if (users == 0) {
        lanes_client_release_kernel(session, kernel->handle.id);
        lanes_client_forget_kernel(kernel);
        return;
    }
    unlink_kernel(kernel);
    kernel->handle.users = users;
    kernel->handle.is_released = true;
    kernel->previous = NULL;
    kernel->next = session->released_kernels;
    if (kernel->next != NULL) {
        kernel->next->previous = kernel;
    }
    session->released_kernels = kernel;
}
