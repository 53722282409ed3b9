/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_kernel.c - requests about kernels: load, report, release.
 *
 * A load is answered when its first variant is compiled; until then its job owns the
 * kernel. Afterwards the session does, until dispatch has let go of it.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_failpoint.h"
#include "os/os_file.h"
#include "os/os_memory.h"

/* ---- Load ---------------------------------------------------------------------------
 */

static lanes_status check_load(const lanes_abi_kernel_load *request, lanes_error *err)
{
    if (request->ir_bytes == 0 || request->ir_bytes > LANES_IR_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_IR_LIMIT,
                               "the IR has %" PRIu64 " bytes; 1 to %u work",
                               request->ir_bytes, LANES_IR_BYTES_MAX);
    }
    if ((request->flags & ~LANES_ABI_KERNEL_STAGES) != 0 ||
        (request->math != LANES_MATH_VECTOR && request->math != LANES_MATH_EXACT) ||
        request->convention > LANES_CONVENTION_SCIPY) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "kernel flags 0x%x, math %u or convention %u are unknown",
                               request->flags, request->math, request->convention);
    }
    if (request->fp > LANES_FP_FAST) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "fp 0x%x of a kernel has unknown bits; 0x%x is all",
                               request->fp, LANES_FP_FAST);
    }
    if (memchr(request->entry, '\0', sizeof(request->entry)) == NULL ||
        memchr(request->signature, '\0', sizeof(request->signature)) == NULL) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "the entry or the signature of the kernel has no end");
    }
    return LANES_OK;
}

/* A private copy: the client may do what it likes with its memfd afterwards. Read, not
 * mapped, since it may do so meanwhile, too. */
static lanes_status copy_ir(int fd, uint64_t bytes, char **out_ir, lanes_error *err)
{
    if (!lanes_os_fd_is_memory(fd)) {
        /* A file system that does not answer would let all sessions wait. */
        return lanes_error_set(err, LANES_E_INVALID,
                               "the IR came in descriptor %d, which is neither a memfd "
                               "nor shared memory; copy it into a memfd",
                               fd);
    }
    char *ir = malloc(bytes);
    if (ir == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for %" PRIu64 " bytes of IR",
                               bytes);
    }
    const lanes_status status = lanes_os_read_at(fd, ir, bytes, 0, err);
    if (status < 0) {
        free(ir);
        return lanes_error_prefix(err, status, "reading the IR");
    }
    *out_ir = ir;
    return LANES_OK;
}

static lanes_server_kernel *create_kernel(lanes_server_session *session,
                                          const lanes_compile_request *request)
{
    lanes_server_kernel *kernel = calloc(1, sizeof(*kernel));
    lanes_server_variant *variant = calloc(1, sizeof(*variant));
    if (kernel == NULL || variant == NULL) {
        free(kernel);
        free(variant);
        return NULL;
    }
    kernel->session = session;
    kernel->variants = variant;
    kernel->variant_count = 1;
    variant->kernel = kernel;
    variant->state = LANES_VARIANT_WANTED;
    kernel->request = *request;
    kernel->request.version = LANES_COMPILE_VERSION;
    const char *cpu = session->server->options->cpu;
    snprintf(kernel->request.cpu, sizeof(kernel->request.cpu), "%s",
             cpu != NULL ? cpu : "");
    kernel->next = session->all_kernels;
    if (kernel->next != NULL) {
        kernel->next->previous = kernel;
    }
    session->all_kernels = kernel;
    return kernel;
}

lanes_status lanes_server_kernel_room(const lanes_server_session *session,
                                      lanes_error *err)
{
    const uint32_t most = session->server->options->limits.kernels;
    if (session->kernel_count >= most) {
        return lanes_error_set(
            err, LANES_E_QUOTA,
            "the session has %u kernels; the limit is %u; release some",
            session->kernel_count, most);
    }
    return LANES_OK;
}

lanes_status lanes_server_kernel_load(lanes_server_session *session,
                                      const lanes_abi_header *header,
                                      const lanes_compile_request *request, char *ir,
                                      lanes_error *err)
{
    lanes_server_kernel *kernel = create_kernel(session, request);
    if (kernel == NULL) {
        free(ir);
        return lanes_error_set(err, -ENOMEM, "no memory for a kernel");
    }
    kernel->ir = ir;
    kernel->ir_bytes = request->ir_bytes;
    session->held.ir += kernel->ir_bytes;
    session->server->held.ir += kernel->ir_bytes;
    lanes_server_job *job = lanes_server_job_create(session, kernel->variants);
    if (job == NULL) {
        lanes_server_kernel_free(session->server, kernel);
        return lanes_error_set(err, -ENOMEM, "no memory for a compile");
    }
    job->is_load = true;
    job->request = *header;
    session->loading = job;
    LANES_FAILPOINT(KERNEL_RECEIVED);
    lanes_server_compile(session->server, job);
    return LANES_OK;
}

lanes_status lanes_server_on_kernel_load(lanes_server_session *session,
                                         const void *message, int fd, lanes_error *err)
{
    const lanes_abi_kernel_load *request = message;
    LANES_TRY(lanes_server_kernel_room(session, err));
    LANES_TRY(check_load(request, err));
    LANES_TRY(
        lanes_server_bytes_room(session, "a kernel with IR", request->ir_bytes, err));
    lanes_compile_request compile = {
        .ir_bytes = request->ir_bytes,
        .flags = request->flags,
        .math = request->math,
        .convention = request->convention,
        .fp = request->fp,
    };
    memcpy(compile.entry, request->entry, sizeof(compile.entry));
    memcpy(compile.signature, request->signature, sizeof(compile.signature));
    char *ir = NULL;
    LANES_TRY(copy_ir(fd, request->ir_bytes, &ir, err));
    return lanes_server_kernel_load(session, &request->header, &compile, ir, err);
}

static void assign_id(lanes_server_session *session, lanes_server_kernel *kernel)
{
    uint32_t slot = 0;
    while (session->kernels[slot] != NULL) {
        slot++; /* ..._kernel_room() has seen that one is free, and only one load runs */
    }
    session->last_generation += session->last_generation == UINT32_MAX ? 2 : 1;
    kernel->id = (lanes_abi_id){.slot = slot, .generation = session->last_generation};
    session->kernels[slot] = kernel;
    session->kernel_count++;
}

/* Sends what a client gets to know about a kernel. */
static lanes_status answer(lanes_server_session *session,
                           const lanes_server_kernel *kernel,
                           const lanes_abi_header *request, lanes_error *err)
{
    const lanes_signature *signature = &kernel->checked.signature;
    lanes_abi_kernel reply = {
        .id = kernel->id,
        .compile_ns = kernel->compile_ns,
        .input_count = signature->input_count,
        .output_count = signature->output_count,
        .row_mask = signature->row_mask,
        .has_params = kernel->checked.has_params,
        .params_bytes = kernel->checked.params_bytes,
    };
    memcpy(reply.dtype, signature->dtype, sizeof(reply.dtype));
    int fd = -1;
    LANES_TRY(lanes_server_report_memfd(kernel, &fd, &reply.report_bytes, err));
    lanes_server_reply(session, request, &reply, sizeof(reply), &fd, 1);
    lanes_os_close(&fd);
    return LANES_OK;
}

void lanes_server_kernel_loaded(lanes_server_job *job, const lanes_error *error)
{
    lanes_server_session *session = job->session;
    lanes_server_kernel *kernel = job->variant->kernel;
    session->loading = NULL;
    if (error != NULL) {
        lanes_server_kernel_free(session->server, kernel);
        lanes_server_reply_failure(session, &job->request, error);
        return;
    }
    job->variant->state = LANES_VARIANT_READY;
    kernel->compile_ns = lanes_clock_ns() - job->started_ns;
    assign_id(session, kernel);
    LANES_FAILPOINT(KERNEL_COMPILED);
    /* Before the answer, so that dispatch knows the kernel when a batch names it. */
    lanes_server_post(session->server, &kernel->add, LANES_MAIL_KERNEL_ADD);
    LANES_FAILPOINT(KERNEL_KNOWN);
    lanes_error err;
    if (answer(session, kernel, &job->request, &err) < 0) {
        lanes_server_session_close(session, err.code, err.message);
    }
    LANES_FAILPOINT(KERNEL_ANSWERED);
}

lanes_status lanes_server_variant_admit(lanes_server_variant *variant, lanes_error *err)
{
    lanes_server_kernel *kernel = variant->kernel;
    const lanes_server_session *session = kernel->session;
    const lanes_server_limits *limits = &session->server->options->limits;
    if (session->compile_count >= limits->compiles) {
        return lanes_error_set(err, LANES_E_QUOTA,
                               "%u compiles of the session wait; the executor's limit is "
                               "%u; submit again when some are done",
                               session->compile_count, limits->compiles);
    }
    if (variant->is_admitted) {
        return LANES_OK; /* its compile failed for want of something */
    }
    if (kernel->variant_count >= limits->variants) {
        return lanes_error_set(
            err, LANES_E_QUOTA,
            "the kernel has code for %u combinations of dtypes, layouts "
            "and options, which is the limit; convert some operands "
            "beforehand, or load the callback once more",
            kernel->variant_count);
    }
    kernel->variant_count++;
    variant->is_admitted = true;
    return LANES_OK;
}

/* ---- Report, release ----------------------------------------------------------------
 */

lanes_status lanes_server_kernel_find(const lanes_server_session *session,
                                      lanes_abi_id id, lanes_server_kernel **out_kernel,
                                      lanes_error *err)
{
    lanes_server_kernel *kernel =
        id.slot < LANES_KERNELS_MAX ? session->kernels[id.slot] : NULL;
    if (kernel == NULL || kernel->id.generation != id.generation) {
        return lanes_error_set(err, LANES_E_STALE_ID,
                               "kernel %u.%u is unknown or was released", id.slot,
                               id.generation);
    }
    *out_kernel = kernel;
    return LANES_OK;
}

lanes_status lanes_server_on_kernel_report(lanes_server_session *session,
                                           const void *message, int fd, lanes_error *err)
{
    (void)fd;
    const lanes_abi_kernel *request = message;
    lanes_server_kernel *kernel = NULL;
    LANES_TRY(lanes_server_kernel_find(session, request->id, &kernel, err));
    LANES_ASSERT(kernel != NULL);
    return answer(session, kernel, &request->header, err);
}

lanes_status lanes_server_on_kernel_release(lanes_server_session *session,
                                            const void *message, int fd, lanes_error *err)
{
    (void)fd;
    const lanes_abi_kernel *request = message;
    lanes_server_kernel *kernel = NULL;
    LANES_TRY(lanes_server_kernel_find(session, request->id, &kernel, err));
    LANES_ASSERT(kernel != NULL);
    session->kernels[kernel->id.slot] = NULL;
    session->kernel_count--;
    lanes_abi_kernel reply = {.id = kernel->id};
    lanes_server_post(session->server, &kernel->remove, LANES_MAIL_KERNEL_REMOVE);
    LANES_FAILPOINT(KERNEL_REMOVED);
    lanes_server_reply(session, &request->header, &reply, sizeof(reply), NULL, 0);
    return LANES_OK;
}

void lanes_server_kernel_free(lanes_server *server, lanes_server_kernel *kernel)
{
    if (kernel == NULL) {
        return;
    }
    lanes_server_variant *next;
    for (lanes_server_variant *variant = kernel->variants; variant != NULL;
         variant = next) {
        next = variant->next;
        lanes_server_unload(server, variant);
        free(variant);
    }
    if (kernel->previous != NULL) {
        kernel->previous->next = kernel->next;
    } else {
        kernel->session->all_kernels = kernel->next;
    }
    if (kernel->next != NULL) {
        kernel->next->previous = kernel->previous;
    }
    kernel->session->held.ir -= kernel->ir_bytes;
    server->held.ir -= kernel->ir_bytes;
    lanes_server_report_free(kernel);
    free(kernel->ir);
    free(kernel);
    LANES_FAILPOINT(KERNEL_FREED);
}
