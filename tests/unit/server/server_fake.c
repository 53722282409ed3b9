/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fake.c - a compiler that obeys commands (server_fixture.h) and a loader of loops
 * by name.
 */
#include "server_fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "kernel/compile.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_fixture.h"

/* ---- Loops --------------------------------------------------------------------------
 */

static double *element(const lanes_loop_frame *frame, int operand, uint64_t index)
{
    char *base = frame->base[operand];
    return (double *)(void *)(base + (int64_t)index * frame->stride[operand]);
}

static void loop_fail(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    for (uint64_t i = begin; i < end; i++) {
        if (*element(frame, 0, i) < 0) {
            result->failed++;
            result->first_failed = i < result->first_failed ? i : result->first_failed;
        } else {
            *element(frame, 1, i) = 2 * *element(frame, 0, i);
        }
    }
}

static void loop_double(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                        lanes_loop_result *result)
{
    (void)result;
    for (uint64_t i = begin; i < end; i++) {
        *element(frame, 1, i) = 2 * *element(frame, 0, i);
    }
}

static void loop_slow(const lanes_loop_frame *frame, uint64_t begin, uint64_t end,
                      lanes_loop_result *result)
{
    const uint64_t start_ns = lanes_clock_ns();
    loop_double(frame, begin, end, result);
    while (lanes_clock_ns() - start_ns < (end - begin) * 1000) {
        lanes_cpu_relax();
    }
}

static const struct {
    const char *name;
    lanes_loop_fn function;
} loops[] = {
    {"double", loop_double},
    {"hold", loop_double},
    {"fail", loop_fail},
    {"slow", loop_slow},
};

/* ---- Hooks --------------------------------------------------------------------------
 */

lanes_status fake_peer_uid(void *ctx, int socket_fd, uint32_t *out_uid)
{
    const fixture *f = ctx;
    lanes_os_peer peer;
    LANES_TRY(lanes_os_socket_peer(socket_fd, &peer, NULL));
    *out_uid = peer.uid + lanes_load_relaxed_u32(&f->uid_offset);
    return LANES_OK;
}

lanes_status fake_load_object(void *ctx, const void *object, size_t object_bytes,
                              const char *symbol, void **out_loaded,
                              lanes_loop_fn *out_function, lanes_error *err)
{
    fixture *f = ctx;
    (void)symbol;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(loops); i++) {
        if (strlen(loops[i].name) == object_bytes &&
            memcmp(loops[i].name, object, object_bytes) == 0) {
            *out_loaded = malloc(1);
            *out_function = loops[i].function;
            lanes_fetch_add_relaxed_u32(&f->loads, 1);
            return LANES_OK;
        }
    }
    return lanes_error_set(err, LANES_E_LINK, "the fake cannot link this");
}

void fake_unload_object(void *ctx, void *loaded)
{
    fixture *f = ctx;
    free(loaded);
    lanes_fetch_add_relaxed_u32(&f->unloads, 1);
}

/* ---- Compiler -----------------------------------------------------------------------
 */

struct job {
    fixture *f;
    lanes_compile_request request;
    int result_fd;
    char command[128];
};

static bool is_command(const struct job *job, const char *name)
{
    return strcmp(job->command, name) == 0;
}

/* The command for a load, or the one for variants behind the space. */
static void read_command(struct job *job, int ir_fd)
{
    char ir[128] = {0};
    const uint64_t bytes =
        job->request.ir_bytes < sizeof(ir) ? job->request.ir_bytes : sizeof(ir) - 1;
    LANES_IGNORE(lanes_os_read_at(ir_fd, ir, bytes, 0, NULL) < 0, "empty");
    char *space = strchr(ir, ' ');
    const char *command = ir;
    if (space != NULL) {
        *space = '\0';
        command = job->request.default_key != 0 ? ir : space + 1;
    }
    snprintf(job->command, sizeof(job->command), "%s", command);
}

static void damage(const struct job *job, lanes_compile_result *result)
{
    if (is_command(job, "version")) {
        result->version = 99;
    } else if (is_command(job, "sizes")) {
        result->report_bytes += UINT64_MAX - 3;
    } else if (is_command(job, "signature")) {
        result->signature.input_count = 17;
    } else if (is_command(job, "other")) {
        result->signature.dtype[0] = LANES_F4;
    } else if (is_command(job, "symbol")) {
        memset(result->symbol, 'x', sizeof(result->symbol));
    } else if (is_command(job, "text")) {
        memset(result->message, 'x', sizeof(result->message));
    } else if (is_command(job, "refuse")) {
        result->status = LANES_E_IR_REFUSED;
        snprintf(result->message, sizeof(result->message), "refused by the fake");
    }
}

static void write_result(struct job *job)
{
    char report[256];
    char key[64];
    lanes_compile_result result = {
        .version = LANES_COMPILE_VERSION,
        .signature = {.input_count = 1, .output_count = 1, .dtype = {LANES_F8, LANES_F8}},
        .key = job->request.key,
        .info = {.strategy = LANES_STRATEGY_LOOP, .vector_width = 8, .interleave = 1},
        .symbol = "loop",
    };
    if (job->request.default_key != 0) {
        lanes_variant_key_contiguous(&result.signature, &result.key);
    }
    lanes_variant_key_format(&result.key, 2, key, sizeof(key));
    snprintf(report, sizeof(report),
             is_command(job, "json") ? "{" : "{\"entry\":\"fake\",\"variants\":[\"%s\"]}",
             key);
    result.report_bytes = strlen(report);
    result.object_bytes = strlen(job->command);
    damage(job, &result);
    const size_t head_bytes = is_command(job, "short") ? 100 : sizeof(result);
    lanes_status status = lanes_os_write_all(job->result_fd, &result, head_bytes, NULL);
    if (status == LANES_OK && head_bytes == sizeof(result)) {
        status = lanes_os_write_all(job->result_fd, report, strlen(report), NULL);
    }
    if (status == LANES_OK && head_bytes == sizeof(result)) {
        status =
            lanes_os_write_all(job->result_fd, job->command, strlen(job->command), NULL);
    }
    if (status < 0) {
        abort();
    }
}

static lanes_compile_reply answer(struct job *job)
{
    static const struct {
        const char *command;
        uint32_t outcome;
        uint64_t limit;
    } outcomes[] = {
        {"lost", LANES_COMPILE_CRASHED, 0},
        {"cpu", LANES_COMPILE_CPU_LIMIT, 10},
        {"wall", LANES_COMPILE_WALL_LIMIT, 30},
        {"memory", LANES_COMPILE_MEMORY_LIMIT, 1 << 30},
        {"output", LANES_COMPILE_OUTPUT_LIMIT, 64 << 20},
        {"nochild", LANES_COMPILE_NO_CHILD, 0},
        {"strange", 77, 0},
    };
    lanes_compile_reply reply = {.id = job->request.id, .outcome = LANES_COMPILE_DONE};
    if (strncmp(job->command, "crash:", 6) == 0) {
        reply.outcome = LANES_COMPILE_CRASHED;
        reply.signal_number = (uint32_t)strtoul(job->command + 6, NULL, 10);
        return reply;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(outcomes); i++) {
        if (is_command(job, outcomes[i].command)) {
            reply.outcome = outcomes[i].outcome;
            reply.limit = outcomes[i].limit;
            return reply;
        }
    }
    while (is_command(job, "hold") && lanes_load_relaxed_u32(&job->f->is_released) == 0) {
        sleep_ms(1);
    }
    write_result(job);
    return reply;
}

struct compiler {
    fixture *f;
    int fd;
};

static void *compile_forever(void *ctx)
{
    struct compiler self = *(struct compiler *)ctx;
    free(ctx);
    for (;;) {
        struct job job = {.f = self.f};
        lanes_os_message message = {.buffer = &job.request,
                                    .capacity_bytes = sizeof(job.request)};
        if (lanes_os_receive(self.fd, &message, LANES_OS_FOREVER, NULL) < 0) {
            break;
        }
        if (message.bytes != sizeof(job.request) || message.fd_count != 2 ||
            job.request.version != LANES_COMPILE_VERSION) {
            abort();
        }
        lanes_fetch_add_relaxed_u32(&self.f->compiles, 1);
        read_command(&job, message.fds[0]);
        job.result_fd = message.fds[1];
        const bool is_dying = is_command(&job, "die");
        const lanes_compile_reply reply =
            is_dying ? (lanes_compile_reply){0} : answer(&job);
        lanes_os_message_close_fds(&message);
        if (is_dying || lanes_os_send(self.fd, &reply, sizeof(reply), NULL, 0,
                                      LANES_OS_FOREVER, NULL) < 0) {
            break;
        }
    }
    lanes_os_close(&self.fd);
    return NULL;
}

lanes_status fake_start_compiler(void *ctx, int *out_socket_fd, lanes_os_child *out_child,
                                 lanes_error *err)
{
    fixture *f = ctx;
    (void)out_child;
    if (lanes_load_relaxed_u32(&f->fails_to_start) != 0) {
        return lanes_error_set(err, LANES_E_UNAVAILABLE, "the fake does not start");
    }
    int fds[2];
    LANES_TRY(lanes_os_socket_pair(fds, err));
    struct compiler *compiler = malloc(sizeof(*compiler));
    *compiler = (struct compiler){.f = f, .fd = fds[1]};
    pthread_t thread;
    if (pthread_create(&thread, NULL, compile_forever, compiler) != 0) {
        abort();
    }
    pthread_detach(thread);
    lanes_fetch_add_relaxed_u32(&f->compiler_starts, 1);
    *out_socket_fd = fds[0];
    return LANES_OK;
}
