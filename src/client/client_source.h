/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_source.h - what a kernel is made of, kept so that another executor can make it.
 *
 * A source belongs to the kernel that was loaded from it and to the kernels that were
 * fused of that one, each of which may be released before the other.
 */
#ifndef LANES_CLIENT_SOURCE_H
#define LANES_CLIENT_SOURCE_H

#include "base/base.h"

#include <lanes/lanes.h>

/** Opaque. Counted references. */
typedef struct lanes_client_source lanes_client_source;

/** A copy of the IR and of the request, in which ids mean nothing. @return NULL if there
 * is no memory */
lanes_client_source *lanes_client_source_load(const lanes_abi_kernel_load *request,
                                              const void *ir, size_t ir_bytes);

/** @param nodes  [request->node_count], each shared */
lanes_client_source *lanes_client_source_fuse(const lanes_abi_kernel_fuse *request,
                                              lanes_client_source *const *nodes);

/** Drop a reference. NULL is allowed. */
void lanes_client_source_drop(lanes_client_source *source);

/** Put the IR where nobody can change it any more: a sealed memfd, owned by the caller.
 */
LANES_NODISCARD lanes_status lanes_client_seal_ir(const void *ir, size_t ir_bytes,
                                                  int *out_fd, lanes_error *err);

/**
 * Load all kernels of @p session into the executor that is about to take over: sets
 * handle.fresh of each. Nodes of fused kernels that the program has released are loaded,
 * used and released again.
 */
LANES_NODISCARD lanes_status lanes_client_reload_kernels(lanes_session *session,
                                                         lanes_error *err);

#endif /* LANES_CLIENT_SOURCE_H */
