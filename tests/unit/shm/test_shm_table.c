/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shm_table.c - segments: what may be mapped, ids that go stale, references that
 * keep memory alive, keys that tell the same object, memory that runs out.
 */
#include "shm/shm.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "support/mappings.h"
#include "support/wrap.h"

#define ALL_FLAGS (LANES_ABI_SEGMENT_READ_ONLY | LANES_ABI_SEGMENT_SPARSE)

static int fallocate_errno;   /* 0: it works */
static size_t malloc_refuses; /* the size that fails; 0: none */
static off_t resize_to;       /* what somebody does just before seals are added; 0: not */

TEST_WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length));
TEST_WRAP(void *, malloc, (size_t bytes));
TEST_WRAP(int, fcntl, (int fd, int command, long argument));

int wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (fallocate_errno != 0) {
        errno = fallocate_errno;
        return -1;
    }
    return real_fallocate(fd, mode, offset, length);
}

void *wrap_malloc(size_t bytes)
{
    return bytes == malloc_refuses ? NULL : real_malloc(bytes);
}

int wrap_fcntl(int fd, int command, long argument)
{
    if (command == F_ADD_SEALS && resize_to != 0) {
        cr_assert_eq(ftruncate(fd, resize_to), 0);
    }
    return real_fcntl(fd, command, argument);
}

static lanes_shm_table *table;
static lanes_error err;

static void make_table(void)
{
    cr_assert_eq(lanes_shm_table_create(&table, &err), LANES_OK);
}

static void destroy_table(void)
{
    lanes_shm_table_destroy(table);
    lanes_shm_table_destroy(NULL);
}

TestSuite(shm_table, .init = make_table, .fini = destroy_table, .timeout = 20);

static long faults(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

static int make_memory(uint64_t bytes)
{
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", bytes, &fd, &err), LANES_OK);
    return fd;
}

static int next_fd(void)
{
    const int fd = dup(0);
    close(fd);
    return fd;
}

static bool is_mapped(void *data)
{
    unsigned char resident = 0;
    return mincore(data, 4096, &resident) == 0;
}

Test(shm_table, created_segment_is_shared_sealed_and_released)
{
    lanes_abi_id id;
    int fd = -1;
    cr_assert_eq(lanes_shm_create(table, 5000, &id, &fd, &err), LANES_OK);
    cr_assert_neq(id.generation, 0);
    lanes_shm_mapping client;
    cr_assert_eq(lanes_shm_map(fd, 8192, 0, &client, &err), LANES_OK, "rounded to pages");
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    cr_assert_eq(fcntl(fd, F_GET_SEALS) & seals, seals);
    cr_assert_neq(ftruncate(fd, 4096), 0, "it cannot shrink");
    lanes_shm_segment *segment = NULL;
    cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_OK);
    cr_assert_eq(segment->mapping.bytes, 8192);
    ((char *)client.data)[8191] = 9;
    cr_assert_eq(((char *)segment->mapping.data)[8191], 9);
    cr_assert_eq(madvise(client.data, 4096, MADV_REMOVE), 0);
    cr_assert_eq(((char *)segment->mapping.data)[0], 0, "what a hole was made of is 0");
    lanes_os_close(&fd);
    cr_assert_eq(lanes_shm_table_count(table), 1);
    cr_assert_eq(lanes_shm_table_bytes(table), 8192);
    lanes_shm_drop(segment);
    cr_assert_eq(lanes_shm_release(table, id, &err), LANES_OK);
    cr_assert_eq(lanes_shm_table_count(table), 0);
    cr_assert_eq(lanes_shm_table_bytes(table), 0);
    lanes_shm_unmap(&client);
    cr_assert_null(client.data);
    lanes_shm_unmap(&client);
}

/* Not checked by a sanitizer, whose own pages would be faulted in. */
__attribute__((no_sanitize("address"))) static void touch(void *data, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        ((volatile char *)data)[i * lanes_os_page_bytes()] = 1;
    }
}

/* No batch pays for mapping pages. */
Test(shm_table, pages_are_mapped_when_a_segment_is_made)
{
    const uint64_t page = lanes_os_page_bytes();
    const uint64_t pages = 2000;
    lanes_abi_id id;
    int fd = -1;
    cr_assert_eq(lanes_shm_create(table, pages * page, &id, &fd, &err), LANES_OK);
    for (int round = 0; round < 2; round++) {
        lanes_shm_segment *segment = NULL;
        cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_OK);
        const long before = faults();
        touch(segment->mapping.data, pages);
        cr_assert_lt(faults() - before, 100, "round %d", round);
        lanes_shm_drop(segment);
        if (round == 0) {
            cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), LANES_OK);
        }
    }
    lanes_os_close(&fd);
}

Test(shm_table, stale_and_invented_ids_are_refused)
{
    lanes_abi_id id;
    int fd = -1;
    lanes_shm_segment *segment = NULL;
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), LANES_OK);
    cr_assert_eq(lanes_shm_release(table, id, &err), LANES_OK);
    lanes_os_close(&fd);
    const lanes_abi_id stale[] = {
        id, {0, 0}, {0, 999}, {LANES_SEGMENTS_MAX, 1}, {UINT32_MAX, UINT32_MAX}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(stale); i++) {
        cr_assert_eq(lanes_shm_acquire(table, stale[i], &segment), LANES_E_STALE_ID);
        cr_assert_eq(lanes_shm_release(table, stale[i], &err), LANES_E_STALE_ID);
    }
    lanes_abi_id again;
    cr_assert_eq(lanes_shm_create(table, 4096, &again, &fd, &err), LANES_OK);
    cr_assert_eq(again.slot, id.slot);
    cr_assert_neq(again.generation, id.generation);
    cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_E_STALE_ID);
    const lanes_abi_id beyond = {again.slot + LANES_SEGMENTS_MAX, again.generation};
    cr_assert_eq(lanes_shm_acquire(table, beyond, &segment), LANES_E_STALE_ID);
    lanes_os_close(&fd);
}

Test(shm_table, references_outlive_release_and_table)
{
    lanes_abi_id ids[2];
    lanes_shm_segment *held[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++) {
        int fd = make_memory(4096);
        cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &ids[i], &err), LANES_OK);
        lanes_os_close(&fd);
        cr_assert_eq(lanes_shm_acquire(table, ids[i], &held[i]), LANES_OK);
    }
    void *const data[] = {held[0]->mapping.data, held[1]->mapping.data};
    cr_assert_eq(lanes_shm_release(table, ids[0], &err), LANES_OK);
    cr_assert(is_mapped(data[0]));
    lanes_shm_drop(held[0]);
    cr_assert_not(is_mapped(data[0]));
    lanes_shm_table_destroy(table);
    table = NULL;
    cr_assert(is_mapped(data[1]));
    lanes_shm_drop(held[1]);
    cr_assert_not(is_mapped(data[1]));
    lanes_shm_drop(NULL);
}

Test(shm_table, same_object_has_the_same_key)
{
    const int a = make_memory(4096);
    const int b = make_memory(4096);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", a);
    const int a_again = open(path, O_RDONLY);
    const int fds[] = {a, b, a_again, a};
    lanes_shm_segment *segments[4];
    for (size_t i = 0; i < 4; i++) {
        lanes_abi_id id;
        const uint32_t flags = i == 2 ? LANES_ABI_SEGMENT_READ_ONLY : 0;
        cr_assert_eq(lanes_shm_attach(table, fds[i], 0, flags, &id, &err), LANES_OK);
        cr_assert_eq(lanes_shm_acquire(table, id, &segments[i]), LANES_OK);
    }
    cr_assert_eq(segments[0]->key, segments[2]->key);
    cr_assert_eq(segments[0]->key, segments[3]->key);
    cr_assert_neq(segments[0]->key, segments[1]->key);
    cr_assert(segments[2]->mapping.is_read_only);
    cr_assert_not(segments[0]->mapping.is_read_only);
    for (size_t i = 0; i < 4; i++) {
        lanes_shm_drop(segments[i]);
    }
}

Test(shm_table, regular_files_are_mapped)
{
    char path[] = "/tmp/lanes-test-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert_eq(write(fd, "0123456789", 10), 10);
    lanes_abi_id id;
    lanes_shm_segment *segment = NULL;
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), LANES_OK);
    cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_OK);
    cr_assert_eq(segment->mapping.bytes, 10);
    cr_assert_eq(memcmp(segment->mapping.data, "0123456789", 10), 0);
    lanes_shm_drop(segment);
    unlink(path);
}

Test(shm_table, what_cannot_be_mapped_is_refused)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    char name[] = "/tmp/lanes-test-XXXXXX";
    const int empty = mkstemp(name);
    unlink(name);
    const int small = make_memory(4096);
    const int readable = open("/proc/self/exe", O_RDONLY);
    const int path_only = open("/proc/self/exe", O_PATH);
    const int writable = open("/tmp", O_TMPFILE | O_WRONLY, 0600);
    cr_assert_eq(ftruncate(writable, 4096), 0);
    const struct {
        int fd;
        uint64_t bytes;
        uint32_t flags;
        lanes_status expected;
    } cases[] = {
        {ends[0], 0, LANES_ABI_SEGMENT_READ_ONLY, LANES_E_INVALID},
        {open("/", O_RDONLY), 0, LANES_ABI_SEGMENT_READ_ONLY, LANES_E_INVALID},
        {open("/dev/zero", O_RDWR), 4096, 0, LANES_E_INVALID},
        {empty, 0, 0, LANES_E_INVALID},
        {small, 4097, 0, LANES_E_INVALID},
        {small, UINT64_MAX, 0, LANES_E_INVALID},
        {small, 0, ALL_FLAGS + 1, LANES_E_INVALID},
        {readable, 0, 0, -EACCES},
        {readable, 0, LANES_ABI_SEGMENT_READ_ONLY, LANES_OK},
        {path_only, 0, LANES_ABI_SEGMENT_READ_ONLY, -EACCES},
        {writable, 0, 0, -EACCES},
        {-1, 0, 0, -EBADF},
    };
    uint32_t mapped = 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_abi_id id;
        cr_assert_eq(lanes_shm_attach(table, cases[i].fd, cases[i].bytes, cases[i].flags,
                                      &id, &err),
                     cases[i].expected, "case %zu", i);
        cr_assert(cases[i].expected != -EACCES ||
                      strstr(err.message, "is not open for reading") != NULL,
                  "case %zu: %s", i, err.message);
        mapped += cases[i].expected == LANES_OK;
    }
    cr_assert_eq(lanes_shm_table_count(table), mapped);
}

Test(shm_table, object_larger_than_the_limit_is_refused)
{
    const int fd = make_memory(0);
    cr_assert_eq(ftruncate(fd, (off_t)LANES_SEGMENT_BYTES_MAX + 4096), 0); /* sparse */
    lanes_abi_id id;
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), LANES_E_INVALID);
}

Test(shm_table, impossible_sizes_are_refused)
{
    const uint64_t sizes[] = {0, LANES_SEGMENT_BYTES_MAX + 1, UINT64_MAX};
    lanes_abi_id id;
    int fd = -1;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(sizes); i++) {
        cr_assert_eq(lanes_shm_create(table, sizes[i], &id, &fd, &err), LANES_E_INVALID);
        cr_assert_not_null(strstr(err.message, " bytes is not possible; 1 to "));
    }
}

Test(shm_table, table_fills_and_recovers)
{
    const int fd = make_memory(4096);
    lanes_abi_id ids[LANES_SEGMENTS_MAX];
    for (uint32_t i = 0; i < LANES_SEGMENTS_MAX; i++) {
        cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &ids[i], &err), LANES_OK);
    }
    lanes_abi_id more;
    int created = -1;
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &more, &err), LANES_E_QUOTA);
    cr_assert_eq(lanes_shm_create(table, 4096, &more, &created, &err), LANES_E_QUOTA);
    cr_assert_not_null(strstr(err.message, "256"));
    cr_assert_eq(lanes_shm_release(table, ids[100], &err), LANES_OK);
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &more, &err), LANES_OK);
    cr_assert_eq(more.slot, 100);
}

/* What was told of new memory, and which of its bytes were reserved by then. */
struct told {
    uint32_t count;
    uint64_t bytes;
    uint64_t reserved;
};

/* Pages of tmpfs that exist are in memory for mincore(), be they mapped or not. */
static void on_new_memory(void *ctx, void *data, uint64_t bytes)
{
    struct told *told = ctx;
    unsigned char resident[16];
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    cr_assert_leq(bytes, sizeof(resident) * page);
    cr_assert_eq(mincore(data, bytes, resident), 0);
    told->count++;
    told->bytes = bytes;
    told->reserved = 0;
    for (uint64_t i = 0; i < bytes / page; i++) {
        told->reserved += (resident[i] & 1u) * page;
    }
}

Test(shm_table, new_memory_is_told_of_before_its_pages_exist)
{
    struct told told = {0};
    lanes_abi_id id;
    int fd = -1;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    lanes_shm_table_on_new_memory(table, on_new_memory, &told);
    cr_assert_eq(lanes_shm_create(table, 4 * page, &id, &fd, &err), LANES_OK);
    cr_assert_eq(told.count, 1);
    cr_assert_eq(told.bytes, 4 * page);
    cr_assert_eq(told.reserved, 0);
    struct stat facts;
    cr_assert_eq(fstat(fd, &facts), 0);
    cr_assert_eq((uint64_t)facts.st_blocks * 512, 4 * page, "reserved all the same");

    /* All there, or not ours to write: no news. */
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), LANES_OK);
    cr_assert_eq(told.count, 1);
    const int holes = memfd_create("holes", 0);
    cr_assert_eq(ftruncate(holes, (off_t)(8 * page)), 0);
    cr_assert_eq(
        lanes_shm_attach(table, holes, 0, LANES_ABI_SEGMENT_READ_ONLY, &id, &err),
        LANES_OK);
    cr_assert_eq(told.count, 1);
    cr_assert_eq(pwrite(holes, "x", 1, (off_t)page), 1);
    cr_assert_eq(lanes_shm_attach(table, holes, 0, 0, &id, &err), LANES_OK);
    cr_assert_eq(told.count, 2);
    cr_assert_eq(told.bytes, 8 * page);
    cr_assert_eq(told.reserved, page);

    lanes_shm_table_on_new_memory(table, NULL, NULL);
    cr_assert_eq(lanes_shm_create(table, page, &id, &fd, &err), LANES_OK);
    cr_assert_eq(told.count, 2);
}

Test(shm_table, lack_of_told_memory_is_an_error_and_leaks_nothing)
{
    struct told told = {0};
    lanes_abi_id id;
    int fd = -1;
    lanes_shm_table_on_new_memory(table, on_new_memory, &told);
    const int before = next_fd();
    const size_t maps_before = count_mappings(0, "lanes-segment");
    fallocate_errno = ENOSPC;
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), -ENOSPC);
    fallocate_errno = 0;
    cr_assert_eq(next_fd(), before);
    cr_assert_eq(count_mappings(0, "lanes-segment"), maps_before);
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), LANES_OK);
}

Test(shm_table, lack_of_memory_is_an_error_and_leaks_nothing)
{
    lanes_abi_id id;
    int fd = -1;
    const int before = next_fd();
    fallocate_errno = ENOSPC;
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), -ENOSPC);
    fallocate_errno = 0;
    malloc_refuses = sizeof(lanes_shm_segment);
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), -ENOMEM);
    malloc_refuses = 0;
    cr_assert_eq(next_fd(), before);
    cr_assert_eq(lanes_shm_table_count(table), 0);
    cr_assert_eq(lanes_shm_create(table, 4096, &id, &fd, &err), LANES_OK);
}

/* ---- Objects of others --------------------------------------------------------------
 */

static int seals_of(int fd)
{
    const int others = 0x20; /* F_SEAL_EXEC, which lanes' own memfds have */
    return fcntl(fd, F_GET_SEALS) & ~others;
}

static bool is_frozen(lanes_abi_id id)
{
    lanes_shm_segment *segment = NULL;
    cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_OK);
    const bool result = segment->mapping.is_frozen;
    lanes_shm_drop(segment);
    return result;
}

Test(shm_table, what_can_be_sealed_is_sealed_when_it_is_attached)
{
    lanes_abi_id id;
    for (uint32_t flags = 0; flags <= ALL_FLAGS; flags++) {
        const int fd = make_memory(8192);
        cr_assert_eq(lanes_shm_attach(table, fd, 4096, flags, &id, &err), LANES_OK);
        cr_assert_eq(seals_of(fd), F_SEAL_SHRINK | F_SEAL_GROW);
        cr_assert(is_frozen(id));
        cr_assert_neq(ftruncate(fd, 4096), 0);
        cr_assert_eq(lanes_shm_attach(table, fd, 0, flags, &id, &err), LANES_OK, "twice");
    }
}

Test(shm_table, what_cannot_be_sealed_may_shrink)
{
    char file[] = "/tmp/lanes-test-XXXXXX";
    char name[64];
    snprintf(name, sizeof(name), "/lanes-test-table-%d", getpid());
    const int shared = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    cr_assert_eq(shm_unlink(name), 0);
    const int sealable = make_memory(4096);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", sealable);
    const struct {
        int fd;
        uint32_t flags;
    } cases[] = {
        {memfd_create("test", MFD_CLOEXEC), 0}, /* its creator did not want seals */
        {shared, 0},
        {mkstemp(file), 0},
        {open(path, O_RDONLY), LANES_ABI_SEGMENT_READ_ONLY},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        if (cases[i].flags == 0) {
            cr_assert_eq(ftruncate(cases[i].fd, 8192), 0);
        }
        lanes_abi_id id;
        cr_assert_eq(lanes_shm_attach(table, cases[i].fd, 0, cases[i].flags, &id, &err),
                     LANES_OK, "case %zu", i);
        cr_assert_not(is_frozen(id), "case %zu", i);
    }
    unlink(file);
}

Test(shm_table, sizes_are_believed_only_after_sealing)
{
    lanes_abi_id id;
    const int shorter = make_memory(8192);
    resize_to = 4096;
    cr_assert_eq(lanes_shm_attach(table, shorter, 8192, 0, &id, &err), LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "has 4096 bytes, not the 8192 wanted"), "%s",
                       err.message);
    const int all = make_memory(8192);
    cr_assert_eq(lanes_shm_attach(table, all, 0, 0, &id, &err), LANES_OK);
    cr_assert_eq(lanes_shm_table_bytes(table), 4096);
    resize_to = 0;
}

Test(shm_table, what_is_refused_is_not_sealed)
{
    lanes_abi_id id;
    const int fd = make_memory(4096);
    cr_assert_eq(lanes_shm_attach(table, fd, 8192, 0, &id, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0x10, &id, &err), LANES_E_INVALID);
    cr_assert_eq(seals_of(fd), 0);
    cr_assert_eq(ftruncate(fd, 8192), 0);
}

/* Part of a huge page can be mapped, but not unmapped. */
/* Of an arena's chunk only blocks are memory. */
Test(shm_table, holes_of_what_is_sparse_stay)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const int fd = memfd_create("holes", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, (off_t)(1000 * page)), 0);
    cr_assert_eq(pwrite(fd, "x", 1, (off_t)(7 * page)), 1);
    for (uint32_t flags = LANES_ABI_SEGMENT_SPARSE; flags <= ALL_FLAGS; flags++) {
        lanes_abi_id id;
        lanes_shm_segment *segment = NULL;
        struct stat facts;
        cr_assert_eq(lanes_shm_attach(table, fd, 0, flags, &id, &err), LANES_OK);
        cr_assert_eq(fstat(fd, &facts), 0);
        cr_assert_eq((uint64_t)facts.st_blocks * 512, page);
        cr_assert_eq(lanes_shm_acquire(table, id, &segment), LANES_OK);
        cr_assert(!segment->mapping.is_allocated);
        cr_assert(segment->mapping.is_frozen, "it is sealed as others are");
        cr_assert_eq(((char *)segment->mapping.data)[7 * page], 'x');
        lanes_shm_drop(segment);
    }
}

Test(shm_table, huge_pages_are_attached_whole)
{
    lanes_abi_id id;
    const int fd = memfd_create("test", MFD_CLOEXEC | MFD_HUGETLB);
    if (fd < 0 || ftruncate(fd, (off_t)1 << 30) != 0) { /* whatever their size is */
        cr_skip("there are no huge pages");
    }
    for (uint32_t flags = 0; flags <= ALL_FLAGS; flags++) {
        cr_assert_eq(lanes_shm_attach(table, fd, 4096, flags, &id, &err),
                     LANES_E_INVALID);
        cr_assert_not_null(strstr(err.message, "of which 4096 are no multiple"), "%s",
                           err.message);
    }
    const lanes_status all = lanes_shm_attach(table, fd, 0, 0, &id, &err);
    cr_assert(all == LANES_OK || all == -ENOSPC || all == -ENOMEM, "%s",
              lanes_status_name(all));
}

/* A tmpfs of 1 MiB that only this process sees; false where that is not allowed. */
static bool mount_small(char folder[32])
{
    snprintf(folder, 32, "/tmp/lanes-small-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    return (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=1m") == 0;
}

Test(shm_table, attaching_a_sparse_file_on_a_full_tmpfs_is_an_error)
{
    char folder[32];
    char path[64];
    lanes_abi_id id;
    if (!mount_small(folder)) {
        rmdir(folder);
        cr_skip("no file system can be mounted here");
    }
    snprintf(path, sizeof(path), "%s/sparse", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_eq(ftruncate(fd, 4 << 20), 0);
    cr_expect_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), -ENOSPC, "%s",
                 err.message);
    cr_expect(strstr(err.message, "No space left") != NULL, "%s", err.message);
    /* What fits is reserved, and can then be written. */
    cr_assert_eq(ftruncate(fd, 512 << 10), 0);
    cr_assert_eq(lanes_shm_attach(table, fd, 0, 0, &id, &err), LANES_OK, "%s",
                 err.message);
    close(fd);
    umount(folder);
    rmdir(folder);
}
