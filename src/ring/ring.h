/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - the submission and completion rings of a session, both sides of each.
 *
 * The rings live in two pieces of memory that the caller supplies (lanes/abi.h): U,
 * written by the client only, and K, written by the executor only. Nothing here allocates
 * or makes a system call: where a sleeper has to be woken, a function says so and the
 * caller does it. README.md has the protocol and the argument for its order.
 *
 * The indices that decide anything are private to their side (the structs below); the
 * shared ones only announce them. An index of the other side that cannot be is reported
 * as LANES_E_RING_CORRUPT, never clamped: the session is then over.
 *
 * Threads: each struct belongs to one thread at a time; the two sides run concurrently.
 */
#ifndef LANES_RING_H
#define LANES_RING_H

#include "base/base.h"

#include <lanes/abi.h>

/*
 * Checked by clang (-Wfunction-effects, -fsanitize=realtime): no allocation, no lock, no
 * system call inside.
 */
#if defined(__clang__) && __clang_major__ >= 20
#define LANES_RING_NONBLOCKING __attribute__((nonblocking))
#else
#define LANES_RING_NONBLOCKING
#endif

/* ---- Client ------------------------------------------------------------------------ */

/** The client's side. Set by lanes_ring_client_init(). */
typedef struct lanes_ring_client {
    char *u;
    const char *k;
    uint32_t submit_tail;      /* entries committed: the authoritative value */
    uint32_t complete_head;    /* completions consumed: the authoritative value */
    uint32_t submit_head_seen; /* last submit_head read from K */
    uint32_t waiting;          /* what u->client_waiting holds */
} lanes_ring_client;

/** A free entry and its argument slot (LANES_ABI_ARGUMENT_WORDS words), to be filled. */
typedef struct lanes_ring_slot {
    lanes_abi_entry *entry;
    uint64_t *arguments;
} lanes_ring_slot;

/**
 * Start with indices 0 on fresh memory.
 *
 * @param u  LANES_ABI_U_BYTES, read-write, page-aligned, zero; lent until the end
 * @param k  LANES_ABI_K_BYTES, readable; lent until the end
 * @return LANES_OK, LANES_E_ABI_MISMATCH (K's magic, version or size),
 * LANES_E_RING_CORRUPT
 */
LANES_NODISCARD lanes_status lanes_ring_client_init(lanes_ring_client *ring, void *u,
                                                    const void *k);

/**
 * Find a free entry to fill. Nothing is announced until lanes_ring_client_commit(), so
 * not committing abandons it.
 *
 * @return LANES_OK, LANES_E_RING_FULL (LANES_ABI_ENTRIES batches are in flight),
 *   LANES_E_PEER_GONE (the executor ended the session), LANES_E_RING_CORRUPT
 */
LANES_NODISCARD lanes_status lanes_ring_client_reserve(
    lanes_ring_client *ring, lanes_ring_slot *out_slot) LANES_RING_NONBLOCKING;

/**
 * Announce the entry that lanes_ring_client_reserve() gave.
 * @return true if the caller must now write to the doorbell: the executor sleeps
 */
LANES_NODISCARD bool
lanes_ring_client_commit(lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/** Batches whose completion has not been consumed. */
uint32_t
lanes_ring_client_in_flight(const lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/**
 * Look at the oldest completion.
 *
 * @param out_completion  inside K; valid until lanes_ring_client_advance()
 * @param out_detail      in K; meaningful only if the status is negative or elements
 * failed; its text perhaps without NUL; valid as long
 * @return 1, 0 if there is none, or LANES_E_RING_CORRUPT
 */
LANES_NODISCARD lanes_status lanes_ring_client_peek(
    const lanes_ring_client *ring, const lanes_abi_completion **out_completion,
    const lanes_abi_detail **out_detail) LANES_RING_NONBLOCKING;

/** Give the completion that lanes_ring_client_peek() showed back to the executor. */
void lanes_ring_client_advance(lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/**
 * Announce that this thread is going to sleep, then look once more.
 *
 * @param out_expected  the value to pass to the futex wait on lanes_ring_client_futex()
 * @return true if it may sleep; false if a completion is there (or the index is corrupt):
 *   then look with lanes_ring_client_peek(). Either way end with _wait_end().
 */
LANES_NODISCARD bool
lanes_ring_client_wait_begin(lanes_ring_client *ring,
                             uint32_t *out_expected) LANES_RING_NONBLOCKING;

/** The sleep is over. */
void lanes_ring_client_wait_end(lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/** The word the executor wakes: complete_tail, in K. */
const uint32_t *
lanes_ring_client_futex(const lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/**
 * From now on the executor signals the session's eventfd for each completion. Completions
 * published before are not signalled: look once afterwards.
 */
void lanes_ring_client_enable_event(lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/**
 * True if @p cpu is that of the executor's thread that takes entries. A hint: a client
 * that waits there keeps it from running.
 */
bool lanes_ring_client_is_leader_cpu(const lanes_ring_client *ring,
                                     uint32_t cpu) LANES_RING_NONBLOCKING;

/** Threads of the team, as the executor has told last; 0 if it has not yet. */
uint32_t
lanes_ring_client_team_threads(const lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/** True if the executor may have begun the first tile of the batch with @p cookie, which
 * has no completion. Looks at all places: for after the executor's death. */
bool lanes_ring_client_is_started(const lanes_ring_client *ring,
                                  uint64_t cookie) LANES_RING_NONBLOCKING;

/** Why the executor ended the session: a negative status, or 0 while it has not. */
lanes_status
lanes_ring_client_closed(const lanes_ring_client *ring) LANES_RING_NONBLOCKING;

/* ---- Executor ---------------------------------------------------------------------- */

/** The executor's side. Set by lanes_ring_executor_init(). */
typedef struct lanes_ring_executor {
    const char *u;
    char *k;
    uint32_t submit_head;        /* entries taken: the authoritative value */
    uint32_t complete_tail;      /* completions posted: the authoritative value */
    uint32_t complete_published; /* completions published: what k->complete_tail holds */
    uint32_t complete_head_seen; /* last valid complete_head read from U */
    uint32_t in_flight;          /* entries taken and not yet completed */
} lanes_ring_executor;

/**
 * Write K's constants and start with indices 0.
 *
 * @param u  LANES_ABI_U_BYTES, readable, page-aligned; lent until the end
 * @param k  LANES_ABI_K_BYTES, read-write, page-aligned, zero; lent until the end
 */
void lanes_ring_executor_init(lanes_ring_executor *ring, const void *u, void *k);

/** Tell the client that the thread which takes entries is bound to CPU @p cpu. */
void lanes_ring_executor_tell_cpu(lanes_ring_executor *ring,
                                  uint32_t cpu) LANES_RING_NONBLOCKING;

/** Tell the client that the team has @p threads threads. */
void lanes_ring_executor_tell_threads(lanes_ring_executor *ring,
                                      uint32_t threads) LANES_RING_NONBLOCKING;

/**
 * Take the next entry: copy it and its used argument words to private memory, each word
 * read once, and reserve a completion for it. The caller owes exactly one
 * lanes_ring_executor_post() per entry taken. The fields are the client's and unchecked,
 * except that out_entry->argument_words <= LANES_ABI_ARGUMENT_WORDS; words beyond that
 * count are not written.
 *
 * @return 1; 0 if there is none, or no completion is free for it (_is_blocked() tells);
 *   LANES_E_RING_CORRUPT (an index is impossible, or argument_words exceeds the slot):
 * the session must be ended
 */
LANES_NODISCARD lanes_status lanes_ring_executor_take(
    lanes_ring_executor *ring, lanes_abi_entry *out_entry,
    uint64_t out_arguments[LANES_ABI_ARGUMENT_WORDS]) LANES_RING_NONBLOCKING;

/**
 * Tell the client that the first tile of the batch with @p cookie may begin: should this
 * process die, the client knows whether it may have written anything.
 *
 * @param place  < LANES_ABI_ENTRIES; of no other batch that is in flight
 */
void lanes_ring_executor_tell_started(lanes_ring_executor *ring, uint32_t place,
                                      uint64_t cookie) LANES_RING_NONBLOCKING;

/**
 * Write the completion of an entry taken before. The client does not see it until
 * lanes_ring_executor_publish(), so that several can share one wake-up.
 *
 * @param completion  borrowed; tag and status are the caller's to fill
 * @param text        borrowed; one sentence if status < 0 or failed > 0, else may be NULL
 * @param raised      borrowed; why the first failing element failed; NULL: none failed,
 *                    or nobody knows. Written when text is
 */
void lanes_ring_executor_post(lanes_ring_executor *ring,
                              const lanes_abi_completion *completion, const char *text,
                              const lanes_abi_raised *raised) LANES_RING_NONBLOCKING;

/**
 * Announce everything posted.
 * @return LANES_ABI_WAIT_* to act on: _FUTEX wake lanes_ring_executor_futex() (all
 *   sleepers), _EVENT signal the session's eventfd; 0 if the client is awake
 */
LANES_NODISCARD uint32_t lanes_ring_executor_publish(lanes_ring_executor *ring)
    LANES_RING_NONBLOCKING;

/** The word to wake clients on: complete_tail, in K. */
uint32_t *
lanes_ring_executor_futex(const lanes_ring_executor *ring) LANES_RING_NONBLOCKING;

/** Entries taken and not yet posted. */
uint32_t
lanes_ring_executor_in_flight(const lanes_ring_executor *ring) LANES_RING_NONBLOCKING;

/**
 * Cheap look for work in a polling loop: true if lanes_ring_executor_take() would return
 * something other than 0 for want of entries. It may still return 0: see _is_blocked().
 */
bool lanes_ring_executor_has_entries(const lanes_ring_executor *ring)
    LANES_RING_NONBLOCKING;

/**
 * True if it seems that an entry can be taken, from any thread: a hint, from words that
 * both sides may be changing.
 */
bool lanes_ring_executor_seems_waiting(const lanes_ring_executor *ring)
    LANES_RING_NONBLOCKING;

/**
 * True if entries wait that cannot be taken because the client has not consumed its
 * completions. Nothing wakes the executor when it does: sleep at most 100 ms then.
 */
bool lanes_ring_executor_is_blocked(lanes_ring_executor *ring) LANES_RING_NONBLOCKING;

/**
 * Announce that the executor is going to sleep on its doorbells, then look once more.
 * Call it for every session before sleeping.
 *
 * @return true if it may sleep as far as this session is concerned; false if an entry can
 *   be taken. Either way end with lanes_ring_executor_wake().
 */
LANES_NODISCARD bool
lanes_ring_executor_sleep(lanes_ring_executor *ring) LANES_RING_NONBLOCKING;

/** The executor is awake: clients need not ring the doorbell. */
void lanes_ring_executor_wake(lanes_ring_executor *ring) LANES_RING_NONBLOCKING;

/**
 * Tell the client that the session is over. The caller then wakes it in both ways
 * whatever client_waiting says, and closes the socket.
 *
 * @param reason  a negative status
 */
void lanes_ring_executor_close(lanes_ring_executor *ring,
                               lanes_status reason) LANES_RING_NONBLOCKING;

#endif /* LANES_RING_H */
