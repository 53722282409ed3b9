/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_executor.c - serves sessions for the tests of the client. See fake_executor.h.
 */
#include "unit/client/fake_executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "unit/client/fake_internal.h"

#define MUST(expression) LANES_ASSERT((expression) >= 0)

/** True if the death that is planned is to happen; then it has. */
bool fake_dies(fake_executor *fake)
{
    if (fake->plan.deaths != 0 && fake->deaths >= fake->plan.deaths) {
        return false;
    }
    fake->deaths++;
    return true;
}

/* ---- Replies --------------------------------------------------------------------------
 */

typedef struct reply {
    union {
        lanes_abi_header header;
        lanes_abi_hello hello;
        lanes_abi_segment segment;
        lanes_abi_kernel kernel;
        lanes_abi_failure failure;
        char bytes[LANES_ABI_MESSAGE_MAX + 1];
    };
    size_t size;
    int fds[LANES_ABI_FDS_MAX + 1];
    uint32_t fd_count;
    int spare_fd; /* something that is not memory */
} reply;

static void refuse(reply *answer, lanes_status status, const char *text)
{
    const lanes_abi_header header = answer->header;
    answer->failure = (lanes_abi_failure){.header = header};
    answer->header.status = status;
    answer->size = sizeof(answer->failure);
    answer->fd_count = 0;
    memset(answer->failure.message, 'x',
           sizeof(answer->failure.message)); /* without NUL */
    if (text != NULL) {
        snprintf(answer->failure.message, sizeof(answer->failure.message), "%s", text);
    }
}

static void spoil_content(reply *answer, enum fake_lie lie)
{
    switch ((int)lie) {
    case FAKE_OTHER_VERSION:
        answer->hello.version++;
        break;
    case FAKE_OTHER_MAGIC:
        answer->hello.magic ^= 1;
        break;
    case FAKE_OTHER_SIZE:
        if (answer->header.type == LANES_ABI_KERNEL_LOAD) {
            answer->kernel.output_count = LANES_OPERANDS_MAX;
        } else if (answer->header.type == LANES_ABI_KERNEL_REPORT) {
            answer->kernel.report_bytes++;
        } else {
            answer->segment.bytes = 1;
        }
        break;
    case FAKE_OTHER_INPUTS:
        answer->kernel.input_count = LANES_OPERANDS_MAX + 1;
        break;
    case FAKE_OTHER_ROWS:
        answer->kernel.row_mask = 1u << answer->kernel.input_count;
        break;
    case FAKE_OTHER_PARAMS:
        answer->kernel.has_params = 2;
        break;
    case FAKE_FEWER_FDS:
        answer->fd_count--;
        break;
    case FAKE_EXTRA_FD:
        answer->fds[answer->fd_count++] = 0;
        break;
    case FAKE_WRONG_FDS:
        for (uint32_t i = 0; i < answer->fd_count; i++) {
            answer->fds[i] = answer->spare_fd;
        }
        break;
    default:
        break;
    }
}

static void spoil_header(reply *answer, const fake_plan *plan)
{
    switch ((int)plan->lie) {
    case FAKE_REFUSE:
        refuse(answer, plan->status,
               plan->status == LANES_E_INTERNAL ? NULL : "as planned");
        answer->header.bytes = sizeof(answer->failure);
        break;
    case FAKE_SHORT_FAILURE:
        answer->header.status = LANES_E_QUOTA;
        answer->size = sizeof(answer->header);
        answer->header.bytes = sizeof(answer->header);
        answer->fd_count = 0;
        break;
    case FAKE_FAILURE_FD:
        refuse(answer, LANES_E_QUOTA, "with a descriptor");
        answer->header.bytes = sizeof(answer->failure);
        answer->fds[answer->fd_count++] = 0;
        break;
    case FAKE_LONGER:
        memset(answer->bytes + answer->size, 0, 8);
        answer->size += 8;
        answer->header.bytes += 8;
        break;
    case FAKE_OTHER_TYPE:
        answer->header.type++;
        break;
    case FAKE_OTHER_NUMBER:
        answer->header.sequence++;
        break;
    case FAKE_OTHER_BYTES:
        answer->header.bytes++;
        break;
    case FAKE_POSITIVE:
        answer->header.status = 1;
        break;
    case FAKE_TOO_SHORT:
        answer->size = 5;
        break;
    case FAKE_TOO_LONG:
        answer->size = sizeof(answer->bytes);
        break;
    default:
        spoil_content(answer, plan->lie);
        break;
    }
}

static void send_reply(fake_session *self, reply *answer)
{
    const fake_plan *plan = &self->fake->plan;
    answer->header.bytes = (uint32_t)answer->size;
    if (plan->lie != FAKE_HONEST && plan->type == answer->header.type) {
        if (plan->lie == FAKE_SILENT) {
            return;
        }
        if (plan->lie == FAKE_HANG_UP && fake_dies(self->fake)) {
            self->is_over = true;
            return;
        }
        spoil_header(answer, plan);
    }
    LANES_IGNORE(lanes_os_send(self->socket, answer->bytes, answer->size, answer->fds,
                               answer->fd_count, 0, NULL),
                 "the client may have gone");
}

/* ---- Requests -------------------------------------------------------------------------
 */

static void answer_hello(fake_session *self, reply *answer)
{
    answer->hello.executor_pid = (uint32_t)lanes_os_pid();
    answer->hello.threads = 3;
    answer->size = sizeof(answer->hello);
    answer->fds[0] = self->rings.u_fd;
    answer->fds[1] = self->rings.k_fd;
    answer->fds[2] = self->doorbell;
    answer->fds[3] = self->event;
    answer->fd_count = 4;
    send_reply(self, answer);
}

static void answer_segment(fake_session *self, reply *answer,
                           const lanes_os_message *request)
{
    lanes_error err = {.message = ""};
    lanes_abi_segment *message = &answer->segment;
    lanes_status status = LANES_E_PROTOCOL;
    if (request->bytes == sizeof(*message)) {
        switch (message->header.type) {
        case LANES_ABI_SEGMENT_CREATE:
            status = lanes_shm_create(self->table, message->bytes, &message->id,
                                      &answer->fds[0], &err);
            message->bytes = (message->bytes + 4095) / 4096 * 4096;
            answer->fd_count = 1;
            break;
        case LANES_ABI_SEGMENT_ATTACH:
            self->fake->attached++;
            status = lanes_shm_attach(self->table, request->fds[0], message->bytes,
                                      message->flags, &message->id, &err);
            break;
        default:
            status = lanes_shm_release(self->table, message->id, &err);
            break;
        }
    }
    answer->size = sizeof(*message);
    if (status < 0) {
        refuse(answer, status, err.message);
    }
    int memory = answer->header.type == LANES_ABI_SEGMENT_CREATE && answer->fd_count == 1
                     ? answer->fds[0]
                     : -1;
    send_reply(self, answer);
    lanes_os_close(&memory);
}

/** Put a JSON text about kernel @p slot into a memfd and attach it. */
static void attach_report(fake_session *self, reply *answer, uint32_t slot)
{
    char text[64];
    const int length = snprintf(text, sizeof(text), "{\"ir_bytes\":%llu}",
                                (unsigned long long)self->ir_bytes[slot]);
    int fd = -1;
    MUST(lanes_os_memfd_create("report", (uint64_t)length, &fd, NULL));
    MUST(lanes_os_write_at(fd, text, (size_t)length, 0, NULL));
    answer->kernel.report_bytes = (uint64_t)length;
    answer->fds[0] = fd;
    answer->fd_count = 1;
}

/** A new kernel, whose IR has @p ir_bytes. */
static void add_kernel(fake_session *self, reply *answer, lanes_abi_header header,
                       uint64_t ir_bytes)
{
    uint32_t slot = 0;
    while (self->ir_bytes[slot] != 0) {
        slot++;
        LANES_ASSERT(slot < KERNELS);
    }
    self->ir_bytes[slot] = ir_bytes;
    self->generation[slot] = ++self->last_generation;
    answer->kernel = (lanes_abi_kernel){
        .header = header,
        .id = {.slot = slot, .generation = self->generation[slot]},
        .compile_ns = 12345,
        .input_count = 2,
        .output_count = 1,
        .dtype = {LANES_F8, LANES_F8, LANES_F8},
        .row_mask = self->fake->plan.row_mask,
        .has_params = self->fake->plan.params_bytes > 0,
        .params_bytes = self->fake->plan.params_bytes,
    };
}

static void fuse_kernels(fake_session *self, reply *answer,
                         const lanes_os_message *request)
{
    lanes_abi_kernel_fuse fuse;
    LANES_ASSERT(request->bytes == sizeof(fuse) && request->fd_count == 0);
    memcpy(&fuse, request->buffer, sizeof(fuse));
    for (uint32_t n = 0; n < fuse.node_count; n++) {
        LANES_ASSERT(fake_has_kernel(self, fuse.node[n].kernel));
    }
    self->fake->fuse = fuse;
    self->fake->fuses++;
    add_kernel(self, answer, fuse.header, fuse.node_count);
}

static void load_kernel(fake_session *self, reply *answer,
                        const lanes_os_message *request)
{
    lanes_abi_kernel_load load;
    LANES_ASSERT(request->bytes == sizeof(load) && request->fd_count == 1);
    memcpy(&load, request->buffer, sizeof(load));
    self->fake->load = load;
    self->fake->loads++;
    lanes_os_facts facts;
    MUST(lanes_os_fd_facts(request->fds[0], &facts, NULL));
    LANES_ASSERT(facts.bytes == load.ir_bytes);
    LANES_ASSERT((facts.seals & LANES_OS_SEAL_WRITE) != 0);
    add_kernel(self, answer, load.header, load.ir_bytes);
    if (strcmp(load.entry, "not there") == 0) {
        self->ir_bytes[answer->kernel.id.slot] = 0;
        refuse(answer, LANES_E_IR_ENTRY, "there is no 'not there'");
    }
}

static void answer_kernel(fake_session *self, reply *answer,
                          const lanes_os_message *request)
{
    answer->size = sizeof(answer->kernel);
    if (answer->header.type == LANES_ABI_KERNEL_LOAD) {
        load_kernel(self, answer, request);
    } else if (answer->header.type == LANES_ABI_KERNEL_FUSE) {
        fuse_kernels(self, answer, request);
    }
    const uint32_t slot = answer->kernel.id.slot;
    if (answer->header.status == 0) {
        if (!fake_has_kernel(self, answer->kernel.id)) {
            refuse(answer, LANES_E_STALE_ID, "no such kernel");
        } else if (answer->header.type == LANES_ABI_KERNEL_RELEASE) {
            self->ir_bytes[slot] = 0;
        } else {
            attach_report(self, answer, slot);
        }
    }
    const int report = answer->fd_count == 1 ? answer->fds[0] : -1;
    send_reply(self, answer);
    int fd = report;
    lanes_os_close(&fd);
}

/* Says that it has cancelled; batches that it holds it has forgotten. */
static void answer_cancel(fake_session *self, reply *answer,
                          const lanes_os_message *request)
{
    lanes_abi_cancel cancel;
    LANES_ASSERT(request->bytes == sizeof(cancel) && request->fd_count == 0);
    memcpy(&cancel, request->buffer, sizeof(cancel));
    self->fake->cancelled_tag = cancel.tag;
    answer->size = sizeof(cancel);
    send_reply(self, answer);
}

static void answer_session_cancel(fake_session *self, reply *answer,
                                  const lanes_os_message *request)
{
    lanes_abi_session_cancel cancel;
    LANES_ASSERT(request->bytes == sizeof(cancel) && request->fd_count == 0);
    memcpy(&cancel, request->buffer, sizeof(cancel));
    self->fake->session_cancel = cancel;
    cancel.in_flight = 3;
    memcpy(answer->bytes, &cancel, sizeof(cancel));
    answer->size = sizeof(cancel);
    send_reply(self, answer);
}

/* Statistics of eight bytes; or, as a lie, of more than there are. */
static void answer_stats(fake_session *self, reply *answer,
                         const lanes_os_message *request)
{
    static const char text[] = "{\"a\":12}";
    lanes_abi_stats stats = {.header = answer->header, .bytes = sizeof(text) - 1};
    int fd = -1;
    LANES_ASSERT(request->bytes == sizeof(lanes_abi_header) && request->fd_count == 0);
    MUST(lanes_os_memfd_create("stats", stats.bytes, &fd, NULL));
    MUST(lanes_os_write_at(fd, text, stats.bytes, 0, NULL));
    if (self->fake->plan.type == LANES_ABI_STATS &&
        self->fake->plan.lie == FAKE_OTHER_SIZE) {
        stats.bytes = self->fake->plan.stats_bytes;
    }
    memcpy(answer->bytes, &stats, sizeof(stats));
    answer->fds[0] = fd;
    answer->fd_count = 1;
    answer->size = sizeof(stats);
    send_reply(self, answer);
    lanes_os_close(&fd);
}

static void serve_request(fake_session *self)
{
    reply answer = {.size = 0, .spare_fd = self->socket};
    lanes_os_message request = {.buffer = answer.bytes,
                                .capacity_bytes = LANES_ABI_MESSAGE_MAX};
    char copy[LANES_ABI_MESSAGE_MAX];
    if (lanes_os_receive(self->socket, &request, 0, NULL) < 0) {
        self->is_over = true;
        return;
    }
    memcpy(copy, answer.bytes, sizeof(copy));
    request.buffer = copy;
    switch (answer.header.type) {
    case LANES_ABI_HELLO:
        answer_hello(self, &answer);
        break;
    case LANES_ABI_KERNEL_LOAD:
    case LANES_ABI_KERNEL_FUSE:
    case LANES_ABI_KERNEL_REPORT:
    case LANES_ABI_KERNEL_RELEASE:
        answer_kernel(self, &answer, &request);
        break;
    case LANES_ABI_BATCH_CANCEL:
        answer_cancel(self, &answer, &request);
        break;
    case LANES_ABI_SESSION_CANCEL:
        answer_session_cancel(self, &answer, &request);
        break;
    case LANES_ABI_STATS:
        answer_stats(self, &answer, &request);
        break;
    default:
        answer_segment(self, &answer, &request);
        break;
    }
    lanes_os_message_close_fds(&request);
}

/* ---- Session --------------------------------------------------------------------------
 */

static void serve_until_over(fake_session *self, int poller)
{
    while (!self->is_over) {
        fake_serve_ring(self);
        lanes_os_ready ready[4];
        lanes_status count = 0;
        if (!self->is_over && lanes_ring_executor_sleep(&self->ring)) {
            count = lanes_os_poller_wait(poller, ready, 4, LANES_OS_FOREVER);
        }
        lanes_ring_executor_wake(&self->ring);
        for (lanes_status i = 0; i < count; i++) {
            if (ready[i].token == (uint64_t)self->socket) {
                serve_request(self);
            } else if (ready[i].token == (uint64_t)self->doorbell) {
                LANES_IGNORE(lanes_os_event_drain(self->doorbell), "serve_ring() looks");
            } else {
                self->is_over = true; /* stop */
            }
        }
    }
}

void fake_serve(int socket, int stop, fake_executor *fake)
{
    fake_session self = {.fake = fake, .socket = socket, .rings = LANES_SHM_RINGS_NONE};
    fake->sessions++;
    fake->served = socket;
    MUST(lanes_os_event_create(&self.doorbell, NULL));
    MUST(lanes_os_event_create(&self.event, NULL));
    MUST(lanes_shm_rings_create(&self.rings, &self.ring, NULL));
    if (fake->plan.tells_cpu) {
        lanes_ring_executor_tell_cpu(&self.ring, fake->plan.cpu);
    }
    lanes_ring_executor_tell_threads(&self.ring, fake->plan.threads);
    MUST(lanes_shm_table_create(&self.table, NULL));
    int poller = -1;
    MUST(lanes_os_poller_create(&poller, NULL));
    const int fds[] = {self.socket, self.doorbell, stop};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(fds); i++) {
        if (fds[i] >= 0) {
            MUST(lanes_os_poller_add(poller, fds[i], LANES_OS_READABLE, (uint64_t)fds[i],
                                     NULL));
        }
    }
    serve_until_over(&self, poller);
    fake->segments_left = lanes_shm_table_count(self.table);
    fake->kernels_left = 0;
    for (uint32_t i = 0; i < KERNELS; i++) {
        fake->kernels_left += self.ir_bytes[i] != 0;
    }
    lanes_os_close(&poller);
    lanes_os_close(&self.socket);
    lanes_os_close(&self.doorbell);
    lanes_os_close(&self.event);
    lanes_shm_table_destroy(self.table);
    lanes_shm_rings_close(&self.rings);
}

static void *serve_sessions(void *ctx)
{
    fake_executor *fake = ctx;
    while (lanes_os_poll(fake->stop, LANES_OS_READABLE, 0) == 0) {
        int socket = -1;
        const lanes_status found =
            lanes_os_poll(fake->listener, LANES_OS_READABLE, 1000000);
        if (found > 0 && lanes_os_accept(fake->listener, &socket, NULL) == LANES_OK) {
            fake_serve(socket, fake->stop, fake);
        }
    }
    return NULL;
}

void fake_start(fake_executor *fake, fake_plan plan)
{
    *fake = (fake_executor){.plan = plan, .listener = -1};
    snprintf(fake->folder, sizeof(fake->folder), "/tmp/lanes-test-XXXXXX");
    LANES_ASSERT(mkdtemp(fake->folder) != NULL);
    snprintf(fake->path, sizeof(fake->path), "%s/lanes.sock", fake->folder);
    MUST(lanes_os_listen(fake->path, &fake->listener, NULL));
    MUST(lanes_os_event_create(&fake->stop, NULL));
    LANES_ASSERT(pthread_create(&fake->thread, NULL, serve_sessions, fake) == 0);
}

void fake_stop(fake_executor *fake)
{
    lanes_os_event_signal(fake->stop);
    LANES_ASSERT(pthread_join(fake->thread, NULL) == 0);
    lanes_os_close(&fake->listener);
    lanes_os_close(&fake->stop);
    MUST(lanes_os_file_delete(fake->path, NULL));
    MUST(rmdir(fake->folder));
}
