/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_fixture.h - a session with a fake executor, and failures injected by --wrap.
 */
#ifndef LANES_TEST_CLIENT_FIXTURE_H
#define LANES_TEST_CLIENT_FIXTURE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "support/wrap.h"
#include "unit/client/fake_executor.h"

#include <lanes/lanes.h>

#define SECOND      1000000000ull
#define MILLISECOND 1000000ull

static uint32_t uid_offset;         /* added to this process's uid */
static int allocations_left;        /* before one fails; negative: none fails */
static pthread_t allocating_thread; /* whose allocations count */
static bool counts_allocations;

TEST_WRAP(uint32_t, lanes_os_uid, (void));
TEST_WRAP(void *, malloc, (size_t bytes));
TEST_WRAP(void *, calloc, (size_t count, size_t bytes));

uint32_t wrap_lanes_os_uid(void)
{
    return real_lanes_os_uid() + uid_offset;
}

static bool allocation_fails(void)
{
    return counts_allocations && pthread_equal(pthread_self(), allocating_thread) &&
           allocations_left-- == 0;
}

void *wrap_malloc(size_t bytes)
{
    return allocation_fails() ? NULL : real_malloc(bytes);
}

void *wrap_calloc(size_t count, size_t bytes)
{
    return allocation_fails() ? NULL : real_calloc(count, bytes);
}

/** Let the @p number-th (from 0) allocation of this thread from now on fail. */
static inline void fail_allocation(int number)
{
    allocating_thread = pthread_self();
    allocations_left = number;
    counts_allocations = true;
}

static uint32_t open_flags; /* of sessions with the fake: LANES_OPEN_* */
static fake_executor fake;
static lanes_session *session;
static lanes_error err;

/** Options for the fake: its socket and a time limit that suits tests. */
static inline lanes_open_options fake_options(void)
{
    lanes_open_options options;
    lanes_open_options_default(&options);
    options.socket = fake.path;
    options.flags = open_flags;
    options.timeout_ms = 2000;
    return options;
}

/** Start a fake with @p plan and open a session with it. */
static inline void open_with(fake_plan plan)
{
    fake_start(&fake, plan);
    const lanes_open_options options = fake_options();
    err.message[0] = '\0';
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
}

static inline void open_honest(void)
{
    open_with((fake_plan){.lie = FAKE_HONEST});
}

static inline void close_all(void)
{
    counts_allocations = false;
    lanes_close(session);
    session = NULL;
    fake_stop(&fake);
}

/** A kernel of the fake: f8(f8,f8), c = a + b. */
static inline lanes_kernel *load_add(void)
{
    lanes_kernel *kernel = NULL;
    cr_assert_eq(lanes_kernel_load(session, "define", 6, NULL, &kernel, &err), LANES_OK);
    return kernel;
}

#define COUNT 1000u

/** a, b and c of COUNT elements in one segment, with a = i and b = 2 i. */
typedef struct arrays {
    lanes_kernel *kernel;
    lanes_segment *segment;
    lanes_operand operands[3];
    uint64_t shape[1];
} arrays;

static inline arrays make_arrays(void)
{
    arrays made = {.kernel = load_add(), .shape = {COUNT}};
    cr_assert_eq(
        lanes_segment_create(session, 3 * COUNT * sizeof(double), &made.segment, &err),
        LANES_OK);
    double *data = lanes_segment_data(made.segment);
    for (uint32_t i = 0; i < COUNT; i++) {
        data[i] = i;
        data[COUNT + i] = 2.0 * i;
    }
    for (uint32_t i = 0; i < 3; i++) {
        made.operands[i] = (lanes_operand){
            .segment = made.segment,
            .offset = i * COUNT * sizeof(double),
            .stride = {sizeof(double)},
            .dtype = LANES_F8,
        };
    }
    return made;
}

/** Borrows @p made. */
static inline lanes_batch make_batch(const arrays *made, uint64_t tag)
{
    return (lanes_batch){
        .kernel = made->kernel,
        .dimensions = 1,
        .operand_count = 3,
        .shape = made->shape,
        .operands = made->operands,
        .tag = tag,
    };
}

/** Wait for the completions of tags 1 .. @p count: each comes once. out_status[tag]. */
static inline void wait_for_all(uint32_t count, lanes_status *out_status)
{
    for (uint32_t i = 0; i <= count; i++) {
        out_status[i] = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        lanes_completion completion;
        cr_assert_eq(lanes_wait(session, 20 * SECOND, &completion, &err), LANES_OK, "%s",
                     err.message);
        cr_assert(completion.tag >= 1 && completion.tag <= count);
        cr_assert_eq(out_status[completion.tag], 1, "tag %llu twice",
                     (unsigned long long)completion.tag);
        out_status[completion.tag] = completion.status;
    }
    lanes_completion completion;
    cr_assert_eq(lanes_poll(session, &completion), 0, "nothing comes twice");
    cr_assert_eq(lanes_wait(session, 0, &completion, &err), LANES_E_INVALID);
}

/** Submit @p made with tags 1 .. @p count. */
static inline void submit_tags(const arrays *made, uint32_t count)
{
    for (uint32_t tag = 1; tag <= count; tag++) {
        const lanes_batch batch = make_batch(made, tag);
        cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK, "%s", err.message);
    }
}

#endif /* LANES_TEST_CLIENT_FIXTURE_H */
