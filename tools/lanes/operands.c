/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operands.c - inputs: files and numbers.
 */
#include "operands.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/dtype.h"

/* What strtod() understands as a whole is a number: a file called "1" is "./1". */
static bool is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && *end == '\0';
}

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

static bool have_one_shape(const npy_header *a, const npy_header *b)
{
    return a->dimensions == b->dimensions &&
           memcmp(a->shape, b->shape, a->dimensions * sizeof(a->shape[0])) == 0;
}

static int check_shapes(cli_inputs *inputs, cli_error *err)
{
    const cli_input *first = NULL;
    for (uint32_t i = 0; i < inputs->count; i++) {
        const cli_input *input = &inputs->item[i];
        if (input->is_number) {
            continue;
        }
        if (first == NULL) {
            first = input;
        } else if (!have_one_shape(&first->header, &input->header)) {
            char texts[2][160];
            npy_shape_format(first->header.dimensions, first->header.shape, texts[0],
                             sizeof(texts[0]));
            npy_shape_format(input->header.dimensions, input->header.shape, texts[1],
                             sizeof(texts[1]));
            return cli_fail(
                err, CLI_BAD_DATA, LANES_E_SHAPE,
                "%s has shape %s and %s has shape %s; all arrays must have one "
                "shape",
                first->text, texts[0], input->text, texts[1]);
        }
    }
    if (first == NULL) {
        return cli_fail(
            err, CLI_USAGE, LANES_E_SHAPE,
            "all inputs are numbers; at least one must be an array (.npy file), "
            "which says how many elements there are");
    }
    inputs->shape = first->header;
    return CLI_OK;
}

int inputs_open(char *const *texts, uint32_t count, cli_inputs *out_inputs,
                cli_error *err)
{
    *out_inputs = (cli_inputs){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        out_inputs->item[i] = (cli_input){.text = texts[i], .fd = -1};
    }
    for (uint32_t i = 0; i < count; i++) {
        cli_input *input = &out_inputs->item[i];
        input->is_number = is_number(input->text);
        if (!input->is_number) {
            const int exit_code = open_file(input, err);
            if (exit_code != CLI_OK) {
                return exit_code;
            }
        }
    }
    return check_shapes(out_inputs, err);
}

/* An integer in [low, high]: decimal digits, or a float with that very value ("1e3"). */
static bool parse_integer(const char *text, int64_t low, int64_t high, int64_t *out_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0') {
        const double number = strtod(text, NULL);
        /* 2^63 is the first double that no int64_t holds. */
        if (!(number >= -0x1p63 && number < 0x1p63) || number < floor(number) ||
            number > floor(number)) {
            return false;
        }
        errno = 0;
        value = (long long)number;
    }
    if (errno != 0 || value < low || value > high) {
        return false;
    }
    *out_value = value;
    return true;
}

/* Stores the number @p text as one element; false if @p dtype cannot hold it. */
static bool store_number(const char *text, uint32_t dtype, void *element)
{
    int64_t integer;
    int32_t small;
    double number;
    float single;
    switch (dtype) {
    case LANES_I4:
        if (!parse_integer(text, INT32_MIN, INT32_MAX, &integer)) {
            return false;
        }
        small = (int32_t)integer;
        memcpy(element, &small, sizeof(small));
        return true;
    case LANES_I8:
        if (!parse_integer(text, INT64_MIN, INT64_MAX, &integer)) {
            return false;
        }
        memcpy(element, &integer, sizeof(integer));
        return true;
    case LANES_F4:
        errno = 0;
        single = strtof(text, NULL);
        memcpy(element, &single, sizeof(single));
        return errno != ERANGE || !isinf(single);
    case LANES_F8:
        errno = 0;
        number = strtod(text, NULL);
        memcpy(element, &number, sizeof(number));
        return errno != ERANGE || !isinf(number);
    default:
        return false;
    }
}

static int bind_number(cli_input *input, const cli_session *session, uint32_t index,
                       lanes_operand *operand, cli_error *err)
{
    const char *dtype_name = lanes_dtype_name(operand->dtype);
    lanes_error cause;
    uint64_t element = 0; /* the widest dtype */
    if (!store_number(input->text, operand->dtype, &element)) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_DTYPE,
                        "input %u is the number %s, which %s, the kernel's dtype for it, "
                        "cannot represent",
                        index + 1, input->text, dtype_name);
    }
    if (lanes_segment_create(session->session, sizeof(element), &input->segment, &cause) <
        0) {
        return cli_fail_lanes(err, &cause, "shared memory for the number %s",
                              input->text);
    }
    memcpy(lanes_segment_data(input->segment), &element,
           lanes_dtype_bytes(operand->dtype));
    operand->segment = input->segment;
    return CLI_OK;
}

static int bind_file(cli_input *input, const cli_session *session, uint32_t index,
                     lanes_operand *operand, cli_error *err)
{
    lanes_error cause;
    if (input->header.dtype != operand->dtype) {
        const char *wanted = lanes_dtype_name(operand->dtype);
        return cli_fail(
            err, CLI_BAD_DATA, LANES_E_DTYPE,
            "%s holds %s but the kernel wants %s for input %u; convert it with "
            "a.astype('%s')",
            input->text, lanes_dtype_name(input->header.dtype), wanted, index + 1,
            wanted);
    }
    if (lanes_segment_attach_fd(session->session, input->fd, LANES_SEGMENT_READ_ONLY,
                                &input->segment, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "input %s cannot be shared", input->text);
    }
    int64_t stride = lanes_dtype_bytes(operand->dtype);
    for (uint32_t i = input->header.dimensions; i > 0; i--) {
        operand->stride[i - 1] = stride;
        stride *= (int64_t)input->header.shape[i - 1];
    }
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
        cli_input *input = &inputs->item[i];
        lanes_operand *operand = &out_operands[i];
        *operand = (lanes_operand){.dtype = lanes_kernel_dtype(session->kernel, i)};
        const int exit_code = input->is_number
                                  ? bind_number(input, session, i, operand, err)
                                  : bind_file(input, session, i, operand, err);
        if (exit_code != CLI_OK) {
            return exit_code;
        }
    }
    return CLI_OK;
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
