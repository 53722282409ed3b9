/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_file.h - files by path, whole reads and writes, the paths of our own code.
 *
 * Reads and writes continue after a signal or a short transfer. Files are opened
 * close-on-exec. Failures are negated errno values unless a function names another code.
 *
 * Threads: any.
 */
#ifndef LANES_OS_FILE_H
#define LANES_OS_FILE_H

#include "base/base.h"

/** Room for any path handled here, with its NUL. */
#define LANES_OS_PATH_MAX 4096

#define LANES_OS_OPEN_WRITE     1u /**< for reading and writing; else reading only */
#define LANES_OS_OPEN_CREATE    2u /**< create with mode 0600 if it does not exist */
#define LANES_OS_OPEN_EXCLUSIVE 4u /**< with CREATE: -EEXIST if it exists */
#define LANES_OS_OPEN_NO_LINK   8u /**< -ELOOP if the last component is a symbolic link */

/** Open @p path. @p out_fd is owned by the caller. */
LANES_NODISCARD lanes_status lanes_os_file_open(const char *path, uint32_t flags,
                                                int *out_fd, lanes_error *err);

/** Open the POSIX shared memory object "/name"; flags as lanes_os_file_open(). */
LANES_NODISCARD lanes_status lanes_os_shm_open(const char *name, uint32_t flags,
                                               int *out_fd, lanes_error *err);

/** Read exactly @p bytes at @p offset; LANES_E_FORMAT if the file ends before. */
LANES_NODISCARD lanes_status lanes_os_read_at(int fd, void *buffer, size_t bytes,
                                              uint64_t offset, lanes_error *err);

/**
 * Read what is there from the current position, at most @p bytes.
 * @return the bytes read, 0 at the end, or -errno (-EAGAIN: nothing there yet)
 */
LANES_NODISCARD int64_t lanes_os_read_some(int fd, void *buffer, size_t bytes);

/** Write all of @p data at the current position. */
LANES_NODISCARD lanes_status lanes_os_write_all(int fd, const void *data, size_t bytes,
                                                lanes_error *err);

/** Write all of @p data at @p offset. */
LANES_NODISCARD lanes_status lanes_os_write_at(int fd, const void *data, size_t bytes,
                                               uint64_t offset, lanes_error *err);

/**
 * Make @p path hold @p data, all or nothing: written beside it and renamed, mode 0600. A
 * reader sees the old contents or the new ones, also after a crash of this process.
 */
LANES_NODISCARD lanes_status lanes_os_file_replace(const char *path, const void *data,
                                                   size_t bytes, lanes_error *err);

/** Size and last change of what @p path names; a symbolic link is not followed. */
LANES_NODISCARD lanes_status lanes_os_path_facts(const char *path, uint64_t *out_bytes,
                                                 uint64_t *out_mtime_ns,
                                                 lanes_error *err);

/** Let @p path look as if it were changed just now; a hint, which may do nothing. */
void lanes_os_file_touch(const char *path);

/** Delete @p path; a file that is not there is success. */
LANES_NODISCARD lanes_status lanes_os_file_delete(const char *path, lanes_error *err);

/**
 * Make sure that @p path is a directory that only this user can change: created with mode
 * 0700 (one level only), or there already, not a symbolic link, ours, and not writable by
 * group or others.
 *
 * @return LANES_OK, LANES_E_FOREIGN_UID (another owner, or others may write), -ENOTDIR,
 *   -ENOENT (the folder above is missing), -errno
 */
LANES_NODISCARD lanes_status lanes_os_folder_ensure(const char *path, lanes_error *err);

/** As lanes_os_folder_ensure(), but -ENOENT if it is not there. */
LANES_NODISCARD lanes_status lanes_os_folder_check(const char *path, lanes_error *err);

/** As lanes_os_folder_ensure(), but others must not even enter or read it. */
LANES_NODISCARD lanes_status lanes_os_folder_ensure_closed(const char *path,
                                                           lanes_error *err);

/** Create, with mode 0700, the folders above absolute @p path that are not there. */
LANES_NODISCARD lanes_status lanes_os_folder_make_above(const char *path,
                                                        lanes_error *err);

/** Called for each entry but "." and ".."; returning false ends the walk. */
typedef bool (*lanes_os_folder_entry_fn)(void *ctx, const char *name);

/** Call @p entry for everything in folder @p path. */
LANES_NODISCARD lanes_status lanes_os_folder_list(const char *path,
                                                  lanes_os_folder_entry_fn entry,
                                                  void *ctx, lanes_error *err);

/** True if @p path names a regular file that this process may execute. */
bool lanes_os_is_program(const char *path);

/** Path of the running program, from /proc/self/exe. */
LANES_NODISCARD lanes_status lanes_os_program_path(char out_path[LANES_OS_PATH_MAX],
                                                   lanes_error *err);

/**
 * Absolute path of the shared object or program that contains @p address, with symbolic
 * links resolved.
 */
LANES_NODISCARD lanes_status lanes_os_object_path(const void *address,
                                                  char out_path[LANES_OS_PATH_MAX],
                                                  lanes_error *err);

/**
 * Replace the last @p levels components of @p path by @p tail: ("/a/lib/x.so", 2,
 * "bin/lanesd") -> "/a/bin/lanesd". -ENAMETOOLONG if it does not fit.
 */
LANES_NODISCARD lanes_status lanes_os_path_sibling(char path[LANES_OS_PATH_MAX],
                                                   unsigned levels, const char *tail);

#endif /* LANES_OS_FILE_H */
