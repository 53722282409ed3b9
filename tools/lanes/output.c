/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - output files, which appear complete or not at all.
 *
 * Each is made without a name (O_TMPFILE), so that nothing is left behind however this
 * process ends; on file systems that cannot do that it has a hidden name beside the final
 * one. A name is put on it by link and rename, because link alone replaces nothing; a
 * file that it replaces passes its mode on.
 */
#include "operands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/dtype.h"

static int fail_create(const cli_output *output, int error, cli_error *err)
{
    return cli_fail(err, CLI_CANNOT_CREATE, -error, "output %s cannot be created: %s",
                    output->path, strerror(error));
}

/* The folder of @p path, to be freed; NULL without memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A name beside @p path for mkostemp(), to be freed; NULL without memory. */
static char *name_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char *name;
    /* Room for the longest file name: the base may use all of it. */
    if (asprintf(&name, "%.*s.%.200s.lanes-XXXXXX", (int)(base - path), path, base) < 0) {
        return NULL;
    }
    return name;
}

static int set_mode(const cli_output *output, mode_t mode, cli_error *err)
{
    return fchmod(output->fd, mode) == 0 ? CLI_OK : fail_create(output, errno, err);
}

static int open_named(cli_output *output, cli_error *err)
{
    output->temporary = name_beside(output->path);
    if (output->temporary == NULL) {
        return fail_create(output, ENOMEM, err);
    }
    output->fd = mkostemp(output->temporary, O_CLOEXEC);
    if (output->fd < 0) {
        const int error = errno;
        free(output->temporary);
        output->temporary = NULL;
        return fail_create(output, error, err);
    }
    const mode_t mask = umask(0);
    umask(mask);
    return set_mode(output, output->has_mode ? output->mode : 0666 & ~mask, err);
}

static int open_unnamed(cli_output *output, cli_error *err)
{
    char *folder = folder_of(output->path);
    if (folder == NULL) {
        return fail_create(output, ENOMEM, err);
    }
    output->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    const int error = errno;
    free(folder);
    if (output->fd >= 0) {
        return output->has_mode ? set_mode(output, output->mode, err) : CLI_OK;
    }
    /* EISDIR is how kernels without O_TMPFILE understand it. */
    if (error == EOPNOTSUPP || error == EISDIR || error == EINVAL) {
        return open_named(output, err);
    }
    return fail_create(output, error, err);
}

/* Refuses names that a rename would destroy: folders, devices, pipes. A symbolic link is
 * followed, so that it stays and its file is replaced. */
static int check_name(cli_output *output, cli_error *err)
{
    struct stat facts;
    const size_t length = strlen(output->path);
    if (length == 0 || output->path[length - 1] == '/') {
        return fail_create(output, length == 0 ? ENOENT : EISDIR, err);
    }
    if (lstat(output->path, &facts) != 0) {
        return errno == ENOENT ? CLI_OK : fail_create(output, errno, err);
    }
    if (S_ISLNK(facts.st_mode)) {
        output->resolved = realpath(output->path, NULL);
        if (output->resolved == NULL || stat(output->resolved, &facts) != 0) {
            return fail_create(output, errno, err);
        }
    }
    if (S_ISDIR(facts.st_mode)) {
        return fail_create(output, EISDIR, err);
    }
    if (!S_ISREG(facts.st_mode)) {
        return cli_fail(err, CLI_CANNOT_CREATE, -EINVAL,
                        "output %s exists and is not a regular file; it stays as it is",
                        output->path);
    }
    if (output->resolved != NULL) {
        output->path = output->resolved;
    }
    output->has_mode = true;
    output->mode = facts.st_mode & 0777;
    return CLI_OK;
}

static int write_header(cli_output *output, const char *header, size_t bytes,
                        uint64_t data_bytes, cli_error *err)
{
    uint64_t total;
    if (__builtin_add_overflow(bytes, data_bytes, &total) || total > INT64_MAX) {
        return fail_create(output, EFBIG, err);
    }
    /* All space now: a full disk is an error here and not a fault in the executor. */
    const int error = posix_fallocate(output->fd, 0, (off_t)total);
    if (error != 0) {
        return fail_create(output, error, err);
    }
    const ssize_t put = pwrite(output->fd, header, bytes, 0);
    if (put != (ssize_t)bytes) {
        return fail_create(output, put < 0 ? errno : EIO, err);
    }
    output->data_offset = bytes;
    output->data_bytes = data_bytes;
    return CLI_OK;
}

int output_create(const char *path, uint32_t dtype, const cli_shape *shape,
                  cli_output *out_output, cli_error *err)
{
    *out_output = (cli_output){.path = path, .fd = -1};
    char header[NPY_HEADER_BYTES_MAX];
    const size_t bytes =
        npy_header_format(dtype, shape->dimensions, shape->extents, header);
    uint64_t data_bytes;
    if (__builtin_mul_overflow(shape->count, lanes_dtype_bytes(dtype), &data_bytes)) {
        return fail_create(out_output, EFBIG, err);
    }
    int exit_code = check_name(out_output, err);
    if (exit_code == CLI_OK) {
        exit_code = open_unnamed(out_output, err);
    }
    if (exit_code == CLI_OK) {
        exit_code = write_header(out_output, header, bytes, data_bytes, err);
    }
    return exit_code;
}

/* Strides in C order along the axes that the array has, 0 along the others. */
static void fill_strides(const cli_shape *shape, uint32_t reduced_axes,
                         uint32_t element_bytes, int64_t *out_strides)
{
    uint64_t extents[LANES_DIMENSIONS_MAX];
    for (uint32_t axis = 0; axis < shape->dimensions; axis++) {
        const bool is_reduced = (reduced_axes >> axis & 1) != 0;
        extents[axis] = is_reduced ? 1 : shape->extents[axis];
    }
    npy_strides(shape->dimensions, extents, false, element_bytes, out_strides);
    for (uint32_t axis = 0; axis < shape->dimensions; axis++) {
        const bool is_reduced = (reduced_axes >> axis & 1) != 0;
        out_strides[axis] = is_reduced ? 0 : out_strides[axis];
    }
}

int output_bind(cli_output *output, lanes_session *session, uint32_t dtype,
                const cli_shape *shape, uint32_t reduced_axes, lanes_operand *out_operand,
                cli_error *err)
{
    lanes_error cause;
    if (lanes_segment_attach_fd(session, output->fd, 0, &output->segment, &cause) < 0) {
        return cli_fail_lanes(err, &cause, "output %s cannot be shared", output->path);
    }
    *out_operand = (lanes_operand){
        .segment = output->segment, .offset = output->data_offset, .dtype = dtype};
    fill_strides(shape, reduced_axes, lanes_dtype_bytes(dtype), out_operand->stride);
    return CLI_OK;
}

const void *output_first_element(const cli_output *output)
{
    return (const char *)lanes_segment_data(output->segment) + output->data_offset;
}

bool output_is_same(const cli_output *a, const cli_output *b)
{
    const cli_output *const outputs[] = {a, b};
    const char *bases[2];
    struct stat folders[2];
    for (size_t i = 0; i < CLI_COUNT_OF(outputs); i++) {
        const char *slash = strrchr(outputs[i]->path, '/');
        bases[i] = slash != NULL ? slash + 1 : outputs[i]->path;
        char *folder = folder_of(outputs[i]->path);
        const bool is_there = folder != NULL && stat(folder, &folders[i]) == 0;
        free(folder);
        if (!is_there) {
            return false; /* creating or naming it has told or will tell */
        }
    }
    return strcmp(bases[0], bases[1]) == 0 && folders[0].st_dev == folders[1].st_dev &&
           folders[0].st_ino == folders[1].st_ino;
}

/* Puts a name beside the final one on a file that has none. */
static int link_beside(cli_output *output)
{
    char self[32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        char *name = name_beside(output->path);
        if (name == NULL) {
            return ENOMEM;
        }
        snprintf(strrchr(name, '-') + 1, 7, "%06x",
                 ((unsigned)getpid() + attempt) & 0xffffffu);
        if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            output->temporary = name;
            return 0;
        }
        const int error = errno;
        free(name);
        if (error != EEXIST) {
            return error;
        }
    }
    return EEXIST;
}

int outputs_commit(cli_output *outputs, uint32_t count, cli_error *err)
{
    /* What can fail for lack of space or permission is done for all before any is seen.
     */
    for (uint32_t i = 0; i < count; i++) {
        const int error = outputs[i].temporary == NULL ? link_beside(&outputs[i]) : 0;
        if (error != 0) {
            return fail_create(&outputs[i], error, err);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (rename(outputs[i].temporary, outputs[i].path) != 0) {
            return fail_create(&outputs[i], errno, err);
        }
        free(outputs[i].temporary);
        outputs[i].temporary = NULL;
    }
    return CLI_OK;
}

void output_release(cli_output *output)
{
    lanes_segment_release(output->segment);
    output->segment = NULL;
    free(output->resolved);
    output->resolved = NULL;
    if (output->temporary != NULL) {
        unlink(output->temporary);
        free(output->temporary);
        output->temporary = NULL;
    }
    if (output->fd >= 0) {
        close(output->fd);
        output->fd = -1;
    }
}
