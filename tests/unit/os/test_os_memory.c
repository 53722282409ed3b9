/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_memory.c - memfds, seals, mappings and facts, with the kernel's refusals.
 */
#include "os/os_memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os_process.h"
#include "support/mappings.h"
#include "support/wrap.h"

static int fallocate_successes;     /* how many calls work before */
static int fallocate_failures;      /* how many calls fail next */
static int fallocate_errno;         /* with this */
static unsigned memfd_unknown_flag; /* a flag this kernel shall not know */

TEST_WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t length));
TEST_WRAP(int, memfd_create, (const char *name, unsigned flags));

int wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (fallocate_successes > 0) {
        fallocate_successes--;
    } else if (fallocate_failures > 0) {
        fallocate_failures--;
        errno = fallocate_errno;
        return -1;
    }
    return real_fallocate(fd, mode, offset, length);
}

int wrap_memfd_create(const char *name, unsigned flags)
{
    if ((flags & memfd_unknown_flag) != 0) {
        errno = EINVAL;
        return -1;
    }
    return real_memfd_create(name, flags);
}

static int make_memfd(uint64_t bytes)
{
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_memfd_create("test", bytes, &fd, &err), LANES_OK);
    return fd;
}

Test(os_memory, memfd_is_sized_zeroed_and_close_on_exec)
{
    int fd = make_memfd(10000);
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(fd, &facts, NULL), LANES_OK);
    cr_assert_eq(facts.object, LANES_OS_OBJECT_MEMORY);
    cr_assert_eq(facts.bytes, 10000);
    cr_assert(facts.can_read && facts.can_write);
    cr_assert_eq(facts.owner, lanes_os_uid());
    cr_assert_neq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    char *data = NULL;
    cr_assert_eq(lanes_os_map(fd, 10000, LANES_OS_MAP_WRITE, (void **)&data, NULL),
                 LANES_OK);
    cr_assert(data[0] == 0 && data[9999] == 0);
    lanes_os_unmap(data, 10000);
    lanes_os_close(&fd);
    cr_assert_eq(fd, -1);
    lanes_os_close(&fd);
}

Test(os_memory, memfd_works_on_kernels_without_noexec_seal)
{
    memfd_unknown_flag = 0x8;
    int fd = make_memfd(4096);
    cr_assert_eq(lanes_os_seal(fd, LANES_OS_SEAL_SHRINK, NULL), LANES_OK);
}

Test(os_memory, full_memory_is_an_error_and_leaks_nothing)
{
    const int before = make_memfd(0);
    fallocate_failures = 1;
    fallocate_errno = ENOSPC;
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_memfd_create("big", 1 << 20, &fd, &err), -ENOSPC);
    cr_assert(strstr(err.message, "big") != NULL &&
              strstr(err.message, "ENOSPC") != NULL);
    cr_assert_eq(fd, -1);
    cr_assert_eq(make_memfd(0), before + 1, "the descriptor was closed");
}

Test(os_memory, signals_during_a_reservation_only_repeat_a_step)
{
    fallocate_failures = 3;
    fallocate_errno = EINTR;
    int fd = make_memfd(1 << 20);
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(fd, &facts, NULL), LANES_OK);
    cr_assert_eq(facts.bytes, 1 << 20);
}

Test(os_memory, more_than_the_machine_has_is_refused_before_the_oom_killer)
{
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_memfd_create("huge", 1ull << 46, &fd, &err), -ENOMEM);
    cr_assert_not_null(strstr(err.message, "available"));
}

Test(os_memory, file_size_limit_is_an_error_and_not_a_signal)
{
    cr_assert_eq(lanes_os_limit_set(LANES_OS_LIMIT_FILE_BYTES, 1 << 20, 1 << 20, NULL),
                 LANES_OK);
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_memfd_create("limited", (1 << 20) + 1, &fd, &err), -EFBIG);
    cr_assert_not_null(strstr(err.message, "1048576"));
}

Test(os_memory, seals_forbid_what_they_say)
{
    int fd = make_memfd(8192);
    char *data = NULL;
    cr_assert_eq(lanes_os_map(fd, 8192, LANES_OS_MAP_WRITE, (void **)&data, NULL),
                 LANES_OK);
    const uint32_t seals = LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW |
                           LANES_OS_SEAL_FUTURE_WRITE | LANES_OS_SEAL_SEAL;
    cr_assert_eq(lanes_os_seal(fd, seals, NULL), LANES_OK);
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(fd, &facts, NULL), LANES_OK);
    cr_assert_eq(facts.seals & seals, seals);
    void *other = NULL;
    lanes_error err;
    cr_assert_eq(lanes_os_map(fd, 8192, LANES_OS_MAP_WRITE, &other, &err), -EPERM);
    cr_assert_eq(lanes_os_map(fd, 8192, 0, &other, &err), LANES_OK);
    data[5] = 42; /* the mapping from before still writes */
    cr_assert_eq(((char *)other)[5], 42);
    cr_assert_neq(ftruncate(fd, 4096), 0);
    cr_assert_neq(ftruncate(fd, 16384), 0);
    const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    cr_assert_neq(real_fallocate(fd, punch, 0, 4096), 0);
    cr_assert_neq(madvise(data, 4096, MADV_REMOVE), 0);
    cr_assert_neq(mprotect(other, 8192, PROT_READ | PROT_WRITE), 0);
    cr_assert_eq(lanes_os_seal(fd, LANES_OS_SEAL_WRITE, &err), -EPERM);
}

Test(os_memory, facts_tell_files_from_other_things)
{
    lanes_os_facts facts;
    lanes_error err;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(lanes_os_fd_facts(ends[0], &facts, NULL), LANES_OK);
    cr_assert_eq(facts.object, LANES_OS_OBJECT_OTHER);
    cr_assert(facts.can_read && !facts.can_write);
    const int folder = open("/", O_RDONLY | O_DIRECTORY);
    cr_assert_eq(lanes_os_fd_facts(folder, &facts, NULL), LANES_OK);
    cr_assert_eq(facts.object, LANES_OS_OBJECT_OTHER);
    const int program = open("/proc/self/exe", O_RDONLY);
    cr_assert_eq(lanes_os_fd_facts(program, &facts, NULL), LANES_OK);
    cr_assert_neq(facts.object, LANES_OS_OBJECT_OTHER);
    cr_assert(facts.can_read && !facts.can_write);
    cr_assert_eq(facts.seals, 0);
    const int path_only = open("/proc/self/exe", O_PATH);
    cr_assert_eq(lanes_os_fd_facts(path_only, &facts, NULL), LANES_OK);
    cr_assert(!facts.can_read && !facts.can_write);
    cr_assert_eq(lanes_os_fd_facts(-1, &facts, &err), -EBADF);
}

Test(os_memory, same_object_has_the_same_inode_however_opened)
{
    int fd = make_memfd(4096);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const int again = open(path, O_RDONLY);
    lanes_os_facts a;
    lanes_os_facts b;
    cr_assert_eq(lanes_os_fd_facts(fd, &a, NULL), LANES_OK);
    cr_assert_eq(lanes_os_fd_facts(again, &b, NULL), LANES_OK);
    cr_assert(a.device == b.device && a.inode == b.inode);
    const int other = make_memfd(4096);
    cr_assert_eq(lanes_os_fd_facts(other, &b, NULL), LANES_OK);
    cr_assert_neq(a.inode, b.inode);
}

Test(os_memory, read_only_descriptor_does_not_map_for_writing)
{
    const int fd = open("/proc/self/exe", O_RDONLY);
    void *data = NULL;
    lanes_error err;
    cr_assert_eq(lanes_os_map(fd, 4096, LANES_OS_MAP_WRITE, &data, &err), -EACCES);
    cr_assert_eq(lanes_os_map(fd, 4096, LANES_OS_MAP_POPULATE, &data, &err), LANES_OK);
    lanes_os_unmap(data, 4096);
}

static long faults(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

/* Not checked by a sanitizer, whose own pages would be faulted in. */
__attribute__((no_sanitize("address"))) static void touch(void *data, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        ((volatile char *)data)[i * lanes_os_page_bytes()] = 1;
    }
}

Test(os_memory, populated_pages_are_not_faulted_in_again)
{
    const uint64_t pages = 2000;
    const uint64_t bytes = pages * lanes_os_page_bytes();
    const int fd = make_memfd(bytes);
    for (int round = 0; round < 3; round++) {
        void *data = NULL;
        cr_assert_eq(lanes_os_map(fd, bytes, LANES_OS_MAP_WRITE, &data, NULL), LANES_OK);
        if (round == 0) {
            lanes_os_populate_new(data, bytes);
        } else if (round == 1) {
            lanes_os_populate(data, bytes);
        }
        const long before = faults();
        touch(data, pages);
        const long taken = faults() - before;
        cr_assert(round < 2 ? taken < 100 : taken > 100, "round %d: %ld", round, taken);
        lanes_os_unmap(data, bytes);
    }
}

Test(os_memory, duplicate_is_independent)
{
    int fd = make_memfd(4096);
    int copy = -1;
    cr_assert_eq(lanes_os_duplicate(fd, &copy, NULL), LANES_OK);
    lanes_os_close(&fd);
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(copy, &facts, NULL), LANES_OK);
    cr_assert_eq(lanes_os_duplicate(-1, &copy, NULL), -EBADF);
}

Test(os_memory, fork_guard_is_wiped_in_children)
{
    const uint32_t *word = NULL;
    cr_assert_eq(lanes_os_fork_guard_create(&word, NULL), LANES_OK);
    cr_assert_eq(*word, 1);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(*word == 0 ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    cr_assert_eq(*word, 1);
    lanes_os_fork_guard_destroy(word);
    lanes_os_fork_guard_destroy(NULL);
}

Test(os_memory, private_memory_is_zeroed_and_gives_pages_back)
{
    const uint64_t page = lanes_os_page_bytes();
    unsigned char *data = NULL;
    cr_assert_eq(lanes_os_private_map(16 * page, (void **)&data, NULL), LANES_OK);
    cr_expect_eq((uintptr_t)data % page, 0);
    cr_expect(data[0] == 0 && data[16 * page - 1] == 0);
    memset(data, 1, 16 * page);
    lanes_os_private_trim(data + 4 * page, 4 * page);
    cr_expect(data[4 * page - 1] == 1 && data[4 * page] == 0);
    cr_expect(data[8 * page - 1] == 0 && data[8 * page] == 1);
    lanes_os_private_unmap(data, 16 * page);
    lanes_os_private_unmap(NULL, 16 * page);
}

Test(os_memory, private_memory_is_unmapped_with_the_pages_around_it)
{
    void *data = NULL;
    cr_assert_eq(lanes_os_private_map(1 << 20, &data, NULL), LANES_OK);
    lanes_os_private_unmap(data, 1 << 20);
    const size_t before = count_mappings(0, "");
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(lanes_os_private_map(1 << 20, &data, NULL), LANES_OK);
        lanes_os_private_unmap(data, 1 << 20);
    }
    cr_expect_leq(count_mappings(0, ""), before + 2);
}

Test(os_memory, memory_is_told_from_files)
{
    int memory = -1;
    int ends[2];
    char file[] = "/var/tmp/lanes-test-XXXXXX";
    const int other = mkstemp(file);
    cr_assert_eq(unlink(file), 0);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(lanes_os_memfd_create("test", 4096, &memory, NULL), LANES_OK);
    cr_expect(lanes_os_fd_is_memory(memory));
    cr_expect(lanes_os_fd_is_memory(memfd_create("test", MFD_CLOEXEC)));
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(other, &facts, NULL), LANES_OK);
    cr_expect_eq(lanes_os_fd_is_memory(other), facts.object == LANES_OS_OBJECT_MEMORY);
    cr_expect_not(lanes_os_fd_is_memory(ends[0]));
    cr_expect_not(lanes_os_fd_is_memory(-1));
}

Test(os_memory, private_memory_has_inaccessible_pages_around_it)
{
    char *data = NULL;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(lanes_os_private_map(1 << 20, (void **)&data, NULL), LANES_OK);
    /* The kernel reads for us, so that a fault is an error. */
    cr_expect_eq(write(ends[1], data, 1), 1);
    cr_expect_eq(write(ends[1], data + (1 << 20) - 1, 1), 1);
    cr_expect(write(ends[1], data - 1, 1) == -1 && errno == EFAULT);
    cr_expect(write(ends[1], data + (1 << 20), 1) == -1 && errno == EFAULT);
}

Test(os_memory, more_private_memory_than_addresses_is_refused)
{
    void *data = NULL;
    lanes_error err;
    cr_assert_eq(lanes_os_private_map(1ull << 60, &data, &err), -ENOMEM);
    cr_assert_not_null(strstr(err.message, "1152921504606846976"));
    cr_assert_null(data);
}

static uint64_t allocated(int fd)
{
    lanes_os_facts facts;
    cr_assert_eq(lanes_os_fd_facts(fd, &facts, NULL), LANES_OK);
    return facts.allocated_bytes;
}

Test(os_memory, parts_of_a_sparse_object_are_reserved_and_given_back)
{
    const uint64_t mib = 1 << 20;
    int fd = -1;
    /* More than any machine has; and a step is 64 MiB. */
    cr_assert_eq(lanes_os_memfd_create_sparse("sparse", 1ull << 45, &fd, NULL), LANES_OK);
    cr_assert_eq(allocated(fd), 0);
    cr_assert_eq(lanes_os_reserve_part(fd, 1ull << 40, 130 * mib), LANES_OK);
    cr_assert_eq(allocated(fd), 130 * mib);
    cr_assert_eq(pwrite(fd, "x", 1, 1ll << 40), 1);
    cr_assert_eq(lanes_os_give_back(fd, 1ull << 40, 10 * mib), LANES_OK);
    cr_assert_eq(allocated(fd), 120 * mib);
    char byte = 'x';
    cr_assert_eq(pread(fd, &byte, 1, 1ll << 40), 1);
    cr_assert_eq(byte, 0);
    cr_assert_eq(lanes_os_seal(fd, LANES_OS_SEAL_WRITE, NULL), LANES_OK);
    cr_assert_eq(lanes_os_give_back(fd, 0, mib), -EPERM);
    lanes_os_close(&fd);
}

Test(os_memory, a_part_is_reserved_in_whole_or_not_at_all)
{
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create_sparse("sparse", 1 << 30, &fd, NULL), LANES_OK);
    fallocate_failures = 3;
    fallocate_errno = EINTR;
    cr_assert_eq(lanes_os_reserve_part(fd, 0, 4096), LANES_OK);
    cr_assert_eq(allocated(fd), 4096);
    fallocate_failures = 1;
    fallocate_errno = ENOSPC;
    fallocate_successes = 2;
    cr_assert_eq(lanes_os_reserve_part(fd, 4096, 200 << 20), -ENOSPC);
    cr_assert_eq(allocated(fd), 4096, "what was reserved first is given back");
    lanes_os_close(&fd);
}

Test(os_memory, aligned_mappings_leave_nothing_beside_them)
{
    int fd = make_memfd(10000);
    const uint64_t alignment = 8 << 20;
    for (int i = 0; i < 3; i++) {
        void *data = NULL;
        const size_t before = count_mappings(0, "");
        cr_assert_eq(lanes_os_map_aligned(fd, 10000, alignment, &data, NULL), LANES_OK);
        cr_assert_eq((uintptr_t)data % alignment, 0);
        memset(data, 1, 10000);
        cr_assert_leq(count_mappings(0, ""), before + 1);
        cr_assert_eq(count_mappings(0, "memfd:test"), 1);
        lanes_os_unmap(data, 10000);
        cr_assert_eq(count_mappings(0, "memfd:test"), 0);
    }
    void *none = NULL;
    lanes_error err;
    cr_assert_eq(lanes_os_map_aligned(fd, UINT64_MAX, 4096, &none, &err), -ENOMEM);
    cr_assert_eq(lanes_os_map_aligned(fd, 1ull << 60, 4096, &none, &err), -ENOMEM);
    const size_t before = count_mappings(0, "");
    cr_assert_eq(lanes_os_map_aligned(-1, 4096, 4096, &none, &err), -EBADF);
    cr_assert_eq(count_mappings(0, ""), before);
    cr_assert_null(none);
    lanes_os_close(&fd);
}

Test(os_memory, there_is_memory_and_some_of_it_is_left)
{
    const uint64_t all = lanes_os_memory_bytes();
    const uint64_t left = lanes_os_available_bytes();
    cr_assert(all > 1 << 20 && all != UINT64_MAX);
    cr_assert(left > 1 << 20 && left != UINT64_MAX);
    cr_assert_geq(all, (uint64_t)1 << 28);
}

/* What the kernel has for a mapping whose name has `part`; "" if it knows no nodes. */
static void numa_line(const char *part, char line[512])
{
    FILE *maps = fopen("/proc/self/numa_maps", "r");
    while (maps != NULL && fgets(line, 512, maps) != NULL) {
        if (strstr(line, part) != NULL) {
            fclose(maps);
            return;
        }
    }
    cr_assert_null(maps, "no mapping %s", part);
    line[0] = '\0';
}

/* That pages come from several nodes is seen on machines that have them only. */
Test(os_memory, interleaved_memory_is_as_usable_as_other)
{
    cr_assert_geq(lanes_os_node_count(), 1);
    int fd = -1;
    char *data = NULL;
    cr_assert_eq(lanes_os_memfd_create_sparse("spread", 1 << 20, &fd, NULL), LANES_OK);
    cr_assert_eq(lanes_os_map(fd, 1 << 20, LANES_OS_MAP_WRITE, (void **)&data, NULL),
                 LANES_OK);
    lanes_os_interleave(data, 1 << 20);
    lanes_os_prefer_huge(data, 1 << 20);
    char line[512];
    numa_line("memfd:spread", line);
    cr_assert(line[0] == '\0' || strstr(line, " interleave:") != NULL, "%s", line);
    cr_assert_eq(lanes_os_reserve_part(fd, 0, 1 << 20), LANES_OK);
    memset(data, 1, 1 << 20);
    lanes_os_unmap(data, 1 << 20);
    lanes_os_close(&fd);
}
