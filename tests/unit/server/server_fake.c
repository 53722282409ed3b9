/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fake.c - a compiler that obeys commands (server_fixture.h) and a loader of the
 * kernels of server_loops.c by name.
 */
#include "server_fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "kernel/compile.h"
#include "kernel/fusion.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_fixture.h"
#include "server_loops.h"

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
                              const lanes_compile_result *result,
                              lanes_server_object *out_object, lanes_error *err)
{
    fixture *f = ctx;
    const fake_kernel *kernel = fake_find(object, object_bytes);
    if (kernel == NULL) {
        return lanes_error_set(err, LANES_E_LINK, "the fake cannot link this");
    }
    *out_object = (lanes_server_object){
        .loaded = malloc(1),
        .loop = kernel->loop,
        .explain = result->explain_symbol[0] != '\0' ? kernel->explain : NULL,
        .address = result->payload_symbol[0] != '\0' ? kernel->address : NULL,
        .bytes = FAKE_CODE_BYTES,
    };
    lanes_fetch_add_relaxed_u32(&f->loads, 1);
    return LANES_OK;
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
    char sharing; /* '=' or '~' before the command; else NUL */
    char command[128];
    lanes_code_key *known; /* [request.known_count], owned */
};

static bool is_command(const struct job *job, const char *name)
{
    return strcmp(job->command, name) == 0;
}

/* The command for a load, or the one for variants behind the space; of a fused kernel,
 * the latter of its first node. */
static void read_command(struct job *job, int ir_fd)
{
    char ir[128] = {0};
    const uint64_t begin = job->request.node_count != 0 ? sizeof(lanes_fusion_table) : 0;
    const uint64_t rest = job->request.ir_bytes - begin;
    const uint64_t bytes = rest < sizeof(ir) ? rest : sizeof(ir) - 1;
    LANES_IGNORE(lanes_os_read_at(ir_fd, ir, bytes, begin, NULL) < 0, "empty");
    ir[strcspn(ir, "\n")] = '\0';
    char *space = strchr(ir, ' ');
    const char *command = ir;
    if (space != NULL) {
        *space = '\0';
        const bool is_load =
            job->request.default_key != 0 && job->request.node_count == 0;
        command = is_load ? ir : space + 1;
    }
    job->sharing = *command == '=' || *command == '~' ? *command : '\0';
    command += job->sharing != '\0';
    snprintf(job->command, sizeof(job->command), "%s", command);
}

/* What the executor says it has. */
static void read_known(struct job *job, int ir_fd)
{
    const uint32_t count = job->request.known_count;
    job->known = calloc(count + 1u, sizeof(*job->known));
    if (job->known == NULL ||
        lanes_os_read_at(ir_fd, job->known, count * sizeof(*job->known),
                         job->request.ir_bytes, NULL) < 0) {
        abort();
    }
}

static void key_code(const struct job *job, lanes_compile_result *result)
{
    lanes_code_key *key = &result->code_key;
    if (job->sharing == '\0') {
        const uint32_t number = lanes_fetch_add_relaxed_u32(&job->f->keys, 1);
        memcpy(key->bytes, &number, sizeof(number));
        return;
    }
    key->bytes[31] = (uint8_t)job->sharing;
    if (job->sharing == '=') {
        snprintf((char *)key->bytes, 16, "%.15s", job->command);
        memcpy(key->bytes + 16, &result->key, 8);
    }
}

static bool leaves_out(const struct job *job, const lanes_compile_result *result)
{
    if (is_command(job, "liar")) {
        return true;
    }
    if (is_command(job, "gone")) {
        return lanes_fetch_add_relaxed_u32(&job->f->gone, 1) == 0;
    }
    for (uint32_t i = 0; i < job->request.known_count; i++) {
        if (memcmp(&job->known[i], &result->code_key, sizeof(job->known[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void damage_signature(const struct job *job, lanes_signature *signature)
{
    if (is_command(job, "signature")) {
        signature->input_count = 17;
    } else if (is_command(job, "noinputs")) {
        signature->input_count = 0;
    } else if (is_command(job, "nooutputs")) {
        signature->output_count = 0;
    } else if (is_command(job, "manyinputs")) { /* the sum wraps to 1 */
        signature->input_count = UINT32_MAX;
        signature->output_count = 2;
    } else if (is_command(job, "manyoutputs")) {
        signature->input_count = 2;
        signature->output_count = UINT32_MAX;
    } else if (is_command(job, "dtype")) {
        signature->dtype[1] = UINT32_MAX;
    } else if (is_command(job, "rowmask")) {
        signature->row_mask = 2; /* the output */
    } else if (is_command(job, "other")) {
        signature->dtype[0] = LANES_F4;
    }
}

/* Sizes that add up to the file's if sums may wrap, and others. */
static void damage_sizes(const struct job *job, lanes_compile_result *result)
{
    const uint64_t table_bytes =
        result->payload_count * sizeof(lanes_payload) +
        result->argument_list_count * sizeof(lanes_payload_arguments);
    const uint64_t bytes = result->report_bytes + table_bytes + result->object_bytes;
    if (is_command(job, "sizes")) {
        result->report_bytes += UINT64_MAX - 3;
    } else if (is_command(job, "object")) {
        result->object_bytes = UINT64_MAX - result->report_bytes + 1;
    } else if (is_command(job, "noreport")) {
        result->object_bytes += result->report_bytes;
        result->report_bytes = 0;
    } else if (is_command(job, "longreport")) {
        result->report_bytes = bytes + 1;
        result->object_bytes = UINT64_MAX - table_bytes;
    } else if (is_command(job, "missing")) {
        result->payload_count++; /* the object is not large enough to be one */
    } else if (is_command(job, "longtable")) {
        result->payload_count++;
        result->object_bytes -= sizeof(lanes_payload);
    }
}

/* One operand more than there can be; what follows the others looks like its dtype. */
static void add_operands(lanes_compile_result *result)
{
    const uint32_t dtype = LANES_F8;
    result->signature.input_count = LANES_OPERANDS_MAX;
    for (uint32_t i = 0; i < LANES_OPERANDS_MAX; i++) {
        result->signature.dtype[i] = dtype;
    }
    memcpy(&result->key, &dtype, sizeof(dtype));
}

static void damage_head(const struct job *job, lanes_compile_result *result)
{
    damage_signature(job, &result->signature);
    damage_sizes(job, result);
    if (is_command(job, "version")) {
        result->version = 99;
    } else if (is_command(job, "positive")) {
        result->status = 1;
    } else if (is_command(job, "known")) {
        result->is_known = 2;
    } else if (is_command(job, "together")) {
        add_operands(result);
    } else if (is_command(job, "otherkey")) {
        result->key.streams ^= 1;
    } else if (is_command(job, "manyparams")) {
        result->has_params = 2;
    } else if (is_command(job, "noparams")) {
        result->params_bytes = 8;
    } else if (is_command(job, "otherparams")) {
        result->has_params = 1;
    } else if (is_command(job, "symbol")) {
        memset(result->symbol, 'x', sizeof(result->symbol));
    } else if (is_command(job, "explainer")) {
        memset(result->explain_symbol, 'x', sizeof(result->explain_symbol));
    } else if (is_command(job, "table")) {
        memset(result->payload_symbol, 'x', sizeof(result->payload_symbol));
    } else if (is_command(job, "notable")) {
        result->payload_symbol[0] = '\0';
    } else if (is_command(job, "payloads")) {
        result->payload_count = LANES_PAYLOADS_MAX + 1;
    } else if (is_command(job, "lists")) {
        result->argument_list_count = UINT32_MAX;
    } else if (is_command(job, "text")) {
        memset(result->message, 'x', sizeof(result->message));
    } else if (is_command(job, "refuse")) {
        result->status = LANES_E_IR_REFUSED;
        result->has_params = UINT32_MAX; /* nobody looks at the rest */
        snprintf(result->message, sizeof(result->message), "refused by the fake");
    }
}

static void damage_payload(const struct job *job, lanes_payload *payload)
{
    const uint64_t ir_bytes = job->request.ir_bytes;
    if (is_command(job, "form")) {
        payload->form = LANES_PAYLOAD_BITCODE + 1;
    } else if (is_command(job, "node")) {
        payload->node = 1;
    } else if (is_command(job, "type")) {
        memset(payload->type, 'x', sizeof(payload->type));
    } else if (is_command(job, "message")) {
        memset(payload->message, 'x', sizeof(payload->message));
    } else if (is_command(job, "location")) {
        memset(payload->location, 'x', sizeof(payload->location));
    } else if (is_command(job, "textfit") || is_command(job, "textout")) {
        payload->offset = ir_bytes - payload->bytes + is_command(job, "textout");
    } else if (is_command(job, "textwrap")) {
        payload->offset = UINT64_MAX - payload->bytes + 1;
    } else if (is_command(job, "textlong")) {
        payload->bytes = UINT64_MAX;
    } else if (is_command(job, "formless")) {
        *payload = (lanes_payload){.offset = UINT64_MAX, .bytes = 8};
    } else if (strncmp(job->command, "bits", 4) == 0) {
        /* The last that fits; or one bit more; or sizes that overflow. */
        payload->form = LANES_PAYLOAD_BITCODE;
        payload->offset = 8 * (ir_bytes - payload->bytes) + is_command(job, "bitsout");
        if (is_command(job, "bitswrap")) {
            payload->offset = UINT64_MAX - 8 * payload->bytes + 1;
        } else if (is_command(job, "bitslong")) {
            payload->offset = 0;
            payload->bytes = UINT64_C(1) << 61; /* times 8 is 0 */
        }
    }
}

static void damage_arguments(const struct job *job, lanes_payload_arguments *list)
{
    if (is_command(job, "listcount")) {
        list->item_count = LANES_RAISED_ITEMS_MAX + 1;
    } else if (is_command(job, "listdtype")) {
        list->item[0].type = 2;
    } else if (is_command(job, "listout")) {
        list->item[1].offset++;
    } else if (is_command(job, "listwrap")) {
        list->item[1].offset = UINT32_MAX - 7;
    }
}

static void write_bytes(const struct job *job, const void *data, size_t bytes)
{
    if (bytes > 0 && lanes_os_write_all(job->result_fd, data, bytes, NULL) < 0) {
        abort();
    }
}

/* What the compiler says of a kernel; of one that is damaged, something to damage. */
static lanes_compile_result describe(const struct job *job)
{
    const fake_kernel *kernel = fake_find(job->command, strlen(job->command));
    if (kernel == NULL) {
        kernel = fake_find("raise", strlen("raise"));
    }
    lanes_compile_result result = {
        .version = LANES_COMPILE_VERSION,
        .signature = kernel->signature,
        .key = job->request.key,
        .info = {.strategy = LANES_STRATEGY_LOOP, .vector_width = 8, .interleave = 1},
        .may_raise = kernel->may_raise,
        .has_params = kernel->has_params,
        .params_bytes = kernel->params_bytes,
        .row_minimum = {(kernel->signature.row_mask & 1) != 0 ? 2 : 0},
        .payload_count = kernel->payload_count,
        .argument_list_count = kernel->argument_list_count,
        .symbol = "loop",
    };
    if (kernel->explain != NULL) {
        snprintf(result.explain_symbol, sizeof(result.explain_symbol), "explain");
    }
    if (kernel->address != NULL) {
        snprintf(result.payload_symbol, sizeof(result.payload_symbol), "table");
    }
    if (job->request.default_key != 0) {
        lanes_variant_key_contiguous(&result.signature, &result.key);
    }
    return result;
}

static void write_result(struct job *job)
{
    char report[256];
    char key[64];
    lanes_compile_result result = describe(job);
    lanes_payload payload = fake_payload;
    lanes_payload_arguments list = fake_arguments;
    const size_t payload_bytes = result.payload_count * sizeof(payload);
    const size_t list_bytes = result.argument_list_count * sizeof(list);
    lanes_variant_key_format(
        &result.key, lanes_signature_operand_count(&result.signature), key, sizeof(key));
    key_code(job, &result);
    result.is_known = leaves_out(job, &result);
    if (is_command(job, "json")) {
        snprintf(report, sizeof(report), "{");
    } else if (result.is_known != 0) {
        snprintf(
            report, sizeof(report),
            "{\"entry\":\"fake\",\"variants\":[{\"layout\":\"%s\",\"cached\":true}]}",
            key);
    } else if (is_command(job, "hypot")) {
        snprintf(report, sizeof(report),
                 "{\"externals\":[{\"name\":\"sin\"},{\"name\":\"hypot\"}],"
                 "\"variants\":[\"%s\"]}",
                 key);
    } else if (job->sharing != '\0') {
        snprintf(report, sizeof(report),
                 "{\"entry\":\"first\",\"externals\":[],\"variants\":[{\"layout\":\"%s\","
                 "\"cached\":false,\"width\":8}]}",
                 key);
    } else {
        snprintf(report, sizeof(report), "{\"entry\":\"fake\",\"variants\":[\"%s\"]}",
                 key);
    }
    result.report_bytes = strlen(report);
    result.object_bytes = result.is_known != 0 ? 0 : strlen(job->command);
    damage_head(job, &result);
    damage_payload(job, &payload);
    damage_arguments(job, &list);
    if (is_command(job, "short")) {
        write_bytes(job, &result, 100);
        return;
    }
    if (is_command(job, "huge") &&
        ftruncate(job->result_fd, LANES_COMPILE_OUTPUT_BYTES + 1) != 0) {
        abort();
    }
    write_bytes(job, &result, sizeof(result));
    write_bytes(job, report, strlen(report));
    write_bytes(job, &payload, payload_bytes);
    write_bytes(job, &list, list_bytes);
    if (result.is_known == 0) {
        write_bytes(job, job->command, strlen(job->command));
    } else {
        lanes_fetch_add_relaxed_u32(&job->f->left_out, 1);
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
    if (is_command(job, "killed") &&
        lanes_fetch_add_relaxed_u32(&job->f->killed, 1) == 0) {
        reply.outcome = LANES_COMPILE_CRASHED;
        reply.signal_number = LANES_OS_SIGNAL_KILL;
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
        lanes_store_relaxed_u32(&self.f->convention, job.request.convention);
        read_command(&job, message.fds[0]);
        if (is_command(&job, "first")) {
            lanes_store_relaxed_u32(&self.f->order,
                                    lanes_load_relaxed_u32(&self.f->compiles));
        }
        read_known(&job, message.fds[0]);
        job.result_fd = message.fds[1];
        const bool is_dying = is_command(&job, "die");
        const lanes_compile_reply reply =
            is_dying ? (lanes_compile_reply){0} : answer(&job);
        lanes_os_message_close_fds(&message);
        free(job.known);
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
