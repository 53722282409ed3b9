/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fuse.c - requests to make one kernel of several.
 *
 * All that is new is what stands in the place of IR: a table and copies of the nodes' IR
 * (kernel/fusion.h). So the nodes may be released at once, and variants, exceptions and
 * what is kept on disk are as with any kernel.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/fusion.h"

/* The nodes of a request. */
struct nodes {
    const lanes_server_kernel *kernel[LANES_FUSION_NODES_MAX];
    uint32_t count;
};

static lanes_status check_request(const lanes_abi_kernel_fuse *request, lanes_error *err)
{
    if ((request->flags & ~LANES_ABI_KERNEL_STAGES) != 0 || request->reserved != 0) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "fusion flags 0x%x or reserved %u are unknown",
                               request->flags, request->reserved);
    }
    if (request->node_count == 0 || request->node_count > LANES_FUSION_NODES_MAX) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "a fusion of %u nodes is not possible; 1 to %u are",
                               request->node_count, LANES_FUSION_NODES_MAX);
    }
    return LANES_OK;
}

/* The loop has one math mode, and one set of flags. */
static lanes_status check_options(const struct nodes *nodes, uint32_t index,
                                  lanes_error *err)
{
    const lanes_compile_request *first = &nodes->kernel[0]->request;
    const lanes_compile_request *own = &nodes->kernel[index]->request;
    if (own->math != first->math || own->fp != first->fp) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "node %u was loaded with math %u and fp 0x%x, node 0 with "
                               "math %u and fp 0x%x; "
                               "load both with the same",
                               index, own->math, own->fp, first->math, first->fp);
    }
    return LANES_OK;
}

static lanes_status find_nodes(const lanes_server_session *session,
                               const lanes_abi_kernel_fuse *request,
                               struct nodes *out_nodes, lanes_error *err)
{
    out_nodes->count = request->node_count;
    for (uint32_t n = 0; n < request->node_count; n++) {
        lanes_server_kernel *kernel = NULL;
        const lanes_status status =
            lanes_server_kernel_find(session, request->node[n].kernel, &kernel, err);
        if (status < 0) {
            return lanes_error_prefix(err, status, "node %u", n);
        }
        LANES_ASSERT(kernel != NULL);
        if (kernel->request.node_count != 0) {
            return lanes_error_set(
                err, LANES_E_INVALID,
                "node %u is a fused kernel itself; name the %u kernels "
                "that it is made of as nodes",
                n, kernel->request.node_count);
        }
        out_nodes->kernel[n] = kernel;
        LANES_TRY(check_options(out_nodes, n, err));
    }
    return LANES_OK;
}

static void fill_entry(const lanes_server_kernel *kernel,
                       const lanes_abi_fusion_node *node, lanes_fusion_entry *out_entry)
{
    const lanes_compile_request *request = &kernel->request;
    out_entry->ir_bytes = kernel->ir_bytes;
    out_entry->convention = request->convention;
    memcpy(out_entry->input, node->input,
           kernel->checked.signature.input_count * sizeof(node->input[0]));
    /* Both end, as check_load() has seen; what is behind their ends is the client's. */
    memcpy(out_entry->entry, request->entry, strlen(request->entry));
    memcpy(out_entry->signature, request->signature, strlen(request->signature));
}

/* The client is told what does not fit before anything is compiled. */
static lanes_status check_wiring(const lanes_fusion_table *table,
                                 const struct nodes *nodes, lanes_error *err)
{
    lanes_signature signature[LANES_FUSION_NODES_MAX];
    lanes_signature whole;
    for (uint32_t n = 0; n < nodes->count; n++) {
        signature[n] = nodes->kernel[n]->checked.signature;
    }
    return lanes_fusion_signature(table, signature, &whole, err);
}

static lanes_status fill_table(const lanes_abi_kernel_fuse *request,
                               const struct nodes *nodes, lanes_fusion_table *table,
                               lanes_error *err)
{
    table->node_count = request->node_count;
    table->output_count = request->output_count;
    memcpy(table->output, request->output,
           (request->output_count < LANES_OPERANDS_MAX ? request->output_count
                                                       : LANES_OPERANDS_MAX) *
               sizeof(table->output[0]));
    for (uint32_t n = 0; n < nodes->count; n++) {
        fill_entry(nodes->kernel[n], &request->node[n], &table->node[n]);
    }
    LANES_TRY(check_wiring(table, nodes, err));
    const uint64_t bytes = lanes_fusion_ir_offset(table, nodes->count);
    if (bytes > LANES_IR_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_IR_LIMIT,
                               "the IR of the %u nodes has %" PRIu64
                               " bytes; together it can have %u",
                               nodes->count, bytes, LANES_IR_BYTES_MAX);
    }
    return LANES_OK;
}

/* Table and IR, zero in between: what is asked for is looked up by its bytes. */
static char *make_block(const lanes_fusion_table *table, const struct nodes *nodes,
                        uint64_t bytes)
{
    char *block = calloc(1, bytes);
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, table, sizeof(*table));
    for (uint32_t n = 0; n < nodes->count; n++) {
        memcpy(block + lanes_fusion_ir_offset(table, n), nodes->kernel[n]->ir,
               nodes->kernel[n]->ir_bytes);
    }
    return block;
}

static lanes_status begin_load(lanes_server_session *session,
                               const lanes_abi_kernel_fuse *request,
                               const struct nodes *nodes, lanes_fusion_table *table,
                               lanes_error *err)
{
    LANES_TRY(fill_table(request, nodes, table, err));
    const lanes_compile_request compile = {
        .ir_bytes = lanes_fusion_ir_offset(table, nodes->count),
        .flags = request->flags,
        .math = nodes->kernel[0]->request.math,
        .fp = nodes->kernel[0]->request.fp,
        .node_count = nodes->count,
    };
    LANES_TRY(
        lanes_server_bytes_room(session, "a fusion with IR", compile.ir_bytes, err));
    char *block = make_block(table, nodes, compile.ir_bytes);
    if (block == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for %" PRIu64 " bytes of IR",
                               compile.ir_bytes);
    }
    return lanes_server_kernel_load(session, &request->header, &compile, block, err);
}

lanes_status lanes_server_on_kernel_fuse(lanes_server_session *session,
                                         const void *message, int fd, lanes_error *err)
{
    (void)fd;
    const lanes_abi_kernel_fuse *request = message;
    struct nodes nodes;
    LANES_TRY(lanes_server_kernel_room(session, err));
    LANES_TRY(check_request(request, err));
    LANES_TRY(find_nodes(session, request, &nodes, err));
    lanes_fusion_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a fusion");
    }
    const lanes_status status = begin_load(session, request, &nodes, table, err);
    free(table);
    return status;
}

uint64_t lanes_server_node_bytes(const lanes_server_kernel *kernel, uint32_t node)
{
    if (kernel->request.node_count == 0) {
        return node == 0 ? kernel->ir_bytes : 0;
    }
    const lanes_fusion_table *table =
        (const lanes_fusion_table *)(const void *)kernel->ir;
    return node < table->node_count ? table->node[node].ir_bytes : 0;
}
