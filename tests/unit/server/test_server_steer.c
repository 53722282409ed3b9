/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_steer.c - ending batches of another session: by tag, all, and what cannot
 * be.
 */
#include "server_stats_fixture.h"

#include "server/server_internal.h"

TestSuite(server_steer, .init = setup, .fini = teardown, .timeout = 60);

static lanes_status cancel_message(lanes_abi_session_cancel message,
                                   lanes_abi_session_cancel *out_reply)
{
    return client_request(&watcher, LANES_ABI_SESSION_CANCEL, &message, sizeof(message),
                          -1, out_reply, sizeof(*out_reply), NULL);
}

/* ---- Cancelling ---------------------------------------------------------------------
 */

Test(server_steer, another_session_can_cancel_by_tag)
{
    lanes_abi_session_cancel reply;
    json_decref(hold_three(70));
    cr_assert_eq(
        cancel_message((lanes_abi_session_cancel){.session = 1, .tag = 71}, &reply),
        LANES_OK);
    cr_assert_eq(reply.in_flight, 3);
    cr_assert_eq(reply.session, 1);
    cr_assert_eq(reply.tag, 71);
    cr_assert_not(client_has_completion(&c, 20 * MILLISECOND), "the first is another");
    in.data[1999] = 1;
    uint32_t cancelled = 0;
    for (uint32_t i = 0; i < 3; i++) {
        const lanes_abi_completion done = client_wait(&c);
        cr_assert_eq(done.status, done.tag == 71 ? LANES_E_CANCELLED : LANES_OK);
        cancelled += done.status == LANES_E_CANCELLED;
    }
    cr_assert_eq(cancelled, 1);
    json_t *stats = ask(&watcher);
    expect(stats, "batches", "cancelled", 1);
    expect(stats, "batches", "failed", 1);
    json_decref(stats);
}

Test(server_steer, another_session_can_cancel_all_and_then_it_runs_again)
{
    const lanes_abi_session_cancel all = {.session = 1, .flags = LANES_ABI_CANCEL_ALL};
    lanes_abi_session_cancel reply;
    json_decref(hold_three(70));
    cr_assert_eq(cancel_message(all, &reply), LANES_OK);
    cr_assert_eq(reply.in_flight, 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(client_wait(&c).status, LANES_E_CANCELLED);
    }
    in.data[1999] = 1;
    cr_assert_eq(cancel_message(all, &reply), LANES_OK, "there is none any more");
    cr_assert_eq(reply.in_flight, 0);
    sleep_ms(50); /* until dispatch has looked for those */
    const lanes_abi_kernel kernel = load("slow");
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    for (uint32_t i = 0; i < 5; i++) {
        run(&b, LANES_OK);
    }
    json_t *stats = ask(&watcher);
    expect(stats, "batches", "cancelled", 3);
    json_decref(stats);
}

/* As many as a ring holds were in it when the session was cancelled; not one more. */
Test(server_steer, what_was_in_the_ring_is_taken_before_cancelling_ends)
{
    lanes_server_session *session = aligned_alloc(LANES_CACHE_LINE, sizeof(*session));
    *session = (lanes_server_session){.is_removed = false};
    session->tally.word[LANES_TALLY_TAKEN] = 1000;
    lanes_server_watch_note_cancel(session);
    cr_assert(session->has_cancels);
    session->tally.word[LANES_TALLY_TAKEN] += LANES_ABI_ENTRIES - 1;
    cr_assert_not(lanes_server_watch_is_due(session));
    session->tally.word[LANES_TALLY_TAKEN]++;
    cr_assert(lanes_server_watch_is_due(session));
    free(session);
}

/* A client that keeps its ring full must not be cancelled for ever. */
Test(server_steer, cancelling_ends_although_the_ring_is_never_empty)
{
    const lanes_abi_kernel kernel = load("double");
    const batch b = batch_of(&kernel, &in, &out, 1);
    for (uint64_t tag = 0; tag < 200; tag++) {
        client_submit(&c, &b, tag);
    }
    lanes_abi_session_cancel reply;
    cr_assert_eq(cancel_message((lanes_abi_session_cancel){.session = 1,
                                                           .flags = LANES_ABI_CANCEL_ALL},
                                &reply),
                 LANES_OK);
    const uint64_t end_ns = lanes_clock_ns() + 10000 * MILLISECOND;
    uint32_t good = 0;
    while (good < 1000 && lanes_clock_ns() < end_ns) {
        good = client_wait(&c).status == LANES_OK ? good + 1 : 0;
        client_submit(&c, &b, 1);
    }
    cr_assert_eq(good, 1000);
    while (lanes_ring_client_in_flight(&c.ring) > 0) {
        client_wait(&c);
    }
}

/* Not at every turn of control's loop, of which requests make as many as they like: after
 * so many attempts it gives up, and the process ends. */
Test(server_steer, what_does_not_end_is_interrupted_now_and_then)
{
    const lanes_abi_kernel kernel = load("stubborn");
    const batch b = batch_of(&kernel, &in, &out, 1);
    client_submit(&c, &b, 5);
    sleep_ms(20);
    lanes_abi_session_cancel reply;
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(
        cancel_message((lanes_abi_session_cancel){.session = 1, .tag = 5}, &reply),
        LANES_OK);
    uint32_t turns = 0;
    while (!client_has_completion(&c, 0)) {
        json_decref(ask(&watcher));
        turns++;
    }
    cr_assert_eq(client_wait(&c).status, LANES_E_CANCELLED, "%s", c.text);
    const uint64_t taken_ns = lanes_clock_ns() - start_ns;
    json_t *stats = ask(&watcher);
    const long long interrupts = json_integer_value(at(stats, "team", "interrupts"));
    cr_assert_gt(interrupts, 0);
    /* Three threads, every 5 ms. */
    cr_assert_leq(interrupts, 3 * (long long)(taken_ns / (5 * MILLISECOND) + 1),
                  "%lld in %u turns", interrupts, turns);
    json_decref(stats);
}

static void expect_refused(lanes_abi_session_cancel message, lanes_status wanted,
                           const char *fragment)
{
    lanes_abi_session_cancel reply;
    const lanes_status status = cancel_message(message, &reply);
    cr_assert_eq(status, wanted, "%s", lanes_status_name(status));
    cr_assert_not_null(strstr(watcher.text, fragment), "%s", watcher.text);
}

Test(server_steer, what_cannot_be_cancelled_is_refused)
{
    expect_refused((lanes_abi_session_cancel){.session = 77}, LANES_E_STALE_ID,
                   "no session 77");
    expect_refused((lanes_abi_session_cancel){.session = 0}, LANES_E_STALE_ID,
                   "no session 0");
    expect_refused((lanes_abi_session_cancel){.session = 1, .flags = 2}, LANES_E_INVALID,
                   "flags 0x2");
    expect_refused((lanes_abi_session_cancel){.session = 1, .flags = 1, .tag = 1},
                   LANES_E_INVALID, "tag");
    expect_refused((lanes_abi_session_cancel){.session = 1, .reserved = 1},
                   LANES_E_INVALID, "must be 0");
    expect_refused((lanes_abi_session_cancel){.session = 1, .in_flight = 1},
                   LANES_E_INVALID, "must be 0");
    client silent; /* has a number before it says hello */
    client later;
    client_connect(&silent, &f);
    client_open_ok(&later, &f);
    expect_refused((lanes_abi_session_cancel){.session = 3}, LANES_E_STALE_ID,
                   "no session 3");
    client_close(&silent);
    client_close(&later);
    json_decref(hold_three(70)); /* dispatch is in one and looks for nothing */
    for (uint64_t tag = 0; tag < LANES_CANCELS_MAX; tag++) {
        lanes_abi_session_cancel reply;
        cr_assert_eq(
            cancel_message((lanes_abi_session_cancel){.session = 1, .tag = tag}, &reply),
            LANES_OK);
    }
    expect_refused((lanes_abi_session_cancel){.session = 1, .tag = 70}, LANES_E_QUOTA,
                   "16 tags");
    lanes_abi_session_cancel reply;
    cr_assert_eq(cancel_message((lanes_abi_session_cancel){.session = 1,
                                                           .flags = LANES_ABI_CANCEL_ALL},
                                &reply),
                 LANES_OK, "there is always room for all");
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(client_wait(&c).status, LANES_E_CANCELLED, "%s", c.text);
    }
}
