/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm_rings.c - the memory of a session's rings, made by the executor, checked by the
 * client.
 */
#include "shm/shm.h"

#include <errno.h>

#include "os/os_memory.h"

/* Neither side can make the other's mapping end in SIGBUS. */
#define SEALS_U (LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW)
/* And only the executor's mapping, made before, can write K. */
#define SEALS_K (SEALS_U | LANES_OS_SEAL_FUTURE_WRITE)

static lanes_status create_u(lanes_shm_rings *rings, lanes_error *err)
{
    LANES_TRY(lanes_os_memfd_create("lanes-u", LANES_ABI_U_BYTES, &rings->u_fd, err));
    LANES_TRY(lanes_os_map(rings->u_fd, LANES_ABI_U_BYTES, LANES_OS_MAP_POPULATE,
                           &rings->u, err));
    return lanes_os_seal(rings->u_fd, SEALS_U | LANES_OS_SEAL_SEAL, err);
}

static lanes_status create_k(lanes_shm_rings *rings, lanes_error *err)
{
    LANES_TRY(lanes_os_memfd_create("lanes-k", LANES_ABI_K_BYTES, &rings->k_fd, err));
    LANES_TRY(lanes_os_map(rings->k_fd, LANES_ABI_K_BYTES,
                           LANES_OS_MAP_WRITE | LANES_OS_MAP_POPULATE, &rings->k, err));
    return lanes_os_seal(rings->k_fd, SEALS_K | LANES_OS_SEAL_SEAL, err);
}

lanes_status lanes_shm_rings_create(lanes_shm_rings *out_rings,
                                    lanes_ring_executor *out_ring, lanes_error *err)
{
    lanes_shm_rings rings = LANES_SHM_RINGS_NONE;
    lanes_status status = create_u(&rings, err);
    if (status == LANES_OK) {
        status = create_k(&rings, err);
    }
    if (status < 0) {
        lanes_shm_rings_close(&rings);
        return status;
    }
    lanes_ring_executor_init(out_ring, rings.u, rings.k);
    *out_rings = rings;
    return LANES_OK;
}

void lanes_shm_rings_close_fds(lanes_shm_rings *rings)
{
    lanes_os_close(&rings->u_fd);
    lanes_os_close(&rings->k_fd);
}

/** A memfd of exactly @p bytes with at least @p seals, which nothing else can have. */
static lanes_status check_memory(int fd, const char *name, uint64_t bytes, uint32_t seals,
                                 lanes_error *err)
{
    lanes_os_facts facts;
    LANES_TRY(lanes_os_fd_facts(fd, &facts, err));
    if ((facts.seals & seals) != seals) {
        return lanes_error_set(
            err, LANES_E_PROTOCOL,
            "ring memory %s is not a memfd with seals 0x%x (it has 0x%x)", name, seals,
            facts.seals);
    }
    if (facts.bytes != bytes) {
        return lanes_error_set(
            err, LANES_E_ABI_MISMATCH,
            "ring memory %s has %llu bytes, not %llu: library and executor "
            "are of different versions",
            name, (unsigned long long)facts.bytes, (unsigned long long)bytes);
    }
    return LANES_OK;
}

static lanes_status map_client(int u_fd, int k_fd, lanes_shm_rings *rings,
                               lanes_error *err)
{
    /* Sealed first, sized second: after the check the size cannot change. */
    LANES_TRY(check_memory(u_fd, "U", LANES_ABI_U_BYTES, SEALS_U, err));
    LANES_TRY(check_memory(k_fd, "K", LANES_ABI_K_BYTES, SEALS_K, err));
    LANES_TRY(lanes_os_map(u_fd, LANES_ABI_U_BYTES,
                           LANES_OS_MAP_WRITE | LANES_OS_MAP_POPULATE, &rings->u, err));
    return lanes_os_map(k_fd, LANES_ABI_K_BYTES, LANES_OS_MAP_POPULATE, &rings->k, err);
}

lanes_status lanes_shm_rings_map(int u_fd, int k_fd, lanes_shm_rings *out_rings,
                                 lanes_ring_client *out_ring, lanes_error *err)
{
    lanes_shm_rings rings = LANES_SHM_RINGS_NONE;
    lanes_status status = map_client(u_fd, k_fd, &rings, err);
    if (status == LANES_OK) {
        status = lanes_ring_client_init(out_ring, rings.u, rings.k);
        if (status < 0) {
            status = lanes_error_set(err, status, "ring memory K: %s",
                                     lanes_status_text(status));
        }
    }
    if (status < 0) {
        lanes_shm_rings_close(&rings);
        return status;
    }
    *out_rings = rings;
    return LANES_OK;
}

void lanes_shm_rings_close(lanes_shm_rings *rings)
{
    lanes_os_unmap(rings->u, LANES_ABI_U_BYTES);
    lanes_os_unmap(rings->k, LANES_ABI_K_BYTES);
    rings->u = NULL;
    rings->k = NULL;
    lanes_shm_rings_close_fds(rings);
}
