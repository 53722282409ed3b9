/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_session.c - hello, malformed requests, segments, limits.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/atomic.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_fixture.h"

static fixture f;
static client c;

static void setup(void)
{
    fixture_init(&f, 2);
    fixture_start(&f);
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_session, .init = setup, .fini = teardown, .timeout = 30);

/* True when the server hangs up without an answer. */
static bool is_hung_up(const client *who)
{
    char buffer[LANES_ABI_MESSAGE_MAX];
    lanes_os_message message = {.buffer = buffer, .capacity_bytes = sizeof(buffer)};
    const lanes_status status = lanes_os_receive(who->fd, &message, 5000000000u, NULL);
    return status == LANES_E_PEER_GONE || status == -ECONNRESET;
}

static lanes_abi_hello good_hello(void)
{
    return (lanes_abi_hello){
        .header = {.type = LANES_ABI_HELLO,
                   .sequence = 7,
                   .bytes = sizeof(lanes_abi_hello)},
        .magic = LANES_ABI_MAGIC,
        .version = LANES_ABI_VERSION,
    };
}

Test(server_session, hello_says_who_serves)
{
    client_open_ok(&c, &f);
    cr_assert_eq(c.hello.threads, 2);
    cr_assert_eq(c.hello.executor_pid, (uint32_t)lanes_os_pid());
    cr_assert_eq(c.hello.version, LANES_ABI_VERSION);
    cr_assert_eq(c.hello.magic, LANES_ABI_MAGIC);
}

Test(server_session, a_foreign_uid_is_told_and_closed)
{
    f.uid_offset = 1;
    cr_assert_eq(client_open(&c, &f), LANES_E_FOREIGN_UID);
    cr_assert_not_null(strstr(c.text, "serves uid"), "%s", c.text);
    cr_assert(is_hung_up(&c));
}

Test(server_session, another_version_is_told_both)
{
    client_connect(&c, &f);
    lanes_abi_hello hello = good_hello();
    hello.version = 99;
    lanes_abi_hello reply;
    cr_assert_eq(client_request(&c, LANES_ABI_HELLO, &hello, sizeof(hello), -1, &reply,
                                sizeof(reply), NULL),
                 LANES_E_ABI_MISMATCH);
    cr_assert_not_null(strstr(c.text, "version 99"));
    cr_assert(is_hung_up(&c));
    client_close(&c);
    client_connect(&c, &f);
    hello = good_hello();
    hello.magic ^= 1;
    cr_assert_eq(client_request(&c, LANES_ABI_HELLO, &hello, sizeof(hello), -1, &reply,
                                sizeof(reply), NULL),
                 LANES_E_ABI_MISMATCH, "what is no hello of ours");
    cr_assert(is_hung_up(&c));
}

Test(server_session, too_many_sessions_are_refused_by_name)
{
    static client many[LANES_SESSIONS_MAX];
    for (int i = 0; i < LANES_SESSIONS_MAX; i++) {
        client_open_ok(&many[i], &f);
    }
    cr_assert_eq(client_open(&c, &f), LANES_E_QUOTA);
    cr_assert_not_null(strstr(c.text, "64 sessions"), "%s", c.text);
    client_close(&c);
    for (int i = 0; i < LANES_SESSIONS_MAX; i++) {
        client_close(&many[i]);
    }
    /* The server notices one after the other. */
    lanes_status status = LANES_E_QUOTA;
    for (int i = 0; i < 100 && status == LANES_E_QUOTA; i++) {
        sleep_ms(5);
        status = client_open(&c, &f);
        if (status < 0) {
            client_close(&c);
        }
    }
    cr_assert_eq(status, LANES_OK);
}

struct bad_message {
    const char *what;
    uint32_t type;
    size_t bytes;          /* sent */
    uint32_t header_bytes; /* claimed */
    uint32_t fd_count;
};

Test(server_session, malformed_messages_end_the_session_only)
{
    const uint32_t segment_bytes = sizeof(lanes_abi_segment);
    const struct bad_message bad[] = {
        {"type 0", 0, 40, 40, 0},
        {"type 9", 9, 40, 40, 0},
        {"type 2^32 - 1", UINT32_MAX, 40, 40, 0},
        {"a byte", LANES_ABI_SEGMENT_CREATE, 1, segment_bytes, 0},
        {"too short", LANES_ABI_SEGMENT_CREATE, segment_bytes - 1, segment_bytes, 0},
        {"too long", LANES_ABI_SEGMENT_CREATE, segment_bytes + 1, segment_bytes, 0},
        {"wrong claim", LANES_ABI_SEGMENT_CREATE, segment_bytes, segment_bytes + 1, 0},
        {"needless fd", LANES_ABI_SEGMENT_CREATE, segment_bytes, segment_bytes, 1},
        {"no fd", LANES_ABI_SEGMENT_ATTACH, segment_bytes, segment_bytes, 0},
        {"two fds", LANES_ABI_SEGMENT_ATTACH, segment_bytes, segment_bytes, 2},
        {"a second hello", LANES_ABI_HELLO, sizeof(lanes_abi_hello),
         sizeof(lanes_abi_hello), 0},
        {"larger than any", LANES_ABI_SEGMENT_CREATE, LANES_ABI_MESSAGE_MAX + 1, 9999, 0},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(bad); i++) {
        client_open_ok(&c, &f);
        char message[LANES_ABI_MESSAGE_MAX + 1] = {0};
        lanes_abi_header header = {.type = bad[i].type, .bytes = bad[i].header_bytes};
        memcpy(message, &header, sizeof(header));
        const int fds[] = {c.event, c.event};
        cr_assert_eq(
            lanes_os_send(c.fd, message, bad[i].bytes, fds, bad[i].fd_count, 0, NULL),
            LANES_OK);
        cr_assert(is_hung_up(&c), "%s", bad[i].what);
        client_close(&c);
    }
    client_open_ok(&c, &f); /* the server lives */
}

Test(server_session, requests_before_hello_end_the_session)
{
    client_connect(&c, &f);
    lanes_abi_segment request = {.bytes = 4096};
    lanes_abi_segment reply;
    int fd;
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_CREATE, &request, sizeof(request),
                                -1, &reply, sizeof(reply), &fd),
                 LANES_E_PEER_GONE);
}

/* What the ring says to those who hold it still. */
static void expect_reason(lanes_status wanted)
{
    lanes_status reason = LANES_OK;
    for (int i = 0; i < 1000 && reason == LANES_OK; i++) {
        sleep_ms(5);
        reason = lanes_ring_client_closed(&c.ring);
    }
    cr_assert_eq(reason, wanted, "%s", lanes_status_name(reason));
}

Test(server_session, who_leaves_is_told_apart_from_who_errs)
{
    client_open_ok(&c, &f);
    lanes_os_close(&c.fd);
    expect_reason(LANES_E_PEER_GONE);
    client_close(&c);
    client_open_ok(&c, &f);
    cr_assert_eq(lanes_os_send(c.fd, "?", 1, NULL, 0, 0, NULL), LANES_OK);
    expect_reason(LANES_E_PROTOCOL);
}

/* Sends a request that is answered; is_hung_up() cannot tell who does not listen. */
Test(server_session, a_client_that_cannot_be_answered_is_closed)
{
    client_open_ok(&c, &f);
    lanes_abi_segment request = {
        .header = {.type = LANES_ABI_SEGMENT_RELEASE, .bytes = sizeof(request)}};
    cr_assert_eq(shutdown(c.fd, SHUT_RD), 0);
    cr_assert_eq(lanes_os_send(c.fd, &request, sizeof(request), NULL, 0, 0, NULL),
                 LANES_OK);
    struct pollfd end = {.fd = c.fd};
    cr_assert_eq(poll(&end, 1, 5000), 1, "the server keeps it");
    cr_assert_neq(end.revents & POLLHUP, 0);
}

Test(server_session, a_client_that_says_nothing_does_no_harm)
{
    client_connect(&c, &f);
    client other;
    client_open_ok(&other, &f);
    client_close(&other);
}

/* ---- Segments -----------------------------------------------------------------------
 */

Test(server_session, segments_are_created_and_released)
{
    client_open_ok(&c, &f);
    segment s;
    cr_assert_eq(client_segment(&c, 5000, &s), LANES_OK);
    cr_assert_eq(s.bytes, 8192, "whole pages");
    cr_assert_neq(s.id.generation, 0);
    cr_assert_eq(client_segment_release(&c, &s), LANES_OK);
    s.data = NULL;
    cr_assert_eq(client_segment_release(&c, &s), LANES_E_STALE_ID);
    cr_assert_not_null(strstr(c.text, "released"));
}

Test(server_session, impossible_segments_are_refused)
{
    client_open_ok(&c, &f);
    segment s;
    cr_assert_eq(client_segment(&c, 0, &s), LANES_E_INVALID);
    cr_assert_eq(client_segment(&c, LANES_SEGMENT_BYTES_MAX + 1, &s), LANES_E_INVALID);
    lanes_abi_segment request = {.bytes = 4096, .flags = 0x80};
    lanes_abi_segment reply;
    int fd;
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_CREATE, &request, sizeof(request),
                                -1, &reply, sizeof(reply), &fd),
                 LANES_E_INVALID);
    cr_assert_not_null(strstr(c.text, "0x80"));
    request = (lanes_abi_segment){.bytes = 4096, .reserved = 1};
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_CREATE, &request, sizeof(request),
                                -1, &reply, sizeof(reply), &fd),
                 LANES_E_INVALID);
    cr_assert_eq(lanes_os_memfd_create("test", 4096, &fd, NULL), LANES_OK);
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request),
                                fd, &reply, sizeof(reply), NULL),
                 LANES_E_INVALID);
    lanes_os_close(&fd);
}

Test(server_session, a_segment_is_released_by_its_id_and_nothing_else)
{
    client_open_ok(&c, &f);
    segment s;
    cr_assert_eq(client_segment(&c, 4096, &s), LANES_OK);
    lanes_abi_segment request = {.id = s.id, .flags = 0x80};
    lanes_abi_segment reply;
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_RELEASE, &request, sizeof(request),
                                -1, &reply, sizeof(reply), NULL),
                 LANES_E_INVALID);
    request = (lanes_abi_segment){.id = s.id, .reserved = 1};
    cr_assert_eq(client_request(&c, LANES_ABI_SEGMENT_RELEASE, &request, sizeof(request),
                                -1, &reply, sizeof(reply), NULL),
                 LANES_E_INVALID);
    cr_assert_eq(client_segment_release(&c, &s), LANES_OK, "it was there all the time");
}

Test(server_session, the_257th_segment_is_refused_by_name)
{
    client_open_ok(&c, &f);
    static segment many[LANES_SEGMENTS_MAX];
    for (int i = 0; i < LANES_SEGMENTS_MAX; i++) {
        cr_assert_eq(client_segment(&c, 4096, &many[i]), LANES_OK);
    }
    segment s;
    cr_assert_eq(client_segment(&c, 4096, &s), LANES_E_QUOTA);
    cr_assert_not_null(strstr(c.text, "256"), "%s", c.text);
    cr_assert_eq(client_segment_release(&c, &many[100]), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &many[100]), LANES_OK);
    cr_assert_eq(many[100].id.slot, 100);
    cr_assert_eq(many[100].id.generation, 2);
}

static lanes_status attach(int fd, uint64_t bytes, uint32_t flags,
                           lanes_abi_segment *reply)
{
    lanes_abi_segment request = {.bytes = bytes, .flags = flags};
    return client_request(&c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request), fd,
                          reply, sizeof(*reply), NULL);
}

Test(server_session, what_exists_can_be_attached)
{
    client_open_ok(&c, &f);
    lanes_abi_segment reply;
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", 10000, &fd, NULL), LANES_OK);
    cr_assert_eq(attach(fd, 0, 0, &reply), LANES_OK);
    cr_assert_eq(reply.bytes, 10000);
    cr_assert_eq(attach(fd, 4096, LANES_ABI_SEGMENT_READ_ONLY, &reply), LANES_OK);
    cr_assert_eq(reply.bytes, 4096);
    cr_assert_eq(reply.flags, LANES_ABI_SEGMENT_READ_ONLY);
    cr_assert_eq(attach(fd, 20000, 0, &reply), LANES_E_INVALID, "shorter than that");
    cr_assert_eq(attach(fd, 0, 0x40, &reply), LANES_E_INVALID);
    cr_assert_eq(attach(c.event, 0, 0, &reply), LANES_E_INVALID, "an eventfd");
    lanes_os_close(&fd);
    cr_assert_eq(lanes_os_file_open("/proc/self/exe", 0, &fd, NULL), LANES_OK);
    cr_assert_eq(attach(fd, 0, 0, &reply), -EACCES, "open for reading only");
    cr_assert_eq(attach(fd, 0, LANES_ABI_SEGMENT_READ_ONLY, &reply), LANES_OK);
    lanes_os_close(&fd);
}

Test(server_session, a_hello_that_finds_no_descriptors_ends_the_session)
{
    client other;
    segment s;
    /* So that the server has started, and closed what it sent with its first hello. */
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, 4096, &s), LANES_OK);
    cr_assert_eq(client_segment_release(&c, &s), LANES_OK);
    const uint32_t fds = count_fds();
    client_connect(&other, &f);
    while (count_fds() < fds + 2) { /* ours, and the server's when it has accepted */
        sleep_ms(1);
    }
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    /* One is left, for the event; the rings find none. */
    limit.rlim_cur = count_fds() - 3 + 1;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    lanes_abi_hello hello = {.magic = LANES_ABI_MAGIC, .version = LANES_ABI_VERSION};
    lanes_abi_hello reply;
    const lanes_status status = client_request(
        &other, LANES_ABI_HELLO, &hello, sizeof(hello), -1, &reply, sizeof(reply), NULL);
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(status, -EMFILE, "%d", status);
    cr_assert_eq(client_request(&other, LANES_ABI_HELLO, &hello, sizeof(hello), -1,
                                &reply, sizeof(reply), NULL),
                 LANES_E_PEER_GONE);
    client_close(&other);
}
