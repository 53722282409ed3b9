/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ring_batch.c - any bytes in U: taken, decoded, planned and run.
 *
 *   fill u8, flags u8, client_waiting u16, submit_tail u32 (0: as many as there
 *   are), complete_head u32, later_head u32,
 *   then entries: lanes_abi_entry and as many argument words as it says (at most 256)
 *
 * What is accepted must be inside its segments (computed once more with 128 bits), write
 * nowhere twice, and run without touching anything else.
 */
#include "batch_check.h"
#include "batch_world.h"
#include "fuzz.h"
#include "ring/ring_internal.h"

#define ENTRIES_MAX 4u

static struct {
    char *u;
    char *k;
} memory;

/* Fills the ring from the input; returns the entries written. */
static uint32_t write_entries(fuzz_input *input)
{
    uint32_t count = 0;
    while (input->bytes > 0 && count < ENTRIES_MAX) {
        lanes_abi_entry entry;
        fuzz_take(input, &entry, sizeof(entry));
        const uint32_t words = entry.argument_words < LANES_ABI_ARGUMENT_WORDS
                                   ? entry.argument_words
                                   : LANES_ABI_ARGUMENT_WORDS;
        memcpy(memory.u + lanes_ring_entry_offset(count), &entry, sizeof(entry));
        fuzz_take(input, memory.u + lanes_ring_argument_offset(count), words * 8);
        count++;
    }
    return count;
}

static void run_entry(const lanes_abi_entry *entry, const uint64_t *arguments)
{
    static lanes_server_batch batch;
    lanes_server_session *session = world_session();
    lanes_error err = {.message = ""};
    memset(&batch.plan, 0, sizeof(batch.plan));
    batch.view_count = 0;
    batch.kernel = NULL;
    const lanes_status status =
        lanes_server_batch_decode(session, entry, arguments, &batch, &err);
    FUZZ_CHECK(status <= 0);
    if (status < 0) {
        FUZZ_CHECK(err.code == status && err.message[0] != '\0');
    } else {
        batch_check(session, entry, arguments, &batch);
        world_run(&batch.plan, &batch.kernel->checked);
    }
    lanes_server_batch_let_go(session->server, &batch);
    world_check_let_go();
}

/* Takes all there is; the client's index moves on while it does. */
static void run_ring(uint32_t later_head)
{
    lanes_ring_executor ring;
    lanes_abi_client_page *page = (void *)memory.u;
    lanes_ring_executor_init(&ring, memory.u, memory.k);
    for (uint32_t i = 0; i < 2 * LANES_ABI_ENTRIES; i++) {
        lanes_abi_entry entry;
        uint64_t arguments[LANES_ABI_ARGUMENT_WORDS];
        const lanes_status status = lanes_ring_executor_take(&ring, &entry, arguments);
        FUZZ_CHECK(status == 0 || status == 1 || status == LANES_E_RING_CORRUPT);
        if (status != 1) {
            break;
        }
        FUZZ_CHECK(entry.argument_words <= LANES_ABI_ARGUMENT_WORDS);
        if (i < ENTRIES_MAX) {
            run_entry(&entry, arguments);
        }
        const lanes_abi_completion done = {.tag = entry.tag, .status = LANES_E_INVALID};
        lanes_ring_executor_post(&ring, &done, "done", NULL);
        const uint32_t wake = lanes_ring_executor_publish(&ring);
        FUZZ_CHECK(wake <= (LANES_ABI_WAIT_FUTEX | LANES_ABI_WAIT_EVENT));
        page->complete_head = i % 2 == 1 ? later_head : page->complete_head;
    }
    FUZZ_CHECK(lanes_ring_executor_in_flight(&ring) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    if (memory.u == NULL) {
        FUZZ_CHECK(posix_memalign((void **)&memory.u, 4096, LANES_ABI_U_BYTES) == 0);
        FUZZ_CHECK(posix_memalign((void **)&memory.k, 4096, LANES_ABI_K_BYTES) == 0);
        memset(memory.u, 0, LANES_ABI_U_BYTES);
    }
    memset(memory.k, 0, LANES_ABI_PAGE_BYTES);
    world_session();
    const uint8_t fill = fuzz_u8(&input);
    const uint8_t flags = fuzz_u8(&input);
    world_reset(fill, (flags & 1) != 0 ? 256 : 0);
    const uint16_t waiting = fuzz_u16(&input);
    const uint32_t tail = fuzz_u32(&input);
    const uint32_t head = fuzz_u32(&input);
    const uint32_t later_head = fuzz_u32(&input);
    const uint32_t count = write_entries(&input);
    *(lanes_abi_client_page *)(void *)memory.u = (lanes_abi_client_page){
        .submit_tail = tail == 0 ? count : tail,
        .complete_head = head,
        .client_waiting = waiting,
    };
    run_ring(later_head);
    for (uint32_t i = 0; i < count; i++) { /* for the next input */
        memset(memory.u + lanes_ring_entry_offset(i), 0, sizeof(lanes_abi_entry));
        memset(memory.u + lanes_ring_argument_offset(i), 0, LANES_ABI_ARGUMENT_BYTES);
    }
    return 0;
}
