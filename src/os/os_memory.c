/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_memory.c - memfd, seals, mappings, facts about descriptors.
 */
#include "os/os_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/os_internal.h"

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3; not in Debian 12's headers */
#define MFD_NOEXEC_SEAL 0x0008u
#endif

_Static_assert(LANES_OS_SEAL_SEAL == F_SEAL_SEAL, "the kernel's value");
_Static_assert(LANES_OS_SEAL_SHRINK == F_SEAL_SHRINK, "the kernel's value");
_Static_assert(LANES_OS_SEAL_GROW == F_SEAL_GROW, "the kernel's value");
_Static_assert(LANES_OS_SEAL_WRITE == F_SEAL_WRITE, "the kernel's value");
_Static_assert(LANES_OS_SEAL_FUTURE_WRITE == F_SEAL_FUTURE_WRITE, "the kernel's value");

/*
 * Reserving is done in steps, because a signal makes the kernel give back what one call
 * has reserved so far: a program with a fast timer would never finish one large step.
 */
#define RESERVE_STEP_BYTES (64ull << 20)
/* Smaller requests are not compared with the memory that is left. */
#define COMPARE_BYTES_MIN (64ull << 20)

uint64_t lanes_os_page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static int create_sealable(const char *name)
{
    const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd >= 0 || errno != EINVAL) {
        return fd;
    }
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/** Refuse what would end in SIGXFSZ rather than in errno. */
static lanes_status check_size(const char *name, uint64_t bytes, lanes_error *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        bytes > limit.rlim_cur) {
        return lanes_error_set(err, -EFBIG,
                               "memory '%s': %llu bytes exceed this process's file size "
                               "limit of %llu (ulimit -f)",
                               name, (unsigned long long)bytes,
                               (unsigned long long)limit.rlim_cur);
    }
    return LANES_OK;
}

/** Refuse what would end in the out-of-memory killer rather than in errno. */
static lanes_status check_left(const char *name, uint64_t bytes, lanes_error *err)
{
    if (bytes < COMPARE_BYTES_MIN) {
        return LANES_OK;
    }
    const uint64_t available = lanes_os_available_bytes();
    if (bytes > available) {
        return lanes_error_set(err, -ENOMEM,
                               "memory '%s': %llu bytes are wanted but only %llu are "
                               "available; use less, or raise the cgroup's memory.max",
                               name, (unsigned long long)bytes,
                               (unsigned long long)available);
    }
    return LANES_OK;
}

static lanes_status allocate(int fd, const char *name, uint64_t bytes, lanes_error *err)
{
    for (uint64_t offset = 0; offset < bytes;) {
        const uint64_t left = bytes - offset;
        const uint64_t step = left < RESERVE_STEP_BYTES ? left : RESERVE_STEP_BYTES;
        if (fallocate(fd, 0, (off_t)offset, (off_t)step) == 0) {
            offset += step;
        } else if (errno != EINTR) {
            return lanes_error_errno(
                err, errno, "memory '%s': cannot reserve %llu bytes (%llu done)", name,
                (unsigned long long)bytes, (unsigned long long)offset);
        }
    }
    return LANES_OK;
}

static lanes_status set_size(int fd, const char *name, uint64_t bytes, lanes_error *err)
{
    LANES_TRY(check_size(name, bytes, err));
    if (ftruncate(fd, (off_t)bytes) != 0) {
        return lanes_error_errno(err, errno, "memory '%s': cannot set its size to %llu",
                                 name, (unsigned long long)bytes);
    }
    return LANES_OK;
}

lanes_status lanes_os_reserve(int fd, const lanes_os_facts *facts, uint64_t bytes,
                              lanes_error *err)
{
    if (facts->allocated_bytes >= bytes) {
        return LANES_OK;
    }
    if (facts->object == LANES_OS_OBJECT_MEMORY) {
        const uint64_t missing = bytes - facts->allocated_bytes;
        LANES_TRY(check_size("attached", missing, err));
        LANES_TRY(check_left("attached", missing, err));
    }
    const lanes_status status = allocate(fd, "attached", bytes, err);
    return status == -EOPNOTSUPP ? LANES_OK : status;
}

static lanes_status create_sized(const char *name, uint64_t bytes, int *out_fd,
                                 lanes_error *err)
{
    int fd = create_sealable(name);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "memfd_create('%s')", name);
    }
    const lanes_status status = bytes > 0 ? set_size(fd, name, bytes, err) : LANES_OK;
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_os_memfd_create_empty(const char *name, uint64_t bytes, int *out_fd,
                                         lanes_error *err)
{
    LANES_TRY(check_left(name, bytes, err));
    return create_sized(name, bytes, out_fd, err);
}

lanes_status lanes_os_memfd_create_sparse(const char *name, uint64_t bytes, int *out_fd,
                                          lanes_error *err)
{
    return create_sized(name, bytes, out_fd, err);
}

lanes_status lanes_os_reserve_part(int fd, uint64_t offset, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        const uint64_t step = lanes_min_u64(bytes - done, RESERVE_STEP_BYTES);
        if (fallocate(fd, 0, (off_t)(offset + done), (off_t)step) == 0) {
            done += step;
        } else if (errno != EINTR) {
            const int error = errno;
            LANES_IGNORE(lanes_os_give_back(fd, offset, done), "it stays reserved");
            return -error;
        }
    }
    return LANES_OK;
}

lanes_status lanes_os_give_back(int fd, uint64_t offset, uint64_t bytes)
{
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (bytes > 0 && fallocate(fd, mode, (off_t)offset, (off_t)bytes) != 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return LANES_OK;
}

lanes_status lanes_os_memfd_create(const char *name, uint64_t bytes, int *out_fd,
                                   lanes_error *err)
{
    int fd = -1;
    LANES_TRY(lanes_os_memfd_create_empty(name, bytes, &fd, err));
    const lanes_status status = allocate(fd, name, bytes, err);
    if (status < 0) {
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_os_seal(int fd, uint32_t seals, lanes_error *err)
{
    if (fcntl(fd, F_ADD_SEALS, (int)seals) != 0) {
        return lanes_error_errno(err, errno, "cannot add seals 0x%x to descriptor %d",
                                 seals, fd);
    }
    return LANES_OK;
}

lanes_status lanes_os_map(int fd, uint64_t bytes, uint32_t flags, void **out_data,
                          lanes_error *err)
{
    const int protection =
        (flags & LANES_OS_MAP_WRITE) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
    const int populate = (flags & LANES_OS_MAP_POPULATE) != 0 ? MAP_POPULATE : 0;
    void *data = mmap(NULL, bytes, protection, MAP_SHARED | populate, fd, 0);
    if (data == MAP_FAILED) {
        return lanes_error_errno(err, errno, "cannot map %llu bytes of descriptor %d %s",
                                 (unsigned long long)bytes, fd,
                                 (flags & LANES_OS_MAP_WRITE) != 0 ? "for writing"
                                                                   : "for reading");
    }
    *out_data = data;
    return LANES_OK;
}

lanes_status lanes_os_map_aligned(int fd, uint64_t bytes, uint64_t alignment,
                                  void **out_data, lanes_error *err)
{
    uint64_t room = 0;
    uint8_t *all = MAP_FAILED;
    errno = ENOMEM; /* if it overflows */
    if (lanes_add_u64(bytes, alignment, &room)) {
        all = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                   0);
    }
    if (all == MAP_FAILED) {
        return lanes_error_errno(err, errno, "no addresses for %llu bytes",
                                 (unsigned long long)bytes);
    }
    uint8_t *begin = all + (-(uintptr_t)all & (alignment - 1));
    void *data =
        mmap(begin, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (data == MAP_FAILED) {
        const lanes_status status =
            lanes_error_errno(err, errno, "cannot map %llu bytes of descriptor %d",
                              (unsigned long long)bytes, fd);
        lanes_os_unmap(all, room);
        return status;
    }
    const uint64_t page = lanes_os_page_bytes();
    uint8_t *end = begin + bytes + (-bytes & (page - 1));
    if (begin > all) {
        lanes_os_unmap(all, (uint64_t)(begin - all));
    }
    if (end < all + room) {
        lanes_os_unmap(end, (uint64_t)(all + room - end));
    }
    *out_data = data;
    return LANES_OK;
}

void lanes_os_prefer_huge(void *data, uint64_t bytes)
{
    LANES_IGNORE(madvise(data, bytes, MADV_HUGEPAGE) != 0, "kernels without");
}

void lanes_os_populate(void *data, uint64_t bytes)
{
#ifdef MADV_POPULATE_READ
    /* Shared writable pages of a tmpfs become writable by it, too. */
    LANES_IGNORE(madvise(data, bytes, MADV_POPULATE_READ) != 0, "kernels before 5.14");
#else
    (void)data;
    (void)bytes;
#endif
}

void lanes_os_populate_new(void *data, uint64_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    LANES_IGNORE(madvise(data, bytes, MADV_POPULATE_WRITE) != 0, "kernels before 5.14");
#else
    (void)data;
    (void)bytes;
#endif
}

void lanes_os_unmap(void *data, uint64_t bytes)
{
    if (data != NULL) {
        LANES_ASSERT(munmap(data, bytes) == 0);
    }
}

lanes_status lanes_os_private_map(uint64_t bytes, void **out_data, lanes_error *err)
{
    const uint64_t page = lanes_os_page_bytes();
    uint8_t *all = mmap(NULL, bytes + 2 * page, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) {
        return lanes_error_errno(err, errno, "cannot reserve %llu bytes",
                                 (unsigned long long)bytes);
    }
    if (mprotect(all + page, bytes, PROT_READ | PROT_WRITE) != 0) {
        const lanes_status status = lanes_error_errno(
            err, errno, "cannot make %llu bytes usable", (unsigned long long)bytes);
        lanes_os_unmap(all, bytes + 2 * page);
        return status;
    }
    *out_data = all + page;
    return LANES_OK;
}

void lanes_os_private_trim(void *data, uint64_t bytes)
{
    LANES_IGNORE(madvise(data, bytes, MADV_DONTNEED) != 0, "locked pages stay, no harm");
}

void lanes_os_private_unmap(void *data, uint64_t bytes)
{
    if (data != NULL) {
        const uint64_t page = lanes_os_page_bytes();
        lanes_os_unmap((uint8_t *)data - page, bytes + 2 * page);
    }
}

static enum lanes_os_object object_kind(const struct stat *file,
                                        const struct statfs *system)
{
    if (!S_ISREG(file->st_mode)) {
        return LANES_OS_OBJECT_OTHER;
    }
    const uint32_t magic = (uint32_t)system->f_type;
    const bool is_memory = magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC;
    return is_memory ? LANES_OS_OBJECT_MEMORY : LANES_OS_OBJECT_FILE;
}

bool lanes_os_fd_is_memory(int fd)
{
    return fcntl(fd, F_GET_SEALS) >= 0; /* EINVAL for everything else */
}

lanes_status lanes_os_fd_facts(int fd, lanes_os_facts *out_facts, lanes_error *err)
{
    struct stat file;
    struct statfs file_system;
    const int mode = fcntl(fd, F_GETFL);
    if (mode < 0 || fstat(fd, &file) != 0 || fstatfs(fd, &file_system) != 0) {
        return lanes_error_errno(err, errno, "descriptor %d", fd);
    }
    const int access = mode & O_ACCMODE;
    const bool is_open = (mode & O_PATH) == 0;
    const int seals = fcntl(fd, F_GET_SEALS);
    *out_facts = (lanes_os_facts){
        .object = object_kind(&file, &file_system),
        .bytes = (uint64_t)file.st_size,
        .device = file.st_dev,
        .inode = file.st_ino,
        .allocated_bytes = (uint64_t)file.st_blocks * 512u, /* the unit of st_blocks */
        .page_bytes = (uint32_t)file_system.f_type == HUGETLBFS_MAGIC
                          ? (uint64_t)file_system.f_bsize
                          : lanes_os_page_bytes(),
        .mtime_ns =
            (uint64_t)file.st_mtim.tv_sec * 1000000000u + (uint64_t)file.st_mtim.tv_nsec,
        .owner = file.st_uid,
        .mode = file.st_mode & 07777,
        .seals = seals < 0 ? 0 : (uint32_t)seals,
        .can_read = is_open && (access == O_RDONLY || access == O_RDWR),
        .can_write = is_open && (access == O_WRONLY || access == O_RDWR),
    };
    return LANES_OK;
}

void lanes_os_close(int *fd)
{
    if (*fd >= 0) {
        /* Linux frees the number even when close() fails; trying again could close
         * somebody else's. */
        LANES_IGNORE(close(*fd), "nothing is buffered here");
    }
    *fd = -1;
}

lanes_status lanes_os_duplicate(int fd, int *out_fd, lanes_error *err)
{
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        return lanes_error_errno(err, errno, "cannot duplicate descriptor %d", fd);
    }
    *out_fd = copy;
    return LANES_OK;
}

lanes_status lanes_os_fork_guard_create(const uint32_t **out_word, lanes_error *err)
{
    const size_t bytes = lanes_os_page_bytes();
    void *page =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return lanes_error_errno(err, errno, "cannot map a page");
    }
    if (madvise(page, bytes, MADV_WIPEONFORK) != 0) {
        const lanes_status status =
            lanes_error_errno(err, errno, "madvise(MADV_WIPEONFORK)");
        lanes_os_unmap(page, bytes);
        return status;
    }
    uint32_t *word = page;
    *word = 1;
    *out_word = word;
    return LANES_OK;
}

void lanes_os_fork_guard_destroy(const uint32_t *word)
{
    lanes_os_unmap(lanes_os_drop_const(word), lanes_os_page_bytes());
}
