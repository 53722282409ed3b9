/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_fuse.c - several kernels become one.
 *
 * Only what the executor cannot be asked is checked here; whether the nodes fit each
 * other it says, since it must look anyway.
 */
#include <lanes/kernel.h>

#include <errno.h>
#include <string.h>

#include "client/client_internal.h"
#include "client/client_source.h"

void lanes_fusion_default(lanes_fusion *fusion)
{
    *fusion = (lanes_fusion){.struct_bytes = sizeof(*fusion)};
}

static lanes_status check_counts(const lanes_fusion *fusion, lanes_error *err)
{
    if (fusion->struct_bytes != sizeof(*fusion)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_fusion has struct_bytes %u, not %zu; set it with "
                               "lanes_fusion_default()",
                               fusion->struct_bytes, sizeof(*fusion));
    }
    if ((fusion->flags & ~LANES_KERNEL_STAGES) != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_fusion has unknown flags 0x%x",
                               fusion->flags & ~LANES_KERNEL_STAGES);
    }
    if (fusion->node_count == 0 || fusion->node_count > LANES_FUSION_NODES_MAX ||
        fusion->output_count == 0 || fusion->output_count > LANES_OPERANDS_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "lanes_fusion has %u nodes and %u outputs; 1 to "
                               "LANES_FUSION_NODES_MAX %u and 1 to LANES_OPERANDS_MAX %u "
                               "are possible",
                               fusion->node_count, fusion->output_count,
                               LANES_FUSION_NODES_MAX, LANES_OPERANDS_MAX);
    }
    return LANES_OK;
}

static lanes_status put_node(const lanes_session *session, const lanes_fusion *fusion,
                             uint32_t index, lanes_abi_fusion_node *out_node,
                             lanes_error *err)
{
    const lanes_fusion_node *node = &fusion->node[index];
    if (node->kernel == NULL || node->kernel->session != session) {
        return lanes_error_set(
            err, LANES_E_INVALID, "lanes_fusion.node[%u].kernel is %s", index,
            node->kernel == NULL ? "NULL; load one"
                                 : "of another session; load it in this");
    }
    memcpy(out_node->input, node->input,
           node->kernel->input_count * sizeof(node->input[0]));
    return LANES_OK;
}

/** The nodes' ids of now. */
static void fill_nodes(const void *ctx, lanes_abi_header *request)
{
    const lanes_fusion *fusion = ctx;
    lanes_abi_kernel_fuse *fuse = (lanes_abi_kernel_fuse *)(void *)request;
    for (uint32_t n = 0; n < fusion->node_count; n++) {
        fuse->node[n].kernel = fusion->node[n].kernel->handle.id;
    }
}

/** Keep what @p request is about, for a next executor; NULL: no memory. */
static lanes_client_source *make_source(const lanes_fusion *fusion,
                                        const lanes_abi_kernel_fuse *request)
{
    lanes_client_source *nodes[LANES_FUSION_NODES_MAX];
    for (uint32_t n = 0; n < fusion->node_count; n++) {
        nodes[n] = fusion->node[n].kernel->source;
    }
    return lanes_client_source_fuse(request, nodes);
}

/** Fuse what @p request describes. */
static lanes_status fuse(lanes_session *session, const lanes_fusion *fusion,
                         lanes_abi_kernel_fuse *request, lanes_kernel **out_kernel,
                         lanes_error *err)
{
    lanes_client_source *source = NULL;
    if (session->replay != NULL) {
        source = make_source(fusion, request);
        if (source == NULL) {
            return lanes_error_errno(err, ENOMEM, "kernel");
        }
    }
    lanes_abi_kernel reply;
    lanes_client_call call;
    lanes_client_kernel_call(session, &request->header, -1, &reply, &call);
    call.fill = fill_nodes;
    call.fill_ctx = fusion;
    const lanes_status status =
        lanes_client_request_kernel(session, &call, source, out_kernel, err);
    if (status < 0) {
        lanes_client_source_drop(source);
    }
    return status;
}

lanes_status lanes_kernel_fuse(lanes_session *session, const lanes_fusion *fusion,
                               lanes_kernel **out_kernel, lanes_error *err)
{
    LANES_TRY(lanes_client_check(session, err));
    LANES_TRY(check_counts(fusion, err));
    lanes_abi_kernel_fuse request = {
        .header = {.type = LANES_ABI_KERNEL_FUSE, .bytes = sizeof(request)},
        .flags = fusion->flags,
        .node_count = fusion->node_count,
        .output_count = fusion->output_count,
    };
    for (uint32_t n = 0; n < fusion->node_count; n++) {
        LANES_TRY(put_node(session, fusion, n, &request.node[n], err));
    }
    memcpy(request.output, fusion->output,
           fusion->output_count * sizeof(fusion->output[0]));
    return fuse(session, fusion, &request, out_kernel, err);
}
