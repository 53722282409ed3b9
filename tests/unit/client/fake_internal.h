/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_internal.h - a session of the fake executor, for its own files.
 */
#ifndef LANES_TEST_FAKE_INTERNAL_H
#define LANES_TEST_FAKE_INTERNAL_H

#include "shm/shm.h"
#include "unit/client/fake_executor.h"

#define KERNELS 64u

typedef struct fake_session {
    fake_executor *fake;
    int socket;
    int doorbell;
    int event;
    lanes_shm_rings rings;
    lanes_ring_executor ring;
    lanes_shm_table *table;
    uint64_t ir_bytes[KERNELS]; /* 0: no such kernel */
    uint32_t generation[KERNELS];
    uint32_t last_generation;
    uint32_t batch_count; /* taken */
    bool is_over;
} fake_session;

/** True if the death that is planned is to happen; then it has. */
bool fake_dies(fake_executor *fake);

bool fake_has_kernel(const fake_session *self, lanes_abi_id id);

/** Do what is planned with all batches that are there. */
void fake_serve_ring(fake_session *self);

#endif /* LANES_TEST_FAKE_INTERNAL_H */
