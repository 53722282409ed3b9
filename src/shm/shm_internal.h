/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm_internal.h - shared by the files of this room.
 */
#ifndef LANES_SHM_INTERNAL_H
#define LANES_SHM_INTERNAL_H

#include "shm/shm.h"

/** Who is told of new memory; fn NULL: nobody. */
typedef struct lanes_shm_listener {
    lanes_shm_new_memory_fn fn;
    void *ctx;
} lanes_shm_listener;

/** As lanes_shm_map(), telling @p listener before holes are filled. */
LANES_NODISCARD lanes_status lanes_shm_map_telling(int fd, uint64_t bytes, uint32_t flags,
                                                   const lanes_shm_listener *listener,
                                                   lanes_shm_mapping *out_mapping,
                                                   lanes_error *err);

#endif /* LANES_SHM_INTERNAL_H */
