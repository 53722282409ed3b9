/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shm_rings.c - ring memory: both maps show the same bytes, neither side can break
 * the other's, and a client refuses what is not ring memory.
 */
#include "shm/shm.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os_memory.h"

typedef struct both {
    lanes_shm_rings executor_memory;
    lanes_ring_executor executor;
    lanes_shm_rings client_memory;
    lanes_ring_client client;
} both;

static both open_both(void)
{
    both pair;
    lanes_error err;
    cr_assert_eq(lanes_shm_rings_create(&pair.executor_memory, &pair.executor, &err),
                 LANES_OK);
    cr_assert_eq(lanes_shm_rings_map(pair.executor_memory.u_fd, pair.executor_memory.k_fd,
                                     &pair.client_memory, &pair.client, &err),
                 LANES_OK);
    return pair;
}

Test(shm_rings, a_batch_goes_round)
{
    both pair = open_both();
    lanes_shm_rings_close_fds(&pair.executor_memory);
    cr_assert(pair.executor_memory.u_fd == -1 && pair.executor_memory.k_fd == -1);
    lanes_ring_slot slot;
    cr_assert_eq(lanes_ring_client_reserve(&pair.client, &slot), LANES_OK);
    *slot.entry = (lanes_abi_entry){.tag = 42, .argument_words = 1};
    slot.arguments[0] = 43;
    cr_assert_not(lanes_ring_client_commit(&pair.client));
    lanes_abi_entry entry;
    uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
    cr_assert_eq(lanes_ring_executor_take(&pair.executor, &entry, arguments), 1);
    cr_assert(entry.tag == 42 && arguments[0] == 43);
    const lanes_abi_completion done = {.tag = entry.tag};
    lanes_ring_executor_post(&pair.executor, &done, NULL, NULL);
    cr_assert_eq(lanes_ring_executor_publish(&pair.executor), 0);
    const lanes_abi_completion *completion = NULL;
    const lanes_abi_detail *detail = NULL;
    cr_assert_eq(lanes_ring_client_peek(&pair.client, &completion, &detail), 1);
    cr_assert_eq(completion->tag, 42);
    lanes_shm_rings_close(&pair.client_memory);
    lanes_shm_rings_close(&pair.client_memory);
    lanes_shm_rings_close(&pair.executor_memory);
}

Test(shm_rings, client_cannot_write_k)
{
    both pair = open_both();
    void *data = NULL;
    lanes_error err;
    const int k_fd = pair.executor_memory.k_fd;
    cr_assert_eq(lanes_os_map(k_fd, LANES_ABI_K_BYTES, LANES_OS_MAP_WRITE, &data, &err),
                 -EPERM);
    cr_assert_neq(
        mprotect(pair.client_memory.k, LANES_ABI_K_BYTES, PROT_READ | PROT_WRITE), 0);
    cr_assert_lt(pwrite(k_fd, "x", 1, 0), 0);
}

Test(shm_rings, neither_can_be_resized_by_anyone)
{
    both pair = open_both();
    const int fds[] = {pair.executor_memory.u_fd, pair.executor_memory.k_fd};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_neq(ftruncate(fds[i], 0), 0);
        cr_assert_neq(ftruncate(fds[i], 1 << 22), 0);
        lanes_error err;
        cr_assert_eq(lanes_os_seal(fds[i], LANES_OS_SEAL_WRITE, &err), -EPERM);
    }
}

/** A memfd of @p bytes with @p seals. */
static int make_memory(uint64_t bytes, uint32_t seals)
{
    int fd = -1;
    lanes_error err;
    cr_assert_eq(lanes_os_memfd_create("fake", bytes, &fd, &err), LANES_OK);
    cr_assert_eq(lanes_os_seal(fd, seals, &err), LANES_OK);
    return fd;
}

Test(shm_rings, holes_are_zeroes_in_u_and_impossible_in_k)
{
    both pair = open_both();
    const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    lanes_abi_client_page *page = pair.client_memory.u;
    page->submit_tail = 1;
    cr_assert_eq(fallocate(pair.executor_memory.u_fd, punch, 0, LANES_ABI_U_BYTES), 0);
    cr_assert_eq(((const lanes_abi_client_page *)pair.executor_memory.u)->submit_tail, 0);
    cr_assert_eq(fallocate(pair.executor_memory.k_fd, punch, 0, LANES_ABI_K_BYTES), -1);
    cr_assert_eq(errno, EPERM);
}

Test(shm_rings, client_refuses_what_is_not_ring_memory)
{
    both pair = open_both();
    const int u = pair.executor_memory.u_fd;
    const int k = pair.executor_memory.k_fd;
    const uint32_t fixed = LANES_OS_SEAL_SHRINK | LANES_OS_SEAL_GROW;
    const uint32_t final = fixed | LANES_OS_SEAL_FUTURE_WRITE;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    const struct {
        int u, k;
        lanes_status expected;
    } cases[] = {
        {ends[0], k, LANES_E_PROTOCOL},
        {u, ends[0], LANES_E_PROTOCOL},
        {make_memory(LANES_ABI_U_BYTES, LANES_OS_SEAL_GROW), k, LANES_E_PROTOCOL},
        {u, make_memory(LANES_ABI_K_BYTES, fixed), LANES_E_PROTOCOL},
        {make_memory(LANES_ABI_U_BYTES - 4096, fixed), k, LANES_E_ABI_MISMATCH},
        {u, make_memory(LANES_ABI_K_BYTES + 4096, final), LANES_E_ABI_MISMATCH},
        {u, make_memory(LANES_ABI_K_BYTES, final), LANES_E_ABI_MISMATCH}, /* no magic */
        {-1, k, -EBADF},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_shm_rings memory = LANES_SHM_RINGS_NONE;
        lanes_ring_client ring;
        lanes_error err;
        cr_assert_eq(lanes_shm_rings_map(cases[i].u, cases[i].k, &memory, &ring, &err),
                     cases[i].expected, "case %zu", i);
        cr_assert_null(memory.u);
    }
}
