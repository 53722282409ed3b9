/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_fuse.c - what is sent to make one kernel of several, and what is not.
 */
#include "unit/client/client_fixture.h"

TestSuite(client_fuse, .timeout = 30, .init = open_honest, .fini = close_all);

/* (a + b) + b, of one kernel twice. */
static lanes_fusion twice(const lanes_kernel *kernel)
{
    lanes_fusion fusion;
    lanes_fusion_default(&fusion);
    fusion.node_count = 2;
    fusion.output_count = 1;
    fusion.node[0] =
        (lanes_fusion_node){kernel, {{LANES_FUSION_INPUT, 0}, {LANES_FUSION_INPUT, 1}}};
    fusion.node[1] = (lanes_fusion_node){kernel, {{0, 0}, {LANES_FUSION_INPUT, 1}}};
    fusion.output[0] = (lanes_source){1, 0};
    return fusion;
}

Test(client_fuse, nodes_sources_and_outputs_arrive)
{
    lanes_kernel *add = load_add();
    lanes_fusion fusion = twice(add);
    lanes_kernel *fused = NULL;
    fusion.flags = LANES_KERNEL_STAGES;
    fusion.node[0].input[2] = (lanes_source){77, 77}; /* more than it has */
    cr_assert_eq(lanes_kernel_fuse(session, &fusion, &fused, &err), LANES_OK, "%s",
                 err.message);
    cr_expect_eq(lanes_kernel_input_count(fused), 2);
    cr_expect_eq(fake.fuse.flags, LANES_KERNEL_STAGES);
    cr_expect_eq(fake.fuse.node_count, 2);
    cr_expect_eq(fake.fuse.output_count, 1);
    cr_expect_eq(fake.fuse.reserved, 0);
    cr_expect_eq(fake.fuse.node[0].kernel.generation, 1);
    cr_expect_eq(fake.fuse.node[0].input[1].node, LANES_FUSION_INPUT);
    cr_expect_eq(fake.fuse.node[0].input[1].index, 1);
    cr_expect_eq(fake.fuse.node[0].input[2].node, 0, "nothing is sent that is not used");
    cr_expect_eq(fake.fuse.node[1].input[0].node, 0);
    cr_expect_eq(fake.fuse.output[0].node, 1);
    char *json = NULL;
    lanes_kernel_release(add);
    cr_assert_eq(lanes_kernel_report(fused, &json, &err), LANES_OK);
    free(json);
    lanes_kernel_release(fused);
    close_all();
    cr_expect_eq(fake.kernels_left, 0);
    open_honest();
}

static void expect_refused(const lanes_fusion *fusion, const char *fragment)
{
    lanes_kernel *fused = NULL;
    cr_expect_eq(lanes_kernel_fuse(session, fusion, &fused, &err), LANES_E_INVALID);
    cr_expect_not_null(strstr(err.message, fragment), "%s", err.message);
    cr_expect_null(fused);
}

Test(client_fuse, arguments_are_checked)
{
    lanes_kernel *add = load_add();
    const lanes_fusion good = twice(add);
    lanes_fusion bad = good;
    bad.struct_bytes--;
    expect_refused(&bad, "lanes_fusion_default()");
    bad = good;
    bad.flags = 2;
    expect_refused(&bad, "unknown flags 0x2");
    bad = good;
    bad.node_count = 0;
    expect_refused(&bad, "has 0 nodes and 1 outputs; 1 to LANES_FUSION_NODES_MAX 8");
    bad.node_count = LANES_FUSION_NODES_MAX + 1;
    expect_refused(&bad, "has 9 nodes");
    bad = good;
    bad.output_count = 0;
    expect_refused(&bad, "and 0 outputs");
    bad.output_count = LANES_OPERANDS_MAX + 1;
    expect_refused(&bad, "and 17 outputs");
    bad = good;
    bad.node[1].kernel = NULL;
    expect_refused(&bad, "lanes_fusion.node[1].kernel is NULL");
}

Test(client_fuse, kernels_of_another_session_are_refused)
{
    lanes_kernel *add = load_add();
    lanes_fusion fusion = twice(add);
    lanes_session *first = session;
    fake_executor other;
    fake_start(&other, (fake_plan){.lie = FAKE_HONEST});
    lanes_open_options options = fake_options();
    options.socket = other.path;
    cr_assert_eq(lanes_open(&options, &session, &err), LANES_OK, "%s", err.message);
    expect_refused(&fusion, "node[0].kernel is of another session");
    lanes_close(session);
    fake_stop(&other);
    session = first;
}

Test(client_fuse, refusal_carries_the_executors_text)
{
    lanes_kernel *add = load_add();
    lanes_fusion fusion = twice(add);
    lanes_kernel *fused = NULL;
    fake.plan.type = LANES_ABI_KERNEL_FUSE;
    fake.plan.status = LANES_E_DTYPE;
    fake.plan.lie = FAKE_REFUSE;
    cr_expect_eq(lanes_kernel_fuse(session, &fusion, &fused, &err), LANES_E_DTYPE);
    cr_expect_str_eq(err.message, "as planned");
}
