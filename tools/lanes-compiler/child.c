/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - one compile: confine, read the IR, compile, write the result.
 *
 * The IR is read into private memory before the filter closes; whoever holds the memfd
 * may change or truncate it at any time, and neither can do more than spoil this compile.
 * The process ends by _exit(): LLVM's destructors would only tidy what is thrown away.
 */
#include "child.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "os/os_thread.h"
#include "sandbox.h"

/* Reads @p bytes of the IR's memfd from @p offset on. */
static lanes_status read_part(void *buffer, uint64_t bytes, uint64_t offset,
                              lanes_error *err)
{
    char *at = buffer;
    uint64_t done = 0;
    while (done < bytes) {
        const ssize_t got =
            pread(SANDBOX_IR_FD, at + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return lanes_error_errno(err, got < 0 ? errno : EIO,
                                     "the IR ends after %llu of %llu bytes",
                                     (unsigned long long)(offset + done),
                                     (unsigned long long)(offset + bytes));
        }
        done += (uint64_t)got;
    }
    return LANES_OK;
}

/* What a request has in its memfd; never freed. */
struct input {
    char *ir; /* with a NUL behind it, which LLVM's text reader relies on */
    lanes_code_key *known;
};

static lanes_status read_input(const lanes_compile_request *request,
                               struct input *out_input, lanes_error *err)
{
    const uint64_t ir_bytes = request->ir_bytes;
    if (ir_bytes == 0 || ir_bytes > LANES_IR_BYTES_MAX) {
        return lanes_error_set(err, LANES_E_IR_LIMIT,
                               "the IR has %llu bytes; lanes reads 1 to %u",
                               (unsigned long long)ir_bytes, LANES_IR_BYTES_MAX);
    }
    if (request->known_count > LANES_KNOWN_MAX) {
        return lanes_error_set(err, LANES_E_PROTOCOL,
                               "a request names %u codes; the limit is %u",
                               request->known_count, LANES_KNOWN_MAX);
    }
    const uint64_t known_bytes = request->known_count * sizeof(lanes_code_key);
    out_input->ir = malloc(ir_bytes + 1);
    out_input->known = malloc(known_bytes + 1);
    if (out_input->ir == NULL || out_input->known == NULL) {
        return lanes_error_errno(err, ENOMEM, "no memory to read the IR");
    }
    LANES_TRY(read_part(out_input->ir, ir_bytes, 0, err));
    LANES_TRY(read_part(out_input->known, known_bytes, ir_bytes, err));
    out_input->ir[ir_bytes] = '\0';
    return LANES_OK;
}

static void write_part(const void *part, uint64_t bytes, uint64_t offset)
{
    const char *at = part;
    while (bytes > 0) {
        const ssize_t put = pwrite(SANDBOX_RESULT_FD, at, bytes, (off_t)offset);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            _exit(errno == EFBIG ? CHILD_EXIT_OUTPUT : CHILD_EXIT_FAILED);
        }
        at += put;
        bytes -= (uint64_t)put;
        offset += (uint64_t)put;
    }
}

static void write_result(const lanes_codegen_output *output, uint64_t output_bytes_max)
{
    const lanes_compile_result *result = &output->result;
    const struct {
        const void *data;
        uint64_t bytes;
    } parts[] = {
        {result, sizeof(*result)},
        {output->report, result->report_bytes},
        {output->payloads, result->payload_count * sizeof(output->payloads[0])},
        {output->argument_lists,
         result->argument_list_count * sizeof(output->argument_lists[0])},
        {output->object, result->object_bytes},
    };
    uint64_t total = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(parts); i++) {
        if (!lanes_add_u64(total, parts[i].bytes, &total) || total > output_bytes_max) {
            _exit(CHILD_EXIT_OUTPUT);
        }
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(parts); i++) {
        write_part(parts[i].data, parts[i].bytes, offset);
        offset += parts[i].bytes;
    }
}

_Noreturn static void finish_failed(const lanes_error *err, uint64_t output_bytes_max)
{
    lanes_codegen_output output = {
        .result = {.version = LANES_COMPILE_VERSION, .status = err->code}};
    _Static_assert(sizeof(output.result.message) == sizeof(err->message), "same text");
    memcpy(output.result.message, err->message, sizeof(err->message));
    write_result(&output, output_bytes_max);
    _exit(CHILD_EXIT_DONE);
}

/* For report_fatal(), which LLVM calls without a context. Set before LLVM runs. */
static uint64_t fatal_output_bytes_max;

/* LLVM gives up with a reason, such as an instruction it cannot select. */
static void report_fatal(const char *reason)
{
    lanes_error err;
    LANES_IGNORE(lanes_error_set(&err, LANES_E_COMPILE_CRASHED,
                                 "LLVM cannot compile this IR: %.400s", reason),
                 "it is written into the result");
    finish_failed(&err, fatal_output_bytes_max);
}

_Noreturn void child_run(const child_task *task)
{
    const lanes_compile_request *request = task->request;
    const uint64_t output_bytes_max = task->limits->output_bytes;
    lanes_error err = {.code = LANES_OK};
    LANES_IGNORE(lanes_os_give_way() < 0, "then it competes with batches");
    if (sandbox_limit(task->limits, task->parent, task->ir_fd, task->result_fd) < 0) {
        _exit(CHILD_EXIT_FAILED);
    }
    if (request->version != LANES_COMPILE_VERSION) {
        LANES_IGNORE(
            lanes_error_set(&err, LANES_E_ABI_MISMATCH,
                            "lanesd and lanes-compiler are of different versions "
                            "(%u and %u); restart lanesd",
                            request->version, LANES_COMPILE_VERSION),
            "it is written into the result");
        finish_failed(&err, output_bytes_max);
    }
    struct input input = {.ir = NULL};
    if (read_input(request, &input, &err) < 0 || sandbox_close(&err) < 0) {
        finish_failed(&err, output_bytes_max);
    }
    sandbox_exit_without_memory(CHILD_EXIT_MEMORY);
    fatal_output_bytes_max = output_bytes_max;
    lanes_codegen_set_fatal_handler(report_fatal);
    lanes_codegen_output output;
    lanes_codegen_compile(request, input.ir, input.known, &output);
    write_result(&output, output_bytes_max);
    _exit(CHILD_EXIT_DONE);
}
