/* SPDX-License-Identifier: Apache-2.0 */
/*
 * params.c - the params block: numbers, or the bytes of a .npy file's array, copied into
 * shared memory, because a file's data is at any offset and the block is aligned.
 */
#include "operands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/dtype.h"
#include "value.h"

static int create_segment(const cli_session *session, uint64_t bytes,
                          cli_params *out_params, cli_error *err)
{
    lanes_error cause;
    /* A block without bytes still needs memory to be an address of. */
    if (lanes_segment_create(session->session, bytes > 0 ? bytes : 1,
                             &out_params->segment, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "shared memory for --params");
    }
    out_params->bytes = bytes;
    return CLI_OK;
}

static int fail_read(const char *path, int error, cli_error *err)
{
    return cli_fail(err, CLI_NO_INPUT, -error, "--params %s cannot be read: %s", path,
                    strerror(error));
}

static int read_data(int fd, const char *path, const npy_header *header,
                     const cli_params *params, cli_error *err)
{
    char *data = lanes_segment_data(params->segment);
    uint64_t done = 0;
    while (done < params->bytes) {
        const ssize_t got = pread(fd, data + done, params->bytes - done,
                                  (off_t)(header->data_offset + done));
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return fail_read(path, got < 0 ? errno : EIO, err);
        }
        done += got > 0 ? (uint64_t)got : 0;
    }
    return CLI_OK;
}

static int load_file(int fd, const char *path, const cli_session *session,
                     cli_params *out_params, cli_error *err)
{
    npy_header header;
    lanes_error cause;
    const lanes_status status = npy_header_read(fd, &header, &cause);
    if (status < 0) {
        return cli_fail(err, status == LANES_E_FORMAT ? CLI_BAD_DATA : CLI_NO_INPUT,
                        status, "--params %s: %s", path, cause.message);
    }
    if (header.is_fortran) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_FORMAT,
                        "--params %s is in Fortran order, so its bytes are not those of "
                        "its elements in turn; save numpy.ascontiguousarray(a)",
                        path);
    }
    const uint64_t bytes = header.count * lanes_dtype_bytes(header.dtype);
    const int exit_code = create_segment(session, bytes, out_params, err);
    return exit_code == CLI_OK ? read_data(fd, path, &header, out_params, err)
                               : exit_code;
}

/* Neither: says which of several numbers is none. */
static int fail_text(const char *text, int error, cli_error *err)
{
    char what[160] = "";
    const char *token = text;
    while (strchr(text, ',') != NULL && token != NULL) {
        char number[64];
        double value;
        const size_t length = strcspn(token, ",");
        snprintf(number, sizeof(number), "%.*s", (int)length, token);
        if (length >= sizeof(number) || !value_store(number, LANES_F8, &value)) {
            snprintf(what, sizeof(what), " ('%s' is not a number that f8 holds)", number);
            break;
        }
        token = token[length] == ',' ? token + length + 1 : NULL;
    }
    return cli_fail(err, CLI_NO_INPUT, -error,
                    "--params '%s' is neither NUM,NUM,...%s nor a .npy file that can be "
                    "opened: %s",
                    text, what, strerror(error));
}

static int load(const char *text, const cli_session *session, cli_params *out_params,
                cli_error *err)
{
    double *values = NULL;
    const int64_t count = value_store_list(text, &values);
    if (count > 0) {
        const uint64_t bytes = (uint64_t)count * sizeof(*values);
        const int exit_code = create_segment(session, bytes, out_params, err);
        if (exit_code == CLI_OK) {
            memcpy(lanes_segment_data(out_params->segment), values, bytes);
        }
        free(values);
        return exit_code;
    }
    const int fd = count == 0 ? open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (count < 0 || fd < 0) {
        return fail_text(text, count < 0 ? ENOMEM : errno, err);
    }
    const int exit_code = load_file(fd, text, session, out_params, err);
    close(fd);
    return exit_code;
}

int params_bind(const char *text, const cli_session *session, const char *kernel_name,
                cli_params *out_params, cli_error *err)
{
    const bool is_wanted = lanes_kernel_has_params(session->kernel) != 0;
    const uint64_t least = lanes_kernel_params_bytes(session->kernel);
    if (text == NULL && (!is_wanted || least == 0)) {
        return CLI_OK;
    }
    if (text == NULL) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_PARAMS,
                        "kernel %s reads a params block of at least %llu bytes; add "
                        "--params=FILE.npy or --params=NUM,NUM,...",
                        kernel_name, (unsigned long long)least);
    }
    if (!is_wanted) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_PARAMS,
                        "kernel %s takes no params block; leave --params away",
                        kernel_name);
    }
    const int exit_code = load(text, session, out_params, err);
    if (exit_code == CLI_OK && out_params->bytes < least) {
        return cli_fail(err, CLI_BAD_DATA, LANES_E_PARAMS,
                        "--params %s has %llu bytes; kernel %s reads at least %llu", text,
                        (unsigned long long)out_params->bytes, kernel_name,
                        (unsigned long long)least);
    }
    return exit_code;
}

void params_release(cli_params *params)
{
    lanes_segment_release(params->segment);
    *params = (cli_params){0};
}
