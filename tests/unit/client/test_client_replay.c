/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_replay.c - what becomes of batches when their executor dies: at which point
 * of a batch, in place or not, once or twice.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "client/client_internal.h"
#include "os/os_wait.h"
#include "unit/client/client_fixture.h"

TestSuite(client_replay, .timeout = 60, .fini = close_all);

/** How often the fake has run the batch with @p tag. */
static uint32_t runs_of(uint64_t tag)
{
    uint32_t runs = 0;
    for (uint32_t i = 0; i < fake.run_count; i++) {
        runs += fake.run_tag[i] == tag;
    }
    return runs;
}

static void expect_sums(const arrays *made)
{
    const double *data = lanes_segment_data(made->segment);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(data[2 * COUNT + i], 3.0 * i);
    }
}

static const enum fake_death points[] = {FAKE_BEFORE_TAKE,   FAKE_AFTER_TAKE,
                                         FAKE_AFTER_STARTED, FAKE_AFTER_WRITE,
                                         FAKE_AFTER_POST,    FAKE_AFTER_PUBLISH};

Test(client_replay, each_batch_completes_once_wherever_the_executor_dies)
{
    for (size_t p = 0; p < LANES_ARRAY_COUNT(points); p++) {
        open_with((fake_plan){.death = points[p], .death_batch = 2, .deaths = 1});
        const arrays made = make_arrays();
        lanes_status status[6];
        submit_tags(&made, 5);
        wait_for_all(5, status);
        for (uint64_t tag = 1; tag <= 5; tag++) {
            const bool is_run_twice = tag == 3 && (points[p] == FAKE_AFTER_WRITE ||
                                                   points[p] == FAKE_AFTER_POST);
            cr_assert_eq(status[tag], LANES_OK, "point %zu, tag %llu", p,
                         (unsigned long long)tag);
            cr_assert_eq(runs_of(tag), is_run_twice ? 2 : 1, "point %zu, tag %llu", p,
                         (unsigned long long)tag);
        }
        expect_sums(&made);
        cr_assert_eq(lanes_reconnects(session), 1);
        cr_assert_eq(fake.sessions, 2);
        if (p + 1 < LANES_ARRAY_COUNT(points)) {
            close_all();
        }
    }
}

Test(client_replay, polling_does_it_too)
{
    for (size_t p = 0; p < LANES_ARRAY_COUNT(points); p++) {
        open_with((fake_plan){.death = points[p], .death_batch = 1, .deaths = 1});
        const arrays made = make_arrays();
        bool is_seen[4] = {false};
        submit_tags(&made, 3);
        for (uint32_t i = 0; i < 3;) {
            lanes_completion completion;
            const lanes_status found = lanes_poll(session, &completion);
            cr_assert_geq(found, 0);
            if (found == 1) {
                cr_assert_eq(completion.status, LANES_OK);
                cr_assert_not(is_seen[completion.tag]);
                is_seen[completion.tag] = true;
                i++;
            }
        }
        lanes_completion completion;
        cr_assert_eq(lanes_poll(session, &completion), 0);
        cr_assert_eq(lanes_reconnects(session), 1);
        if (p + 1 < LANES_ARRAY_COUNT(points)) {
            close_all();
        }
    }
}

Test(client_replay, batches_go_on_in_their_old_order)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .death_batch = 10, .deaths = 3});
    const arrays made = make_arrays();
    lanes_status status[201];
    submit_tags(&made, 7);
    wait_for_all(7, status); /* so that records are used in another order than tags */
    submit_tags(&made, 200);
    wait_for_all(200, status);
    cr_assert_eq(lanes_reconnects(session), 3);
    cr_assert_eq(fake.run_count, 207);
    for (uint32_t i = 0; i < 200; i++) {
        cr_assert_eq(fake.run_tag[7 + i], i + 1);
        cr_assert_eq(status[i + 1], LANES_OK);
    }
}

Test(client_replay, what_an_ordered_stop_cancels_is_cancelled_and_the_rest_runs)
{
    open_with((fake_plan){.death = FAKE_AT_STOP, .death_batch = 1, .deaths = 1});
    const arrays made = make_arrays();
    lanes_status status[5];
    submit_tags(&made, 4);
    wait_for_all(4, status);
    for (uint64_t tag = 1; tag <= 4; tag++) {
        cr_assert_eq(status[tag], tag == 2 ? LANES_E_CANCELLED : LANES_OK);
        cr_assert_eq(runs_of(tag), tag == 2 ? 0 : 1);
    }
}

Test(client_replay, a_closed_ring_is_noticed_by_submitting)
{
    open_with((fake_plan){.death = FAKE_AT_STOP, .death_batch = 0, .deaths = 1});
    const arrays made = make_arrays();
    lanes_status status[4];
    submit_tags(&made, 1);
    usleep(50000);
    for (uint32_t tag = 2; tag <= 3; tag++) {
        const lanes_batch batch = make_batch(&made, tag);
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK, "%s", err.message);
    }
    cr_assert_eq(lanes_reconnects(session), 1);
    wait_for_all(3, status);
    cr_assert_eq(status[1], LANES_E_CANCELLED);
    cr_assert_eq(status[2], LANES_OK);
    cr_assert_eq(status[3], LANES_OK);
}

/* ---- In place -----------------------------------------------------------------------
 */

/** The outcome of @p batch when its executor dies at @p death. */
static lanes_completion outcome_of(const lanes_batch *batch, enum fake_death death)
{
    lanes_completion completion = {.status = 1};
    fake.plan.death = death;
    fake.plan.deaths = fake.deaths + 1;
    fake.plan.death_batch = 0;
    /* A session of its own: batches are counted from its beginning. */
    lanes_client_disconnect(session);
    session->lost_ns = lanes_clock_ns();
    cr_assert_eq(lanes_submit(session, batch, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_wait(session, 20 * SECOND, &completion, &err), LANES_OK, "%s",
                 err.message);
    return completion;
}

Test(client_replay, batches_in_place_are_indeterminate_once_started)
{
    open_honest();
    arrays made = make_arrays();
    made.operands[2].offset = made.operands[1].offset;
    const lanes_batch batch = make_batch(&made, 1);
    for (size_t p = 0; p < LANES_ARRAY_COUNT(points); p++) {
        const lanes_completion completion = outcome_of(&batch, points[p]);
        const bool is_safe = points[p] == FAKE_BEFORE_TAKE ||
                             points[p] == FAKE_AFTER_TAKE ||
                             points[p] == FAKE_AFTER_PUBLISH;
        cr_assert_eq(completion.status, is_safe ? LANES_OK : LANES_E_INDETERMINATE,
                     "point %zu: %d", p, completion.status);
        cr_assert_eq(completion.tag, 1);
        if (!is_safe) {
            cr_assert_not_null(strstr(completion.message, "operand 2"), "%s",
                               completion.message);
            cr_assert_not_null(strstr(completion.message, "input 1"), "%s",
                               completion.message);
        }
    }
}

typedef struct overlap_case {
    const char *what;
    uint64_t in_offset;
    int64_t in_stride;
    uint64_t out_offset;
    int64_t out_stride;
    uint64_t count;
    bool is_shared;
} overlap_case;

Test(client_replay, ranges_of_bytes_decide_what_is_in_place)
{
    const overlap_case cases[] = {
        {"side by side", 0, 8, 800, 8, 100, false},
        {"one byte", 0, 8, 799, 8, 100, true},
        {"one byte, from above", 799, 8, 0, 8, 100, true},
        {"from above", 800, 8, 0, 8, 100, false},
        {"downwards", 792, -8, 800, 8, 100, false},
        {"downwards over it", 800, -8, 0, 8, 100, true},
        {"output downwards", 0, 8, 1592, -8, 100, false},
        {"interleaved", 0, 16, 8, 16, 100, true},
        {"no elements", 0, 8, 0, 8, 0, false},
        {"one element each", 0, 0, 8, 8, 1, false},
        {"input broadcast into it", 80, 0, 0, 8, 100, true},
        {"input broadcast beside it", 800, 0, 0, 8, 100, false},
        {"farther than numbers go", 0, INT64_MAX, 8, 8, 100, true},
        {"below the segment", 0, INT64_MIN, 8000, 8, 100, true},
    };
    open_honest();
    arrays made = make_arrays();
    made.operands[1].offset = 16000; /* of no case */
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        made.operands[0].offset = cases[i].in_offset;
        made.operands[0].stride[0] = cases[i].in_stride;
        made.operands[2].offset = cases[i].out_offset;
        made.operands[2].stride[0] = cases[i].out_stride;
        made.shape[0] = cases[i].count;
        const lanes_batch batch = make_batch(&made, 1);
        const lanes_completion completion = outcome_of(&batch, FAKE_AFTER_STARTED);
        cr_assert_eq(completion.status,
                     cases[i].is_shared ? LANES_E_INDETERMINATE : LANES_OK, "%s: %d",
                     cases[i].what, completion.status);
    }
}

Test(client_replay, one_object_in_two_segments_is_one)
{
    open_honest();
    arrays made = make_arrays();
    lanes_segment *other = NULL;
    cr_assert_eq(lanes_segment_attach_fd(session, made.segment->fd, 0, &other, &err),
                 LANES_OK);
    made.operands[2].segment = other;
    lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK);
    made.operands[2].offset = made.operands[0].offset;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_E_INDETERMINATE);
    lanes_segment *separate = NULL;
    cr_assert_eq(
        lanes_segment_create(session, 3 * COUNT * sizeof(double), &separate, &err),
        LANES_OK);
    made.operands[2].segment = separate;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK);
}

Test(client_replay, where_params_and_rows_are_read_too)
{
    open_with((fake_plan){.params_bytes = 16});
    arrays made = make_arrays();
    lanes_operand operands[4];
    memcpy(operands, made.operands, sizeof(made.operands));
    operands[3] = (lanes_operand){.segment = made.segment,
                                  .offset = 3 * COUNT * sizeof(double),
                                  .stride = {1},
                                  .dtype = LANES_BOOL};
    lanes_batch batch = make_batch(&made, 1);
    batch.operands = operands;
    batch.operand_count = 4;
    batch.has_where = 1;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK);
    operands[3].offset = operands[2].offset + 9;
    const lanes_completion with_where = outcome_of(&batch, FAKE_AFTER_STARTED);
    cr_assert_eq(with_where.status, LANES_E_INDETERMINATE);
    cr_assert_not_null(strstr(with_where.message, "`where`"), "%s", with_where.message);
    batch.has_where = 0;
    batch.errors = LANES_ERRORS_MASK; /* now it is written */
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK,
                 "outputs do not read each other");
    operands[3].offset = operands[0].offset;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_E_INDETERMINATE);

    batch = make_batch(&made, 1);
    batch.params = made.segment;
    batch.params_bytes = 16;
    batch.params_offset = made.operands[2].offset - 16;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK);
    batch.params_offset = made.operands[2].offset;
    const lanes_completion with_params = outcome_of(&batch, FAKE_AFTER_STARTED);
    cr_assert_eq(with_params.status, LANES_E_INDETERMINATE);
    cr_assert_not_null(strstr(with_params.message, "params"), "%s", with_params.message);

    batch = make_batch(&made, 1);
    made.operands[0].offset = made.operands[2].offset - 8;
    made.shape[0] = 1;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_OK);
    made.operands[0].row_count = 2;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_STARTED).status, LANES_E_INDETERMINATE);
}

Test(client_replay, a_batch_may_refuse_to_run_twice)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    batch.no_replay = 1;
    cr_assert_eq(outcome_of(&batch, FAKE_AFTER_TAKE).status, LANES_OK, "it had not run");
    const lanes_completion completion = outcome_of(&batch, FAKE_AFTER_STARTED);
    cr_assert_eq(completion.status, LANES_E_INDETERMINATE);
    cr_assert_not_null(strstr(completion.message, "no_replay"), "%s", completion.message);
    batch.no_replay = 2;
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_INVALID);
}

/* ---- Poison -------------------------------------------------------------------------
 */

Test(client_replay, two_deaths_make_a_batch_poison)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 2});
    const arrays made = make_arrays();
    lanes_status status[4];
    submit_tags(&made, 3);
    wait_for_all(3, status);
    cr_assert_eq(status[1], LANES_E_POISON);
    cr_assert_eq(status[2], LANES_OK);
    cr_assert_eq(status[3], LANES_OK);
    cr_assert_eq(lanes_reconnects(session), 2);
    /* Its record has no memory of that. */
    fake.plan.deaths = 3;
    submit_tags(&made, 1);
    wait_for_all(1, status);
    cr_assert_eq(status[1], LANES_OK);
}

Test(client_replay, deaths_before_it_began_are_not_its_own)
{
    open_with((fake_plan){.death = FAKE_AFTER_TAKE, .deaths = 5});
    const arrays made = make_arrays();
    lanes_status status[2];
    submit_tags(&made, 1);
    wait_for_all(1, status);
    cr_assert_eq(status[1], LANES_OK);
    cr_assert_eq(lanes_reconnects(session), 5);
}

Test(client_replay, poison_says_so)
{
    open_with((fake_plan){.death = FAKE_AFTER_WRITE});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 77);
    lanes_completion completion;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_E_POISON);
    cr_assert_eq(completion.tag, 77);
    cr_assert_not_null(strstr(completion.message, "2 executors died"), "%s",
                       completion.message);
    cr_assert_eq(runs_of(77), 2);
}

/* ---- What belongs to a batch --------------------------------------------------------
 */

Test(client_replay, entries_arrive_as_they_were)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .deaths = 1});
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 5);
    batch.deadline_ns = 77 * SECOND;
    batch.seed = 99;
    batch.casting = LANES_CASTING_SAFE;
    const uint64_t before_ns = lanes_clock_ns();
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    const uint64_t after_ns = lanes_clock_ns();
    lanes_status status[6];
    usleep(20000);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK);
    cr_assert_eq(fake.entry.tag, 5);
    cr_assert_eq(fake.entry.seed, 99);
    cr_assert_eq(fake.entry.casting, LANES_CASTING_SAFE);
    cr_assert(fake.entry.deadline_ns >= before_ns + 77 * SECOND &&
              fake.entry.deadline_ns <= after_ns + 77 * SECOND);
    cr_assert_neq(fake.entry.cookie, 0);
    (void)status;
}

Test(client_replay, cookies_differ)
{
    open_honest();
    const arrays made = make_arrays();
    uint64_t last = 0;
    for (uint32_t i = 0; i < 600; i++) {
        const lanes_batch batch = make_batch(&made, 1);
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
        cr_assert_gt(fake.entry.cookie, last);
        last = fake.entry.cookie;
    }
}

Test(client_replay, a_completion_of_no_batch_ends_the_session)
{
    const uint64_t errors[] = {1, 256, UINT64_MAX};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(errors); i++) {
        open_with((fake_plan){.cookie_error = errors[i]});
        const arrays made = make_arrays();
        const lanes_batch batch = make_batch(&made, 1);
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_E_RING_CORRUPT);
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_E_PEER_GONE);
        if (i + 1 < LANES_ARRAY_COUNT(errors)) {
            close_all();
        }
    }
}

Test(client_replay, cancelled_batches_do_not_come_back)
{
    open_with((fake_plan){
        .batches = FAKE_HOLD, .death = FAKE_AFTER_TAKE, .death_batch = 2, .deaths = 1});
    const arrays made = make_arrays();
    lanes_status status[4];
    submit_tags(&made, 2);
    usleep(20000);
    cr_assert_eq(lanes_cancel(session, 2, &err), LANES_OK);
    fake.plan.batches = FAKE_RUN;
    const lanes_batch batch = make_batch(&made, 3);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    wait_for_all(3, status);
    cr_assert_eq(status[1], LANES_OK);
    cr_assert_eq(status[2], LANES_E_CANCELLED);
    cr_assert_eq(status[3], LANES_OK);
    cr_assert_eq(runs_of(2), 0);
}

/* ---- A full ring --------------------------------------------------------------------
 */

Test(client_replay, a_full_ring_goes_on_whole)
{
    open_with((fake_plan){.death = FAKE_BEFORE_TAKE, .death_batch = 100, .deaths = 1});
    const arrays made = make_arrays();
    static lanes_status status[LANES_ABI_ENTRIES + 1];
    for (uint32_t round = 0; round < 3; round++) {
        submit_tags(&made, LANES_ABI_ENTRIES);
        const lanes_batch batch = make_batch(&made, 1);
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_RING_FULL);
        wait_for_all(LANES_ABI_ENTRIES, status);
        for (uint32_t tag = 1; tag <= LANES_ABI_ENTRIES; tag++) {
            cr_assert_eq(status[tag], LANES_OK);
        }
    }
    cr_assert_eq(lanes_reconnects(session), 1);
    cr_assert_eq(fake.run_count, 3 * LANES_ABI_ENTRIES);
}

Test(client_replay, kept_completions_are_in_flight)
{
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH, .death_batch = 255, .deaths = 1});
    const arrays made = make_arrays();
    static lanes_status status[LANES_ABI_ENTRIES + 1];
    submit_tags(&made, LANES_ABI_ENTRIES);
    lanes_segment *segment = NULL;
    usleep(50000);
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_OK,
                 "this finds the executor dead: %s", err.message);
    cr_assert_eq(lanes_reconnects(session), 1);
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_RING_FULL);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_E_INVALID);
    wait_for_all(LANES_ABI_ENTRIES, status);
    cr_assert_eq(fake.run_count, LANES_ABI_ENTRIES);
}

Test(client_replay, kept_completions_say_what_the_executor_said)
{
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH,
                          .deaths = 1,
                          .outcome = LANES_E_KERNEL_RAISED,
                          .failed = 2,
                          .raised = {.kind = LANES_RAISED_ZERO_DIVISION}});
    const arrays made = make_arrays();
    submit_tags(&made, 1);
    lanes_segment *segment = NULL;
    usleep(50000);
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_OK);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_OK);
    cr_assert_eq(completion.status, LANES_E_KERNEL_RAISED);
    cr_assert_eq(completion.failed, 2);
    cr_assert_eq(completion.first_failed, 3);
    cr_assert_eq(completion.elements, 7);
    cr_assert_eq(completion.raised.kind, LANES_RAISED_ZERO_DIVISION);
    cr_assert_str_eq(completion.message, lanes_status_text(LANES_E_KERNEL_RAISED));
}

Test(client_replay, sessions_that_end_with_their_executor_have_no_cookies)
{
    open_flags = LANES_OPEN_NO_REPLAY;
    open_honest();
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    cr_assert_eq(fake.entry.cookie, 0);
    cr_assert_eq(lanes_reconnects(session), 0);
}
