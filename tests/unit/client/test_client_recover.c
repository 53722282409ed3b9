/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_recover.c - another executor takes over: it gets the handles, and requests
 * that were being answered.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "client/client_internal.h"
#include "os/os_process.h"
#include "os/os_wait.h"
#include "unit/client/client_fixture.h"

TestSuite(client_recover, .timeout = 60, .fini = close_all);

static unsigned open_fds(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/** Submit a batch, and let the executor die @p point of it; then it is OK. */
static void die_and_go_on(const arrays *made, enum fake_death point)
{
    const lanes_batch batch = make_batch(made, 1);
    fake.plan.deaths = fake.deaths + 1;
    fake.plan.death_batch = 0;
    fake.plan.death = point;
    lanes_client_disconnect(session); /* batches are counted from a session's beginning */
    session->lost_ns = lanes_clock_ns();
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
}

Test(client_recover, threads_between_two_executors_are_those_of_the_first)
{
    open_with((fake_plan){.threads = 5}); /* its hello says 3 */
    const arrays made = make_arrays();
    const lanes_batch batch = make_batch(&made, 1);
    lanes_client_disconnect(session);
    session->lost_ns = lanes_clock_ns();
    cr_assert_eq(lanes_executor_threads(session), 5);
    fake.plan.threads = 4;
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_executor_threads(session), 4);
}

/* ---- Handles ------------------------------------------------------------------------
 */

Test(client_recover, released_handles_serve_the_batches_that_name_them)
{
    const enum fake_death points[] = {FAKE_BEFORE_TAKE, FAKE_AFTER_TAKE,
                                      FAKE_AFTER_WRITE};
    for (size_t p = 0; p < LANES_ARRAY_COUNT(points); p++) {
        const unsigned before = open_fds();
        open_with((fake_plan){.death = points[p], .death_batch = 1, .deaths = 1});
        const int fd = memfd_create("test", 0);
        const size_t bytes = 3 * COUNT * sizeof(double);
        cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
        double *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        cr_assert_neq(data, MAP_FAILED);
        arrays made = make_arrays();
        memcpy(data, lanes_segment_data(made.segment), bytes);
        lanes_segment *own = NULL;
        cr_assert_eq(lanes_segment_attach_fd(session, fd, 0, &own, &err), LANES_OK);
        close(fd);
        made.operands[0].segment = own;
        made.operands[2].segment = own;
        submit_tags(&made, 3);
        lanes_kernel_release(made.kernel);
        lanes_segment_release(own);
        lanes_segment_release(made.segment);
        lanes_status status[4];
        wait_for_all(3, status);
        for (uint32_t tag = 1; tag <= 3; tag++) {
            /* Here the fake had released them before it took the batch, which cannot be
             * told from the outside: then nothing names them any more. */
            cr_assert(status[tag] == LANES_OK || status[tag] == LANES_E_STALE_ID);
        }
        cr_assert_eq(status[3], LANES_OK, "it ran at the next executor");
        for (uint32_t i = 0; i < COUNT; i++) {
            cr_assert_eq(data[2 * COUNT + i], 3.0 * i);
        }
        cr_assert_null(session->released_segments);
        cr_assert_null(session->released_kernels);
        cr_assert_eq(lanes_reconnects(session), 1);
        munmap(data, bytes);
        close_all();
        cr_assert_eq(open_fds(), before, "point %zu", p);
        cr_assert_eq(fake.segments_left, 0, "the next executor was told");
        cr_assert_eq(fake.kernels_left, 0);
        fake_start(&fake, (fake_plan){.lie = FAKE_HONEST}); /* for .fini */
    }
}

Test(client_recover, released_handles_end_with_an_executor_that_had_them)
{
    /* Each executor ends when it has published the second of its batches. */
    open_with((fake_plan){.death = FAKE_AFTER_PUBLISH, .death_batch = 1, .deaths = 2});
    arrays made = make_arrays();
    submit_tags(&made, 4);
    usleep(50000);
    lanes_kernel_release(made.kernel);
    lanes_segment_release(made.segment);
    while (lanes_reconnects(session) < 2) {
        lanes_segment *segment = NULL;
        const lanes_status made_one = lanes_segment_create(session, 1, &segment, &err);
        /* Both may end while they have it. */
        cr_assert(made_one == LANES_OK || made_one == LANES_E_POISON, "%s", err.message);
        usleep(50000);
    }
    cr_assert_null(session->released_segments);
    cr_assert_null(session->released_kernels);
    lanes_status status[5];
    wait_for_all(4, status);
    for (uint32_t tag = 1; tag <= 4; tag++) {
        cr_assert_eq(status[tag], LANES_OK);
    }
}

Test(client_recover, released_handles_that_no_batch_names_are_forgotten)
{
    open_with((fake_plan){.batches = FAKE_HOLD});
    arrays made = make_arrays();
    arrays others = make_arrays();
    submit_tags(&made, 2);
    lanes_kernel_release(others.kernel);
    lanes_segment_release(others.segment);
    cr_assert_null(session->released_segments);
    cr_assert_null(session->released_kernels);
    lanes_kernel_release(made.kernel);
    lanes_segment_release(made.segment);
    cr_assert_not_null(session->released_segments);
    cr_assert_eq(session->released_segments->handle.users, 2);
    cr_assert_eq(session->released_kernels->handle.users, 2);
}

Test(client_recover, params_of_released_segments_are_kept)
{
    open_with((fake_plan){
        .death = FAKE_AFTER_STARTED, .death_batch = 0, .deaths = 1, .params_bytes = 16});
    arrays made = make_arrays();
    lanes_segment *params = NULL;
    cr_assert_eq(lanes_segment_create(session, 4096, &params, &err), LANES_OK);
    lanes_batch batch = make_batch(&made, 1);
    batch.params = params;
    batch.params_bytes = 16;
    cr_assert_eq(lanes_submit(session, &batch, &err), LANES_OK);
    lanes_segment_release(params);
    lanes_completion completion;
    cr_assert_eq(lanes_wait(session, UINT64_MAX, &completion, &err), LANES_OK);
    cr_assert_eq(completion.status, LANES_OK);
    cr_assert_neq(fake.entry.params_generation, 0);
    cr_assert_null(session->released_segments);
}

Test(client_recover, ids_may_be_others)
{
    open_honest();
    /* The first ids are released, so that the next executor gives other ones. */
    arrays first = make_arrays();
    arrays made = make_arrays();
    arrays third = make_arrays();
    lanes_kernel_release(first.kernel);
    lanes_segment_release(first.segment);
    const lanes_abi_id old = third.kernel->handle.id;
    die_and_go_on(&made, FAKE_AFTER_STARTED);
    cr_assert_neq(third.kernel->handle.id.slot, old.slot);
    die_and_go_on(&third, FAKE_AFTER_POST);
    const double *data = lanes_segment_data(third.segment);
    cr_assert_eq(data[2 * COUNT + 7], 21.0);
    lanes_kernel_release(made.kernel);
    lanes_segment_release(made.segment);
    lanes_kernel_release(third.kernel);
    lanes_segment_release(third.segment);
    lanes_close(session);
    session = NULL;
    usleep(50000);
    cr_assert_eq(fake.segments_left, 0);
    cr_assert_eq(fake.kernels_left, 0);
}

Test(client_recover, segments_are_attached_as_they_were)
{
    open_honest();
    arrays made = make_arrays();
    char path[] = "/tmp/lanes-test-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert_eq(ftruncate(fd, 5000), 0);
    const int read_only = open(path, O_RDONLY);
    unlink(path);
    close(fd);
    lanes_segment *segment = NULL;
    cr_assert_eq(lanes_segment_attach_fd(session, read_only, LANES_SEGMENT_READ_ONLY,
                                         &segment, &err),
                 LANES_OK);
    close(read_only);
    cr_assert_eq(fake.attached, 1);
    die_and_go_on(&made, FAKE_AFTER_TAKE);
    cr_assert_eq(fake.attached, 1 + 2 * 2);
    cr_assert_eq(lanes_segment_bytes(segment), 5000);
    made.operands[0].segment = segment;
    made.operands[0].offset = 0;
    made.shape[0] = 600;
    const lanes_batch batch = make_batch(&made, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK);
}

Test(client_recover, descriptors_do_not_add_up)
{
    open_honest();
    arrays made = make_arrays();
    cr_assert_geq(lanes_fd(session), 0);
    die_and_go_on(&made, FAKE_AFTER_STARTED); /* and the fake has closed what it sent */
    const unsigned before = open_fds();
    for (uint32_t i = 0; i < 5; i++) {
        die_and_go_on(&made, FAKE_AFTER_STARTED);
    }
    cr_assert_eq(lanes_reconnects(session), 12);
    cr_assert_eq(open_fds(), before);
}

/** A kernel of two, whose first node is used twice. */
static lanes_kernel *fuse_two(lanes_kernel *a, lanes_kernel *b)
{
    lanes_fusion fusion;
    lanes_fusion_default(&fusion);
    fusion.node_count = 3;
    fusion.output_count = 1;
    fusion.node[0].kernel = a;
    fusion.node[1].kernel = b;
    fusion.node[2].kernel = a;
    for (uint32_t n = 0; n < 3; n++) {
        fusion.node[n].input[0] = (lanes_source){LANES_FUSION_INPUT, 0};
        fusion.node[n].input[1] = (lanes_source){LANES_FUSION_INPUT, 1};
    }
    fusion.output[0] = (lanes_source){2, 0};
    lanes_kernel *fused = NULL;
    cr_assert_eq(lanes_kernel_fuse(session, &fusion, &fused, &err), LANES_OK, "%s",
                 err.message);
    return fused;
}

static uint32_t kernels_after_close(void)
{
    lanes_close(session);
    session = NULL;
    for (uint32_t i = 0; i < 100; i++) {
        usleep(1000);
    }
    return fake.kernels_left;
}

Test(client_recover, fused_kernels_are_made_again)
{
    open_honest();
    arrays made = make_arrays();
    lanes_kernel *second = load_add();
    lanes_kernel *third = load_add();
    lanes_kernel *other = made.kernel;
    made.kernel = fuse_two(second, third);
    lanes_kernel *sibling = fuse_two(third, second);
    lanes_kernel_release(second);
    const uint32_t loads = fake.loads;
    die_and_go_on(&made, FAKE_AFTER_STARTED);
    cr_assert_eq(fake.loads, loads + 2 * 3, "each once, also the released one");
    cr_assert_eq(fake.fuses, 2 + 2 * 2);
    cr_assert_eq(lanes_reconnects(session), 2);
    const lanes_abi_kernel_fuse *fuse = &fake.fuse;
    cr_assert_eq(fuse->node_count, 3);
    cr_assert_eq(fuse->node[0].kernel.slot, fuse->node[2].kernel.slot);
    cr_assert_neq(fuse->node[0].kernel.slot, fuse->node[1].kernel.slot);
    cr_assert_eq(fuse->output[0].node, 2);
    lanes_kernel_release(other);
    lanes_kernel_release(third);
    lanes_kernel_release(sibling);
    lanes_kernel_release(made.kernel);
    cr_assert_eq(kernels_after_close(), 0, "the node that was released stays so");
}

Test(client_recover, fused_kernels_outlive_all_their_nodes)
{
    open_honest();
    arrays made = make_arrays();
    lanes_kernel *node = made.kernel;
    made.kernel = fuse_two(node, node);
    lanes_kernel_release(node);
    die_and_go_on(&made, FAKE_AFTER_STARTED);
    die_and_go_on(&made, FAKE_AFTER_WRITE);
    cr_assert_eq(kernels_after_close(), 1);
}

/* ---- Requests -----------------------------------------------------------------------
 */

Test(client_recover, requests_are_sent_again)
{
    const uint32_t types[] = {LANES_ABI_SEGMENT_CREATE, LANES_ABI_SEGMENT_ATTACH,
                              LANES_ABI_KERNEL_LOAD,    LANES_ABI_KERNEL_REPORT,
                              LANES_ABI_KERNEL_FUSE,    LANES_ABI_BATCH_CANCEL};
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        open_honest();
        arrays made = make_arrays();
        lanes_kernel *first = load_add();
        lanes_kernel *kernel = NULL;
        cr_assert_eq(lanes_kernel_load(session, "define 12", 9, NULL, &kernel, &err),
                     LANES_OK);
        lanes_kernel_release(first); /* ids of the next executor are others */
        fake.plan = (fake_plan){.lie = FAKE_HANG_UP, .type = types[t], .deaths = 1};
        lanes_segment *segment = NULL;
        char *json = NULL;
        switch (types[t]) {
        case LANES_ABI_SEGMENT_CREATE:
            cr_assert_eq(lanes_segment_create(session, 8192, &segment, &err), LANES_OK);
            cr_assert_eq(lanes_segment_bytes(segment), 8192);
            break;
        case LANES_ABI_SEGMENT_ATTACH:
            cr_assert_eq(
                lanes_segment_attach_fd(session, made.segment->fd, 0, &segment, &err),
                LANES_OK);
            break;
        case LANES_ABI_KERNEL_LOAD:
            cr_assert_eq(lanes_kernel_load(session, "x", 1, NULL, &made.kernel, &err),
                         LANES_OK, "%s", err.message);
            break;
        case LANES_ABI_KERNEL_REPORT:
            cr_assert_eq(lanes_kernel_report(kernel, &json, &err), LANES_OK);
            cr_assert_str_eq(json, "{\"ir_bytes\":9}");
            free(json);
            break;
        case LANES_ABI_KERNEL_FUSE:
            made.kernel = fuse_two(made.kernel, kernel);
            break;
        default:
            cr_assert_eq(lanes_cancel(session, 3, &err), LANES_OK);
            break;
        }
        cr_assert_eq(fake.deaths, 1, "type %u", types[t]);
        cr_assert_eq(lanes_reconnects(session), 1, "type %u", types[t]);
        const lanes_batch batch = make_batch(&made, 1);
        cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
        if (t + 1 < LANES_ARRAY_COUNT(types)) {
            close_all();
        }
    }
}

Test(client_recover, a_stopping_executor_is_waited_for)
{
    /* It refuses requests, and ends some time later. */
    open_with((fake_plan){.lie = FAKE_REFUSE,
                          .type = LANES_ABI_SEGMENT_CREATE,
                          .status = LANES_E_PEER_GONE});
    lanes_segment *segment = NULL;
    session->timeout_ns = 100 * MILLISECOND;
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_E_PEER_GONE);
    cr_assert_not_null(strstr(err.message, "does not end"), "%s", err.message);
    cr_assert_eq(lanes_segment_create(session, 1, &segment, &err), LANES_E_PEER_GONE);
}

Test(client_recover, releasing_at_a_dead_executor_is_no_failure)
{
    open_honest();
    arrays made = make_arrays();
    arrays kept = make_arrays();
    fake.plan =
        (fake_plan){.lie = FAKE_HANG_UP, .type = LANES_ABI_KERNEL_RELEASE, .deaths = 1};
    lanes_kernel_release(made.kernel);
    lanes_segment_release(made.segment);
    cr_assert_eq(lanes_reconnects(session), 0, "nobody is needed for that");
    const lanes_batch batch = make_batch(&kept, 1);
    cr_assert_eq(lanes_run(session, &batch, NULL, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_reconnects(session), 1);
}

/* ---- The next executor --------------------------------------------------------------
 */

Test(client_recover, deaths_while_taking_over_are_survived)
{
    const uint32_t types[] = {LANES_ABI_HELLO, LANES_ABI_SEGMENT_ATTACH,
                              LANES_ABI_KERNEL_LOAD};
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        open_honest();
        arrays made = make_arrays();
        submit_tags(&made, 1);
        lanes_status status[2];
        wait_for_all(1, status);
        fake.plan = (fake_plan){.lie = FAKE_HANG_UP,
                                .type = types[t],
                                .death = FAKE_AFTER_TAKE,
                                .death_batch = 1,
                                .deaths = 4};
        submit_tags(&made, 1);
        wait_for_all(1, status);
        cr_assert_eq(status[1], LANES_OK);
        cr_assert_eq(fake.deaths, 4, "type %u", types[t]);
        cr_assert_eq(lanes_reconnects(session), 1);
        if (t + 1 < LANES_ARRAY_COUNT(types)) {
            close_all();
        }
    }
}

Test(client_recover, memory_is_not_needed)
{
    open_with((fake_plan){.death = FAKE_AFTER_STARTED, .death_batch = 1, .deaths = 1});
    arrays made = make_arrays();
    lanes_kernel *node = made.kernel;
    made.kernel = fuse_two(node, node);
    lanes_kernel_release(node);
    submit_tags(&made, 3);
    lanes_status status[4];
    fail_allocation(0);
    wait_for_all(3, status);
    counts_allocations = false;
    cr_assert_eq(allocations_left, 0, "nothing was allocated");
    cr_assert_eq(status[2], LANES_OK);
    cr_assert_eq(lanes_reconnects(session), 1);
}

Test(client_recover, lack_of_memory_is_an_error)
{
    open_honest();
    lanes_open_options options = fake_options();
    lanes_session *other = NULL;
    options.socket = "/no/such/socket";
    fail_allocation(1);
    cr_assert_eq(lanes_open(&options, &other, &err), -ENOMEM, "the records");
    fail_allocation(0);
    lanes_kernel *kernel = NULL;
    cr_assert_eq(lanes_kernel_load(session, "x", 1, NULL, &kernel, &err), -ENOMEM);
    cr_assert_eq(fake.loads, 0, "the source");
    fail_allocation(1);
    cr_assert_eq(lanes_kernel_load(session, "x", 1, NULL, &kernel, &err), -ENOMEM);
    cr_assert_eq(fake.loads, 1, "the handle");
    counts_allocations = false;
    lanes_kernel *node = load_add();
    lanes_fusion fusion;
    lanes_fusion_default(&fusion);
    fusion.node_count = 1;
    fusion.output_count = 1;
    fusion.node[0].kernel = node;
    for (int i = 0; i < 2; i++) {
        fail_allocation(i);
        cr_assert_eq(lanes_kernel_fuse(session, &fusion, &kernel, &err), -ENOMEM);
        counts_allocations = false;
    }
    lanes_kernel_release(node);
    cr_assert_eq(kernels_after_close(), 0);
}
