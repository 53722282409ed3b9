/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_file.c - opening, reading, writing and replacing files; where our code lies.
 */
#include "os/os_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os_failpoint.h"
#include "os/os_memory.h"

_Static_assert(LANES_OS_PATH_MAX >= PATH_MAX, "realpath() writes PATH_MAX bytes");

static int open_flags(uint32_t flags)
{
    int result = (flags & LANES_OS_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY;
    result |= (flags & LANES_OS_OPEN_CREATE) != 0 ? O_CREAT : 0;
    result |= (flags & LANES_OS_OPEN_EXCLUSIVE) != 0 ? O_EXCL : 0;
    result |= (flags & LANES_OS_OPEN_NO_LINK) != 0 ? O_NOFOLLOW : 0;
    /* A fifo must not block the open; regular files ignore O_NONBLOCK. */
    return result | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
}

lanes_status lanes_os_file_open(const char *path, uint32_t flags, int *out_fd,
                                lanes_error *err)
{
    const int fd = open(path, open_flags(flags), 0600);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot open '%s'", path);
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_os_shm_open(const char *name, uint32_t flags, int *out_fd,
                               lanes_error *err)
{
    const int fd = shm_open(name, open_flags(flags) & ~(O_NONBLOCK | O_NOCTTY), 0600);
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot open shared memory '%s'", name);
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_os_read_at(int fd, void *buffer, size_t bytes, uint64_t offset,
                              lanes_error *err)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t count =
            pread(fd, (char *)buffer + done, bytes - done, (off_t)(offset + done));
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0) {
            return lanes_error_set(err, LANES_E_FORMAT,
                                   "descriptor %d ends after %llu bytes; %zu bytes at "
                                   "offset %llu were expected",
                                   fd, (unsigned long long)offset + done, bytes,
                                   (unsigned long long)offset);
        } else if (errno != EINTR) {
            return lanes_error_errno(err, errno, "cannot read descriptor %d", fd);
        }
    }
    return LANES_OK;
}

int64_t lanes_os_read_some(int fd, void *buffer, size_t bytes)
{
    for (;;) {
        const ssize_t count = read(fd, buffer, bytes);
        if (count >= 0) {
            return count;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

lanes_status lanes_os_write_all(int fd, const void *data, size_t bytes, lanes_error *err)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t count = write(fd, (const char *)data + done, bytes - done);
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            return lanes_error_errno(err, errno, "cannot write to descriptor %d", fd);
        }
    }
    return LANES_OK;
}

lanes_status lanes_os_write_at(int fd, const void *data, size_t bytes, uint64_t offset,
                               lanes_error *err)
{
    for (size_t done = 0; done < bytes;) {
        const ssize_t count =
            pwrite(fd, (const char *)data + done, bytes - done, (off_t)(offset + done));
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            return lanes_error_errno(err, errno, "cannot write to descriptor %d", fd);
        }
    }
    return LANES_OK;
}

lanes_status lanes_os_file_replace(const char *path, const void *data, size_t bytes,
                                   lanes_error *err)
{
    char temporary[LANES_OS_PATH_MAX];
    const int length = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof(temporary)) {
        return lanes_error_errno(err, ENAMETOOLONG, "cannot write '%.200s...'", path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return lanes_error_errno(err, errno, "cannot create '%s'", temporary);
    }
    lanes_status status = lanes_os_write_all(fd, data, bytes, err);
    lanes_os_close(&fd);
    LANES_FAILPOINT(CACHE_WRITING);
    if (status == LANES_OK && rename(temporary, path) != 0) {
        status =
            lanes_error_errno(err, errno, "cannot rename '%s' to '%s'", temporary, path);
    }
    if (status < 0) {
        LANES_IGNORE(unlink(temporary), "the first failure is the one to report");
    }
    return status;
}

lanes_status lanes_os_path_facts(const char *path, uint64_t *out_bytes,
                                 uint64_t *out_mtime_ns, lanes_error *err)
{
    struct stat file;
    if (lstat(path, &file) != 0) {
        return lanes_error_errno(err, errno, "cannot look up '%s'", path);
    }
    *out_bytes = (uint64_t)file.st_size;
    *out_mtime_ns =
        (uint64_t)file.st_mtim.tv_sec * 1000000000u + (uint64_t)file.st_mtim.tv_nsec;
    return LANES_OK;
}

void lanes_os_file_touch(const char *path)
{
    LANES_IGNORE(utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) != 0,
                 "it is only a hint");
}

lanes_status lanes_os_file_delete(const char *path, lanes_error *err)
{
    if (unlink(path) != 0 && errno != ENOENT) {
        return lanes_error_errno(err, errno, "cannot delete '%s'", path);
    }
    return LANES_OK;
}

bool lanes_os_is_program(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

lanes_status lanes_os_program_path(char out_path[LANES_OS_PATH_MAX], lanes_error *err)
{
    if (realpath("/proc/self/exe", out_path) == NULL) {
        return lanes_error_errno(err, errno, "cannot resolve /proc/self/exe");
    }
    return LANES_OK;
}

lanes_status lanes_os_object_path(const void *address, char out_path[LANES_OS_PATH_MAX],
                                  lanes_error *err)
{
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        return lanes_error_errno(err, ENOENT, "no shared object contains %p", address);
    }
    /* A program's own name is argv[0], which need not be a path. */
    if (strchr(info.dli_fname, '/') == NULL) {
        return lanes_os_program_path(out_path, err);
    }
    if (realpath(info.dli_fname, out_path) == NULL) {
        return lanes_error_errno(err, errno, "cannot resolve '%s'", info.dli_fname);
    }
    return LANES_OK;
}

lanes_status lanes_os_path_sibling(char path[LANES_OS_PATH_MAX], unsigned levels,
                                   const char *tail)
{
    for (unsigned level = 0; level < levels; level++) {
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            return -ENOENT;
        }
        *slash = '\0';
    }
    const size_t used = strlen(path);
    const size_t length = strlen(tail);
    if (used + 1 + length + 1 > LANES_OS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    path[used] = '/';
    memcpy(path + used + 1, tail, length + 1);
    return LANES_OK;
}
