/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_server_control.c - any sequence of datagrams, descriptors and ring entries, to a
 * real server on threads of this process, with the fake compiler of its unit tests.
 *
 *   flags u8 (1: no hello first), then steps:
 *   type u8, fix u8, bytes u16, and as many behind the header; `fix` says what is made
 *   right. With a descriptor: kind u8, and of memory: length u8 and contents.
 *   Type 15 is a ring entry: lanes_abi_entry and its argument words.
 *
 * Each request is answered, or ends the session; each batch is completed, or the session
 * is over. Afterwards the server has no descriptor more than before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "fuzz.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "unit/server/server_fixture.h"

#define STEPS_MAX  24u
#define WAIT_NS    UINT64_C(15000000000)
#define BYTES_MAX  (1u << 20) /* of a segment: memory is reserved */
#define TYPE_BATCH 15u

enum { FIX_HEADER = 1, FIX_SIZE = 2, FIX_FD = 4, FIX_ID = 8, FIX_COMMAND = 16 };

static fixture server;
static client c;
static bool is_open;

/* Whose id the last reply told; fixes put them in. */
static lanes_abi_id segment_id;
static lanes_abi_id kernel_id;

static const char *const commands[] = {
    "double",  "fail",     "raise",    "params",     "rows",         "two",
    "hypot",   "crash:11", "lost",     "cpu",        "wall",         "strange",
    "refuse",  "version",  "short",    "sizes",      "object",       "rowmask",
    "symbol",  "notable",  "payloads", "lists",      "missing",      "text",
    "json",    "other",    "nolink",   "form",       "node",         "type",
    "message", "textout",  "bitswrap", "listout",    "signature",    "=double",
    "~double", "gone",     "liar",     "raise mask", "double refuse"};

/* Commands that make the server wait for what does not come. */
static const char *const endless[] = {"die",  "hold",  "endless", "slow",
                                      "deep", "fault", "lines"};

static void stop_server(void)
{
    fixture_stop(&server);
}

static void start_server(void)
{
    lanes_log_set_level(LANES_LOG_ERROR);
    fixture_init(&server, 1);
    fixture_start(&server);
    FUZZ_CHECK(atexit(stop_server) == 0);
}

/* ---- Requests -----------------------------------------------------------------------
 */

static size_t size_of(uint32_t type)
{
    switch (type) {
    case LANES_ABI_HELLO:
        return sizeof(lanes_abi_hello);
    case LANES_ABI_SEGMENT_CREATE:
    case LANES_ABI_SEGMENT_ATTACH:
    case LANES_ABI_SEGMENT_RELEASE:
        return sizeof(lanes_abi_segment);
    case LANES_ABI_KERNEL_LOAD:
        return sizeof(lanes_abi_kernel_load);
    case LANES_ABI_KERNEL_FUSE:
        return sizeof(lanes_abi_kernel_fuse);
    case LANES_ABI_BATCH_CANCEL:
        return sizeof(lanes_abi_cancel);
    case LANES_ABI_STATS:
        return sizeof(lanes_abi_header);
    case LANES_ABI_SESSION_CANCEL:
        return sizeof(lanes_abi_session_cancel);
    default:
        return sizeof(lanes_abi_kernel);
    }
}

static bool takes_fd(uint32_t type)
{
    return type == LANES_ABI_SEGMENT_ATTACH || type == LANES_ABI_KERNEL_LOAD;
}

/* What is in memory that is sent along; the IR, perhaps. */
static size_t take_contents(fuzz_input *input, uint8_t fix, char contents[256])
{
    const uint8_t bytes = fuzz_u8(input);
    memset(contents, 0, 256);
    if ((fix & FIX_COMMAND) != 0) {
        snprintf(contents, 256, "%s", commands[bytes % LANES_ARRAY_COUNT(commands)]);
        return strlen(contents);
    }
    fuzz_take(input, contents, bytes);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(endless); i++) {
        if (memmem(contents, bytes, endless[i], strlen(endless[i])) != NULL) {
            return 0;
        }
    }
    return bytes;
}

static int take_fd(fuzz_input *input, uint8_t fix, size_t *out_bytes)
{
    static const char *const paths[] = {"/dev/null", "/dev/zero", "/proc/self/fd",
                                        "/proc/self/status"};
    char contents[256];
    const uint8_t kind = fuzz_u8(input);
    int pair[2];
    *out_bytes = 0;
    if (kind % 8 < 2) {
        FUZZ_CHECK(pipe2(pair, O_CLOEXEC) == 0);
        close(pair[kind % 2]);
        return pair[1 - kind % 2];
    }
    if (kind % 8 < 4) {
        return open(paths[kind / 8 % 4], O_RDONLY | O_CLOEXEC);
    }
    const int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *out_bytes = take_contents(input, fix, contents);
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(*out_bytes == 0 ||
               pwrite(fd, contents, *out_bytes, 0) == (ssize_t)*out_bytes);
    return fd;
}

union message {
    lanes_abi_header header;
    lanes_abi_segment segment;
    lanes_abi_kernel_load load;
    lanes_abi_kernel kernel;
    lanes_abi_kernel_fuse fuse;
    char bytes[LANES_ABI_MESSAGE_MAX];
};

/* Makes right what the fuzzer should not have to find out. */
static void fix_message(union message *message, uint32_t type, uint8_t fix, size_t bytes,
                        size_t content_bytes)
{
    if ((fix & FIX_HEADER) != 0) {
        message->header = (lanes_abi_header){
            .type = type, .sequence = ++c.sequence, .bytes = (uint32_t)bytes};
    }
    if ((fix & FIX_ID) != 0 && type <= LANES_ABI_SEGMENT_RELEASE) {
        message->segment.id = segment_id;
    } else if ((fix & FIX_ID) != 0 && type == LANES_ABI_KERNEL_LOAD) {
        message->load.ir_bytes = content_bytes;
    } else if ((fix & FIX_ID) != 0 && type == LANES_ABI_KERNEL_FUSE) {
        message->fuse.node[0].kernel = kernel_id;
    } else if ((fix & FIX_ID) != 0) {
        message->kernel.id = kernel_id;
    }
    if (message->header.type == LANES_ABI_SEGMENT_CREATE &&
        message->segment.bytes > BYTES_MAX &&
        message->segment.bytes <= LANES_SEGMENT_BYTES_MAX + 4096) {
        message->segment.bytes %= BYTES_MAX;
    }
}

/* Remembers what the reply tells; false if the session is over. */
static bool take_reply(const union message *request, bool is_answerable)
{
    union message reply;
    lanes_error err = {.message = ""};
    lanes_os_message message = {.buffer = &reply, .capacity_bytes = sizeof(reply)};
    const lanes_status status = lanes_os_receive(c.fd, &message, WAIT_NS, &err);
    if (status < 0) {
        FUZZ_CHECK(status == LANES_E_PEER_GONE || status == -ECONNRESET);
        return false;
    }
    FUZZ_CHECK(is_answerable && message.bytes >= sizeof(reply.header));
    FUZZ_CHECK(reply.header.type == request->header.type);
    FUZZ_CHECK(reply.header.sequence == request->header.sequence);
    FUZZ_CHECK(reply.header.bytes == message.bytes && reply.header.status <= 0);
    const uint32_t type = reply.header.type;
    if (reply.header.status < 0) {
        FUZZ_CHECK(memchr(reply.bytes + sizeof(reply.header), '\0',
                          LANES_ABI_TEXT_BYTES) != NULL);
        FUZZ_CHECK(reply.bytes[sizeof(reply.header)] != '\0' && message.fd_count == 0);
    } else if (type <= LANES_ABI_SEGMENT_ATTACH) {
        segment_id = reply.segment.id;
    } else if (type < LANES_ABI_BATCH_CANCEL) {
        kernel_id = reply.kernel.id;
    }
    lanes_os_message_close_fds(&message);
    return true;
}

static bool request(fuzz_input *input, uint32_t type, uint8_t fix)
{
    union message message;
    size_t content_bytes = 0;
    int fd = -1;
    const uint16_t given = fuzz_u16(input);
    const size_t room = sizeof(message) - sizeof(message.header);
    const size_t body = given % room;
    memset(&message, 0, sizeof(message));
    if ((fix & FIX_HEADER) == 0) {
        fuzz_take(input, &message.header, sizeof(message.header));
    }
    fuzz_take(input, message.bytes + sizeof(message.header), body);
    const bool has_fd = takes_fd(type) == ((fix & FIX_FD) != 0);
    if (has_fd) {
        fd = take_fd(input, fix, &content_bytes);
    }
    const size_t bytes =
        (fix & FIX_SIZE) != 0 ? size_of(type) : sizeof(message.header) + body;
    fix_message(&message, type, fix, bytes, content_bytes);
    const uint32_t fd_count = fd < 0 ? 0 : (fix & 32) != 0 ? 2 : 1;
    const int fds[2] = {fd, fd};
    const lanes_status sent =
        lanes_os_send(c.fd, &message, bytes, fds, fd_count, WAIT_NS, NULL);
    if (fd >= 0) {
        close(fd);
    }
    if (sent < 0) {
        FUZZ_CHECK(sent == LANES_E_PEER_GONE);
        return false;
    }
    const bool is_known = message.header.type == type || (fix & FIX_HEADER) == 0;
    return take_reply(&message, is_known);
}

/* ---- Batches ------------------------------------------------------------------------
 */

/* The loops of the fake take arrays of f8 only, and end when they have run. */
static void fix_batch(lanes_abi_entry *entry, uint64_t *arguments, uint8_t fix)
{
    uint64_t count = 1;
    entry->casting = LANES_CASTING_NO;
    entry->reduce = LANES_REDUCE_NONE;
    entry->argument_words %= LANES_ABI_ARGUMENT_WORDS + 1;
    for (uint32_t d = 0; d < entry->dimensions && d < LANES_DIMENSIONS_MAX; d++) {
        arguments[d] %= count < 4096 ? 1024 : 4;
        count *= arguments[d] + 1;
    }
    if ((fix & FIX_ID) == 0 || entry->dimensions > LANES_DIMENSIONS_MAX) {
        return;
    }
    entry->kernel_slot = kernel_id.slot;
    entry->kernel_generation = kernel_id.generation;
    const uint32_t words = 3 + entry->dimensions;
    for (uint32_t i = 0; i < entry->operand_count && i < LANES_OPERANDS_MAX; i++) {
        uint64_t *at = arguments + entry->dimensions + (size_t)i * words;
        memcpy(at, &segment_id, sizeof(segment_id));
    }
}

/* False if the session is over. */
static bool submit(fuzz_input *input, uint8_t fix)
{
    lanes_ring_slot slot;
    const lanes_status status = lanes_ring_client_reserve(&c.ring, &slot);
    if (status < 0) {
        FUZZ_CHECK(status == LANES_E_PEER_GONE);
        return false;
    }
    fuzz_take(input, slot.entry, sizeof(*slot.entry));
    memset(slot.arguments, 0, LANES_ABI_ARGUMENT_BYTES);
    const uint32_t words = slot.entry->argument_words;
    fuzz_take(input, slot.arguments,
              8 * (words < LANES_ABI_ARGUMENT_WORDS ? words : LANES_ABI_ARGUMENT_WORDS));
    fix_batch(slot.entry, slot.arguments, fix);
    if (lanes_ring_client_commit(&c.ring)) {
        lanes_os_event_signal(c.doorbell);
    }
    const uint64_t start_ns = lanes_clock_ns();
    while (!client_has_completion(&c, 100000000)) {
        if (lanes_ring_client_closed(&c.ring) < 0 || lanes_os_socket_is_closed(c.fd)) {
            return false;
        }
        FUZZ_CHECK(lanes_clock_ns() - start_ns < WAIT_NS);
    }
    const lanes_abi_completion completion = client_wait(&c);
    FUZZ_CHECK(completion.status <= 0);
    return true;
}

/* ---- A session ----------------------------------------------------------------------
 */

static void run_steps(fuzz_input *input)
{
    bool is_alive = true;
    for (uint32_t i = 0; is_alive && i < STEPS_MAX && input->bytes > 0; i++) {
        const uint32_t type = fuzz_u8(input) % 16;
        const uint8_t fix = fuzz_u8(input);
        if (type != TYPE_BATCH) {
            is_alive = request(input, type, fix);
        } else if (is_open) {
            is_alive = submit(input, fix);
        }
    }
}

/* Waits for the session to end, which takes a little longer than its client. */
static void wait_for_fds(uint32_t wanted)
{
    const uint64_t start_ns = lanes_clock_ns();
    while (count_fds() != wanted) {
        FUZZ_CHECK(lanes_clock_ns() - start_ns < WAIT_NS);
        sleep_ms(1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint32_t fds;
    fuzz_input input = {data, bytes};
    if (fds == 0) {
        start_server();
        client_open_ok(&c, &server); /* all that is made once is there then */
        client_close(&c);
        sleep_ms(200);
        fds = count_fds();
    }
    segment_id = (lanes_abi_id){0, 0};
    kernel_id = (lanes_abi_id){0, 0};
    is_open = (fuzz_u8(&input) & 1) == 0;
    if (is_open) {
        client_open_ok(&c, &server);
    } else {
        client_connect(&c, &server);
    }
    run_steps(&input);
    client_close(&c);
    wait_for_fds(fds);
    return 0;
}
