/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.c - see chain.h.
 */
#include "chain.h"

#include "source.h"

/* Kernels of a chain; the first is the session's, the others are owned. */
struct chain {
    lanes_kernel *kernel[LANES_FUSION_NODES_MAX];
    uint32_t count;
};

static int load_next(const cli_kernel_options *options, const char *name,
                     const cli_session *session, struct chain *chain, cli_error *err)
{
    source ir = {0};
    int exit_code = source_load(name, NULL, &ir, err);
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    lanes_error cause;
    lanes_kernel_options kernel_options;
    lanes_kernel_options_default(&kernel_options);
    kernel_options.signature = ir.signature;
    kernel_options.math = options->math;
    kernel_options.fp = options->fp;
    if (lanes_kernel_load(session->session, ir.text, ir.bytes, &kernel_options,
                          &chain->kernel[chain->count], &cause) < 0) {
        exit_code = cli_fail_lanes(err, &cause, "%s", name);
    } else {
        chain->count++;
    }
    source_release(&ir);
    return exit_code;
}

/* The name by which the user calls a kernel of the chain. */
static const char *name_of(const cli_kernel_options *options, uint32_t index)
{
    return index == 0 ? options->kernel : options->then[index - 1];
}

static int wire(const cli_kernel_options *options, const struct chain *chain,
                lanes_fusion *out_fusion, cli_error *err)
{
    uint32_t input = 0;
    uint32_t passed = 0; /* outputs of the kernel before */
    lanes_fusion_default(out_fusion);
    out_fusion->node_count = chain->count;
    for (uint32_t n = 0; n < chain->count; n++) {
        lanes_fusion_node *node = &out_fusion->node[n];
        const uint32_t count = lanes_kernel_input_count(chain->kernel[n]);
        if (passed > count) {
            return cli_fail(err, CLI_BAD_DATA, LANES_E_OPERANDS,
                            "%s has %u inputs, but %s before it gives %u results",
                            name_of(options, n), count, name_of(options, n - 1), passed);
        }
        node->kernel = chain->kernel[n];
        for (uint32_t i = 0; i < count; i++) {
            node->input[i] = i < passed ? (lanes_source){n - 1, i}
                                        : (lanes_source){LANES_FUSION_INPUT, input++};
        }
        passed = lanes_kernel_output_count(chain->kernel[n]);
    }
    out_fusion->output_count = passed;
    for (uint32_t k = 0; k < passed; k++) {
        out_fusion->output[k] = (lanes_source){chain->count - 1, k};
    }
    return CLI_OK;
}

static int fuse(const cli_kernel_options *options, uint32_t kernel_flags,
                const struct chain *chain, cli_session *session, cli_error *err)
{
    lanes_fusion fusion;
    lanes_kernel *fused = NULL;
    lanes_error cause;
    const int exit_code = wire(options, chain, &fusion, err);
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    fusion.flags = kernel_flags;
    if (lanes_kernel_fuse(session->session, &fusion, &fused, &cause) < 0) {
        cli_fail_lanes(err, &cause, "%s --then %s", options->kernel, options->then[0]);
        err->exit_code = cause.code == LANES_E_INVALID ? CLI_BAD_DATA : err->exit_code;
        return err->exit_code;
    }
    lanes_kernel_release(session->kernel);
    session->kernel = fused;
    return CLI_OK;
}

int chain_fuse(const cli_kernel_options *options, uint32_t kernel_flags,
               cli_session *session, cli_error *err)
{
    struct chain chain = {.kernel = {session->kernel}, .count = 1};
    int exit_code = CLI_OK;
    for (uint32_t i = 0; i < options->then_count && exit_code == CLI_OK; i++) {
        exit_code = load_next(options, options->then[i], session, &chain, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = fuse(options, kernel_flags, &chain, session, err);
    }
    for (uint32_t i = 1; i < chain.count; i++) {
        lanes_kernel_release(chain.kernel[i]);
    }
    return exit_code;
}
