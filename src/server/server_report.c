/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_report.c - a kernel's report: JSON from the compiler, one document per kernel.
 *
 * Every compile reports the whole kernel with the one variant it made; the kernel's
 * report is the first document with the variants of the later ones appended.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "os/os_file.h"
#include "os/os_memory.h"

#define VARIANTS "variants"

/* A report without variants is worth no failure of the batch that needs the code. */
static void append_variants(json_t *to, const json_t *from)
{
    json_t *all = json_object_get(to, VARIANTS);
    json_t *more = json_object_get(from, VARIANTS);
    if (json_is_array(all) && json_is_array(more)) {
        LANES_IGNORE(json_array_extend(all, more) != 0,
                     "out of memory: the report is shorter");
    }
}

lanes_status lanes_server_report_add(lanes_server_kernel *kernel, const char *text,
                                     size_t bytes, lanes_error *err)
{
    json_error_t why;
    json_t *report = json_loadb(text, bytes, 0, &why);
    if (!json_is_object(report)) {
        const char *reason = report == NULL ? why.text : "it is not an object";
        const lanes_status status = lanes_error_set(
            err, LANES_E_INTERNAL, "the compiler's report is not JSON: %s", reason);
        json_decref(report);
        return status;
    }
    if (kernel->report == NULL) {
        kernel->report = report;
    } else {
        append_variants(kernel->report, report);
        json_decref(report);
    }
    return LANES_OK;
}

lanes_status lanes_server_report_memfd(const lanes_server_kernel *kernel, int *out_fd,
                                       uint64_t *out_bytes, lanes_error *err)
{
    const size_t bytes = json_dumpb(kernel->report, NULL, 0, JSON_COMPACT);
    char *text = bytes > 0 ? malloc(bytes) : NULL;
    if (text == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the report of a kernel");
    }
    int fd = -1;
    lanes_status status = lanes_os_memfd_create("lanes-report", 0, &fd, err);
    if (status == LANES_OK) {
        const size_t written = json_dumpb(kernel->report, text, bytes, JSON_COMPACT);
        LANES_ASSERT(written == bytes);
        status = lanes_os_write_at(fd, text, bytes, 0, err);
    }
    free(text);
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    *out_bytes = bytes;
    return LANES_OK;
}

void lanes_server_report_free(lanes_server_kernel *kernel)
{
    json_decref(kernel->report);
    kernel->report = NULL;
}
