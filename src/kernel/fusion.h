/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fusion.h - several callbacks as one: what stands where a request to compile has IR.
 *
 * A lanes_fusion_table, then the IR of each node, each with a NUL behind it and at a
 * multiple of 8 bytes (lanes_fusion_ir_offset()). A node is a callback with the source
 * of each of its inputs; sources are earlier nodes or inputs of the whole, so the list is
 * a graph without cycles in an order in which it can be computed.
 */
#ifndef LANES_KERNEL_FUSION_H
#define LANES_KERNEL_FUSION_H

#include <lanes/abi.h>

#include "kernel/signature.h"

/** A callback, as its own request to compile would have it, and its sources. */
typedef struct lanes_fusion_entry {
    uint64_t ir_bytes;
    uint32_t convention;                        /* enum lanes_convention */
    uint32_t reserved;                          /* 0 */
    lanes_abi_source input[LANES_OPERANDS_MAX]; /* as many as it has inputs; unused: 0 */
    char entry[LANES_ENTRY_NAME_MAX];
    char signature[LANES_SIGNATURE_TEXT_MAX];
} lanes_fusion_entry;

typedef struct lanes_fusion_table {
    uint32_t node_count; /* 1 .. LANES_FUSION_NODES_MAX */
    uint32_t output_count;
    lanes_abi_source output[LANES_OPERANDS_MAX];
    lanes_fusion_entry node[LANES_FUSION_NODES_MAX];
} lanes_fusion_table;

/** Where the IR of node @p index begins; of node_count: bytes of the whole. */
uint64_t lanes_fusion_ir_offset(const lanes_fusion_table *table, uint32_t index);

/**
 * Check how the nodes are wired, and find the signature of the whole.
 *
 * @param nodes  signature of each node
 * @return LANES_OK; LANES_E_INVALID, LANES_E_DTYPE with a text that names the node
 */
LANES_NODISCARD lanes_status lanes_fusion_signature(const lanes_fusion_table *table,
                                                    const lanes_signature *nodes,
                                                    lanes_signature *out_signature,
                                                    lanes_error *err);

#endif /* LANES_KERNEL_FUSION_H */
