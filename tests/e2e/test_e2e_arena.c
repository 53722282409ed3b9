/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_e2e_arena.c - batches of a private executor on blocks of an arena.
 *
 * Needs LANES_BUILD_DIR (programs).
 */
#include <criterion/criterion.h>
#include <lanes/lanes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COUNT 100000u

static const char add_text[] = "define double @add(double %x, double %y) {\n"
                               "  %z = fadd double %x, %y\n  ret double %z\n}\n";

static lanes_arena *arena;
static lanes_session *session;
static lanes_kernel *kernel;
static lanes_error err = {.message = ""};

static void setup(void)
{
    char path[512];
    lanes_open_options options;
    snprintf(path, sizeof(path), "%s/bin/lanesd", getenv("LANES_BUILD_DIR"));
    setenv("LANES_EXECUTOR", path, 1);
    lanes_open_options_default(&options);
    options.flags = LANES_OPEN_PRIVATE;
    cr_assert_eq(lanes_arena_create(NULL, &arena, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(
        lanes_kernel_load(session, add_text, sizeof(add_text) - 1, NULL, &kernel, &err),
        LANES_OK, "%s", err.message);
}

static void teardown(void)
{
    lanes_close(session);
    lanes_arena_release(arena);
}

TestSuite(e2e_arena, .init = setup, .fini = teardown, .timeout = 120);

/* By number of chunk, as a program keeps them. */
static lanes_segment *segments[8];

static lanes_operand operand_of(const double *block)
{
    lanes_arena_chunk chunk;
    cr_assert_eq(lanes_arena_find(arena, block, &chunk), 1);
    cr_assert_lt(chunk.number, 8);
    lanes_segment **segment = &segments[chunk.number];
    if (*segment == NULL) {
        cr_assert_eq(lanes_segment_attach_fd(session, chunk.fd, LANES_SEGMENT_SPARSE,
                                             segment, &err),
                     LANES_OK, "%s", err.message);
        cr_assert_eq(lanes_segment_bytes(*segment), chunk.bytes);
    }
    return (lanes_operand){
        .segment = *segment,
        .offset = (uint64_t)((const char *)block - (char *)chunk.data),
        .stride = {sizeof(double)},
        .dtype = LANES_F8,
    };
}

static void run_add(const double *x, const double *y, double *z)
{
    const uint64_t count = COUNT;
    const lanes_operand operands[] = {operand_of(x), operand_of(y), operand_of(z)};
    const lanes_batch batch = {.kernel = kernel,
                               .dimensions = 1,
                               .operand_count = 3,
                               .shape = &count,
                               .operands = operands};
    lanes_completion done;
    cr_assert_eq(lanes_run(session, &batch, &done, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(done.elements, COUNT);
}

static double *new_array(double first)
{
    double *array = lanes_arena_malloc(arena, COUNT * sizeof(double));
    cr_assert_not_null(array);
    for (uint32_t i = 0; i < COUNT; i++) {
        array[i] = first + i;
    }
    return array;
}

static void expect_sums(const double *z, double first, uint32_t factor)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(z[i], first + (double)factor * i, "element %u", i);
    }
}

static uint64_t memory_of(const void *block)
{
    lanes_arena_chunk chunk;
    struct stat facts;
    cr_assert_eq(lanes_arena_find(arena, block, &chunk), 1);
    cr_assert_eq(fstat(chunk.fd, &facts), 0);
    return (uint64_t)facts.st_blocks * 512;
}

Test(e2e_arena, a_batch_runs_on_blocks_of_chunks_attached_once)
{
    double *x = new_array(1);
    double *y = new_array(100);
    double *z = new_array(0);
    const uint64_t before = memory_of(x);
    run_add(x, y, z);
    expect_sums(z, 101, 2);
    cr_assert_eq(memory_of(x), before, "attaching reserves nothing");
    /* What is freed and handed out again is in the same segment. */
    for (int i = 0; i < 100; i++) {
        lanes_arena_free(arena, z, 0);
        z = lanes_arena_malloc(arena, COUNT * sizeof(double));
        run_add(x, y, z);
    }
    expect_sums(z, 101, 2);
    cr_assert_eq(memory_of(x), before);
    /* And so is what was a hole when the executor mapped it. */
    double *later = lanes_arena_calloc(arena, 8, 10u << 20);
    run_add(x, later, later + COUNT);
    expect_sums(later + COUNT, 1, 1);
    cr_assert_null(segments[1]);
    /* A second chunk. */
    double *far = lanes_arena_malloc(arena, 300u << 20);
    cr_assert_not_null(far);
    run_add(x, y, far);
    cr_assert_not_null(segments[1]);
    expect_sums(far, 101, 2);
    run_add(far, x, z);
    expect_sums(z, 102, 3);
}

/* The next executor is given the same chunks, with their holes. */
Test(e2e_arena, an_executor_that_takes_over_leaves_holes_too)
{
    double *x = new_array(1);
    double *y = new_array(2);
    double *z = new_array(0);
    run_add(x, y, z);
    const uint64_t before = memory_of(x);
    char command[64];
    snprintf(command, sizeof(command), "kill -9 %d", lanes_executor_pid(session));
    cr_assert_eq(system(command), 0);
    run_add(x, z, y);
    expect_sums(y, 4, 3);
    cr_assert_eq(lanes_reconnects(session), 1);
    cr_assert_eq(memory_of(x), before);
}
