/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_source.c - sources of kernels: kept, shared by fused kernels, loaded again.
 */
#include "client/client_source.h"

#include <stdlib.h>
#include <string.h>

#include "client/client_internal.h"
#include "os/os_file.h"
#include "os/os_memory.h"

struct lanes_client_source {
    uint32_t references;
    bool is_fused;
    bool is_there; /* at the executor that is about to take over, as `fresh` */
    lanes_abi_id fresh;
    union {
        lanes_abi_kernel_load load;
        lanes_abi_kernel_fuse fuse;
    };
    lanes_client_source *node[LANES_FUSION_NODES_MAX]; /* shared; fused ones only */
    size_t ir_bytes;
    uint8_t ir[];
};

lanes_client_source *lanes_client_source_load(const lanes_abi_kernel_load *request,
                                              const void *ir, size_t ir_bytes)
{
    lanes_client_source *source = malloc(sizeof(*source) + ir_bytes);
    if (source != NULL) {
        *source = (lanes_client_source){
            .references = 1, .load = *request, .ir_bytes = ir_bytes};
        memcpy(source->ir, ir, ir_bytes);
    }
    return source;
}

lanes_client_source *lanes_client_source_fuse(const lanes_abi_kernel_fuse *request,
                                              lanes_client_source *const *nodes)
{
    lanes_client_source *source = malloc(sizeof(*source));
    if (source != NULL) {
        *source =
            (lanes_client_source){.references = 1, .is_fused = true, .fuse = *request};
        for (uint32_t n = 0; n < request->node_count; n++) {
            source->node[n] = nodes[n];
            nodes[n]->references++;
        }
    }
    return source;
}

static void drop_one(lanes_client_source *source)
{
    source->references--;
    if (source->references == 0) {
        free(source);
    }
}

void lanes_client_source_drop(lanes_client_source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->is_fused && source->references == 1) {
        for (uint32_t n = 0; n < source->fuse.node_count; n++) {
            drop_one(source->node[n]); /* which are not fused themselves */
        }
    }
    drop_one(source);
}

lanes_status lanes_client_seal_ir(const void *ir, size_t ir_bytes, int *out_fd,
                                  lanes_error *err)
{
    int fd = -1;
    LANES_TRY(lanes_os_memfd_create("lanes-ir", ir_bytes, &fd, err));
    lanes_status status = lanes_os_write_at(fd, ir, ir_bytes, 0, err);
    if (status == LANES_OK) {
        status = lanes_os_seal(fd,
                               LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW |
                                   LANES_OS_SEAL_WRITE | LANES_OS_SEAL_SEAL,
                               err);
    }
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

/* ---- Again --------------------------------------------------------------------------
 */

static lanes_status exchange(lanes_session *session, lanes_abi_header *request, int ir_fd,
                             lanes_client_source *source, lanes_error *err)
{
    lanes_abi_kernel reply;
    lanes_client_call call;
    lanes_client_kernel_call(session, request, ir_fd, &reply, &call);
    LANES_TRY(lanes_client_exchange(session, &call, err));
    lanes_os_close(&call.reply_fds[0]); /* the report */
    source->fresh = reply.id;
    source->is_there = true;
    return LANES_OK;
}

static lanes_status load_again(lanes_session *session, lanes_client_source *source,
                               lanes_error *err)
{
    lanes_abi_kernel_load request = source->load;
    int ir_fd = -1;
    LANES_TRY(lanes_client_seal_ir(source->ir, source->ir_bytes, &ir_fd, err));
    const lanes_status status = exchange(session, &request.header, ir_fd, source, err);
    lanes_os_close(&ir_fd);
    return status;
}

static lanes_status fuse_again(lanes_session *session, lanes_client_source *source,
                               lanes_error *err)
{
    lanes_abi_kernel_fuse request = source->fuse;
    for (uint32_t n = 0; n < request.node_count; n++) {
        lanes_client_source *node = source->node[n];
        if (!node->is_there) {
            LANES_TRY(load_again(session, node, err));
        }
        request.node[n].kernel = node->fresh;
    }
    return exchange(session, &request.header, -1, source, err);
}

/** Release what was loaded to be a node of @p kernel only. */
static lanes_status release_nodes(lanes_session *session, const lanes_kernel *kernel,
                                  lanes_error *err)
{
    const lanes_client_source *source = kernel->source;
    for (uint32_t n = 0; source->is_fused && n < source->fuse.node_count; n++) {
        lanes_client_source *node = source->node[n];
        if (node->is_there) {
            node->is_there = false;
            LANES_TRY(lanes_client_exchange_release(session, node->fresh, err));
        }
    }
    return LANES_OK;
}

/** Nothing is there yet. */
static void forget_all(const lanes_kernel *list)
{
    for (const lanes_kernel *k = list; k != NULL; k = k->next) {
        k->source->is_there = false;
        for (uint32_t n = 0; k->source->is_fused && n < k->source->fuse.node_count; n++) {
            k->source->node[n]->is_there = false;
        }
    }
}

/** Load the kernels of @p list that are fused, or those that are not. */
static lanes_status reload(lanes_session *session, lanes_kernel *list, bool is_fused,
                           lanes_error *err)
{
    for (lanes_kernel *k = list; k != NULL; k = k->next) {
        if (k->source->is_fused != is_fused) {
            continue;
        }
        const lanes_status status = is_fused ? fuse_again(session, k->source, err)
                                             : load_again(session, k->source, err);
        if (status < 0) {
            return lanes_error_prefix(err, status, "a kernel cannot be loaded again");
        }
        k->handle.fresh = k->source->fresh;
    }
    return LANES_OK;
}

lanes_status lanes_client_reload_kernels(lanes_session *session, lanes_error *err)
{
    lanes_kernel *lists[] = {session->kernels, session->released_kernels};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        forget_all(lists[i]);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists) * 2; i++) {
        LANES_TRY(reload(session, lists[i % 2], i >= 2, err));
    }
    /* Those with a handle stay. */
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        for (const lanes_kernel *k = lists[i]; k != NULL; k = k->next) {
            k->source->is_there = false;
        }
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lists); i++) {
        for (const lanes_kernel *k = lists[i]; k != NULL; k = k->next) {
            LANES_TRY(release_nodes(session, k, err));
        }
    }
    return LANES_OK;
}
