/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_report.c - a kernel's report: JSON from the compiler, one document per kernel.
 *
 * Every compile reports the whole kernel with the one variant it made; the kernel's
 * report is the first document with the variants of the later ones appended. A compile
 * that found the code there says nothing of it: that comes from the compile that made it.
 */
#include "server/server_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "os/os_file.h"
#include "os/os_memory.h"

#define VARIANTS  "variants"
#define EXTERNALS "externals"

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

lanes_status lanes_server_report_parse(const char *text, size_t bytes,
                                       json_t **out_report, lanes_error *err)
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
    *out_report = report;
    return LANES_OK;
}

static bool calls_hypot(const json_t *report)
{
    size_t i;
    json_t *external;
    json_array_foreach(json_object_get(report, EXTERNALS), i, external)
    {
        const char *name = json_string_value(json_object_get(external, "name"));
        if (name != NULL && (strcmp(name, "hypot") == 0 || strcmp(name, "hypotf") == 0)) {
            return true;
        }
    }
    return false;
}

void lanes_server_report_add(lanes_server_kernel *kernel, json_t *report)
{
    if (kernel->report == NULL) {
        kernel->report = report;
        kernel->calls_vector_hypot =
            kernel->request.math == LANES_MATH_VECTOR && calls_hypot(report);
    } else {
        append_variants(kernel->report, report);
        json_decref(report);
    }
}

/* Keys beside the variants that follow from the code; the others are the kernel's. */
static const char *const code_keys[] = {EXTERNALS, "may_raise", "error_model"};

static json_t *only_variant(const json_t *report)
{
    return json_array_get(json_object_get(report, VARIANTS), 0);
}

json_t *lanes_server_report_of_code(const json_t *report)
{
    json_t *of_code = json_pack("{s:[O?]}", VARIANTS, only_variant(report));
    for (size_t i = 0; i < LANES_ARRAY_COUNT(code_keys); i++) {
        json_t *value = json_object_get(report, code_keys[i]);
        if (value != NULL) {
            LANES_IGNORE(json_object_set(of_code, code_keys[i], value) != 0,
                         "out of memory: reports of kernels that share it are shorter");
        }
    }
    return of_code;
}

void lanes_server_report_share(json_t *report, const json_t *of_code,
                               enum lanes_server_place place)
{
    const char *where = place == LANES_ON_DISK ? "disk" : "memory";
    json_t *variant = only_variant(report);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(code_keys); i++) {
        json_t *value = json_object_get(of_code, code_keys[i]);
        if (value != NULL && json_object_get(report, code_keys[i]) == NULL) {
            LANES_IGNORE(json_object_set(report, code_keys[i], value) != 0,
                         "out of memory: the report is shorter");
        }
    }
    LANES_IGNORE(json_object_update_missing(variant, only_variant(of_code)) != 0 ||
                     json_object_set_new(variant, "cached", json_true()) != 0 ||
                     json_object_set_new(variant, "cache", json_string(where)) != 0,
                 "out of memory: the report is shorter");
}

void lanes_server_report_clear_times(json_t *report)
{
    const char *stage;
    json_t *time;
    json_t *times = json_object_get(only_variant(report), "times_ms");
    json_object_foreach(times, stage, time)
    {
        json_real_set(time, 0.0);
    }
}

lanes_status lanes_server_json_memfd(const json_t *document, const char *name,
                                     int *out_fd, uint64_t *out_bytes, lanes_error *err)
{
    const size_t bytes = json_dumpb(document, NULL, 0, JSON_COMPACT);
    char *text = bytes > 0 ? malloc(bytes) : NULL;
    if (text == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for what %s is to hold", name);
    }
    int fd = -1;
    lanes_status status = lanes_os_memfd_create(name, 0, &fd, err);
    if (status == LANES_OK) {
        const size_t written = json_dumpb(document, text, bytes, JSON_COMPACT);
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

lanes_status lanes_server_report_memfd(const lanes_server_kernel *kernel, int *out_fd,
                                       uint64_t *out_bytes, lanes_error *err)
{
    return lanes_server_json_memfd(kernel->report, "lanes-report", out_fd, out_bytes,
                                   err);
}

void lanes_server_report_free(lanes_server_kernel *kernel)
{
    json_decref(kernel->report);
    kernel->report = NULL;
}
