/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_fuse.h - several callbacks as one kernel; README.md, Fused kernels.
 */
#ifndef LANES_CODEGEN_FUSE_H
#define LANES_CODEGEN_FUSE_H

#include "codegen/codegen_internal.h"
#include "kernel/fusion.h"

/**
 * One of them. It has a lanes_codegen of its own, in the whole's context and for its
 * machine, until its module goes into the whole's.
 */
typedef struct lanes_codegen_node {
    lanes_codegen cg;
    lanes_compile_request request;
    uint8_t identity[LANES_IDENTITY_BYTES];
} lanes_codegen_node;

typedef struct lanes_codegen_fusion {
    const lanes_fusion_table *table; /* borrowed; behind it the IR of all nodes */
    lanes_codegen_node node[LANES_FUSION_NODES_MAX]; /* table->node_count of them */
} lanes_codegen_fusion;

/* codegen_fuse.c */

/** Make cg->fusion of a request that has nodes. */
LANES_NODISCARD lanes_status lanes_codegen_open_fusion(lanes_codegen *cg);

/** Free it; NULL is allowed. */
void lanes_codegen_close_fusion(lanes_codegen_fusion *fusion);

/** lanes_codegen_prepare() for a fused kernel: each node, and the signature, call and
 * exceptions of the whole. */
LANES_NODISCARD lanes_status lanes_codegen_prepare_nodes(lanes_codegen *cg);

/** lanes_codegen_identify() for a fused kernel. */
LANES_NODISCARD lanes_status lanes_codegen_identify_nodes(
    lanes_codegen *cg, uint8_t out_identity[LANES_IDENTITY_BYTES]);

/**
 * Make cg->module, with the element of each node under the names that
 * lanes_codegen_format_node() gives; they are external until lanes_codegen_hide_nodes().
 */
LANES_NODISCARD lanes_status lanes_codegen_join_nodes(lanes_codegen *cg);

void lanes_codegen_hide_nodes(lanes_codegen *cg);

/** Write the name of node @p index's copy of @p element, such as "lanes.element.3". */
void lanes_codegen_format_node(const char *element, uint32_t index, char out_name[48]);

/* codegen_graph.c */

/** lanes_codegen_put_element() for a fused kernel. */
void lanes_codegen_put_graph(const lanes_codegen *cg, const char *name, FILE *out);

/** lanes_codegen_put_declarations() for a fused kernel. */
void lanes_codegen_put_node_declarations(const lanes_codegen *cg, FILE *out);

#endif /* LANES_CODEGEN_FUSE_H */
