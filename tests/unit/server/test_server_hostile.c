/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_hostile.c - clients that take memory away under a batch, or send
 * descriptors of the wrong kind: who is told what, and that nothing stays open.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server_fixture.h"

#define ELEMENTS  4096
#define ALL_FLAGS (LANES_ABI_SEGMENT_READ_ONLY | LANES_ABI_SEGMENT_SPARSE)
#define BYTES     (ELEMENTS * sizeof(double))

static fixture f;
static client c;
static segment out;

static void setup(void)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, BYTES, &out), LANES_OK);
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_hostile, .init = setup, .fini = teardown, .timeout = 60);

static lanes_status attach(int fd, uint64_t bytes, uint32_t flags, segment *s)
{
    lanes_abi_segment request = {.bytes = bytes, .flags = flags};
    lanes_abi_segment reply;
    const lanes_status status =
        client_request(&c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request), fd,
                       &reply, sizeof(reply), NULL);
    if (status == LANES_OK) {
        *s = (segment){.id = reply.id, .bytes = reply.bytes};
    }
    return status;
}

/* POSIX shared memory: nobody can seal it. */
static int make_shared(uint64_t bytes)
{
    char name[64];
    snprintf(name, sizeof(name), "/lanes-test-%d", getpid());
    const int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(shm_unlink(name), 0);
    cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

/* ---- Memory -------------------------------------------------------------------------
 */

/** The other session works, on two threads, and gets right results. */
static void expect_others_work(void)
{
    client other;
    segment in;
    segment result;
    lanes_abi_kernel kernel;
    client_open_ok(&other, &f);
    cr_assert_eq(client_segment(&other, BYTES, &in), LANES_OK);
    cr_assert_eq(client_segment(&other, BYTES, &result), LANES_OK);
    cr_assert_eq(client_load(&other, "slow", &kernel), LANES_OK);
    for (int i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
    const batch b = batch_of(&kernel, &in, &result, ELEMENTS);
    uint32_t threads = 0;
    for (int i = 0; i < 1000 && threads < 2; i++) { /* the other may be late for one */
        const lanes_abi_completion done = client_run(&other, &b);
        cr_assert_eq(done.status, LANES_OK, "%s", other.text);
        threads = done.threads;
    }
    cr_assert_eq(threads, 2);
    for (int i = 0; i < ELEMENTS; i++) {
        cr_assert_eq(result.data[i], 2 * i);
    }
    client_close(&other);
}

Test(server_hostile, a_segment_that_shrinks_ends_its_batch_by_that_name)
{
    lanes_abi_kernel kernel;
    segment in = {.bytes = 0};
    const int fd = make_shared(BYTES);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    cr_assert_eq(attach(fd, 0, 0, &in), LANES_OK, "%s", c.text);
    const batch reads = batch_of(&kernel, &in, &out, ELEMENTS);
    const batch writes = batch_of(&kernel, &out, &in, ELEMENTS);
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(ftruncate(fd, BYTES), 0);
        cr_assert_eq(client_run(&c, &reads).status, LANES_OK, "%s", c.text);
        cr_assert_eq(ftruncate(fd, 4096), 0);
        cr_assert_eq(client_run(&c, &reads).status, LANES_E_SEGMENT_TRUNCATED);
        char begin[200];
        snprintf(
            begin, sizeof(begin),
            "segment %u.%u of operand 0 had 32768 bytes when it was attached, and no "
            "memory at byte ",
            in.id.slot, in.id.generation);
        cr_assert_eq(strncmp(c.text, begin, strlen(begin)), 0, "%s", c.text);
        const unsigned long long at = strtoull(c.text + strlen(begin), NULL, 10);
        cr_assert(at >= 4096 && at < BYTES, "%s", c.text);
        cr_assert_eq(client_run(&c, &writes).status, LANES_E_SEGMENT_TRUNCATED);
        cr_assert_not_null(strstr(c.text, "of operand 1 had"), "%s", c.text);
    }
    close(fd);
    expect_others_work();
}

Test(server_hostile, a_params_block_that_shrinks_is_named)
{
    lanes_abi_kernel kernel;
    segment block = {.bytes = 0};
    const int fd = make_shared(8192);
    cr_assert_eq(client_load(&c, "params", &kernel), LANES_OK);
    cr_assert_eq(attach(fd, 0, 0, &block), LANES_OK, "%s", c.text);
    segment in;
    cr_assert_eq(client_segment(&c, BYTES, &in), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    b.entry.params_slot = block.id.slot;
    b.entry.params_generation = block.id.generation;
    b.entry.params_offset = 4096;
    b.entry.params_bytes = 16;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    cr_assert_eq(ftruncate(fd, 4096), 0);
    cr_assert_eq(client_run(&c, &b).status, LANES_E_SEGMENT_TRUNCATED);
    cr_assert_not_null(
        strstr(c.text, "of the params block had 8192 bytes when it was attached, and no "
                       "memory at byte 4096 "),
        "%s", c.text);
    close(fd);
}

/* Faults of a callback keep their name, whatever has been lost elsewhere. */
Test(server_hostile, a_wild_pointer_is_no_lost_segment)
{
    lanes_abi_kernel kernel;
    segment in;
    cr_assert_eq(client_load(&c, "fault", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, BYTES, &in), LANES_OK);
    in.data[7] = -2;
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    cr_assert_eq(client_run(&c, &b).status, LANES_E_KERNEL_FAULT);
}

Test(server_hostile, a_memfd_that_can_be_sealed_cannot_be_taken_away)
{
    lanes_abi_kernel kernel;
    segment in = {.bytes = 0};
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", BYTES, &fd, NULL), LANES_OK);
    cr_assert_eq(attach(fd, 0, LANES_ABI_SEGMENT_READ_ONLY, &in), LANES_OK, "%s", c.text);
    cr_assert_eq(ftruncate(fd, 4096), -1);
    cr_assert_eq(errno, EPERM);
    cr_assert_eq(ftruncate(fd, 2 * BYTES), -1);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    out.data[0] = 9;
    cr_assert_eq(
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)BYTES), 0);
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    cr_assert_eq(out.data[0], 0, "what is in a hole is 0");
    lanes_os_close(&fd);
}

/* ---- Descriptors --------------------------------------------------------------------
 */

static int open_kind(int kind)
{
    int ends[2];
    switch (kind) {
    case 0:
        return open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case 1:
        return open("/proc/self/exe", O_PATH | O_CLOEXEC);
    case 2:
        return open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    case 3:
        cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
        close(ends[1]);
        return ends[0];
    case 4:
        return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    case 5:
        return open("/dev/zero", O_RDWR | O_CLOEXEC);
    case 6:
        return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    default:
        return -1;
    }
}

Test(server_hostile, descriptors_that_are_no_memory_are_refused_and_closed)
{
    for (int kind = 0; open_kind(kind) >= 0; kind++) {
        int fd = open_kind(kind);
        const uint32_t before = settled(count_fds);
        segment s;
        for (uint32_t flags = 0; flags <= ALL_FLAGS; flags++) {
            const lanes_status status = attach(fd, 4096, flags, &s);
            cr_assert(status == LANES_E_INVALID || status == -EACCES, "kind %d: %s", kind,
                      lanes_status_name(status));
        }
        lanes_abi_kernel_load load = {.ir_bytes = 100};
        lanes_abi_kernel reply;
        cr_assert_eq(client_request(&c, LANES_ABI_KERNEL_LOAD, &load, sizeof(load), fd,
                                    &reply, sizeof(reply), NULL),
                     LANES_E_INVALID, "kind %d", kind);
        cr_assert_not_null(strstr(c.text, "copy it into a memfd"), "%s", c.text);
        /* They are closed after the answer. */
        cr_assert(falls_to(count_fds, before), "kind %d", kind);
        lanes_os_close(&fd);
    }
}

Test(server_hostile, ir_that_is_shorter_than_it_says_fails_its_load_only)
{
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", 4096, &fd, NULL), LANES_OK);
    lanes_abi_kernel_load load = {.ir_bytes = 4097};
    lanes_abi_kernel reply;
    cr_assert_eq(client_request(&c, LANES_ABI_KERNEL_LOAD, &load, sizeof(load), fd,
                                &reply, sizeof(reply), NULL),
                 LANES_E_FORMAT);
    lanes_os_close(&fd);
    expect_others_work();
}

/** @p count times @p fd with a request that wants one, past lanes_os_send()'s limit. */
static void send_many(int fd, size_t count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 64)];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    lanes_abi_segment request = {
        .header = {.type = LANES_ABI_SEGMENT_ATTACH, .bytes = sizeof(request)}};
    struct iovec part = {.iov_base = &request, .iov_len = sizeof(request)};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(sizeof(int) * count);
    for (size_t i = 0; i < count; i++) {
        memcpy(CMSG_DATA(message) + i * sizeof(int), &fd, sizeof(int));
    }
    cr_assert_eq(sendmsg(c.fd, &header, 0), (ssize_t)sizeof(request));
}

Test(server_hostile, surplus_descriptors_end_the_session_and_are_closed)
{
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", 4096, &fd, NULL), LANES_OK);
    const size_t counts[] = {2, LANES_OS_FDS_MAX, LANES_OS_FDS_MAX + 1, 64};
    client_close(&c);
    client other;
    client_open_ok(&other, &f);
    const uint32_t before = settled(count_fds);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(counts); i++) {
        client_open_ok(&c, &f);
        send_many(fd, counts[i]);
        char byte;
        cr_assert_leq(recv(c.fd, &byte, 1, 0), 0, "%zu: it hangs up", counts[i]);
        client_close(&c);
        cr_assert(falls_to(count_fds, before), "%zu descriptors", counts[i]);
    }
    client_close(&other);
    lanes_os_close(&fd);
    expect_others_work();
}
