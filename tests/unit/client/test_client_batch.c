/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_batch.c - submitting, waiting, polling; executors that stop in between.
 */
#include "client/client_internal.h"
#include "os/os_wait.h"
#include "unit/client/client_fixture.h"

TestSuite(client_batch, .timeout = 30, .fini = close_all);

static void check_sum(const arrays *made)
{
    const double *data = lanes_segment_data(made->segment);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq((uint32_t)data[2 * COUNT + i], 3 * i);
    }
}

Test(client_batch, run_computes_and_reports)
{
    open_honest();
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 77);
    lanes_completion completion;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_OK);
    check_sum(&made);
    cr_assert_eq(completion.tag, 77);
    cr_assert_eq(completion.elements, 7);
    cr_assert_eq(completion.tiles, 2);
    cr_assert_eq(completion.vector_width, 8);
    cr_assert_lt(completion.queued_ns, 10 * SECOND);
    cr_assert_str_eq(completion.message, "");
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
}

Test(client_batch, waiting_sleeps_and_is_woken)
{
    open_with((fake_plan){.delay_ns = 20 * MILLISECOND});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    }
    check_sum(&made);
}

Test(client_batch, failure_of_a_batch_is_in_its_completion)
{
    open_honest();
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 5);
    made.kernel->handle.id.slot = 63; /* the fake has no such kernel */
    lanes_completion completion;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_E_STALE_ID);
    cr_assert_eq(completion.status, LANES_E_STALE_ID);
    cr_assert_str_eq(completion.message, lanes_status_text(LANES_E_STALE_ID));
    cr_assert_str_eq(err.message, completion.message);
    cr_assert_eq(lanes_run(session, &batch, NULL, NULL), LANES_E_STALE_ID);
}

Test(client_batch, many_in_flight_fill_the_ring)
{
    open_with((fake_plan){.batches = FAKE_HOLD});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    }
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_RING_FULL);
    cr_assert_not_null(strstr(err.message, "256"));
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_E_INVALID,
                 "run needs an idle session");
}

Test(client_batch, every_tag_comes_back_once)
{
    open_honest();
    const arrays made = make_arrays();
    unsigned char seen[5000] = {0};
    uint32_t submitted = 0;
    uint32_t completed = 0;
    while (completed < sizeof(seen)) {
        lanes_batch batch = make_batch(&made, submitted);
        while (submitted < sizeof(seen) &&
               lanes_submit(session, &batch, NULL) == LANES_OK) {
            submitted++;
            batch.tag = submitted;
        }
        lanes_completion completion;
        cr_assert_eq(lanes_wait(session, 5 * SECOND, &completion, &err), LANES_OK);
        cr_assert_eq(seen[completion.tag]++, 0);
        completed++;
    }
}

Test(client_batch, waiting_for_nothing_is_a_usage_error)
{
    open_honest();
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_E_INVALID);
    cr_assert_eq(lanes_poll(session, &completion), 0);
}

Test(client_batch, wait_times_out)
{
    open_with((fake_plan){.batches = FAKE_HOLD});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_TIMED_OUT);
    cr_assert_eq(lanes_wait(session, 1000, &completion, &err), LANES_E_TIMED_OUT);
    const uint64_t start_ns = lanes_clock_ns();
    cr_assert_eq(lanes_wait(session, 150 * MILLISECOND, &completion, &err),
                 LANES_E_TIMED_OUT);
    const uint64_t waited_ns = lanes_clock_ns() - start_ns;
    cr_assert(waited_ns >= 150 * MILLISECOND && waited_ns < 5 * SECOND);
    cr_assert_eq(lanes_poll(session, &completion), 0);
}

Test(client_batch, arguments_are_checked)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_operand bad_operands[3];
    memcpy(bad_operands, made.operands, sizeof(bad_operands));
    bad_operands[1].segment = NULL;
    lanes_batch cases[17];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cases[i] = make_batch(&made, 1);
    }
    cases[0].dimensions = 0;
    cases[1].dimensions = LANES_DIMENSIONS_MAX + 1;
    cases[2].operand_count = 0;
    cases[3].operand_count = LANES_OPERANDS_MAX + 1;
    cases[4].errors = LANES_ERRORS_IGNORE + 1;
    cases[5].denormals = LANES_DENORMALS_FLUSH + 1;
    cases[6].shape = NULL;
    cases[7].operands = NULL;
    cases[8].kernel = NULL;
    cases[9].operands = bad_operands;
    cases[10].casting = LANES_CASTING_UNSAFE + 1;
    cases[11].has_where = 2;
    cases[12].reduce = LANES_REDUCE_SCAN + 1;
    cases[13].priority = LANES_PRIORITY_HIGH + 1;
    cases[14].no_replay = 2;
    cases[15].fp_report = LANES_FP_FLAGS + 1;
    cases[16].fp_exact = 2;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cr_assert_eq(lanes_submit(session, &cases[i], &err), LANES_E_INVALID, "case %zu",
                     i);
        cr_assert_eq(lanes_run(session, &cases[i], NULL, NULL), LANES_E_INVALID);
    }
}

static void expect_refusal(lanes_batch batch, const char *text)
{
    err.message[0] = '\0';
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_E_INVALID, "%s", text);
    cr_assert_not_null(strstr(err.message, text), "%s", err.message);
}

Test(client_batch, castings_and_flags_that_are_none_are_refused_by_name)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    batch.casting = 4;
    expect_refusal(batch, "batch.casting 4 is none of enum lanes_casting, 0 .. 3");
    batch.casting = LANES_CASTING_UNSAFE;
    batch.has_where = UINT32_MAX;
    expect_refusal(batch, "batch.has_where 4294967295 is not 0 or 1");
    batch.has_where = 0;
    batch.denormals = 2;
    expect_refusal(batch, "batch.denormals 2 is none of enum lanes_denormals, 0 .. 1");
    batch.denormals = LANES_DENORMALS_KEEP;
    batch.reduce = UINT32_MAX;
    expect_refusal(batch, "batch.reduce 4294967295 is none of enum lanes_reduce, 0 .. ");
    batch.reduce = LANES_REDUCE_NONE;
    batch.priority = 3;
    expect_refusal(batch, "batch.priority 3 is none of enum lanes_priority, 0 .. 2");
    batch.priority = LANES_PRIORITY_NORMAL;
    batch.fp_report = 0x19;
    expect_refusal(batch, "batch.fp_report 0x19 has bits that are none of enum");
    batch.fp_report = 0;
    batch.fp_exact = 3;
    expect_refusal(batch, "batch.fp_exact 3 is not 0 or 1");
    batch.fp_exact = 0;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
}

Test(client_batch, params_that_no_entry_can_name_are_refused)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    batch.params_bytes = 8;
    expect_refusal(batch, "batch.params is NULL");
    batch.params_bytes = 0;
    batch.params_offset = 16;
    expect_refusal(batch, "batch.params is NULL");
    batch.params = made.segment;
    for (uint64_t offset = 1; offset < 16; offset++) {
        batch.params_offset = offset;
        expect_refusal(batch, "not a multiple of 16");
    }
    struct lanes_segment foreign = *made.segment;
    foreign.session = NULL;
    batch.params_offset = 0;
    batch.params = &foreign;
    expect_refusal(batch, "batch.params belongs to another session");
    batch.params = made.segment;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
}

Test(client_batch, every_field_of_a_batch_arrives)
{
    open_honest();
    arrays made = make_arrays();
    lanes_segment *params = NULL;
    cr_assert_eq(lanes_segment_create(session, 4096, &params, &err), LANES_OK);
    lanes_operand operands[5];
    memcpy(operands, made.operands, sizeof(made.operands));
    operands[0].row_count = 77;
    operands[3] = (lanes_operand){.segment = params, .dtype = LANES_BOOL, .stride = {1}};
    operands[4] = operands[3];
    lanes_batch batch = make_batch(&made, 1);
    batch.operands = operands;
    batch.operand_count = 5;
    batch.errors = LANES_ERRORS_MASK;
    batch.casting = LANES_CASTING_SAME_KIND;
    batch.has_where = 1;
    batch.denormals = LANES_DENORMALS_FLUSH;
    batch.reduce = LANES_REDUCE_ARGMAX;
    batch.reduce_axes = 1;
    batch.seed = 0x0123456789abcdefull;
    batch.params = params;
    batch.params_offset = 48;
    batch.params_bytes = 1000;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(fake.entry.operand_count, 5);
    cr_assert_eq(fake.entry.errors, (uint32_t)LANES_ERRORS_MASK);
    cr_assert_eq(fake.entry.casting, (uint32_t)LANES_CASTING_SAME_KIND);
    cr_assert_eq(fake.entry.flags, LANES_ABI_BATCH_WHERE | LANES_ABI_BATCH_FLUSH);
    cr_assert_eq(fake.entry.reduce, (uint32_t)LANES_REDUCE_ARGMAX);
    cr_assert_eq(fake.entry.reduce_axes, 1);
    cr_assert_eq(fake.entry.seed, 0x0123456789abcdefull);
    cr_assert_eq(fake.entry.params_slot, params->handle.id.slot);
    cr_assert_eq(fake.entry.params_generation, params->handle.id.generation);
    cr_assert_eq(fake.entry.params_offset, 48);
    cr_assert_eq(fake.entry.params_bytes, 1000);
    cr_assert_eq(fake.first_operand.row_count, 77);
    /* And without a block the entry names none. */
    const lanes_batch plain = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &plain, NULL, &err), LANES_OK);
    cr_assert_eq(fake.entry.params_generation, 0);
    cr_assert_eq(fake.entry.params_slot, 0);
    cr_assert_eq(fake.entry.errors, (uint32_t)LANES_ERRORS_RAISE);
    cr_assert_eq(fake.entry.casting, (uint32_t)LANES_CASTING_NO);
    cr_assert_eq(fake.entry.flags, 0);
    cr_assert_eq(fake.entry.reduce, (uint32_t)LANES_REDUCE_NONE);
}

Test(client_batch, only_axes_that_are_there_are_reduced)
{
    const struct {
        uint32_t dimensions;
        uint32_t axes;
        uint32_t wanted;
    } cases[] = {{1, UINT32_MAX, 1},  {2, UINT32_MAX, 3}, {8, UINT32_MAX, 0xff},
                 {8, 0xffffff00u, 0}, {3, 5, 5},          {3, 0xd, 5},
                 {1, 0, 0},           {2, 2, 2}};
    const uint64_t shape[LANES_DIMENSIONS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
    open_honest();
    const arrays made = make_arrays();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_batch batch = make_batch(&made, 1);
        batch.dimensions = cases[i].dimensions;
        batch.shape = shape;
        batch.reduce = LANES_REDUCE_SUM;
        batch.reduce_axes = cases[i].axes;
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
        cr_assert_eq(fake.entry.reduce_axes, cases[i].wanted, "case %zu", i);
        batch.reduce = LANES_REDUCE_NONE;
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
        cr_assert_eq(fake.entry.reduce_axes, 0, "axes mean nothing without a reduction");
    }
}

/** What a callback could raise, with as many items as there may be. */
static lanes_raised make_raised(void)
{
    lanes_raised raised = {
        .kind = LANES_RAISED_EXCEPTION,
        .payload_form = LANES_PAYLOAD_BITCODE,
        .payload_offset = 0xfedcba9876543210ull,
        .payload_bytes = 0x0f1e2d3c4b5a6978ull,
        .argument_count = 2,
        .item_count = LANES_RAISED_ITEMS_MAX,
        .node = LANES_FUSION_NODES_MAX - 1,
        .item = {{.type = LANES_RAISED_ITEM_TEXT, .offset = 496, .bytes = 488},
                 {.type = LANES_RAISED_ITEM_TUPLE, .count = LANES_RAISED_ITEMS_MAX - 2}},
    };
    for (uint32_t i = 2; i < LANES_RAISED_ITEMS_MAX; i++) {
        raised.item[i] =
            (lanes_abi_raised_item){.type = LANES_C16, .offset = 16 * i, .bytes = 16};
    }
    for (size_t i = 0; i < sizeof(raised.data); i++) {
        raised.data[i] = (uint8_t)(i + 1);
    }
    return raised;
}

/** The completion of a batch of which an executor says what @p plan says. */
static lanes_completion run_planned(fake_plan plan)
{
    open_with(plan);
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 9);
    lanes_completion completion;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), plan.outcome);
    return completion;
}

Test(client_batch, what_was_raised_arrives_bit_by_bit)
{
    const lanes_status outcomes[] = {LANES_E_KERNEL_RAISED, LANES_OK};
    const lanes_raised raised = make_raised();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(outcomes); i++) {
        const lanes_completion completion = run_planned(
            (fake_plan){.outcome = outcomes[i], .failed = 2, .raised = raised});
        cr_assert_eq(completion.failed, 2);
        cr_assert_eq(completion.first_failed, 3);
        cr_assert_eq(memcmp(&completion.raised, &raised, sizeof(raised)), 0);
        cr_assert_str_eq(completion.message, lanes_status_text(outcomes[i]));
        if (i == 0) {
            close_all();
        }
    }
}

Test(client_batch, nothing_is_raised_when_nothing_failed)
{
    const lanes_completion completion = run_planned(
        (fake_plan){.outcome = LANES_E_SPAN, .failed = 0, .raised = make_raised()});
    const lanes_raised zero = {.kind = LANES_RAISED_NONE};
    cr_assert_eq(memcmp(&completion.raised, &zero, sizeof(zero)), 0);
}

Test(client_batch, impossible_exceptions_are_not_passed_on)
{
    lanes_raised cases[5];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cases[i] = make_raised();
    }
    cases[0].kind = LANES_RAISED_UNKNOWN + 1;
    cases[1].payload_form = LANES_PAYLOAD_BITCODE + 1;
    cases[2].item_count = LANES_RAISED_ITEMS_MAX + 1;
    cases[3].argument_count = UINT32_MAX;
    cases[4].item[LANES_RAISED_ITEMS_MAX - 1].type =
        2; /* test_kernel_raised.c has more */
    const lanes_raised unknown = {.kind = LANES_RAISED_UNKNOWN};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        const lanes_completion completion = run_planned((fake_plan){
            .outcome = LANES_E_KERNEL_RAISED, .failed = 1, .raised = cases[i]});
        cr_assert_eq(memcmp(&completion.raised, &unknown, sizeof(unknown)), 0, "case %zu",
                     i);
        if (i + 1 < LANES_ARRAY_COUNT(cases)) {
            close_all();
        }
    }
}

Test(client_batch, handles_of_another_session_are_refused)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_session *first = session;
    fake_executor first_fake = fake;
    /* The fake's thread points to the global: leave it and start a second one beside. */
    static fake_executor second;
    fake_start(&second, (fake_plan){.lie = FAKE_HONEST});
    lanes_open_options options = fake_options();
    options.socket = second.path;
    lanes_session *other = NULL;
    cr_assert_eq(lanes_open(&options, &other, &err), LANES_OK);
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_submit(other, &batch, &err), LANES_E_INVALID);
    lanes_close(other);
    fake_stop(&second);
    cr_assert_eq(session, first);
    cr_assert_eq(fake.listener, first_fake.listener);
}

/** Submit one batch to an executor that behaves as @p plan says, and wait. */
static lanes_status submit_and_wait(fake_plan plan, lanes_completion *completion)
{
    open_with(plan);
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 9);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    return lanes_wait(session, UINT64_MAX, completion, &err);
}

Test(client_batch, death_while_waiting_is_peer_gone)
{
    open_flags = LANES_OPEN_NO_REPLAY;
    lanes_completion completion;
    cr_assert_eq(submit_and_wait((fake_plan){.batches = FAKE_DIE}, &completion),
                 LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, "died"), "%s", err.message);
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_poll(session, &completion), LANES_E_PEER_GONE);
    cr_assert_eq(lanes_fd(session), LANES_E_PEER_GONE);
}

Test(client_batch, completion_published_before_death_is_delivered)
{
    const uint32_t flags[] = {LANES_OPEN_NO_REPLAY, 0};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(flags); i++) {
        lanes_completion completion;
        open_flags = flags[i];
        cr_assert_eq(
            submit_and_wait((fake_plan){.batches = FAKE_FINISH_AND_DIE}, &completion),
            LANES_OK);
        cr_assert_eq(completion.tag, 9);
        cr_assert_eq(fake.run_count, 1);
        if (i == 0) {
            close_all();
        }
    }
}

Test(client_batch, session_closed_by_the_executor_says_why)
{
    lanes_completion completion;
    const fake_plan plan = {.batches = FAKE_CLOSE, .status = LANES_E_RING_CORRUPT};
    cr_assert_eq(submit_and_wait(plan, &completion), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, lanes_status_text(LANES_E_RING_CORRUPT)));
}

Test(client_batch, submit_to_a_closed_session_says_why)
{
    open_with((fake_plan){.batches = FAKE_CLOSE, .status = LANES_E_RING_CORRUPT});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 9);
    lanes_status status = LANES_OK;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES && status == LANES_OK; i++) {
        status = lanes_submit(session, &batch, &err);
        usleep(1000);
    }
    cr_assert_eq(status, LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, lanes_status_text(LANES_E_RING_CORRUPT)));
}

Test(client_batch, impossible_index_ends_the_session)
{
    lanes_completion completion;
    cr_assert_eq(submit_and_wait((fake_plan){.batches = FAKE_CORRUPT}, &completion),
                 LANES_E_RING_CORRUPT);
    cr_assert_eq(err.code, LANES_E_RING_CORRUPT);
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_PEER_GONE);
}

Test(client_batch, event_loop_sees_completions)
{
    open_with((fake_plan){.delay_ns = MILLISECOND});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    const int fd = lanes_fd(session);
    cr_assert_geq(fd, 0);
    cr_assert_eq(lanes_fd(session), fd);
    for (uint64_t i = 0; i < 50; i++) {
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
        lanes_status found = 0;
        while (found == 0) {
            cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
            found = lanes_poll(session, &completion);
        }
        cr_assert_eq(found, 1);
    }
    cr_assert_eq(lanes_poll(session, &completion), 0);
    cr_assert_eq(lanes_os_poll(fd, LANES_OS_READABLE, 0), 0, "drained");
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "waiting still works");
}

Test(client_batch, event_loop_sees_completions_published_before_it_asked)
{
    open_honest();
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    usleep(20000);
    const int fd = lanes_fd(session);
    cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
    cr_assert_eq(lanes_poll(session, &completion), 1);
}

Test(client_batch, event_loop_sees_death)
{
    open_flags = LANES_OPEN_NO_REPLAY;
    open_with((fake_plan){.batches = FAKE_DIE});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    const int fd = lanes_fd(session);
    cr_assert_eq(lanes_poll(session, &completion), 0);
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    cr_assert_gt(lanes_os_poll(fd, LANES_OS_READABLE, 5 * SECOND), 0);
    cr_assert_eq(lanes_poll(session, &completion), LANES_E_PEER_GONE);
}

Test(client_batch, polling_without_an_event_loop_sees_death)
{
    open_flags = LANES_OPEN_NO_REPLAY;
    open_with((fake_plan){.batches = FAKE_DIE});
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    lanes_status found = 0;
    while (found == 0) {
        found = lanes_poll(session, &completion);
    }
    cr_assert_eq(found, LANES_E_PEER_GONE);
}

Test(client_batch, a_deadline_is_counted_from_submission)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    cr_assert_eq(fake.entry.deadline_ns, 0, "there is none");
    batch.deadline_ns = 77 * SECOND;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    cr_assert_eq(fake.entry.deadline_ns, fake.entry.submitted_ns + 77 * SECOND);
    batch.deadline_ns = UINT64_MAX - 5;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
    cr_assert_eq(fake.entry.deadline_ns, 0, "later than the clock goes");
}

Test(client_batch, the_priority_is_passed_on)
{
    open_honest();
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    for (uint32_t i = 0; i <= LANES_PRIORITY_HIGH; i++) {
        batch.priority = i;
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
        cr_assert_eq(fake.entry.priority, i);
    }
}

Test(client_batch, floating_point_flags_are_asked_for_and_told_of)
{
    open_with((fake_plan){.fp_raised = LANES_FP_FLAG_DIVIDE | LANES_FP_FLAG_INVALID});
    const arrays made = make_arrays();
    lanes_batch batch = make_batch(&made, 1);
    lanes_completion completion;
    batch.fp_exact = 1;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_OK);
    cr_assert_eq(fake.entry.fp_report | fake.entry.fp_exact, 0, "none are asked for");
    cr_assert_eq(completion.fp_raised, 0);
    cr_assert_eq(completion.fp_first, UINT64_MAX);
    batch.fp_report = LANES_FP_FLAG_INVALID | LANES_FP_FLAG_OVERFLOW;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_OK);
    cr_assert_eq(fake.entry.fp_report, batch.fp_report);
    cr_assert_eq(fake.entry.fp_exact, 1);
    cr_assert_eq(completion.fp_raised, LANES_FP_FLAG_INVALID);
    cr_assert_eq(completion.fp_first, 4);
    batch.fp_exact = 0;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_OK);
    cr_assert_eq(fake.entry.fp_exact, 0);
    cr_assert_eq(completion.fp_first, 5);
    batch.fp_report = LANES_FP_FLAG_OVERFLOW;
    cr_assert_eq(lanes_run(session, &batch, &completion, &err), LANES_OK);
    cr_assert_eq(completion.fp_raised, 0);
    cr_assert_eq(completion.fp_first, UINT64_MAX, "what the other says means nothing");
}

Test(client_batch, cancelling_names_the_tag)
{
    open_honest();
    cr_assert_eq(lanes_cancel(session, 12345, &err), LANES_OK);
    cr_assert_eq(fake.cancelled_tag, 12345);
    cr_assert_eq(lanes_cancel(session, UINT64_MAX, NULL), LANES_OK);
    cr_assert_eq(fake.cancelled_tag, UINT64_MAX);
}
