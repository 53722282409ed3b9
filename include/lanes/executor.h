/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executor.h - look at the executor that a session is with, and end what others run
 * there.
 *
 * An executor serves one user, so each of its sessions may do both. Open one with
 * LANES_OPEN_NO_PRIVATE: a private executor has nothing to tell but of this session. One
 * that does nothing else is marked in the statistics, and counts as nobody's.
 *
 * Threads: as client.h says of sessions.
 */
#ifndef LANES_EXECUTOR_H
#define LANES_EXECUTOR_H

#include <lanes/client.h>
#include <lanes/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The statistics of now, as a JSON object whose `schema` is "lanes.stats/1". Members may
 * be added, never changed. Counters run from the start of the executor; those of sessions
 * from their opening. Where batches run meanwhile, numbers of them are of slightly
 * different moments.
 *
 *   executor   pid version uptime_s started_ns (CLOCK_MONOTONIC) threads cpu limited_by
 *              is_private
 *   batches    taken completed in_flight; of the completed: failed (and of these raised
 *              faulted cancelled deadline), inline (run without waiting in a queue);
 *              slices (turns of the team), elements (of batches that ran to their end),
 *              run_ns, queued_ns_max; queued_ns_log2 and run_ns_log2, histograms of
 *              those that had begun: number i counts times from 2^i to 2^(i+1) ns
 *   team       wakes (of workers that slept), leader_sleeps, is_asleep, interrupts
 *              (signals sent to end callbacks)
 *   sessions   open opened closed refused corrupt (ended for an impossible ring index)
 *              observers (open ones that only look)
 *   segments   count bytes (mapped)
 *   kernels    loaded variants ir_bytes (kept for them, until no batch needs them)
 *   compiler   requests; where their code came from: compiled from_memory from_disk;
 *              failed (and of these crashed limit), retried (of all: asked once more,
 *              because somebody had killed who compiled them), restarts queued running
 *              total_ms (at work)
 *   code       loaded machine code: entries bytes idle_bytes (nobody's) idle_bytes_max
 *   cache      compiled code on disk: folder entries bytes bytes_max; null: none is kept
 *   session    a list, oldest first: session (its number) pid (of who opened it; 0:
 *              unknown) is_own is_observer age_s in_flight waiting (of these, not begun)
 *              segments segment_bytes kernels ir_bytes batches (completed) failed
 *              elements run_ns, and batch: the one that has begun, or null. It has tag,
 *              is_running (else another's is), since_ns (its first tile), slice_ns (that
 *              its slice has lasted, which are no part of run_ns yet), elements and
 *              position (elements run before its current slice)
 *
 * Tags from 2^63 on are text.
 *
 * Blocking: until the executor answers, at most options.timeout_ms; it does while
 *           callbacks run.
 *
 * @param out_json  owned by the caller: free()
 * @return LANES_OK, LANES_E_PEER_GONE, LANES_E_TIMED_OUT, LANES_E_PROTOCOL, -ENOMEM,
 * -errno
 */
LANES_API LANES_NODISCARD lanes_status lanes_stats(lanes_session *session,
                                                   char **out_json, lanes_error *err);

/**
 * End batches of any session of this executor before they have finished, as
 * lanes_cancel() does for one's own: those that are in flight now, and none that is
 * submitted once they have ended.
 *
 * @param number  of the session, from the statistics
 * @param tag     borrowed; of the batches; NULL: whatever their tag
 * @param out_in_flight  may be NULL; batches that the session had in flight, of every tag
 * @return LANES_OK, LANES_E_STALE_ID (there is no such session), LANES_E_QUOTA
 *   (LANES_CANCELS_MAX tags of that session are waiting to be looked for),
 *   LANES_E_PEER_GONE (the executor has ended: another one has other numbers),
 *   LANES_E_TIMED_OUT, LANES_E_PROTOCOL
 */
LANES_API LANES_NODISCARD lanes_status lanes_cancel_session(lanes_session *session,
                                                            uint32_t number,
                                                            const uint64_t *tag,
                                                            uint32_t *out_in_flight,
                                                            lanes_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LANES_EXECUTOR_H */
