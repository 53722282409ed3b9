/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operands.c - inputs: files and numbers, elements and rows.
 *
 * What an input is to the kernel, an element or a row, is known only once that is loaded,
 * so shapes are compared then: leading axes count elements, and the last axis of a row
 * input is the row. A row input without leading axes is one row for every element.
 */
#include "operands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/dtype.h"
#include "value.h"

static int open_file(cli_input *input, cli_error *err)
{
    struct stat facts;
    lanes_error cause;
    input->fd = open(input->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (input->fd < 0 || fstat(input->fd, &facts) != 0) {
        return cli_fail(err, CLI_NO_INPUT, -errno, "input %s cannot be opened: %s",
                        input->text, strerror(errno));
    }
    if (!S_ISREG(facts.st_mode)) {
        return cli_fail(err, CLI_NO_INPUT, -ENODEV,
                        "input %s is not a regular file, so it cannot be mapped",
                        input->text);
    }
    const lanes_status status = npy_header_read(input->fd, &input->header, &cause);
    if (status < 0) {
        return cli_fail(err, status == LANES_E_FORMAT ? CLI_BAD_DATA : CLI_NO_INPUT,
                        status, "input %s: %s", input->text, cause.message);
    }
    return CLI_OK;
}

int inputs_open(char *const *texts, uint32_t count, cli_inputs *out_inputs,
                cli_error *err)
{
    bool has_array = false;
    *out_inputs = (cli_inputs){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        /* A space in front says that "-1" is no option. */
        out_inputs->item[i] =
            (cli_input){.text = texts[i] + strspn(texts[i], " "), .fd = -1};
    }
    for (uint32_t i = 0; i < count; i++) {
        cli_input *input = &out_inputs->item[i];
        input->is_number = value_is_number(input->text);
        has_array |= !input->is_number;
        if (!input->is_number) {
            const int exit_code = open_file(input, err);
            if (exit_code != CLI_OK) {
                return exit_code;
            }
        }
    }
    if (!has_array) {
        return cli_fail(
            err, CLI_USAGE, LANES_E_SHAPE,
            "all inputs are numbers; at least one must be an array (.npy file), "
            "which says how many elements there are");
    }
    return CLI_OK;
}

/* ---- Shapes ------------------------------------------------------------------------ */

/* Axes of @p input that count elements. */
static uint32_t element_dimensions(const cli_input *input)
{
    const uint32_t dimensions = input->header.dimensions;
    return input->is_row && dimensions > 0 ? dimensions - 1 : dimensions;
}

/* A number, or one row for every element. */
static bool is_uniform(const cli_input *input)
{
    return input->is_number || (input->is_row && element_dimensions(input) == 0);
}

static bool have_one_shape(const cli_input *a, const cli_input *b)
{
    const uint32_t dimensions = element_dimensions(a);
    return dimensions == element_dimensions(b) &&
           memcmp(a->header.shape, b->header.shape, dimensions * sizeof(uint64_t)) == 0;
}

static int fail_shapes(const cli_input *a, const cli_input *b, cli_error *err)
{
    const cli_input *const inputs[] = {a, b};
    char texts[2][200];
    for (size_t i = 0; i < CLI_COUNT_OF(inputs); i++) {
        const npy_header *header = &inputs[i]->header;
        const char *suffix = inputs[i]->is_row ? " with rows as the last axis" : "";
        npy_shape_format(header->dimensions, header->shape, texts[i],
                         sizeof(texts[i]) - 32);
        snprintf(strchr(texts[i], '\0'), 32, "%s", suffix);
    }
    return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                    "%s has shape %s and %s has shape %s; all arrays must have one shape",
                    a->text, texts[0], b->text, texts[1]);
}

static int find_shape(cli_inputs *inputs, cli_error *err)
{
    const cli_input *first = NULL;
    for (uint32_t i = 0; i < inputs->count; i++) {
        const cli_input *input = &inputs->item[i];
        if (is_uniform(input)) {
            continue;
        }
        if (first == NULL) {
            first = input;
        } else if (!have_one_shape(first, input)) {
            return fail_shapes(first, input, err);
        }
    }
    cli_shape shape = {.count = 1};
    if (first != NULL) {
        shape.dimensions = element_dimensions(first);
        memcpy(shape.extents, first->header.shape, sizeof(shape.extents));
    }
    /* No overflow: the file has as many elements or more, unless it has none. */
    for (uint32_t i = 0; i < shape.dimensions; i++) {
        shape.count = shape.extents[i] == 0 ? 0 : shape.count * shape.extents[i];
    }
    inputs->shape = shape;
    return CLI_OK;
}

/* ---- Operands ---------------------------------------------------------------------- */

void operand_fill_strides(lanes_operand *operand, uint32_t dimensions,
                          const uint64_t *extents, uint64_t bytes)
{
    /* Unsigned: an array without elements may have extents whose product wraps. */
    for (uint32_t i = dimensions; i > 0; i--) {
        operand->stride[i - 1] = (int64_t)bytes;
        bytes *= extents[i - 1];
    }
}

static int bind_number(cli_input *input, const cli_session *session, uint32_t index,
                       lanes_operand *operand, cli_error *err)
{
    lanes_error cause;
    unsigned char element[VALUE_BYTES_MAX];
    if (!value_store(input->text, operand->dtype, element)) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                        "input %u is the number %s, which %s, the kernel's dtype for it, "
                        "cannot represent",
                        index + 1, input->text, lanes_dtype_name(operand->dtype));
    }
    if (lanes_segment_create(session->session, sizeof(element), &input->segment, &cause) <
        0) {
        return cli_fail_lanes(err, &cause, "shared memory for the number %s",
                              input->text);
    }
    memcpy(lanes_segment_data(input->segment), element,
           lanes_dtype_bytes(operand->dtype));
    operand->segment = input->segment;
    operand->row_count = input->is_row ? 1 : 0;
    return CLI_OK;
}

static int check_dtype(const cli_input *input, uint32_t index, uint32_t wanted,
                       cli_error *err)
{
    if (input->header.dtype == wanted) {
        return CLI_OK;
    }
    const char *name = lanes_dtype_name(wanted);
    const bool is_f8 = wanted == LANES_F4 && input->header.dtype == LANES_F8;
    return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                    "%s holds %s but the kernel wants %s for input %u; convert it with "
                    "a.astype('%s')%s",
                    input->text, lanes_dtype_name(input->header.dtype), name, index + 1,
                    name,
                    is_f8 ? ", or use f8 in the signature, where 'float' is C's float "
                            "(f4) and not Python's (f8)"
                          : "");
}

/* Elements of each row of a file: its last axis. */
static int find_row_count(const cli_input *input, uint32_t *out_count, cli_error *err)
{
    const uint32_t dimensions = input->header.dimensions;
    const uint64_t count = dimensions > 0 ? input->header.shape[dimensions - 1] : 1;
    if (count == 0 || count > INT32_MAX) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                        "%s has rows of %llu elements; the kernel takes 1 to %d",
                        input->text, (unsigned long long)count, INT32_MAX);
    }
    *out_count = (uint32_t)count;
    return CLI_OK;
}

static int bind_file(cli_input *input, const cli_session *session, uint32_t index,
                     lanes_operand *operand, cli_error *err)
{
    lanes_error cause;
    int exit_code = check_dtype(input, index, operand->dtype, err);
    if (exit_code == CLI_OK && input->is_row) {
        exit_code = find_row_count(input, &operand->row_count, err);
    }
    if (exit_code != CLI_OK) {
        return exit_code;
    }
    if (lanes_segment_attach_fd(session->session, input->fd, LANES_SEGMENT_READ_ONLY,
                                &input->segment, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "input %s cannot be shared", input->text);
    }
    const uint64_t row_count = input->is_row ? operand->row_count : 1;
    operand_fill_strides(operand, element_dimensions(input), input->header.shape,
                         row_count * lanes_dtype_bytes(operand->dtype));
    operand->segment = input->segment;
    operand->offset = input->header.data_offset;
    return CLI_OK;
}

int inputs_bind(cli_inputs *inputs, const cli_session *session, const char *kernel_name,
                lanes_operand *out_operands, cli_error *err)
{
    const uint32_t wanted = lanes_kernel_input_count(session->kernel);
    if (inputs->count != wanted) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_OPERANDS,
                        "kernel %s takes %u inputs; %u were given", kernel_name, wanted,
                        inputs->count);
    }
    for (uint32_t i = 0; i < inputs->count; i++) {
        inputs->item[i].is_row = lanes_kernel_is_row(session->kernel, i) != 0;
    }
    int exit_code = find_shape(inputs, err);
    for (uint32_t i = 0; exit_code == CLI_OK && i < inputs->count; i++) {
        cli_input *input = &inputs->item[i];
        lanes_operand *operand = &out_operands[i];
        *operand = (lanes_operand){.dtype = lanes_kernel_dtype(session->kernel, i)};
        exit_code = input->is_number ? bind_number(input, session, i, operand, err)
                                     : bind_file(input, session, i, operand, err);
    }
    return exit_code;
}

void inputs_release(cli_inputs *inputs)
{
    for (uint32_t i = 0; i < inputs->count; i++) {
        lanes_segment_release(inputs->item[i].segment);
        inputs->item[i].segment = NULL;
        if (inputs->item[i].fd >= 0) {
            close(inputs->item[i].fd);
            inputs->item[i].fd = -1;
        }
    }
}
