/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_client_reply.c - an executor that lies: in its replies, the objects it sends along
 * and in all of K.
 *
 * Steps: call u8, fix u8, then by call
 *   a request  reply: fds u8 (two bits each: none, memory, JSON, /dev/null), bytes u16,
 *              and as many; `fix` says which fields of its header are made right
 *   LIE        at u24, bytes u8, and as many: into K
 *   SUBMIT     a batch
 *   POLL       what the client makes of K
 *
 * The client's functions must return, with a text if they fail, and hand out nothing that
 * their callers could fall over; no descriptor is left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client_internal.h"
#include "fuzz.h"
#include "kernel/raised.h"

#define STEPS_MAX 48u

enum call {
    CALL_CREATE,
    CALL_ATTACH,
    CALL_LOAD,
    CALL_REPORT,
    CALL_FUSE,
    CALL_CANCEL,
    CALL_RELEASE,
    CALL_SUBMIT,
    CALL_LIE,
    CALL_POLL,
    CALL_WAIT,
    CALLS
};

enum { FIX_TYPE = 1, FIX_SEQUENCE = 2, FIX_BYTES = 4, FIX_STATUS = 8 };

static struct {
    lanes_session session;
    lanes_segment *segment;
    lanes_kernel *kernel;
    int executor; /* its end of the socket */
    char *k;      /* as the executor maps it */
    lanes_shm_rings executor_rings;
    lanes_shm_rings rings; /* the same, as the client maps them */
} world;

static const uint32_t types[] = {LANES_ABI_SEGMENT_CREATE, LANES_ABI_SEGMENT_ATTACH,
                                 LANES_ABI_KERNEL_LOAD,    LANES_ABI_KERNEL_REPORT,
                                 LANES_ABI_KERNEL_FUSE,    LANES_ABI_BATCH_CANCEL,
                                 LANES_ABI_KERNEL_RELEASE};

static uint32_t count_fds(void)
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    FUZZ_CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static int make_fd(uint32_t kind, const fuzz_input *input)
{
    if (kind == 3) {
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    const size_t bytes = input->bytes < 64 ? input->bytes : 64;
    FUZZ_CHECK(fd >= 0);
    if (kind == 1) {
        FUZZ_CHECK(ftruncate(fd, 8192) == 0);
    } else if (bytes > 0) {
        FUZZ_CHECK(pwrite(fd, input->at, bytes, 0) == (ssize_t)bytes);
    }
    return fd;
}

/* The reply is there before the request: the client sends one and reads the other. */
static void send_reply(fuzz_input *input, uint32_t call, uint8_t fix)
{
    union {
        lanes_abi_header header;
        char bytes[LANES_ABI_MESSAGE_MAX + 64];
    } reply;
    int fds[LANES_ABI_FDS_MAX];
    uint32_t fd_count = 0;
    const uint8_t kinds = fuzz_u8(input);
    const size_t bytes = fuzz_u16(input) % sizeof(reply);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t kind = kinds >> (2 * i) & 3;
        if (kind != 0) {
            fds[fd_count++] = make_fd(kind, input);
        }
    }
    fuzz_take(input, &reply, bytes);
    if (bytes >= sizeof(reply.header)) {
        lanes_abi_header *header = &reply.header;
        header->type = (fix & FIX_TYPE) != 0 ? types[call] : header->type;
        header->sequence =
            (fix & FIX_SEQUENCE) != 0 ? world.session.sequence + 1 : header->sequence;
        header->bytes = (fix & FIX_BYTES) != 0 ? (uint32_t)bytes : header->bytes;
        header->status = (fix & FIX_STATUS) != 0 ? 0 : header->status;
    }
    struct iovec part = {.iov_base = &reply, .iov_len = bytes};
    char control[CMSG_SPACE(sizeof(fds))] = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, fd_count * sizeof(int));
    }
    FUZZ_CHECK(sendmsg(world.executor, &message, MSG_NOSIGNAL) >= 0);
    for (uint32_t i = 0; i < fd_count; i++) {
        close(fds[i]);
    }
}

static void check_kernel(const lanes_kernel *kernel)
{
    const uint32_t inputs = lanes_kernel_input_count(kernel);
    const uint32_t outputs = lanes_kernel_output_count(kernel);
    FUZZ_CHECK(inputs + outputs <= LANES_OPERANDS_MAX);
    for (uint32_t i = 0; i < inputs + outputs; i++) {
        FUZZ_CHECK(i < inputs || !lanes_kernel_is_row(kernel, i));
        LANES_IGNORE(lanes_kernel_dtype(kernel, i) != 0, "the executor's word");
    }
}

static lanes_status create(lanes_error *err)
{
    lanes_segment *segment = NULL;
    const lanes_status status = lanes_segment_create(&world.session, 4096, &segment, err);
    if (status == LANES_OK) {
        char *data = lanes_segment_data(segment);
        FUZZ_CHECK(lanes_segment_bytes(segment) >= 4096);
        data[0] = data[lanes_segment_bytes(segment) - 1];
        world.segment = segment;
    }
    return status;
}

static lanes_status attach(lanes_error *err)
{
    lanes_segment *segment = NULL;
    const int fd = memfd_create("mine", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    const lanes_status status =
        lanes_segment_attach_fd(&world.session, fd, 0, &segment, err);
    close(fd);
    if (status == LANES_OK) {
        FUZZ_CHECK(lanes_segment_bytes(segment) == 4096);
        world.segment = segment;
    }
    return status;
}

static lanes_status load(bool is_fused, lanes_error *err)
{
    lanes_kernel *kernel = NULL;
    lanes_kernel_options options;
    lanes_fusion fusion;
    lanes_kernel_options_default(&options);
    lanes_fusion_default(&fusion);
    fusion.node_count = 1;
    fusion.node[0].kernel = world.kernel;
    fusion.output_count = 1;
    const lanes_status status =
        is_fused ? lanes_kernel_fuse(&world.session, &fusion, &kernel, err)
                 : lanes_kernel_load(&world.session, "ir", 2, &options, &kernel, err);
    if (status == LANES_OK) {
        check_kernel(kernel);
        world.kernel = kernel;
    }
    return status;
}

static lanes_status report(lanes_error *err)
{
    char *json = NULL;
    const lanes_status status = lanes_kernel_report(world.kernel, &json, err);
    if (status == LANES_OK) {
        FUZZ_CHECK(strlen(json) < (64u << 20));
    }
    free(json);
    return status;
}

/* Only what a program could do with what it was given. */
static void request(uint32_t call, lanes_error *err)
{
    lanes_status status = LANES_OK;
    if (call == CALL_CREATE) {
        status = create(err);
    } else if (call == CALL_ATTACH) {
        status = attach(err);
    } else if (call == CALL_LOAD || (call == CALL_FUSE && world.kernel != NULL)) {
        status = load(call == CALL_FUSE, err);
    } else if (call == CALL_REPORT && world.kernel != NULL) {
        status = report(err);
    } else if (call == CALL_RELEASE) {
        lanes_kernel_release(world.kernel);
        world.kernel = NULL;
    } else {
        status = lanes_cancel(&world.session, 1, err);
    }
    FUZZ_CHECK(status <= 0 && (status == LANES_OK || err->message[0] != '\0'));
}

static void submit(lanes_error *err)
{
    const uint64_t shape = 1;
    const lanes_operand operand = {.segment = world.segment, .dtype = LANES_F8};
    const lanes_batch batch = {.kernel = world.kernel,
                               .dimensions = 1,
                               .operand_count = 1,
                               .shape = &shape,
                               .operands = &operand};
    const lanes_status status = lanes_submit(&world.session, &batch, err);
    FUZZ_CHECK(status <= 0 && (status == LANES_OK || err->message[0] != '\0'));
}

static void lie(fuzz_input *input)
{
    uint32_t at = 0;
    char bytes[256];
    fuzz_take(input, &at, 3);
    const uint8_t count = fuzz_u8(input);
    fuzz_take(input, bytes, count);
    at %= LANES_ABI_K_BYTES - sizeof(bytes);
    memcpy(world.k + at, bytes, count);
}

static void check_completion(const lanes_completion *completion)
{
    const lanes_raised *raised = &completion->raised;
    FUZZ_CHECK(strnlen(completion->message, sizeof(completion->message)) <
               sizeof(completion->message));
    FUZZ_CHECK(raised->kind <= LANES_RAISED_UNKNOWN);
    FUZZ_CHECK(raised->item_count <= LANES_RAISED_ITEMS_MAX);
    for (uint32_t i = 0; i < raised->item_count; i++) {
        const lanes_abi_raised_item *item = &raised->item[i];
        FUZZ_CHECK((uint64_t)item->offset + item->bytes <= LANES_RAISED_DATA_BYTES);
        FUZZ_CHECK(item->count <= LANES_RAISED_ITEMS_MAX);
    }
}

static void look(bool waits, lanes_error *err)
{
    lanes_completion completion;
    const uint32_t before = lanes_ring_client_in_flight(&world.session.ring);
    const lanes_status status = waits ? lanes_wait(&world.session, 1, &completion, err)
                                      : lanes_poll(&world.session, &completion);
    const bool is_there = status == 1 || (waits && status == LANES_OK);
    FUZZ_CHECK(status <= 1 && (is_there || status <= 0));
    FUZZ_CHECK(!waits || status >= 0 || err->message[0] != '\0');
    if (is_there) {
        FUZZ_CHECK(lanes_ring_client_in_flight(&world.session.ring) == before - 1);
        check_completion(&completion);
    }
}

static void take_step(fuzz_input *input)
{
    lanes_error err = {.message = ""};
    const uint32_t call = fuzz_u8(input) % CALLS;
    const uint8_t fix = fuzz_u8(input);
    if (call < LANES_ARRAY_COUNT(types)) {
        if (world.session.broken == LANES_OK) {
            send_reply(input, call, fix);
        }
        request(call, &err);
    } else if (call == CALL_SUBMIT) {
        submit(&err);
    } else if (call == CALL_LIE) {
        lie(input);
    } else {
        look(call == CALL_WAIT, &err);
    }
}

/* The rings are made once: mapping half a MiB takes longer than all else. */
static void reset_rings(void)
{
    lanes_ring_executor ring;
    lanes_shm_rings *rings = &world.executor_rings;
    if (world.k == NULL) {
        FUZZ_CHECK(lanes_shm_rings_create(rings, &ring, NULL) == LANES_OK);
        FUZZ_CHECK(lanes_shm_rings_map(rings->u_fd, rings->k_fd, &world.rings,
                                       &world.session.ring, NULL) == LANES_OK);
        world.k = rings->k;
    }
    memset(world.k, 0, LANES_ABI_K_BYTES);
    memset(world.rings.u, 0, LANES_ABI_PAGE_BYTES);
    lanes_ring_executor_init(&ring, world.rings.u, world.k);
    FUZZ_CHECK(lanes_ring_client_init(&world.session.ring, world.rings.u,
                                      world.rings.k) == LANES_OK);
}

static void begin(void)
{
    static const uint32_t not_forked = 1;
    int pair[2];
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    world.executor = pair[0];
    world.segment = NULL;
    world.kernel = NULL;
    world.session = (lanes_session){
        .fork_guard = &not_forked,
        .socket = pair[1],
        .doorbell = -1,
        .event = -1,
        .poller = -1,
        .nudge = -1,
        .process = -1,
        .executor = LANES_OS_CHILD_NONE,
        .rings = LANES_SHM_RINGS_NONE,
        .spin = {.now_ns = 1, .limit_ns = 1},
        .timeout_ns = 1,
    };
    reset_rings();
}

/* What lanes_close() does, for a session that is no memory of its own. */
static void end(void)
{
    lanes_session *session = &world.session;
    while (session->segments != NULL) {
        lanes_client_forget_segment(session->segments);
    }
    while (session->kernels != NULL) {
        lanes_client_forget_kernel(session->kernels);
    }
    FUZZ_CHECK(session->released_segments == NULL && session->released_kernels == NULL);
    lanes_client_disconnect(session);
    close(world.executor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint32_t fds;
    fuzz_input input = {data, bytes};
    begin();
    for (uint32_t i = 0; i < STEPS_MAX && input.bytes > 0; i++) {
        take_step(&input);
    }
    end();
    const uint32_t now = count_fds();
    FUZZ_CHECK(fds == 0 || now == fds);
    fds = now;
    return 0;
}
