/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_fuse.c - requests to make one kernel of several: every refusal, what of the
 * nodes is copied, and whose exceptions they are. What the code computes is not here: the
 * fixture's compiler makes of a fusion what its first node is.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "os/os_memory.h"
#include "server_fixture.h"

static fixture f;
static client c;

static void setup(void)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    client_open_ok(&c, &f);
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_fuse, .init = setup, .fini = teardown, .timeout = 30);

static lanes_abi_kernel load(const char *command)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK, "%s", c.text);
    return kernel;
}

static lanes_status fuse(lanes_abi_kernel_fuse request, lanes_abi_kernel *out)
{
    int report = -1;
    const lanes_status status =
        client_request(&c, LANES_ABI_KERNEL_FUSE, &request, sizeof(request), -1, out,
                       sizeof(*out), &report);
    if (status == LANES_OK) {
        lanes_os_close(&report);
    }
    return status;
}

/* g(f(x)). */
static lanes_abi_kernel_fuse chain(lanes_abi_id first, lanes_abi_id second)
{
    return (lanes_abi_kernel_fuse){
        .node_count = 2,
        .output_count = 1,
        .node = {{first, {{LANES_FUSION_INPUT, 0}}}, {second, {{0, 0}}}},
        .output = {{1, 0}},
    };
}

static void expect_refused(lanes_abi_kernel_fuse request, lanes_status status,
                           const char *fragment)
{
    lanes_abi_kernel kernel;
    const lanes_status got = fuse(request, &kernel);
    cr_expect_eq(got, status, "got %s: %s", lanes_status_name(got), c.text);
    cr_expect_not_null(strstr(c.text, fragment), "'%s' lacks '%s'", c.text, fragment);
}

Test(server_fuse, a_fused_kernel_is_a_kernel_and_needs_its_nodes_no_more)
{
    const lanes_abi_kernel node = load("double");
    lanes_abi_kernel kernel;
    cr_assert_eq(fuse(chain(node.id, node.id), &kernel), LANES_OK, "%s", c.text);
    cr_expect_eq(kernel.input_count, 1);
    cr_expect_eq(kernel.output_count, 1);
    cr_expect_neq(kernel.id.slot, node.id.slot);
    cr_assert_eq(client_kernel_release(&c, node.id), LANES_OK);

    segment in;
    segment out;
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    in.data[3] = 21;
    batch b = batch_of(&kernel, &in, &out, 16);
    cr_expect_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    cr_expect_eq(out.data[3], 42);
    b.stride[0] = 0; /* another variant, of the copied IR */
    in.data[0] = 4;
    cr_expect_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    cr_expect_eq(out.data[3], 8);

    char *report = client_report(&c, kernel.id);
    free(report);
    cr_expect_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    cr_expect_eq(client_kernel_release(&c, kernel.id), LANES_E_STALE_ID);
}

Test(server_fuse, requests_are_checked)
{
    const lanes_abi_kernel node = load("double");
    const lanes_abi_kernel_fuse good = chain(node.id, node.id);
    lanes_abi_kernel_fuse bad = good;
    bad.flags = 2;
    expect_refused(bad, LANES_E_INVALID, "fusion flags 0x2");
    bad = good;
    bad.reserved = 1;
    expect_refused(bad, LANES_E_INVALID, "reserved 1");
    bad = good;
    bad.node_count = 0;
    expect_refused(bad, LANES_E_INVALID, "fusion of 0 nodes");
    bad.node_count = LANES_FUSION_NODES_MAX + 1;
    expect_refused(bad, LANES_E_INVALID, "fusion of 9 nodes is not possible; 1 to 8");
    bad = good;
    bad.output_count = LANES_OPERANDS_MAX + 1;
    expect_refused(bad, LANES_E_INVALID, "17 outputs");
    bad = good;
    bad.node[1].kernel.generation++;
    expect_refused(bad, LANES_E_STALE_ID, "node 1: kernel ");
    bad = good;
    bad.node[1].kernel.slot = UINT32_MAX;
    expect_refused(bad, LANES_E_STALE_ID, "node 1: kernel 4294967295.");
    bad = good;
    bad.node[1].input[0].node = 1;
    expect_refused(bad, LANES_E_INVALID, "earlier node");
    lanes_abi_kernel kernel;
    cr_expect_eq(fuse(good, &kernel), LANES_OK, "and the next one works");
}

Test(server_fuse, nodes_must_fit_each_other)
{
    const lanes_abi_kernel node = load("double");
    const lanes_abi_kernel rows = load("rows");
    expect_refused(chain(node.id, rows.id), LANES_E_INVALID,
                   "input 0 of node 1 is a row, and no node gives rows");
    lanes_abi_kernel fused;
    cr_assert_eq(fuse(chain(node.id, node.id), &fused), LANES_OK);
    expect_refused(chain(node.id, fused.id), LANES_E_INVALID,
                   "node 1 is a fused kernel itself; name the 2 kernels");
}

Test(server_fuse, nodes_have_the_same_options)
{
    const lanes_abi_kernel node = load("double");
    lanes_abi_kernel other;
    c.load_math = LANES_MATH_EXACT;
    cr_assert_eq(client_load(&c, "double", &other), LANES_OK);
    expect_refused(chain(node.id, other.id), LANES_E_INVALID,
                   "node 1 was loaded with math 1 and fp 0x0, node 0 with math 0");
    c.load_math = LANES_MATH_VECTOR;
    c.load_fp = LANES_FP_CONTRACT;
    cr_assert_eq(client_load(&c, "double", &other), LANES_OK);
    expect_refused(chain(node.id, other.id), LANES_E_INVALID,
                   "node 1 was loaded with math 0 and fp 0x20");
    lanes_abi_kernel kernel;
    cr_expect_eq(fuse(chain(other.id, other.id), &kernel), LANES_OK, "%s", c.text);
}

Test(server_fuse, ir_has_a_limit_together)
{
    static char long_ir[(9u << 20) + 1];
    memset(long_ir, 'x', sizeof(long_ir) - 1);
    memcpy(long_ir, "double ", 7);
    const lanes_abi_kernel node = load(long_ir);
    expect_refused(chain(node.id, node.id), LANES_E_IR_LIMIT,
                   "bytes; together it can have 16777216");
}

Test(server_fuse, a_compile_that_fails_is_told)
{
    const lanes_abi_kernel node = load("double refuse");
    expect_refused(chain(node.id, node.id), LANES_E_IR_REFUSED, "refused by the fake");
}

/* The place of an exception is looked for in the IR of its own node, not in all of it. */
Test(server_fuse, exceptions_are_of_a_node)
{
    const lanes_abi_kernel raising = load("raise raise");
    const lanes_abi_kernel second = load("double node"); /* says it is of node 1 */
    lanes_abi_kernel kernel;
    cr_assert_eq(fuse(chain(raising.id, raising.id), &kernel), LANES_OK, "%s", c.text);
    expect_refused(chain(second.id, raising.id), LANES_E_LINK, "cannot link");
    lanes_abi_kernel_fuse alone = chain(second.id, second.id);
    alone.node_count = 1;
    alone.output[0].node = 0;
    expect_refused(alone, LANES_E_INTERNAL, "malformed payload");
    const lanes_abi_kernel outside = load("double textfit"); /* in the whole, it fits */
    expect_refused(chain(outside.id, outside.id), LANES_E_INTERNAL,
                   "reaches outside the module of 14 bytes");
}
