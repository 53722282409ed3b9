/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_segment.c - segments through the public functions.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "unit/client/client_fixture.h"

TestSuite(client_segment, .timeout = 30, .init = open_honest, .fini = close_all);

Test(client_segment, created_memory_is_zeroed_rounded_and_sealed)
{
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_create(session, 5000, &segment, &err), LANES_OK);
    cr_assert_eq(lanes_segment_bytes(segment), 8192);
    char *data = lanes_segment_data(segment);
    for (int i = 0; i < 8192; i++) {
        cr_assert_eq(data[i], 0);
        data[i] = 1;
    }
    lanes_segment_release(segment);
    lanes_segment_release(NULL);
    close_all();
    cr_assert_eq(fake.segments_left, 0);
    open_honest();
}

Test(client_segment, impossible_sizes_are_refused)
{
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_create(session, 0, &segment, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_segment_create(session, UINT64_MAX, &segment, &err),
                 LANES_E_INVALID);
    cr_assert_eq(lanes_segment_create(session, LANES_SEGMENT_BYTES_MAX, &segment, &err),
                 -ENOMEM, "64 TiB");
    cr_assert_null(segment);
}

Test(client_segment, existing_memory_is_attached_by_descriptor)
{
    const int fd = memfd_create("mine", 0);
    cr_assert_eq(ftruncate(fd, 100), 0);
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_attach_fd(session, fd, 0, &segment, &err), LANES_OK);
    cr_assert_eq(lanes_segment_bytes(segment), 100);
    cr_assert_eq(pwrite(fd, "x", 1, 99), 1);
    cr_assert_eq(((char *)lanes_segment_data(segment))[99], 'x');
    lanes_segment_release(segment);
}

Test(client_segment, named_memory_is_attached)
{
    char name[64];
    snprintf(name, sizeof(name), "/lanes-test-%d", getpid());
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_attach_name(session, name, 0, &segment, &err), -ENOENT);
    cr_assert_not_null(strstr(err.message, name));
    cr_assert_eq(lanes_segment_attach_name(session, NULL, 0, &segment, &err),
                 LANES_E_INVALID);
    const int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    cr_assert_eq(ftruncate(fd, 4096), 0);
    cr_assert_eq(lanes_segment_attach_name(session, name, 0, &segment, &err), LANES_OK);
    cr_assert_eq(lanes_segment_bytes(segment), 4096);
    lanes_segment *readable = NULL;
    cr_assert_eq(lanes_segment_attach_name(session, name, LANES_SEGMENT_READ_ONLY,
                                           &readable, &err),
                 LANES_OK);
    cr_assert_neq(lanes_segment_data(readable), lanes_segment_data(segment));
    shm_unlink(name);
}

Test(client_segment, what_cannot_be_shared_is_refused)
{
    lanes_segment *segment = NULL;
    const int readable = open("/proc/self/exe", O_RDONLY);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    const struct {
        int fd;
        uint32_t flags;
        lanes_status expected;
    } cases[] = {
        {-1, 0, LANES_E_INVALID},
        {ends[0], LANES_SEGMENT_READ_ONLY, LANES_E_INVALID},
        {readable, 0, -EACCES},
        {readable, 8, LANES_E_INVALID},
        {memfd_create("empty", 0), 0, LANES_E_INVALID},
        {9999, 0, -EBADF},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cr_assert_eq(
            lanes_segment_attach_fd(session, cases[i].fd, cases[i].flags, &segment, &err),
            cases[i].expected, "case %zu: %s", i, err.message);
    }
    cr_assert_eq(lanes_segment_attach_fd(session, readable, LANES_SEGMENT_READ_ONLY,
                                         &segment, &err),
                 LANES_OK);
}

Test(client_segment, quota_is_an_error_and_release_makes_room)
{
    lanes_segment *segments[LANES_SEGMENTS_MAX];
    for (uint32_t i = 0; i < LANES_SEGMENTS_MAX; i++) {
        cr_assert_eq(lanes_segment_create(session, 1, &segments[i], &err), LANES_OK);
    }
    lanes_segment *more = NULL;
    cr_assert_eq(lanes_segment_create(session, 1, &more, &err), LANES_E_QUOTA);
    /* The middle, the newest and the oldest: every place in the list of handles. */
    lanes_segment_release(segments[100]);
    lanes_segment_release(segments[LANES_SEGMENTS_MAX - 1]);
    lanes_segment_release(segments[0]);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(lanes_segment_create(session, 1, &more, &err), LANES_OK);
    }
}
