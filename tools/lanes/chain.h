/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - --then: each kernel takes what the one before it gives.
 */
#ifndef LANES_CLI_CHAIN_H
#define LANES_CLI_CHAIN_H

#include "cli.h"

/**
 * Load the kernels of --then and make one of them all, which takes the place of
 * session->kernel: outputs of each are the first inputs of the next, whose other inputs
 * follow those of the kernels before it.
 */
int chain_fuse(const cli_kernel_options *options, uint32_t kernel_flags,
               cli_session *session, cli_error *err);

#endif /* LANES_CLI_CHAIN_H */
