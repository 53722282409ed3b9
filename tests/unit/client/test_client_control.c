/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_control.c - requests after the hello whose replies are missing or
 * malformed: the error is the right one, nothing leaks, and the session is then over.
 */
#include "os/os_file.h"
#include "unit/client/client_fixture.h"

TestSuite(client_control, .timeout = 60);

static bool count_entry(void *ctx, const char *name)
{
    (void)name;
    ++*(unsigned *)ctx;
    return true;
}

/** Open descriptors of this process, the fake's included: compare before and after it. */
static unsigned open_fds(void)
{
    unsigned count = 0;
    cr_assert_eq(lanes_os_folder_list("/proc/self/fd", count_entry, &count, NULL),
                 LANES_OK);
    return count;
}

/** One request of each type that a spoilt reply can meet. */
static lanes_status request(uint32_t type)
{
    lanes_segment *segment = NULL;
    lanes_kernel *kernel = NULL;
    if (type == LANES_ABI_SEGMENT_CREATE) {
        return lanes_segment_create(session, 4096, &segment, &err);
    }
    if (type == LANES_ABI_SEGMENT_ATTACH) {
        FILE *file = tmpfile();
        cr_assert_eq(ftruncate(fileno(file), 4096), 0);
        const lanes_status status =
            lanes_segment_attach_fd(session, fileno(file), 0, &segment, &err);
        fclose(file);
        return status;
    }
    if (type == LANES_ABI_KERNEL_LOAD) {
        return lanes_kernel_load(session, "define", 6, NULL, &kernel, &err);
    }
    if (type == LANES_ABI_BATCH_CANCEL) {
        return lanes_cancel(session, 5, &err);
    }
    if (type == LANES_ABI_SESSION_CANCEL) {
        return lanes_cancel_session(session, 1, NULL, NULL, &err);
    }
    char *json = NULL;
    if (type == LANES_ABI_STATS) {
        return lanes_stats(session, &json, &err);
    }
    kernel = load_add();
    return lanes_kernel_report(kernel, &json, &err);
}

static const uint32_t types[] = {LANES_ABI_SEGMENT_CREATE, LANES_ABI_SEGMENT_ATTACH,
                                 LANES_ABI_KERNEL_LOAD,    LANES_ABI_KERNEL_REPORT,
                                 LANES_ABI_BATCH_CANCEL,   LANES_ABI_STATS,
                                 LANES_ABI_SESSION_CANCEL};

/** Make a request of @p type whose reply is spoilt; then look whether the session is
 * over. */
static lanes_status request_with_lie(uint32_t type, enum fake_lie lie, bool *out_is_over)
{
    const unsigned before = open_fds();
    open_with((fake_plan){.lie = lie, .type = type, .status = LANES_E_QUOTA});
    const lanes_status status = request(type);
    cr_assert_eq(err.code, status, "type %u lie %d", type, (int)lie);
    fake.plan.lie = FAKE_HONEST;
    lanes_kernel *kernel = NULL;
    *out_is_over =
        lanes_kernel_load(session, "x", 1, NULL, &kernel, &err) == LANES_E_PEER_GONE;
    close_all();
    cr_assert_eq(open_fds(), before, "type %u lie %d leaks a descriptor", type, (int)lie);
    return status;
}

Test(client_control, malformed_replies_end_the_session)
{
    const enum fake_lie lies[] = {FAKE_OTHER_TYPE, FAKE_OTHER_NUMBER,  FAKE_OTHER_BYTES,
                                  FAKE_POSITIVE,   FAKE_TOO_SHORT,     FAKE_TOO_LONG,
                                  FAKE_EXTRA_FD,   FAKE_SHORT_FAILURE, FAKE_FEWER_FDS,
                                  FAKE_FAILURE_FD, FAKE_LONGER};
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        for (size_t i = 0; i < LANES_ARRAY_COUNT(lies); i++) {
            const bool has_no_fd = types[t] == LANES_ABI_SEGMENT_ATTACH ||
                                   types[t] == LANES_ABI_BATCH_CANCEL ||
                                   types[t] == LANES_ABI_SESSION_CANCEL;
            if (lies[i] == FAKE_FEWER_FDS && has_no_fd) {
                continue;
            }
            bool is_over = false;
            cr_assert_eq(request_with_lie(types[t], lies[i], &is_over), LANES_E_PROTOCOL,
                         "type %u lie %d", types[t], (int)lies[i]);
            cr_assert(is_over, "type %u lie %d", types[t], (int)lies[i]);
        }
    }
}

Test(client_control, refusals_leave_the_session_usable)
{
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        bool is_over = true;
        cr_assert_eq(request_with_lie(types[t], FAKE_REFUSE, &is_over), LANES_E_QUOTA);
        cr_assert_not(is_over, "type %u", types[t]);
    }
}

Test(client_control, refusal_text_is_passed_on)
{
    open_with((fake_plan){
        .lie = FAKE_REFUSE, .type = LANES_ABI_SEGMENT_CREATE, .status = LANES_E_QUOTA});
    cr_assert_eq(request(LANES_ABI_SEGMENT_CREATE), LANES_E_QUOTA);
    cr_assert_str_eq(err.message, "as planned");
    /* A text that fills its field has no NUL. */
    fake.plan.status = LANES_E_INTERNAL;
    cr_assert_eq(request(LANES_ABI_SEGMENT_CREATE), LANES_E_INTERNAL);
    cr_assert_eq(strlen(err.message), LANES_ERROR_TEXT_BYTES - 1);
    close_all();
}

Test(client_control, hang_ups_end_a_session_that_is_not_to_go_on)
{
    open_flags = LANES_OPEN_NO_REPLAY;
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        bool is_over = false;
        cr_assert_eq(request_with_lie(types[t], FAKE_HANG_UP, &is_over),
                     LANES_E_PEER_GONE);
        cr_assert(is_over);
    }
}

Test(client_control, requests_that_end_two_executors_are_not_sent_to_a_third)
{
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        bool is_over = true;
        /* Numbers of sessions are the executor's own: the next one has others. */
        const bool is_once = types[t] == LANES_ABI_SESSION_CANCEL;
        cr_assert_eq(request_with_lie(types[t], FAKE_HANG_UP, &is_over),
                     is_once ? LANES_E_PEER_GONE : LANES_E_POISON, "type %u", types[t]);
        cr_assert_not(is_over, "type %u: what follows has nothing to do with it",
                      types[t]);
        const uint32_t tries = is_once ? 1 : 2;
        cr_assert_eq(fake.deaths, tries, "type %u: %u", types[t], fake.deaths);
        cr_assert_eq(fake.sessions, tries + 1);
    }
}

Test(client_control, silence_times_out_and_ends_the_session)
{
    fake_start(&fake, (fake_plan){.lie = FAKE_SILENT, .type = LANES_ABI_SEGMENT_CREATE});
    lanes_open_options options = fake_options();
    options.timeout_ms = 30;
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK);
    cr_assert_eq(request(LANES_ABI_SEGMENT_CREATE), LANES_E_TIMED_OUT);
    cr_assert_eq(request(LANES_ABI_SEGMENT_CREATE), LANES_E_PEER_GONE);
    close_all();
}

Test(client_control, impossible_contents_are_refused)
{
    const uint32_t spoilt[] = {LANES_ABI_SEGMENT_CREATE, LANES_ABI_SEGMENT_ATTACH,
                               LANES_ABI_KERNEL_LOAD};
    for (size_t t = 0; t < LANES_ARRAY_COUNT(spoilt); t++) {
        bool is_over = false;
        cr_assert_eq(request_with_lie(spoilt[t], FAKE_OTHER_SIZE, &is_over),
                     LANES_E_PROTOCOL);
    }
    const enum fake_lie lies[] = {FAKE_OTHER_INPUTS, FAKE_OTHER_ROWS, FAKE_OTHER_PARAMS};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(lies); i++) {
        bool is_over = false;
        cr_assert_eq(request_with_lie(LANES_ABI_KERNEL_LOAD, lies[i], &is_over),
                     LANES_E_PROTOCOL, "lie %d", (int)lies[i]);
        cr_assert(is_over);
    }
    bool is_over = false;
    cr_assert_eq(request_with_lie(LANES_ABI_KERNEL_REPORT, FAKE_OTHER_SIZE, &is_over),
                 LANES_E_FORMAT, "the report ends before its stated size");
    cr_assert_eq(request_with_lie(LANES_ABI_SEGMENT_CREATE, FAKE_WRONG_FDS, &is_over),
                 LANES_E_INVALID, "a pipe cannot be mapped");
}

Test(client_control, lack_of_memory_is_an_error_and_leaks_nothing)
{
    const unsigned before = open_fds();
    open_honest();
    lanes_kernel *kernel = load_add();
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        if (types[t] == LANES_ABI_BATCH_CANCEL || types[t] == LANES_ABI_SESSION_CANCEL) {
            fail_allocation(0);
            cr_assert_eq(request(types[t]), LANES_OK, "it allocates nothing");
        } else if (types[t] == LANES_ABI_KERNEL_REPORT) {
            char *json = NULL;
            fail_allocation(0);
            cr_assert_eq(lanes_kernel_report(kernel, &json, &err), -ENOMEM);
        } else if (types[t] == LANES_ABI_SEGMENT_ATTACH) {
            lanes_segment *segment = NULL;
            fail_allocation(0);
            cr_assert_eq(lanes_segment_attach_fd(session, 0, 0, &segment, &err), -ENOMEM);
        } else {
            fail_allocation(0);
            cr_assert_eq(request(types[t]), -ENOMEM);
        }
        counts_allocations = false;
    }
    lanes_kernel_release(kernel);
    close_all();
    cr_assert_eq(open_fds(), before);
    cr_assert_eq(fake.segments_left, 0);
    cr_assert_eq(fake.kernels_left, 0, "a kernel without a handle was released");
}
