/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_memory.h - shared memory objects, mappings and what a file descriptor refers to.
 *
 * Two kinds of call: those that can fail for a reason a person can act on take a
 * lanes_error; every failure is a negated errno unless a function names another code.
 *
 * Threads: no shared state; any thread may call anything here.
 */
#ifndef LANES_OS_MEMORY_H
#define LANES_OS_MEMORY_H

#include "base/base.h"

/* Seals of a memfd, with the kernel's values. */
#define LANES_OS_SEAL_SEAL   0x01u /**< no further seals */
#define LANES_OS_SEAL_SHRINK 0x02u /**< never shorter */
#define LANES_OS_SEAL_GROW   0x04u /**< never longer */
#define LANES_OS_SEAL_WRITE  0x08u /**< contents final; fails while mapped writable */
#define LANES_OS_SEAL_FUTURE_WRITE 0x10u /**< only mappings made before can write */

/** Bytes of a page. */
uint64_t lanes_os_page_bytes(void);

/**
 * Create anonymous shared memory of @p bytes zero bytes, every page reserved, so that a
 * lack of memory is an error here and never a SIGBUS later. It is close-on-exec, can be
 * sealed and never executed.
 *
 * @param name   shown in /proc/PID/fd and /proc/PID/maps only; need not be unique
 * @param bytes  0 gives an empty object that a writer may extend
 * @param out_fd  owned by the caller
 * @return LANES_OK, -ENOSPC, -ENOMEM, -EMFILE, -EFBIG (RLIMIT_FSIZE), -errno
 */
LANES_NODISCARD lanes_status lanes_os_memfd_create(const char *name, uint64_t bytes,
                                                   int *out_fd, lanes_error *err);

/**
 * The same, but nothing is reserved yet: for memory that is to come from certain places,
 * which are told before lanes_os_reserve().
 */
LANES_NODISCARD lanes_status lanes_os_memfd_create_empty(const char *name, uint64_t bytes,
                                                         int *out_fd, lanes_error *err);

/**
 * The same, and nothing is compared with the memory that is left: for objects of which
 * parts are reserved as they are needed, by lanes_os_reserve_part().
 */
LANES_NODISCARD lanes_status lanes_os_memfd_create_sparse(const char *name,
                                                          uint64_t bytes, int *out_fd,
                                                          lanes_error *err);

/**
 * Reserve a part of a memfd, all or nothing. What is reserved already is left alone.
 * Nothing is compared with what is left: lanes_os_available_bytes().
 *
 * @param offset, bytes  whole pages
 * @return LANES_OK, -ENOSPC, -ENOMEM, -errno
 */
LANES_NODISCARD lanes_status lanes_os_reserve_part(int fd, uint64_t offset,
                                                   uint64_t bytes);

/** Give the memory of a part of a memfd back: it is a hole, and reads as zeroes. -errno
 */
LANES_NODISCARD lanes_status lanes_os_give_back(int fd, uint64_t offset, uint64_t bytes);

/**
 * Bytes that could be reserved without the out-of-memory killer: the least of what the
 * machine and each memory cgroup above this process have left. UINT64_MAX if unknown.
 */
uint64_t lanes_os_available_bytes(void);

/** Bytes of memory of the machine, or of the cgroup that may have least. UINT64_MAX if
 * unknown. */
uint64_t lanes_os_memory_bytes(void);

/** Add LANES_OS_SEAL_* to the memfd @p fd. -EPERM: sealed already or not a memfd. */
LANES_NODISCARD lanes_status lanes_os_seal(int fd, uint32_t seals, lanes_error *err);

#define LANES_OS_MAP_WRITE    1u /**< for reading and writing; else reading only */
#define LANES_OS_MAP_POPULATE 2u /**< fault every page in now */

/**
 * Map the first @p bytes of @p fd, shared.
 *
 * @param out_data  undone by lanes_os_unmap() with the same size
 * @return LANES_OK, -EACCES (opened for reading only), -EPERM (sealed), -ENOMEM, -ENODEV
 */
LANES_NODISCARD lanes_status lanes_os_map(int fd, uint64_t bytes, uint32_t flags,
                                          void **out_data, lanes_error *err);

/**
 * Map as lanes_os_map() does for writing, at a multiple of @p alignment, a power of two.
 *
 * @param out_data  undone by lanes_os_unmap() with the same size
 * @return LANES_OK, -ENOMEM, -errno
 */
LANES_NODISCARD lanes_status lanes_os_map_aligned(int fd, uint64_t bytes,
                                                  uint64_t alignment, void **out_data,
                                                  lanes_error *err);

/** Tell the kernel that huge pages would be welcome; a hint, which may do nothing. */
void lanes_os_prefer_huge(void *data, uint64_t bytes);

/** NUMA nodes whose memory this thread may use; at least 1. */
uint32_t lanes_os_node_count(void);

/**
 * Have pages of a shared mapping that do not exist yet come from all nodes in turn, for
 * whoever makes them exist. A hint.
 *
 * @param data, bytes  whole pages
 */
void lanes_os_interleave(void *data, uint64_t bytes);

/**
 * Fault in every page of a mapping at once, which costs a quarter of faulting them one by
 * one. Only a hint: failure means that they are faulted in later. Holes get allocated.
 */
void lanes_os_populate(void *data, uint64_t bytes);

/**
 * The same for a writable mapping of memory that nobody has touched since it was
 * reserved: there lanes_os_populate() costs more than faulting pages in one by one,
 * because the kernel looks in vain for neighbours to map with each.
 */
void lanes_os_populate_new(void *data, uint64_t bytes);

/** Undo lanes_os_map(). NULL is allowed. */
void lanes_os_unmap(void *data, uint64_t bytes);

/**
 * Reserve private memory: address space of @p bytes whose pages become memory, all
 * zeroes, when they are touched. The pages before and after it are inaccessible, so that
 * running over either end is a fault.
 *
 * @param bytes  a multiple of lanes_os_page_bytes()
 * @param out_data  undone by lanes_os_private_unmap() with the same size
 * @return LANES_OK, -ENOMEM
 */
LANES_NODISCARD lanes_status lanes_os_private_map(uint64_t bytes, void **out_data,
                                                  lanes_error *err);

/**
 * Give back the memory of whole pages inside a private mapping: [data, data + bytes).
 * They stay usable and read as zeroes.
 */
void lanes_os_private_trim(void *data, uint64_t bytes);

/** Undo lanes_os_private_map(). NULL is allowed. */
void lanes_os_private_unmap(void *data, uint64_t bytes);

/**
 * True if @p fd is a memfd, POSIX shared memory or a file on a tmpfs: reading it never
 * waits for anybody. Asks no file system, so neither does this.
 */
bool lanes_os_fd_is_memory(int fd);

/** What a file descriptor refers to. */
enum lanes_os_object {
    LANES_OS_OBJECT_OTHER = 0,  /**< directory, socket, pipe, device: not mappable here */
    LANES_OS_OBJECT_MEMORY = 1, /**< memfd, POSIX shared memory or a file on a tmpfs */
    LANES_OS_OBJECT_FILE = 2    /**< a regular file on another file system */
};

typedef struct lanes_os_facts {
    enum lanes_os_object object;
    uint64_t bytes;           /**< size of the file */
    uint64_t allocated_bytes; /**< less than `bytes`: it has holes */
    uint64_t page_bytes;      /**< mapped and unmapped in these; of huge pages: theirs */
    uint64_t device;          /**< with inode: names the object, however it was opened */
    uint64_t inode;
    uint64_t mtime_ns; /**< last change of the contents */
    uint32_t owner;    /**< uid */
    uint32_t mode;     /**< permission bits */
    uint32_t seals;    /**< LANES_OS_SEAL_*; 0 if it cannot be sealed */
    bool can_read;     /**< access mode of this descriptor */
    bool can_write;
} lanes_os_facts;

/** Look @p fd up with fstat, fstatfs and fcntl. */
LANES_NODISCARD lanes_status lanes_os_fd_facts(int fd, lanes_os_facts *out_facts,
                                               lanes_error *err);

/**
 * Fill the holes in the first @p bytes of a writable object, so that writing to a mapping
 * of it cannot end in a SIGBUS on a full file system. A file system that cannot reserve
 * is no error.
 *
 * @param facts  of @p fd; bytes <= facts->bytes
 * @return LANES_OK, -ENOSPC, -ENOMEM, -EFBIG, -EBADF (opened for reading only), -errno
 */
LANES_NODISCARD lanes_status lanes_os_reserve(int fd, const lanes_os_facts *facts,
                                              uint64_t bytes, lanes_error *err);

/** Close *fd unless it is -1, and set it to -1. */
void lanes_os_close(int *fd);

/** A close-on-exec duplicate of @p fd, >= 3, owned by the caller. */
LANES_NODISCARD lanes_status lanes_os_duplicate(int fd, int *out_fd, lanes_error *err);

/**
 * A word that is 1 in this process and 0 in every process forked from it, however it was
 * forked, so that a check for fork costs one load.
 *
 * @param out_word  undone by lanes_os_fork_guard_destroy()
 */
LANES_NODISCARD lanes_status lanes_os_fork_guard_create(const uint32_t **out_word,
                                                        lanes_error *err);

/** NULL is allowed. */
void lanes_os_fork_guard_destroy(const uint32_t *word);

#endif /* LANES_OS_MEMORY_H */
