/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_limits.c - what a session may have and how long it may hold the team: each
 * limit is reached, is told of, and leaves others alone.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "kernel/compile.h"
#include "kernel/fusion.h"
#include "os/os_memory.h"
#include "os/os_thread.h"
#include "server_ask.h"
#include "server_fixture.h"

#define ELEMENTS    1000u
#define MILLISECOND UINT64_C(1000000)
#define MIB         (UINT64_C(1) << 20)

static fixture f;

typedef struct user {
    client c;
    segment in;
    segment out;
    lanes_abi_kernel kernel;
} user;

static user hog;
static user other;

static void open_user(user *u, const char *command)
{
    client_open_ok(&u->c, &f);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * sizeof(double), &u->in), LANES_OK);
    cr_assert_eq(client_segment(&u->c, ELEMENTS * sizeof(double), &u->out), LANES_OK);
    cr_assert_eq(client_load(&u->c, command, &u->kernel), LANES_OK, "%s", u->c.text);
}

static batch batch_for(const user *u)
{
    return batch_of(&u->kernel, &u->in, &u->out, ELEMENTS);
}

static void start(const lanes_server_limits *limits)
{
    fixture_init(&f, 2);
    f.options.limits = *limits;
    fixture_start(&f);
}

TestSuite(server_limits, .timeout = 60);

/* ---- Time ---------------------------------------------------------------------------
 */

Test(server_limits, what_holds_the_team_ends_when_others_wait)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.hold_ns = 100 * MILLISECOND;
    start(&limits);
    open_user(&hog, "endless");
    open_user(&other, "double");
    const batch endless = batch_for(&hog);
    const batch b = batch_for(&other);
    for (int round = 0; round < 3; round++) {
        hog.in.data[7] = -2;
        client_submit(&hog.c, &endless, 1);
        /* As long as it likes while nobody else has work, be it that its own client has.
         */
        client_submit(&hog.c, &endless, 2);
        cr_assert_not(client_has_completion(&hog.c, 300 * MILLISECOND));
        cr_assert_eq(client_run(&other.c, &b).status, LANES_OK, "%s", other.c.text);
        cr_assert_eq(client_wait(&hog.c).status, LANES_E_DEADLINE);
        cr_assert_not_null(strstr(hog.c.text, "held the team in one callback"), "%s",
                           hog.c.text);
        cr_assert_not_null(strstr(hog.c.text, "0.100 s (--hold-limit)"), "%s",
                           hog.c.text);
        hog.in.data[7] = 0;
        cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    }
    client_close(&hog.c);
    client_close(&other.c);
    fixture_stop(&f);
}

Test(server_limits, batches_that_were_taken_before_count_as_waiting)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.hold_ns = 100 * MILLISECOND;
    start(&limits);
    open_user(&hog, "endless");
    open_user(&other, "double hold");
    batch b = batch_for(&other);
    b.stride[0] = 0; /* a variant that is not compiled before it is released */
    client_submit(&other.c, &b, 1);
    cr_assert_not(client_has_completion(&other.c, 10 * MILLISECOND));
    hog.in.data[7] = -2;
    const batch endless = batch_for(&hog);
    client_submit(&hog.c, &endless, 1);
    sleep_ms(10);
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_wait(&other.c).status, LANES_OK, "%s", other.c.text);
    cr_assert_eq(client_wait(&hog.c).status, LANES_E_DEADLINE);
    client_close(&hog.c);
    client_close(&other.c);
    fixture_stop(&f);
}

Test(server_limits, who_cannot_be_told_of_results_does_not_wait)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.hold_ns = 50 * MILLISECOND;
    start(&limits);
    open_user(&hog, "endless");
    open_user(&other, "double");
    const batch b = batch_for(&other);
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        client_submit(&other.c, &b, i);
    }
    /* They are done, and nobody reads that; one more entry has no room for its end. */
    const uint32_t *done = lanes_ring_client_futex(&other.c.ring);
    while (lanes_load_acquire_u32(done) != LANES_ABI_ENTRIES) {
        sleep_ms(1);
    }
    other.c.ring.complete_head++; /* it believes so; U does not say it */
    client_submit(&other.c, &b, 1000);
    other.c.ring.complete_head--;
    hog.in.data[7] = -2;
    const batch endless = batch_for(&hog);
    client_submit(&hog.c, &endless, 1);
    cr_assert_not(client_has_completion(&hog.c, 300 * MILLISECOND), "%s", hog.c.text);
    hog.in.data[7] = 0;
    cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    client_close(&hog.c);
    client_close(&other.c);
    fixture_stop(&f);
}

Test(server_limits, a_batch_runs_for_so_long_and_not_longer)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.batch_ns = 60 * MILLISECOND;
    start(&limits);
    open_user(&hog, "endless");
    open_user(&other, "slow");
    const batch endless = batch_for(&hog);
    cr_assert_eq(client_run(&hog.c, &endless).status, LANES_OK, "%s", hog.c.text);
    hog.in.data[7] = -2;
    for (int round = 0; round < 3; round++) {
        const lanes_abi_completion done = client_run(&hog.c, &endless);
        cr_assert_eq(done.status, LANES_E_DEADLINE, "%s", hog.c.text);
        cr_assert_geq(done.run_ns, 50 * MILLISECOND);
        cr_assert_not_null(strstr(hog.c.text, "limit is 0.060 s (--batch-limit)"), "%s",
                           hog.c.text);
    }
    /* Of its own slices, together; what it waited for others does not count. */
    segment in;
    segment out;
    cr_assert_eq(client_segment(&other.c, MIB, &in), LANES_OK);
    cr_assert_eq(client_segment(&other.c, MIB, &out), LANES_OK);
    batch b = batch_of(&other.kernel, &in, &out, MIB / 8);
    cr_assert_eq(client_run(&other.c, &b).status, LANES_E_DEADLINE);
    cr_assert_not_null(strstr(other.c.text, "(--batch-limit)"), "%s", other.c.text);
    b.shape = 100;
    cr_assert_eq(client_run(&other.c, &b).status, LANES_OK, "%s", other.c.text);
    b.shape = MIB / 8;
    b.entry.deadline_ns = lanes_clock_ns() + 20 * MILLISECOND;
    cr_assert_eq(client_run(&other.c, &b).status, LANES_E_DEADLINE);
    cr_assert_not_null(strstr(other.c.text, "by its deadline"), "%s", other.c.text);
    client_close(&hog.c);
    client_close(&other.c);
    fixture_stop(&f);
}

/* ---- Compiles -----------------------------------------------------------------------
 */

#define VARIANTS 64u

static void wait_for_compiles(uint32_t count)
{
    for (int i = 0; i < 2000 && lanes_load_relaxed_u32(&f.compiles) < count; i++) {
        sleep_ms(5);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), count);
}

Test(server_limits, a_storm_of_compiles_costs_another_session_the_running_ones)
{
    const lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    start(&limits);
    open_user(&hog, "double");
    open_user(&other, "double");
    lanes_abi_kernel kernels[VARIANTS];
    for (uint32_t i = 0; i < VARIANTS; i++) {
        /* Options of its own, since answers serve all that ask the same. */
        hog.c.load_fp = i;
        cr_assert_eq(client_load(&hog.c, "double hold", &kernels[i]), LANES_OK);
    }
    for (uint32_t i = 0; i < VARIANTS; i++) {
        batch b = batch_of(&kernels[i], &hog.in, &hog.out, 10);
        b.stride[0] = 0;
        client_submit(&hog.c, &b, i);
    }
    wait_for_compiles(2 + VARIANTS + 1); /* the last of them is held */
    sleep_ms(20);
    client_load_begin(&other.c, "first");
    client witness;
    client_open_ok(&witness, &f); /* so that request has been read */
    client_close(&witness);
    lanes_store_relaxed_u32(&f.is_released, 1);
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load_end(&other.c, &kernel), LANES_OK, "%s", other.c.text);
    const uint32_t before = lanes_load_relaxed_u32(&f.order) - (2 + VARIANTS) - 1;
    const uint32_t at_once = lanes_os_cpu_count() + LANES_COMPILE_EXTRA;
    cr_assert_leq(before, at_once, "%u compiles were before it", before);
    for (uint32_t i = 0; i < VARIANTS; i++) {
        cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    }
    client_close(&hog.c);
    client_close(&other.c);
    fixture_stop(&f);
}

Test(server_limits, compiles_of_a_session_that_wait)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.compiles = 2;
    limits.variants = 2;
    start(&limits);
    open_user(&hog, "double");
    lanes_abi_kernel kernels[3];
    batch b = {.shape = 0};
    for (uint32_t i = 0; i < 3; i++) {
        hog.c.load_fp = i + 1;
        cr_assert_eq(client_load(&hog.c, "double hold", &kernels[i]), LANES_OK);
    }
    for (uint32_t i = 0; i < 3; i++) {
        b = batch_of(&kernels[i], &hog.in, &hog.out, 10);
        b.stride[0] = 0;
        client_submit(&hog.c, &b, i);
    }
    const lanes_abi_completion done = client_wait(&hog.c);
    cr_assert_eq(done.tag, 2);
    cr_assert_eq(done.status, LANES_E_QUOTA, "%s", hog.c.text);
    cr_assert_str_eq(hog.c.text,
                     "2 compiles of the session wait; the executor's limit is "
                     "2; submit again when some are done");
    cr_assert_eq(client_run(&hog.c, &b).status, LANES_E_QUOTA, "they still do");
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    /* It is asked for again, and counts as one of the kernel's two. */
    cr_assert_eq(client_run(&hog.c, &b).status, LANES_OK, "%s", hog.c.text);
    client_close(&hog.c);
    fixture_stop(&f);
}

/* ---- Numbers ------------------------------------------------------------------------
 */

static lanes_status attach(client *c, int fd, uint64_t bytes, lanes_abi_id *out_id)
{
    lanes_abi_segment request = {.bytes = bytes};
    lanes_abi_segment reply;
    const lanes_status status =
        client_request(c, LANES_ABI_SEGMENT_ATTACH, &request, sizeof(request), fd, &reply,
                       sizeof(reply), NULL);
    *out_id = reply.id;
    return status;
}

Test(server_limits, mapped_bytes_of_a_session)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.session_bytes = 4 * MIB;
    start(&limits);
    client a;
    client b;
    segment first;
    segment second;
    lanes_abi_id id;
    client_open_ok(&a, &f);
    client_open_ok(&b, &f);
    cr_assert_eq(client_segment(&a, 3 * MIB, &first), LANES_OK);
    cr_assert_eq(client_segment(&a, MIB + 1, &second), LANES_E_QUOTA);
    cr_assert_str_eq(a.text,
                     "a segment of 1048577 bytes is too much: the session has "
                     "3145728 bytes mapped and 0 of kernels' IR, and the limit is "
                     "4194304; release segments or kernels first");
    cr_assert_eq(client_segment(&a, UINT64_MAX, &second), LANES_E_QUOTA);
    cr_assert_eq(client_segment(&b, 4 * MIB, &second), LANES_OK, "%s", b.text);
    /* What is attached counts, too, whether its size is asked for or that of the file. */
    int fd = -1;
    cr_assert_eq(lanes_os_memfd_create("test", 2 * MIB, &fd, NULL), LANES_OK);
    cr_assert_eq(attach(&a, fd, 0, &id), LANES_E_QUOTA);
    cr_assert_not_null(strstr(a.text, "2097152 bytes is too much"), "%s", a.text);
    cr_assert_eq(attach(&a, fd, MIB + 1, &id), LANES_E_QUOTA);
    cr_assert_eq(attach(&a, fd, MIB, &id), LANES_OK, "%s", a.text);
    cr_assert_eq(attach(&a, fd, 1, &id), LANES_E_QUOTA);
    lanes_os_close(&fd);
    cr_assert_eq(client_segment_release(&a, &first), LANES_OK);
    for (int i = 0; i < 1000 && client_segment(&a, 3 * MIB, &first) < 0; i++) {
        sleep_ms(5); /* dispatch has to let go of it */
    }
    cr_assert_eq(client_segment_release(&a, &first), LANES_OK, "%s", a.text);
    client_close(&a);
    client_close(&b);
    fixture_stop(&f);
}

Test(server_limits, mapped_bytes_of_all_sessions)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.executor_bytes = 4 * MIB;
    start(&limits);
    client a;
    client b;
    segment own;
    client_open_ok(&a, &f);
    client_open_ok(&b, &f);
    cr_assert_eq(client_segment(&a, 3 * MIB, &own), LANES_OK);
    cr_assert_eq(client_segment(&b, 2 * MIB, &own), LANES_E_QUOTA);
    cr_assert_not_null(strstr(b.text, "the executor's sessions have 3145728 bytes"), "%s",
                       b.text);
    cr_assert_eq(client_segment(&b, MIB, &own), LANES_OK, "%s", b.text);
    client_close(&a);
    for (int i = 0; i < 1000 && client_segment(&b, 3 * MIB, &own) < 0; i++) {
        sleep_ms(5);
    }
    cr_assert_eq(own.bytes, 3 * MIB, "%s", b.text);
    client_close(&b);
    fixture_stop(&f);
}

/* A command with so much behind it that it has @p bytes. */
static const char *command_of(const char *command, uint64_t bytes)
{
    static char text[MIB];
    memset(text, '\n', sizeof(text));
    memcpy(text, command, strlen(command));
    text[bytes] = '\0';
    return text;
}

static void expect_ir_bytes(client *c, long long wanted)
{
    long long got = -1;
    for (int i = 0; i < 1000 && got != wanted; i++) {
        json_t *stats = ask(c);
        const json_t *session = json_array_get(json_object_get(stats, "session"), 0);
        got = json_integer_value(json_object_get(session, "ir_bytes"));
        cr_assert_eq(got, json_integer_value(at(stats, "kernels", "ir_bytes")));
        json_decref(stats);
        sleep_ms(1); /* dispatch has to let go of what is released */
    }
    cr_assert_eq(got, wanted, "%lld bytes of IR, not %lld", got, wanted);
}

Test(server_limits, ir_of_a_session_counts_with_what_it_maps)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.session_bytes = 65536;
    start(&limits);
    client a;
    segment s;
    lanes_abi_kernel first;
    lanes_abi_kernel second;
    client_open_ok(&a, &f);
    cr_assert_eq(client_segment(&a, 4096, &s), LANES_OK, "%s", a.text);
    cr_assert_eq(client_load(&a, command_of("double", 40000), &first), LANES_OK, "%s",
                 a.text);
    expect_ir_bytes(&a, 40000);
    const uint32_t compiles = lanes_load_relaxed_u32(&f.compiles);
    cr_assert_eq(client_load(&a, command_of("slow", 21441), &second), LANES_E_QUOTA);
    cr_assert_str_eq(a.text,
                     "a kernel with IR of 21441 bytes is too much: the session has 4096 "
                     "bytes mapped and 40000 of kernels' IR, and the limit is 65536; "
                     "release segments or kernels first");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), compiles, "nothing was compiled");
    expect_ir_bytes(&a, 40000);
    cr_assert_eq(client_segment(&a, 24576, &s), LANES_E_QUOTA);
    /* What is not loaded in the end is given back at once, what is released soon. */
    cr_assert_eq(client_load(&a, command_of("refuse", 21440), &second),
                 LANES_E_IR_REFUSED);
    expect_ir_bytes(&a, 40000);
    cr_assert_eq(client_load(&a, command_of("slow", 21440), &second), LANES_OK, "%s",
                 a.text);
    expect_ir_bytes(&a, 61440);
    cr_assert_eq(client_kernel_release(&a, first.id), LANES_OK);
    expect_ir_bytes(&a, 21440);
    cr_assert_eq(client_segment(&a, 36864, &s), LANES_OK, "%s", a.text);
    client_close(&a);
    fixture_stop(&f);
}

Test(server_limits, ir_of_a_fused_kernel_is_its_own)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.session_bytes = 60000;
    start(&limits);
    client a;
    lanes_abi_kernel node;
    lanes_abi_kernel reply;
    client_open_ok(&a, &f);
    cr_assert_eq(client_load(&a, command_of("double", 20000), &node), LANES_OK, "%s",
                 a.text);
    lanes_abi_kernel_fuse request = {
        .node_count = 2,
        .output_count = 1,
        .node = {{node.id, {{LANES_FUSION_INPUT, 0}}}, {node.id, {{0, 0}}}},
        .output = {{1, 0}},
    };
    lanes_abi_kernel_fuse copy = request;
    cr_assert_eq(client_request(&a, LANES_ABI_KERNEL_FUSE, &copy, sizeof(copy), -1,
                                &reply, sizeof(reply), NULL),
                 LANES_E_QUOTA);
    cr_assert_not_null(strstr(a.text, "a fusion with IR of "), "%s", a.text);
    expect_ir_bytes(&a, 20000);
    request.node_count = 1;
    request.output[0].node = 0;
    int report = -1;
    cr_assert_eq(client_request(&a, LANES_ABI_KERNEL_FUSE, &request, sizeof(request), -1,
                                &reply, sizeof(reply), &report),
                 LANES_OK, "%s", a.text);
    lanes_os_close(&report);
    cr_assert_eq(client_kernel_release(&a, node.id), LANES_OK);
    const lanes_fusion_table table = {.node_count = 1, .node = {{.ir_bytes = 20000}}};
    expect_ir_bytes(&a, (long long)lanes_fusion_ir_offset(&table, 1));
    client_close(&a);
    fixture_stop(&f);
}

Test(server_limits, ir_of_all_sessions)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.executor_bytes = 10000;
    start(&limits);
    client a;
    client b;
    lanes_abi_kernel kernel;
    client_open_ok(&a, &f);
    client_open_ok(&b, &f);
    cr_assert_eq(client_load(&a, command_of("double", 6000), &kernel), LANES_OK);
    cr_assert_eq(client_load(&b, command_of("double", 6000), &kernel), LANES_E_QUOTA);
    cr_assert_not_null(strstr(b.text, "the executor's sessions have 0 bytes mapped and "
                                      "6000 of kernels' IR"),
                       "%s", b.text);
    client_close(&a);
    lanes_status status = LANES_E_QUOTA;
    for (int i = 0; i < 1000 && status == LANES_E_QUOTA; i++) {
        status = client_load(&b, command_of("double", 6000), &kernel);
        sleep_ms(5);
    }
    cr_assert_eq(status, LANES_OK, "%s", b.text);
    client_close(&b);
    fixture_stop(&f);
}

Test(server_limits, kernels_of_a_session_and_sessions)
{
    lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    limits.kernels = 2;
    limits.sessions = 2;
    start(&limits);
    client a;
    client b;
    client third;
    lanes_abi_kernel kernel;
    client_open_ok(&a, &f);
    client_open_ok(&b, &f);
    cr_assert_eq(client_open(&third, &f), LANES_E_QUOTA);
    cr_assert_not_null(
        strstr(third.text, "2 sessions are open; the executor's limit is 2"), "%s",
        third.text);
    client_close(&third);
    cr_assert_eq(client_load(&a, "double", &kernel), LANES_OK);
    cr_assert_eq(client_load(&a, "fail", &kernel), LANES_OK);
    lanes_abi_kernel more;
    cr_assert_eq(client_load(&a, "slow", &more), LANES_E_QUOTA);
    cr_assert_str_eq(a.text, "the session has 2 kernels; the limit is 2; release some");
    cr_assert_eq(client_load(&b, "slow", &more), LANES_OK, "%s", b.text);
    cr_assert_eq(client_kernel_release(&a, kernel.id), LANES_OK);
    cr_assert_eq(client_load(&a, "slow", &more), LANES_OK, "%s", a.text);
    client_close(&a);
    client_close(&b);
    fixture_stop(&f);
}

Test(server_limits, segments_of_a_session_and_batches_in_flight)
{
    const lanes_server_limits limits = LANES_SERVER_LIMITS_INIT;
    start(&limits);
    open_user(&hog, "endless");
    segment more;
    for (uint32_t i = 2; i < LANES_SEGMENTS_MAX; i++) {
        cr_assert_eq(client_segment(&hog.c, 4096, &more), LANES_OK);
    }
    cr_assert_eq(client_segment(&hog.c, 4096, &more), LANES_E_QUOTA);
    cr_assert_not_null(strstr(hog.c.text, "LANES_SEGMENTS_MAX 256 segments; release one"),
                       "%s", hog.c.text);
    hog.in.data[0] = -2;
    const batch b = batch_for(&hog);
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        client_submit(&hog.c, &b, i);
    }
    lanes_ring_slot slot;
    cr_assert_eq(lanes_ring_client_reserve(&hog.c.ring, &slot), LANES_E_RING_FULL);
    hog.in.data[0] = 0;
    for (uint32_t i = 0; i < LANES_ABI_ENTRIES; i++) {
        cr_assert_eq(client_wait(&hog.c).status, LANES_OK, "%s", hog.c.text);
    }
    client_close(&hog.c);
    fixture_stop(&f);
}
