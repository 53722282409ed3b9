/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operands.h - the INPUTs of `lanes run` and its output file.
 *
 * Inputs are .npy files, mapped and never read, or numbers, used for every element. The
 * output is a file without a name until it is complete; then it takes its name at once.
 */
#ifndef LANES_CLI_OPERANDS_H
#define LANES_CLI_OPERANDS_H

#include "cli.h"
#include "npy.h"

#define CLI_INPUTS_MAX (LANES_OPERANDS_MAX - 1)

/** One INPUT. Zero-initialise with fd -1; released by inputs_release(). */
typedef struct cli_input {
    const char *text; /* as typed: a path or a number */
    bool is_number;
    int fd;
    npy_header header; /* of a file */
    lanes_segment *segment;
} cli_input;

typedef struct cli_inputs {
    uint32_t count;
    cli_input item[CLI_INPUTS_MAX];
    npy_header shape; /* of the batch: dimensions, shape and count are valid */
} cli_inputs;

/**
 * Look at the arguments texts[0..count): open files, read their headers, check that at
 * least one is an array and that all arrays have one shape.
 */
int inputs_open(char *const *texts, uint32_t count, cli_inputs *out_inputs,
                cli_error *err);

/**
 * Check @p inputs against the kernel, share them with the executor and fill
 * out_operands[0..inputs->count).
 */
int inputs_bind(cli_inputs *inputs, const cli_session *session, const char *kernel_name,
                lanes_operand *out_operands, cli_error *err);

void inputs_release(cli_inputs *inputs);

/** The file that a batch writes. */
typedef struct cli_output {
    const char *path; /* borrowed, or `resolved`: the final name */
    char *resolved;   /* owned; where a symbolic link leads */
    char *temporary;  /* owned; a name beside path, NULL while the file has none */
    int fd;
    uint64_t data_offset;
    lanes_segment *segment;
} cli_output;

#define CLI_OUTPUT_INIT {.fd = -1}

/** Create the file with its header and all its space. */
int output_create(const char *path, uint32_t dtype, const npy_header *shape,
                  cli_output *out_output, cli_error *err);

/** Share the file with the executor and fill @p out_operand. */
int output_bind(cli_output *output, lanes_session *session, uint32_t dtype,
                const npy_header *shape, lanes_operand *out_operand, cli_error *err);

/** Give the file its name, replacing what had it. */
int output_commit(cli_output *output, cli_error *err);

/** Delete the file unless it was committed. */
void output_release(cli_output *output);

#endif /* LANES_CLI_OPERANDS_H */
