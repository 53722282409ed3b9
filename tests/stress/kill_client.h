/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_client.h - the client process of stress_kill: batches whose outcome it can check.
 */
#ifndef KILL_CLIENT_H
#define KILL_CLIENT_H

#include <stdint.h>

/** What client and harness share. Each word has one writer, the client. */
typedef struct kill_shared {
    uint64_t steps;         /**< goes up while the client gets on */
    uint64_t batches;       /**< that had their completion, checked */
    uint64_t indeterminate; /**< of these; in place only */
    uint64_t poisoned;      /**< of these */
    uint64_t loads;         /**< kernels loaded */
    uint64_t crashed;       /**< loads and batches whose compiler was killed */
    uint64_t reconnects;
    uint32_t executor; /**< its pid, 0: not known yet */
    uint32_t stop;     /**< the harness: end at the next chance */
    char failure[512]; /**< why the client gave up; "" = it did not */
} kill_shared;

/**
 * Work until shared->stop; returns the exit status, 0 or 1 with shared->failure.
 *
 * @param socket  of the executor
 */
int kill_client_run(const char *socket, uint64_t seed, kill_shared *shared);

#endif /* KILL_CLIENT_H */
