/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_stats.c - what is counted, to the last batch, and what is told of sessions.
 */
#include "server_stats_fixture.h"

#include "os/os_process.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
#include "server/server_stats.h"

TestSuite(server_stats, .init = setup, .fini = teardown, .timeout = 60);

/* ---- Counters -----------------------------------------------------------------------
 */

/* Batches in all buckets. */
static uint64_t sum_of(const json_t *buckets)
{
    uint64_t sum = 0;
    size_t i;
    json_t *count;
    cr_assert_eq(json_array_size(buckets), LANES_SERVER_BUCKETS);
    json_array_foreach(buckets, i, count)
    {
        sum += (uint64_t)json_integer_value(count);
    }
    return sum;
}

/* One batch of each outcome. */
static void run_one_of_each(void)
{
    const lanes_abi_kernel raise = load("raise");
    const lanes_abi_kernel fault = load("fault");
    const lanes_abi_kernel endless = load("endless");
    batch b = batch_of(&raise, &in, &out, 100);
    run(&b, LANES_OK);
    in.data[7] = -1;
    run(&b, LANES_E_KERNEL_RAISED);
    run(&b, LANES_E_KERNEL_RAISED);
    b.entry.errors = LANES_ERRORS_IGNORE;
    run(&b, LANES_OK);
    in.data[7] = -2;
    b = batch_of(&fault, &in, &out, 100);
    run(&b, LANES_E_KERNEL_FAULT);
    b = batch_of(&endless, &in, &out, 100);
    b.entry.deadline_ns = lanes_clock_ns() + 10 * MILLISECOND;
    run(&b, LANES_E_DEADLINE);
    in.data[7] = 7;
    b.entry.deadline_ns = 0;
    run(&b, LANES_OK);
    b.entry.kernel_generation += 100;
    run(&b, LANES_E_STALE_ID);
    b = batch_of(&raise, &in, &out, 0);
    run(&b, LANES_OK);
}

Test(server_stats, every_batch_is_counted_once_and_as_what_it_was)
{
    run_one_of_each();
    json_t *stats = ask(&watcher);
    cr_assert_str_eq(json_string_value(json_object_get(stats, "schema")),
                     "lanes.stats/1");
    expect(stats, "batches", "taken", 9);
    expect(stats, "batches", "completed", 9);
    expect(stats, "batches", "in_flight", 0);
    expect(stats, "batches", "failed", 5);
    expect(stats, "batches", "raised", 2);
    expect(stats, "batches", "faulted", 1);
    expect(stats, "batches", "deadline", 1);
    expect(stats, "batches", "cancelled", 0);
    /* Of 100: two that were right, two that raised, one that ignored it. */
    expect(stats, "batches", "elements", 500);
    /* All but the stale one and the empty one; none is longer than one first slice. */
    expect(stats, "batches", "slices", 7);
    expect(stats, "batches", "inline", 7);
    cr_assert_eq(sum_of(at(stats, "batches", "run_ns_log2")), 7);
    cr_assert_eq(sum_of(at(stats, "batches", "queued_ns_log2")), 7);
    expect(stats, "team", "interrupts",
           json_integer_value(at(stats, "team", "interrupts")));
    cr_assert_gt(json_integer_value(at(stats, "team", "interrupts")), 0,
                 "that is how the endless one ended");
    expect(stats, "kernels", "loaded", 3);
    expect(stats, "kernels", "variants", 3);
    expect(stats, "segments", "count", 2);
    expect(stats, "segments", "bytes", (long long)(in.bytes + out.bytes));
    expect(stats, "code", "entries", 3);
    cr_assert(json_is_null(json_object_get(stats, "cache")));
    json_decref(stats);
}

Test(server_stats, times_are_those_that_clients_are_told)
{
    const lanes_abi_kernel slow = load("slow");
    const batch b = batch_of(&slow, &in, &out, ELEMENTS);
    uint64_t run_ns = 0;
    uint64_t queued_ns_max = 0;
    uint64_t buckets[LANES_SERVER_BUCKETS] = {0};
    for (uint64_t tag = 0; tag < 20; tag++) {
        client_submit(&c, &b, tag);
    }
    for (uint32_t i = 0; i < 20; i++) {
        const lanes_abi_completion done = client_wait(&c);
        cr_assert_eq(done.status, LANES_OK);
        run_ns += done.run_ns;
        queued_ns_max = done.queued_ns > queued_ns_max ? done.queued_ns : queued_ns_max;
        uint32_t bucket = 0;
        while (done.run_ns >> bucket > 1) {
            bucket++;
        }
        buckets[bucket]++;
    }
    json_t *stats = ask(&watcher);
    expect(stats, "batches", "run_ns", (long long)run_ns);
    expect(stats, "batches", "queued_ns_max", (long long)queued_ns_max);
    expect(stats, "batches", "elements", 20 * ELEMENTS);
    cr_assert_gt(json_integer_value(at(stats, "batches", "slices")), 20, "10 ms each");
    for (uint32_t i = 0; i < LANES_SERVER_BUCKETS; i++) {
        const json_t *count = json_array_get(at(stats, "batches", "run_ns_log2"), i);
        cr_assert_eq((uint64_t)json_integer_value(count), buckets[i], "bucket %u", i);
    }
    const json_t *session = find_session(stats, false);
    cr_assert_eq(number_of(session, "run_ns"), (long long)run_ns);
    cr_assert_eq(number_of(session, "batches"), 20);
    json_decref(stats);
}

Test(server_stats, what_a_session_has_done_outlives_it)
{
    client other;
    segment own[2];
    lanes_abi_kernel kernel;
    json_decref(ask(&watcher));
    const uint32_t fds = settled(count_fds);
    client_open_ok(&other, &f);
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(client_segment(&other, 8 * ELEMENTS, &own[i]), LANES_OK);
    }
    cr_assert_eq(client_load(&other, "double", &kernel), LANES_OK);
    const batch b = batch_of(&kernel, &own[0], &own[1], 50);
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(client_run(&other, &b).status, LANES_OK);
    }
    client_close(&other);
    cr_assert(falls_to(count_fds, fds)); /* when dispatch has let go of it */
    json_t *stats = ask(&watcher);
    expect(stats, "sessions", "open", 1);
    expect(stats, "sessions", "opened", 2);
    expect(stats, "sessions", "closed", 1);
    expect(stats, "sessions", "observers", 1);
    expect(stats, "batches", "completed", 5);
    expect(stats, "batches", "elements", 250);
    expect(stats, "segments", "count", 2);
    json_decref(stats);
}

Test(server_stats, compiles_are_counted_by_where_the_code_came_from)
{
    lanes_abi_kernel kernel;
    load("=double");
    load("=double");
    cr_assert_eq(client_load(&c, "crash:11", &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(client_load(&c, "cpu", &kernel), LANES_E_COMPILE_LIMIT);
    cr_assert_eq(client_load(&c, "refuse", &kernel), LANES_E_IR_REFUSED);
    json_t *stats = ask(&watcher);
    expect(stats, "compiler", "requests", 5);
    expect(stats, "compiler", "compiled", 1);
    expect(stats, "compiler", "from_memory", 1);
    expect(stats, "compiler", "from_disk", 0);
    expect(stats, "compiler", "failed", 3);
    expect(stats, "compiler", "crashed", 1);
    expect(stats, "compiler", "limit", 1);
    expect(stats, "compiler", "restarts", 0);
    expect(stats, "compiler", "queued", 0);
    expect(stats, "compiler", "running", 0);
    expect(stats, "kernels", "loaded", 2);
    expect(stats, "code", "entries", 1);
    json_decref(stats);
    cr_assert_eq(client_load(&c, "die", &kernel), LANES_E_COMPILE_CRASHED);
    load("double");
    stats = ask(&watcher);
    expect(stats, "compiler", "restarts", 1);
    expect(stats, "compiler", "crashed", 2);
    json_decref(stats);
}

Test(server_stats, a_compile_that_goes_on_is_seen)
{
    client_load_begin(&c, "hold");
    json_t *stats = ask(&watcher);
    for (uint32_t i = 0;
         i < 1000 && json_integer_value(at(stats, "compiler", "running")) == 0; i++) {
        json_decref(stats);
        sleep_ms(5);
        stats = ask(&watcher);
    }
    expect(stats, "compiler", "running", 1);
    expect(stats, "kernels", "loaded", 0);
    json_decref(stats);
    lanes_abi_kernel kernel;
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_load_end(&c, &kernel), LANES_OK);
}

/* ---- Sessions -----------------------------------------------------------------------
 */

Test(server_stats, who_only_looks_is_marked)
{
    client second;
    client_open_ok(&second, &f);
    json_t *stats = ask(&second);
    const json_t *own = find_session(stats, true);
    cr_assert(json_is_true(json_object_get(own, "is_observer")));
    expect(stats, "sessions", "open", 2); /* the watcher has not asked yet */
    expect(stats, "sessions", "observers", 1);
    json_decref(stats);
    json_decref(ask(&c));
    json_decref(ask(&watcher));
    stats = ask(&second);
    expect(stats, "sessions", "open", 1);
    expect(stats, "sessions", "observers", 2);
    json_decref(stats);
    segment one;
    cr_assert_eq(client_segment(&second, 4096, &one), LANES_OK);
    stats = ask(&watcher);
    expect(stats, "sessions", "open", 2);
    expect(stats, "sessions", "opened", 2);
    expect(stats, "sessions", "closed", 0);
    json_decref(stats);
    /* What it has is gone again, that it had something is not. */
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&second, "double", &kernel), LANES_OK);
    cr_assert_eq(client_kernel_release(&second, kernel.id), LANES_OK);
    cr_assert_eq(client_segment_release(&second, &one), LANES_OK);
    sleep_ms(20);
    stats = ask(&watcher);
    expect(stats, "sessions", "open", 2);
    json_decref(stats);
    client_close(&second);
}

Test(server_stats, a_session_says_who_it_is_and_what_it_has)
{
    load("double");
    json_t *stats = ask(&watcher);
    const json_t *session = find_session(stats, false);
    cr_assert_eq(json_array_size(json_object_get(stats, "session")), 2);
    cr_assert_eq(number_of(session, "session"), 1);
    cr_assert_eq(number_of(session, "pid"), lanes_os_pid());
    cr_assert_eq(number_of(session, "segments"), 2);
    cr_assert_eq(number_of(session, "segment_bytes"), (long long)(in.bytes + out.bytes));
    cr_assert_eq(number_of(session, "kernels"), 1);
    cr_assert_eq(number_of(session, "in_flight"), 0);
    cr_assert(json_is_false(json_object_get(session, "is_observer")));
    cr_assert(json_is_null(json_object_get(session, "batch")));
    cr_assert_eq(json_integer_value(at(stats, "executor", "pid")), lanes_os_pid());
    cr_assert_eq(json_integer_value(at(stats, "executor", "threads")), 3);
    cr_assert_str_eq(json_string_value(at(stats, "executor", "cpu")), "native");
    json_decref(stats);
}

Test(server_stats, a_batch_that_runs_is_seen_while_it_does)
{
    json_t *stats = hold_three(70);
    const json_t *session = find_session(stats, false);
    const json_t *current = json_object_get(session, "batch");
    cr_assert_eq(number_of(current, "tag"), 70);
    cr_assert_eq(number_of(current, "elements"), 2000);
    cr_assert_leq(number_of(current, "position"), 2000);
    cr_assert_eq(number_of(session, "in_flight"), 3);
    cr_assert_eq(number_of(session, "waiting"), 2);
    expect(stats, "batches", "in_flight", 3);
    expect(stats, "batches", "completed", 1);
    const long long before_ns = number_of(current, "since_ns");
    const long long slice_before_ns = number_of(current, "slice_ns");
    cr_assert_leq(slice_before_ns, before_ns);
    sleep_ms(20);
    json_t *later = ask(&watcher);
    current = json_object_get(find_session(later, false), "batch");
    cr_assert_geq(number_of(current, "since_ns") - before_ns,
                  20 * (long long)MILLISECOND);
    cr_assert_geq(number_of(current, "slice_ns") - slice_before_ns,
                  20 * (long long)MILLISECOND);
    json_decref(later);
    json_decref(stats);
    in.data[1999] = 1; /* so they return */
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(client_wait(&c).status, LANES_OK, "%s", c.text);
    }
    stats = ask(&watcher);
    cr_assert(json_is_null(json_object_get(find_session(stats, false), "batch")));
    expect(stats, "batches", "in_flight", 0);
    expect(stats, "batches", "completed", 4);
    json_decref(stats);
}

Test(server_stats, tags_that_json_cannot_hold_are_text)
{
    json_t *stats = hold_three(UINT64_MAX - 5);
    const json_t *current = json_object_get(find_session(stats, false), "batch");
    cr_assert_str_eq(json_string_value(json_object_get(current, "tag")),
                     "18446744073709551610");
    json_decref(stats);
    in.data[1999] = 1;
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(client_wait(&c).status, LANES_OK, "%s", c.text);
    }
}

/* ---- The protocol -------------------------------------------------------------------
 */

/* Sends @p bytes of a request of @p type, with @p fd; the session must end. */
static void expect_end(uint32_t type, uint32_t bytes, int fd)
{
    client liar;
    char message[64] = {0};
    lanes_abi_header header = {.type = type, .sequence = 2, .bytes = bytes};
    client_open_ok(&liar, &f);
    memcpy(message, &header, sizeof(header));
    cr_assert_eq(lanes_os_send(liar.fd, message, bytes, &fd, fd >= 0 ? 1 : 0,
                               1000 * MILLISECOND, NULL),
                 LANES_OK);
    char buffer[LANES_ABI_MESSAGE_MAX];
    lanes_os_message reply = {.buffer = buffer, .capacity_bytes = sizeof(buffer)};
    cr_assert_eq(lanes_os_receive(liar.fd, &reply, 10000 * MILLISECOND, NULL),
                 LANES_E_PEER_GONE, "type %u of %u bytes", type, bytes);
    client_close(&liar);
}

Test(server_stats, malformed_requests_end_the_session_and_nothing_leaks)
{
    json_decref(ask(&watcher));
    const uint32_t fds = settled(count_fds);
    expect_end(LANES_ABI_STATS, sizeof(lanes_abi_header) + 8, -1);
    expect_end(LANES_ABI_STATS, sizeof(lanes_abi_header), f.stop_fd);
    expect_end(LANES_ABI_SESSION_CANCEL, sizeof(lanes_abi_session_cancel) - 8, -1);
    expect_end(LANES_ABI_SESSION_CANCEL, sizeof(lanes_abi_session_cancel), f.stop_fd);
    expect_end(LANES_ABI_SESSION_CANCEL + 1, sizeof(lanes_abi_header), -1);
    for (uint32_t i = 0; i < 50; i++) {
        json_decref(ask(&watcher));
    }
    falls_to(count_fds, fds);
    cr_assert_eq(count_fds(), fds, "%u descriptors, %u before", count_fds(), fds);
    json_t *stats = ask(&watcher);
    expect(stats, "sessions", "closed", 5);
    json_decref(stats);
}

Test(server_stats, rings_that_lie_and_refused_hellos_are_counted)
{
    client liar;
    client_open_ok(&liar, &f);
    lanes_abi_client_page *u = liar.rings.u;
    lanes_store_seq_cst_u32(&u->submit_tail, 100000);
    lanes_os_event_signal(liar.doorbell);
    char byte;
    lanes_os_message reply = {.buffer = &byte, .capacity_bytes = 1};
    cr_assert_eq(lanes_os_receive(liar.fd, &reply, 10000 * MILLISECOND, NULL),
                 LANES_E_PEER_GONE);
    client_close(&liar);
    lanes_store_relaxed_u32(&f.uid_offset, 1);
    cr_assert_eq(client_open(&liar, &f), LANES_E_FOREIGN_UID);
    client_close(&liar);
    json_t *stats = ask(&watcher);
    expect(stats, "sessions", "corrupt", 1);
    expect(stats, "sessions", "refused", 1);
    expect(stats, "sessions", "closed", 1);
    json_decref(stats);
}
