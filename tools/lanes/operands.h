/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operands.h - the INPUTs of `lanes run`, `where`, the params block and the output files.
 *
 * Inputs are .npy files, mapped and never read, or numbers, used for every element. An
 * output is a file without a name until all are complete; then it takes its name at once.
 */
#ifndef LANES_CLI_OPERANDS_H
#define LANES_CLI_OPERANDS_H

#include "cli.h"
#include "npy.h"

#define CLI_INPUTS_MAX (LANES_OPERANDS_MAX - 1)

/** One INPUT, or `where`. Zero-initialise with fd -1; released by inputs_release(). */
typedef struct cli_input {
    const char *role; /* of a file, for messages: "input" or "--where" */
    const char *text; /* as typed: a path or a number */
    bool is_number;
    bool is_row; /* the kernel takes a row of it for each element */
    int fd;
    npy_header header; /* of a file */
    lanes_segment *segment;
} cli_input;

/** The shape of a batch. */
typedef struct cli_shape {
    uint32_t dimensions; /* 0: one element */
    uint64_t extents[LANES_DIMENSIONS_MAX];
    uint64_t count; /* elements */
} cli_shape;

typedef struct cli_inputs {
    uint32_t count; /* without `where` */
    bool has_where;
    cli_input item[CLI_INPUTS_MAX + 1]; /* inputs, then `where` if there is one */
    cli_shape shape;                    /* of the batch; valid after inputs_bind() */
} cli_inputs;

/**
 * Look at the arguments texts[0..count) and the file @p where, which may be NULL: open
 * files, read their headers, check that at least one is an array and `where` bool.
 */
int inputs_open(char *const *texts, uint32_t count, const char *where,
                cli_inputs *out_inputs, cli_error *err);

/**
 * Check @p inputs against the kernel and @p casting, enum lanes_casting, find the shape
 * to which all of them broadcast, rows apart, share them with the executor and fill
 * out_operands[0..inputs->count).
 */
int inputs_bind(cli_inputs *inputs, const cli_session *session, const char *kernel_name,
                uint32_t casting, lanes_operand *out_operands, cli_error *err);

/** After inputs_bind(): share `where`, which there is, and fill @p out_operand. */
int where_bind(cli_inputs *inputs, const cli_session *session, lanes_operand *out_operand,
               cli_error *err);

/** Bytes of all files of @p inputs. */
uint64_t inputs_bytes(const cli_inputs *inputs);

void inputs_release(cli_inputs *inputs);

/** The params block, in shared memory. Zero-initialise; released by params_release(). */
typedef struct cli_params {
    lanes_segment *segment; /* NULL: none */
    uint64_t bytes;
} cli_params;

/**
 * Check that the kernel takes a params block and that @p text, "FILE.npy", "NUM,NUM,..."
 * or NULL, is large enough for it; put it into a segment.
 */
int params_bind(const char *text, const cli_session *session, const char *kernel_name,
                cli_params *out_params, cli_error *err);

void params_release(cli_params *params);

/** A file that a batch writes. Set to CLI_OUTPUT_INIT; released by output_release(). */
typedef struct cli_output {
    const char *path; /* borrowed, or `resolved`: the final name */
    char *resolved;   /* owned; where a symbolic link leads */
    char *temporary;  /* owned; a name beside path, NULL while the file has none */
    bool has_mode;    /* the name was that of a file of this mode */
    uint32_t mode;
    int fd;
    uint64_t data_offset;
    uint64_t data_bytes;
    lanes_segment *segment;
} cli_output;

#define CLI_OUTPUT_INIT {.fd = -1}

/** Create the file of an array of @p shape, with its header and all its space. */
int output_create(const char *path, uint32_t dtype, const cli_shape *shape,
                  cli_output *out_output, cli_error *err);

/**
 * Share the file with the executor and fill @p out_operand, for a batch of @p shape. The
 * file's array has those of its axes that are no bit of @p reduced_axes.
 */
int output_bind(cli_output *output, lanes_session *session, uint32_t dtype,
                const cli_shape *shape, uint32_t reduced_axes, lanes_operand *out_operand,
                cli_error *err);

/** The file's first element, valid until output_release(). */
const void *output_first_element(const cli_output *output);

/** True if @p a and @p b, both created, would take one name. */
bool output_is_same(const cli_output *a, const cli_output *b);

/** Give files outputs[0..count) their names, replacing what had them. */
int outputs_commit(cli_output *outputs, uint32_t count, cli_error *err);

/** Delete the file unless it was committed. */
void output_release(cli_output *output);

#endif /* LANES_CLI_OPERANDS_H */
