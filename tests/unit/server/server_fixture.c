/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fixture.c - the server under test and the test's client of it.
 */
#include "server_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_check.h"
#include "server_fake.h"

#define WAIT_NS UINT64_C(20000000000)

void sleep_ms(uint32_t milliseconds)
{
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
                                 .tv_nsec = (long)(milliseconds % 1000) * 1000000},
              NULL);
}

/* ---- Server -------------------------------------------------------------------------
 */

void fixture_init(fixture *f, uint32_t threads)
{
    static uint32_t number;
    *f = (fixture){.options = LANES_SERVER_OPTIONS_INIT, .listen_fd = -1, .stop_fd = -1};
    const lanes_topo_options topo = {.synthetic = "core:8 pu:1", .threads = threads};
    cr_assert_eq(lanes_topo_plan_create(&topo, &f->plan, NULL), LANES_OK);
    snprintf(f->path, sizeof(f->path), "/tmp/lanes-test-%d-%u/lanes.sock", lanes_os_pid(),
             number++);
    lanes_error err;
    const lanes_status status = lanes_os_listen(f->path, &f->listen_fd, &err);
    cr_assert_eq(status, LANES_OK, "%s", status < 0 ? err.message : "");
    cr_assert_eq(lanes_os_event_create(&f->stop_fd, NULL), LANES_OK);
    f->options.plan = f->plan;
    f->options.listen_fd = f->listen_fd;
    f->options.stop_fd = f->stop_fd;
    f->options.code_bytes = 0; /* so that what is dropped is seen to go */
    f->options.hooks = (lanes_server_hooks){
        .ctx = f,
        .peer_uid = fake_peer_uid,
        .start_compiler = fake_start_compiler,
        .load_object = fake_load_object,
        .unload_object = fake_unload_object,
    };
}

static void *serve(void *ctx)
{
    fixture *f = ctx;
    f->status = lanes_server_run(&f->options, &f->error);
    return NULL;
}

void fixture_start(fixture *f)
{
    cr_assert_eq(pthread_create(&f->thread, NULL, serve, f), 0);
}

void fixture_join(fixture *f)
{
    pthread_join(f->thread, NULL);
    lanes_os_close(&f->listen_fd);
    lanes_os_close(&f->stop_fd);
    cr_assert_eq(lanes_os_file_delete(f->path, NULL), LANES_OK);
    *strrchr(f->path, '/') = '\0';
    remove(f->path);
    lanes_topo_plan_destroy(f->plan);
    cr_assert_eq(f->loads, f->unloads, "code is left loaded");
}

void fixture_stop(fixture *f)
{
    lanes_os_event_signal(f->stop_fd);
    fixture_join(f);
    cr_assert_eq(f->status, LANES_OK);
}

/* ---- Client -------------------------------------------------------------------------
 */

void client_connect(client *c, const fixture *f)
{
    *c = (client){.fd = -1, .doorbell = -1, .event = -1, .rings = LANES_SHM_RINGS_NONE};
    cr_assert_eq(lanes_os_connect(f->path, WAIT_NS, &c->fd, NULL), LANES_OK);
}

static lanes_status receive(client *c, void *reply, size_t bytes, int *fds,
                            uint32_t *fd_count)
{
    union {
        lanes_abi_failure failure;
        char bytes[LANES_ABI_MESSAGE_MAX];
    } buffer;
    lanes_os_message message = {.buffer = &buffer, .capacity_bytes = sizeof(buffer)};
    lanes_error err;
    const lanes_status status = lanes_os_receive(c->fd, &message, WAIT_NS, &err);
    if (status < 0) {
        return status;
    }
    const lanes_abi_header *header = &buffer.failure.header;
    cr_assert_eq(header->bytes, message.bytes);
    cr_assert_eq(header->sequence, c->sequence);
    if (header->status < 0) {
        cr_assert_eq(message.bytes, sizeof(buffer.failure));
        memcpy(c->text, buffer.failure.message, sizeof(c->text));
        return header->status;
    }
    cr_assert_eq(message.bytes, bytes, "%zu bytes of reply", message.bytes);
    memcpy(reply, &buffer, bytes);
    *fd_count = message.fd_count;
    memcpy(fds, message.fds, sizeof(message.fds));
    return LANES_OK;
}

static lanes_status send_request(client *c, uint32_t type, void *message, size_t bytes,
                                 int fd)
{
    lanes_abi_header *header = message;
    *header = (lanes_abi_header){
        .type = type, .sequence = ++c->sequence, .bytes = (uint32_t)bytes};
    return lanes_os_send(c->fd, message, bytes, &fd, fd >= 0 ? 1 : 0, WAIT_NS, NULL);
}

static lanes_status receive_reply(client *c, void *reply, size_t reply_bytes, int *out_fd)
{
    int fds[LANES_OS_FDS_MAX];
    uint32_t fd_count = 0;
    const lanes_status status = receive(c, reply, reply_bytes, fds, &fd_count);
    if (status == LANES_OK) {
        cr_assert_eq(fd_count, out_fd != NULL ? 1 : 0);
        if (out_fd != NULL) {
            *out_fd = fds[0];
        }
    }
    return status;
}

lanes_status client_request(client *c, uint32_t type, void *message, size_t bytes, int fd,
                            void *reply, size_t reply_bytes, int *out_fd)
{
    const lanes_status sent = send_request(c, type, message, bytes, fd);
    return sent < 0 ? sent : receive_reply(c, reply, reply_bytes, out_fd);
}

lanes_status client_open(client *c, const fixture *f)
{
    client_connect(c, f);
    lanes_abi_hello hello = {
        .header = {.type = LANES_ABI_HELLO,
                   .sequence = ++c->sequence,
                   .bytes = sizeof(hello)},
        .magic = LANES_ABI_MAGIC,
        .version = LANES_ABI_VERSION,
    };
    cr_assert_eq(lanes_os_send(c->fd, &hello, sizeof(hello), NULL, 0, WAIT_NS, NULL),
                 LANES_OK);
    int fds[LANES_OS_FDS_MAX];
    uint32_t fd_count = 0;
    const lanes_status status = receive(c, &c->hello, sizeof(c->hello), fds, &fd_count);
    if (status < 0) {
        return status;
    }
    cr_assert_eq(fd_count, 4);
    lanes_error err;
    const lanes_status mapped =
        lanes_shm_rings_map(fds[0], fds[1], &c->rings, &c->ring, &err);
    cr_assert_eq(mapped, LANES_OK, "%s", mapped < 0 ? err.message : "");
    lanes_os_close(&fds[0]);
    lanes_os_close(&fds[1]);
    c->doorbell = fds[2];
    c->event = fds[3];
    return LANES_OK;
}

void client_open_ok(client *c, const fixture *f)
{
    const lanes_status status = client_open(c, f);
    cr_assert_eq(status, LANES_OK, "%s: %s", lanes_status_name(status), c->text);
}

void client_close(client *c)
{
    lanes_os_close(&c->fd);
    lanes_os_close(&c->doorbell);
    lanes_os_close(&c->event);
    lanes_shm_rings_close(&c->rings);
}

lanes_status client_segment(client *c, uint64_t bytes, segment *out)
{
    lanes_abi_segment request = {.bytes = bytes};
    lanes_abi_segment reply;
    int fd = -1;
    const lanes_status status =
        client_request(c, LANES_ABI_SEGMENT_CREATE, &request, sizeof(request), -1, &reply,
                       sizeof(reply), &fd);
    if (status < 0) {
        return status;
    }
    void *data;
    cr_assert_eq(lanes_os_map(fd, reply.bytes, LANES_OS_MAP_WRITE, &data, NULL),
                 LANES_OK);
    lanes_os_close(&fd);
    *out = (segment){.id = reply.id, .bytes = reply.bytes, .data = data};
    return LANES_OK;
}

lanes_status client_segment_release(client *c, segment *s)
{
    lanes_abi_segment request = {.id = s->id};
    lanes_abi_segment reply;
    lanes_os_unmap(s->data, s->bytes);
    return client_request(c, LANES_ABI_SEGMENT_RELEASE, &request, sizeof(request), -1,
                          &reply, sizeof(reply), NULL);
}

/* ---- Kernels ------------------------------------------------------------------------
 */

void client_load_begin(client *c, const char *command)
{
    lanes_abi_kernel_load request = {.ir_bytes = strlen(command),
                                     .flags = c->load_flags,
                                     .math = c->load_math,
                                     .fp = c->load_fp};
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("test-ir", 0, &ir, NULL), LANES_OK);
    cr_assert_eq(lanes_os_write_at(ir, command, strlen(command), 0, NULL), LANES_OK);
    cr_assert_eq(send_request(c, LANES_ABI_KERNEL_LOAD, &request, sizeof(request), ir),
                 LANES_OK);
    lanes_os_close(&ir);
}

lanes_status client_load(client *c, const char *command, lanes_abi_kernel *out)
{
    client_load_begin(c, command);
    return client_load_end(c, out);
}

lanes_status client_load_end(client *c, lanes_abi_kernel *out)
{
    int report = -1;
    const lanes_status status = receive_reply(c, out, sizeof(*out), &report);
    if (status == LANES_OK) {
        lanes_os_close(&report);
    }
    return status;
}

char *client_report(client *c, lanes_abi_id kernel)
{
    lanes_abi_kernel request = {.id = kernel};
    lanes_abi_kernel reply;
    int fd = -1;
    const lanes_status status =
        client_request(c, LANES_ABI_KERNEL_REPORT, &request, sizeof(request), -1, &reply,
                       sizeof(reply), &fd);
    cr_assert_eq(status, LANES_OK, "%s", c->text);
    char *text = calloc(1, reply.report_bytes + 1);
    cr_assert_eq(lanes_os_read_at(fd, text, reply.report_bytes, 0, NULL), LANES_OK);
    lanes_os_close(&fd);
    return text;
}

lanes_status client_kernel_release(client *c, lanes_abi_id kernel)
{
    lanes_abi_kernel request = {.id = kernel};
    lanes_abi_kernel reply;
    return client_request(c, LANES_ABI_KERNEL_RELEASE, &request, sizeof(request), -1,
                          &reply, sizeof(reply), NULL);
}

/* ---- Batches ------------------------------------------------------------------------
 */

batch batch_of(const lanes_abi_kernel *kernel, const segment *in, const segment *out,
               uint64_t count)
{
    return (batch){
        .entry =
            {
                .opcode = LANES_ABI_OP_MAP,
                .kernel_slot = kernel->id.slot,
                .kernel_generation = kernel->id.generation,
                .argument_words = 1 + 2 * 4,
                .dimensions = 1,
                .operand_count = 2,
            },
        .shape = count,
        .operand = {{in->id.slot, in->id.generation, 0, LANES_F8, 0},
                    {out->id.slot, out->id.generation, 0, LANES_F8, 0}},
        .stride = {8, 8},
    };
}

void batch_add(batch *b, lanes_abi_operand operand, int64_t stride)
{
    b->operand[b->entry.operand_count] = operand;
    b->stride[b->entry.operand_count] = stride;
    b->entry.operand_count++;
    b->entry.argument_words += 4;
}

void client_submit(client *c, const batch *b, uint64_t tag)
{
    lanes_ring_slot slot;
    cr_assert_eq(lanes_ring_client_reserve(&c->ring, &slot), LANES_OK);
    *slot.entry = b->entry;
    slot.entry->tag = tag;
    slot.entry->submitted_ns = lanes_clock_ns();
    uint64_t *at = slot.arguments;
    *at++ = b->shape;
    for (uint32_t i = 0; i < b->entry.operand_count && i < OPERANDS; i++) {
        memcpy(at, &b->operand[i], sizeof(b->operand[i]));
        memcpy(at + 3, &b->stride[i], sizeof(b->stride[i]));
        at += 4;
    }
    if (lanes_ring_client_commit(&c->ring)) {
        lanes_os_event_signal(c->doorbell);
    }
}

bool client_has_completion(client *c, uint64_t timeout_ns)
{
    const uint64_t start_ns = lanes_clock_ns();
    const lanes_abi_completion *completion;
    const lanes_abi_detail *detail;
    for (;;) {
        if (lanes_ring_client_peek(&c->ring, &completion, &detail) == 1) {
            return true;
        }
        const uint64_t taken_ns = lanes_clock_ns() - start_ns;
        if (taken_ns >= timeout_ns) {
            return false;
        }
        uint32_t expected;
        if (lanes_ring_client_wait_begin(&c->ring, &expected)) {
            LANES_IGNORE(lanes_os_futex_wait(lanes_ring_client_futex(&c->ring), expected,
                                             timeout_ns - taken_ns) < 0,
                         "looked at again");
        }
        lanes_ring_client_wait_end(&c->ring);
    }
}

lanes_abi_completion client_wait(client *c)
{
    cr_assert(client_has_completion(c, WAIT_NS), "no completion");
    const lanes_abi_completion *at;
    const lanes_abi_detail *detail;
    cr_assert_eq(lanes_ring_client_peek(&c->ring, &at, &detail), 1);
    const lanes_abi_completion completion = *at;
    c->text[0] = '\0';
    c->raised = (lanes_abi_raised){.kind = LANES_RAISED_NONE};
    if (completion.status < 0 || completion.failed > 0) {
        memcpy(c->text, detail->text, sizeof(c->text));
        c->raised = detail->raised;
    }
    lanes_ring_client_advance(&c->ring);
    return completion;
}

lanes_abi_completion client_run(client *c, const batch *b)
{
    client_submit(c, b, 1);
    return client_wait(c);
}

/* ---- Counting -----------------------------------------------------------------------
 */

uint32_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint32_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

uint32_t count_maps(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    uint32_t count = 0;
    char line[512];
    while (fgets(line, sizeof(line), file) != NULL) {
        count += strstr(line, "memfd:") != NULL;
    }
    fclose(file);
    return count;
}

uint32_t settled(uint32_t (*count)(void))
{
    uint32_t last = count();
    for (int same = 0; same < 10; same++) {
        sleep_ms(5);
        const uint32_t now = count();
        if (now != last) {
            last = now;
            same = -1;
        }
    }
    return last;
}

bool falls_to(uint32_t (*count)(void), uint32_t wanted)
{
    for (int i = 0; i < 1000 && count() > wanted; i++) {
        sleep_ms(5);
    }
    return count() <= wanted;
}
