/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operands.c - inputs: files and numbers, elements and rows, and `where`.
 *
 * What an input is to the kernel, an element or a row, is known only once that is loaded,
 * so shapes are broadcast then, by NumPy's rules: leading axes count elements, and the
 * last axis of a row input is the row. A row input without leading axes is one row for
 * every element.
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
        return cli_fail(err, CLI_NO_INPUT, -errno, "%s %s cannot be opened: %s",
                        input->role, input->text, strerror(errno));
    }
    if (!S_ISREG(facts.st_mode)) {
        return cli_fail(err, CLI_NO_INPUT, -ENODEV,
                        "%s %s is not a regular file, so it cannot be mapped",
                        input->role, input->text);
    }
    const lanes_status status = npy_header_read(input->fd, &input->header, &cause);
    if (status < 0) {
        return cli_fail(err, status == LANES_E_FORMAT ? CLI_BAD_DATA : CLI_NO_INPUT,
                        status, "%s %s: %s", input->role, input->text, cause.message);
    }
    return CLI_OK;
}

static uint32_t item_count(const cli_inputs *inputs)
{
    return inputs->count + (inputs->has_where ? 1 : 0);
}

static int check_where(const cli_input *where, cli_error *err)
{
    if (where->header.dtype == LANES_BOOL) {
        return CLI_OK;
    }
    return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                    "--where %s holds %s; it must be bool: save a.astype(bool)",
                    where->text, lanes_dtype_name(where->header.dtype));
}

int inputs_open(char *const *texts, uint32_t count, const char *where,
                cli_inputs *out_inputs, cli_error *err)
{
    bool has_array = false;
    *out_inputs = (cli_inputs){.count = count, .has_where = where != NULL};
    const uint32_t items = item_count(out_inputs);
    for (uint32_t i = 0; i < items; i++) {
        const bool is_where = i == count;
        const char *text = is_where ? where : texts[i];
        out_inputs->item[i] = (cli_input){
            .role = is_where ? "--where" : "input",
            /* A space in front says that "-1" is no option. */
            .text = is_where ? text : text + strspn(text, " "),
            .fd = -1,
        };
    }
    for (uint32_t i = 0; i < items; i++) {
        cli_input *input = &out_inputs->item[i];
        input->is_number = i < count && value_is_number(input->text);
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
    return where != NULL ? check_where(&out_inputs->item[count], err) : CLI_OK;
}

uint64_t inputs_bytes(const cli_inputs *inputs)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < item_count(inputs); i++) {
        const npy_header *header = &inputs->item[i].header;
        bytes += header->count * lanes_dtype_bytes(header->dtype);
    }
    return bytes;
}

/* ---- Shapes ------------------------------------------------------------------------ */

/* Axes of @p input that count elements; a number, or one row for all, has none. */
static uint32_t element_dimensions(const cli_input *input)
{
    const uint32_t dimensions = input->header.dimensions;
    return input->is_row && dimensions > 0 ? dimensions - 1 : dimensions;
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
                    "%s has shape %s and %s has shape %s, which do not broadcast: "
                    "counted from the last, axes must be of one length, or of length 1",
                    a->text, texts[0], b->text, texts[1]);
}

static int count_elements(cli_shape *shape, cli_error *err)
{
    char text[200];
    bool is_empty = false;
    uint64_t count = 1;
    for (uint32_t i = 0; i < shape->dimensions; i++) {
        const uint64_t extent = shape->extents[i];
        is_empty |= extent == 0;
        if (extent > 0 &&
            (__builtin_mul_overflow(count, extent, &count) || count > LANES_COUNT_MAX)) {
            npy_shape_format(shape->dimensions, shape->extents, text, sizeof(text));
            return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                            "the inputs broadcast to shape %s; a batch has at most %llu "
                            "elements, so run it in parts",
                            text, LANES_COUNT_MAX);
        }
    }
    shape->count = is_empty ? 0 : count;
    return CLI_OK;
}

/* The shape to which all broadcast: an axis is as long as that of any, or 1. */
static int find_shape(cli_inputs *inputs, cli_error *err)
{
    const cli_input *from[LANES_DIMENSIONS_MAX] = {NULL}; /* who says an axis is not 1 */
    cli_shape *shape = &inputs->shape;
    *shape = (cli_shape){.dimensions = 0};
    for (uint32_t i = 0; i < item_count(inputs); i++) {
        const uint32_t dimensions = element_dimensions(&inputs->item[i]);
        shape->dimensions =
            dimensions > shape->dimensions ? dimensions : shape->dimensions;
    }
    for (uint32_t axis = 0; axis < shape->dimensions; axis++) {
        shape->extents[axis] = 1;
    }
    for (uint32_t i = 0; i < item_count(inputs); i++) {
        const cli_input *input = &inputs->item[i];
        const uint32_t dimensions = element_dimensions(input);
        for (uint32_t k = 0; k < dimensions; k++) {
            const uint32_t axis = shape->dimensions - dimensions + k;
            const uint64_t extent = input->header.shape[k];
            if (from[axis] != NULL && extent != 1 && extent != shape->extents[axis]) {
                return fail_shapes(from[axis], input, err);
            }
            if (extent != 1) {
                from[axis] = input;
                shape->extents[axis] = extent;
            }
        }
    }
    return count_elements(shape, err);
}

/* How to walk @p input, a file, through the batch. */
static void fill_strides(const cli_input *input, const cli_shape *shape,
                         lanes_operand *operand)
{
    const npy_header *header = &input->header;
    const uint32_t dimensions = element_dimensions(input);
    const uint32_t added = shape->dimensions - dimensions;
    int64_t strides[LANES_DIMENSIONS_MAX];
    npy_strides(header->dimensions, header->shape, header->is_fortran,
                lanes_dtype_bytes(header->dtype), strides);
    for (uint32_t k = 0; k < dimensions; k++) {
        operand->stride[added + k] = header->shape[k] == 1 ? 0 : strides[k];
    }
}

/* ---- Operands ---------------------------------------------------------------------- */

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

static bool can_cast(const cli_input *input, uint32_t wanted, uint32_t casting)
{
    const npy_header *header = &input->header;
    if (input->is_row) {
        return header->dtype == wanted; /* the executor does not convert rows */
    }
    /* As in NumPy: a time without its unit is a number only to those who insist. */
    if (header->is_time && wanted != LANES_I8 && casting != LANES_CASTING_UNSAFE) {
        return false;
    }
    return lanes_dtype_can_cast(header->dtype, wanted, casting);
}

static int check_dtype(const cli_input *input, uint32_t index, uint32_t wanted,
                       uint32_t casting, cli_error *err)
{
    if (can_cast(input, wanted, casting)) {
        return CLI_OK;
    }
    const npy_header *header = &input->header;
    const char *held = header->is_time ? "times (i8)" : lanes_dtype_name(header->dtype);
    const char *name = lanes_dtype_name(wanted);
    const bool is_f8 = wanted == LANES_F4 && header->dtype == LANES_F8;
    const char *note = is_f8 ? ", or use f8 in the signature, where 'float' is C's float "
                               "(f4) and not Python's (f8)"
                             : "";
    uint32_t least = casting;
    while (least <= LANES_CASTING_UNSAFE && !can_cast(input, wanted, least)) {
        least++;
    }
    if (least <= LANES_CASTING_UNSAFE) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                        "%s holds %s but the kernel wants %s for input %u, and "
                        "--casting=%s does not allow that; convert it with "
                        "a.astype('%s') or use --casting=%s%s",
                        input->text, held, name, index + 1, lanes_casting_name(casting),
                        name, lanes_casting_name(least), note);
    }
    return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                    "%s holds %s but the kernel wants %s for input %u, and %s; convert "
                    "it with a%s.astype('%s')%s",
                    input->text, held, name, index + 1,
                    input->is_row ? "rows are not converted, whatever --casting is"
                                  : "no --casting makes complex numbers real",
                    lanes_dtype_part_count(header->dtype) > lanes_dtype_part_count(wanted)
                        ? ".real"
                        : "",
                    name, note);
}

/* Elements of each row of a file: its last axis, along which they lie side by side. */
static int find_row_count(const cli_input *input, uint32_t *out_count, cli_error *err)
{
    const npy_header *header = &input->header;
    const uint32_t dimensions = header->dimensions;
    const uint64_t count = dimensions > 0 ? header->shape[dimensions - 1] : 1;
    if (count == 0 || count > INT32_MAX) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                        "%s has rows of %llu elements; the kernel takes 1 to %d",
                        input->text, (unsigned long long)count, INT32_MAX);
    }
    if (header->is_fortran && count > 1) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_SHAPE,
                        "%s is in Fortran order, so the elements of its rows do not lie "
                        "side by side; save numpy.ascontiguousarray(a)",
                        input->text);
    }
    *out_count = (uint32_t)count;
    return CLI_OK;
}

/* Shares a file of any kind, whose row_count is set. */
static int share_file(cli_input *input, const cli_session *session,
                      const cli_shape *shape, lanes_operand *operand, cli_error *err)
{
    lanes_error cause;
    if (lanes_segment_attach_fd(session->session, input->fd, LANES_SEGMENT_READ_ONLY,
                                &input->segment, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "%s %s cannot be shared", input->role,
                              input->text);
    }
    fill_strides(input, shape, operand);
    operand->segment = input->segment;
    operand->offset = input->header.data_offset;
    operand->dtype = input->header.dtype;
    return CLI_OK;
}

static int bind_file(cli_input *input, const cli_session *session, uint32_t index,
                     const cli_shape *shape, uint32_t casting, lanes_operand *operand,
                     cli_error *err)
{
    int exit_code = check_dtype(input, index, operand->dtype, casting, err);
    if (exit_code == CLI_OK && input->is_row) {
        exit_code = find_row_count(input, &operand->row_count, err);
    }
    return exit_code == CLI_OK ? share_file(input, session, shape, operand, err)
                               : exit_code;
}

int inputs_bind(cli_inputs *inputs, const cli_session *session, const char *kernel_name,
                uint32_t casting, lanes_operand *out_operands, cli_error *err)
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
                                     : bind_file(input, session, i, &inputs->shape,
                                                 casting, operand, err);
    }
    return exit_code;
}

int where_bind(cli_inputs *inputs, const cli_session *session, lanes_operand *out_operand,
               cli_error *err)
{
    *out_operand = (lanes_operand){.row_count = 0};
    return share_file(&inputs->item[inputs->count], session, &inputs->shape, out_operand,
                      err);
}

void inputs_release(cli_inputs *inputs)
{
    for (uint32_t i = 0; i < item_count(inputs); i++) {
        lanes_segment_release(inputs->item[i].segment);
        inputs->item[i].segment = NULL;
        if (inputs->item[i].fd >= 0) {
            close(inputs->item[i].fd);
            inputs->item[i].fd = -1;
        }
    }
}
