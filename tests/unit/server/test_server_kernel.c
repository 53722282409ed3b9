/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_kernel.c - loading kernels, everything a compiler can answer, reports.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/atomic.h"
#include "os/os_file.h"
#include "os/os_memory.h"
#include "os/os_socket.h"
#include "os/os_wait.h"
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

TestSuite(server_kernel, .init = setup, .fini = teardown, .timeout = 30);

Test(server_kernel, a_load_answers_with_signature_and_report)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    cr_assert_eq(kernel.input_count, 1);
    cr_assert_eq(kernel.output_count, 1);
    cr_assert_eq(kernel.dtype[0], LANES_F8);
    cr_assert_eq(kernel.dtype[1], LANES_F8);
    cr_assert_neq(kernel.id.generation, 0);
    cr_assert_gt(kernel.compile_ns, 0);
    char *report = client_report(&c, kernel.id);
    cr_assert_str_eq(report,
                     "{\"entry\":\"fake\",\"variants\":[\"contiguous,contiguous\"]}");
    free(report);
}

Test(server_kernel, ids_are_stale_after_release)
{
    lanes_abi_kernel a;
    lanes_abi_kernel b;
    cr_assert_eq(client_load(&c, "double", &a), LANES_OK);
    cr_assert_eq(client_kernel_release(&c, a.id), LANES_OK);
    cr_assert_eq(client_kernel_release(&c, a.id), LANES_E_STALE_ID);
    cr_assert_eq(client_load(&c, "double", &b), LANES_OK);
    cr_assert_eq(b.id.slot, a.id.slot, "the slot is used again");
    cr_assert_neq(b.id.generation, a.id.generation);
    lanes_abi_kernel request = {.id = a.id};
    int fd;
    cr_assert_eq(client_request(&c, LANES_ABI_KERNEL_REPORT, &request, sizeof(request),
                                -1, &b, sizeof(b), &fd),
                 LANES_E_STALE_ID);
    request.id.slot = UINT32_MAX;
    cr_assert_eq(client_request(&c, LANES_ABI_KERNEL_REPORT, &request, sizeof(request),
                                -1, &b, sizeof(b), &fd),
                 LANES_E_STALE_ID);
}

struct failure {
    const char *command;
    lanes_status status;
    const char *text;
};

Test(server_kernel, every_failure_of_a_compile_has_its_status_and_text)
{
    const struct failure failures[] = {
        {"crash:11", LANES_E_COMPILE_CRASHED, "SIGSEGV"},
        {"crash:6", LANES_E_COMPILE_CRASHED, "SIGABRT"},
        {"lost", LANES_E_COMPILE_CRASHED, "without a result"},
        {"cpu", LANES_E_COMPILE_LIMIT, "more than 10 s of CPU time"},
        {"wall", LANES_E_COMPILE_LIMIT, "more than 30 s"},
        {"memory", LANES_E_COMPILE_LIMIT, "more than 1024 MiB of memory"},
        {"output", LANES_E_COMPILE_LIMIT, "more than 64 MiB of code"},
        {"nochild", -EAGAIN, "try again later"},
        {"strange", LANES_E_INTERNAL, "outcome 77"},
        {"refuse", LANES_E_IR_REFUSED, "refused by the fake"},
        {"version", LANES_E_ABI_MISMATCH, "version 99"},
        {"short", LANES_E_INTERNAL, "100 bytes"},
        {"sizes", LANES_E_INTERNAL, "names a report of"},
        {"object", LANES_E_INTERNAL, "names a report of"},
        {"noreport", LANES_E_INTERNAL, "names a report of"},
        {"longreport", LANES_E_INTERNAL, "names a report of"},
        {"missing", LANES_E_INTERNAL, "names a report of"},
        {"longtable", LANES_E_INTERNAL, "names a report of"},
        {"huge", LANES_E_INTERNAL, "67108865 bytes; the limit is 67108864"},
        {"payloads", LANES_E_INTERNAL, "1025 payloads"},
        {"lists", LANES_E_INTERNAL, "4294967295 argument lists; 1024 are possible"},
        {"signature", LANES_E_INTERNAL, "impossible signature"},
        {"together", LANES_E_INTERNAL, "impossible signature"},
        {"noinputs", LANES_E_INTERNAL, "impossible signature"},
        {"nooutputs", LANES_E_INTERNAL, "impossible signature"},
        {"manyinputs", LANES_E_INTERNAL, "impossible signature"},
        {"manyoutputs", LANES_E_INTERNAL, "impossible signature"},
        {"dtype", LANES_E_INTERNAL, "impossible signature"},
        {"rowmask", LANES_E_INTERNAL, "impossible signature"},
        {"manyparams", LANES_E_INTERNAL, "malformed"},
        {"noparams", LANES_E_INTERNAL, "malformed"},
        {"symbol", LANES_E_INTERNAL, "malformed"},
        {"explainer", LANES_E_INTERNAL, "malformed"},
        {"table", LANES_E_INTERNAL, "malformed"},
        {"notable", LANES_E_INTERNAL, "malformed"},
        {"text", LANES_E_INTERNAL, "malformed"},
        {"positive", LANES_E_INTERNAL, "malformed"},
        {"known", LANES_E_INTERNAL, "malformed"},
        {"otherkey", LANES_E_INTERNAL, "another variant"},
        {"json", LANES_E_INTERNAL, "not JSON"},
        {"nolink", LANES_E_LINK, "cannot link"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(failures); i++) {
        lanes_abi_kernel kernel;
        const lanes_status status = client_load(&c, failures[i].command, &kernel);
        cr_assert_eq(status, failures[i].status, "%s: %s", failures[i].command,
                     lanes_status_name(status));
        cr_assert_not_null(strstr(c.text, failures[i].text), "%s: %s",
                           failures[i].command, c.text);
    }
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK, "and the next one works");
}

Test(server_kernel, who_asked_for_the_same_meanwhile_is_told_the_same)
{
    client others[2];
    lanes_abi_kernel kernel;
    client_open_ok(&others[0], &f);
    client_open_ok(&others[1], &f);
    client_load_begin(&c, "hold");
    client_load_begin(&others[0], "crash:11");
    client_load_begin(&others[1], "crash:11");
    sleep_ms(50); /* the server has both, and the compiler is busy */
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_load_end(&c, &kernel), LANES_OK, "%s", c.text);
    for (int i = 0; i < 2; i++) {
        const lanes_status status = client_load_end(&others[i], &kernel);
        cr_assert_eq(status, LANES_E_COMPILE_CRASHED, "%s", lanes_status_name(status));
        cr_assert_not_null(strstr(others[i].text, "SIGSEGV"), "%s", others[i].text);
        client_close(&others[i]);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2, "one for both");
}

Test(server_kernel, a_compiler_that_dies_is_replaced)
{
    lanes_abi_kernel kernel;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(client_load(&c, "die", &kernel), LANES_E_COMPILE_CRASHED);
        cr_assert_not_null(strstr(c.text, "compiler process"), "%s", c.text);
        cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiler_starts), 4);
}

Test(server_kernel, a_compiler_that_cannot_start_again_fails_loads_until_it_can)
{
    lanes_abi_kernel kernel;
    lanes_store_relaxed_u32(&f.fails_to_start, 1);
    cr_assert_eq(client_load(&c, "die", &kernel), LANES_E_COMPILE_CRASHED);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_E_UNAVAILABLE);
    cr_assert_not_null(strstr(c.text, "does not start"));
    lanes_store_relaxed_u32(&f.fails_to_start, 0);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
}

static lanes_status load_request(lanes_abi_kernel_load *request, int fd)
{
    lanes_abi_kernel reply;
    int report = -1;
    const lanes_status status =
        client_request(&c, LANES_ABI_KERNEL_LOAD, request, sizeof(*request), fd, &reply,
                       sizeof(reply), &report);
    lanes_os_close(&report);
    return status;
}

/* A load that nobody can compile, a variant behind it, and a client that reads no more:
 * failing the load ends the session, and with it the job that comes next. */
Test(server_kernel, a_client_that_leaves_while_no_compiler_starts_harms_nobody)
{
    lanes_abi_kernel kernel;
    lanes_abi_kernel other;
    segment in;
    segment out;
    client witness;
    client_open_ok(&witness, &f);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, 65536, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 65536, &out), LANES_OK);
    lanes_store_relaxed_u32(&f.fails_to_start, 1);
    cr_assert_eq(client_load(&c, "die", &other), LANES_E_COMPILE_CRASHED);
    lanes_abi_kernel_load request = {.ir_bytes = 6};
    request.header = (lanes_abi_header){.type = LANES_ABI_KERNEL_LOAD,
                                        .sequence = ++c.sequence,
                                        .bytes = sizeof(request)};
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("ir", 6, &ir, NULL), LANES_OK);
    cr_assert_eq(lanes_os_send(c.fd, &request, sizeof(request), &ir, 1, 0, NULL),
                 LANES_OK);
    lanes_os_close(&ir);
    batch b = batch_of(&kernel, &in, &out, 8);
    b.stride[0] = 0;
    client_submit(&c, &b, 1);
    shutdown(c.fd, SHUT_RD);
    lanes_store_relaxed_u32(&f.fails_to_start, 0);
    lanes_status status = LANES_E_UNAVAILABLE;
    while (status == LANES_E_UNAVAILABLE) { /* until it starts again */
        status = client_load(&witness, "double", &kernel);
    }
    cr_assert_eq(status, LANES_OK);
    client_close(&witness);
}

Test(server_kernel, a_variant_that_lacked_a_process_is_tried_again)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    cr_assert_eq(client_load(&c, "double nochild", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, 65536, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 65536, &out), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, 8);
    b.stride[0] = 0;
    for (uint32_t compiles = 2; compiles < 5; compiles++) {
        cr_assert_lt(client_run(&c, &b).status, 0);
        cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), compiles);
    }
}

Test(server_kernel, requests_out_of_range_are_refused)
{
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("test-ir", 100, &ir, NULL), LANES_OK);
    lanes_abi_kernel_load request = {.ir_bytes = 0};
    cr_assert_eq(load_request(&request, ir), LANES_E_IR_LIMIT);
    request.ir_bytes = LANES_IR_BYTES_MAX + 1;
    cr_assert_eq(load_request(&request, ir), LANES_E_IR_LIMIT);
    cr_assert_not_null(strstr(c.text, "16777217"), "%s", c.text);
    request.ir_bytes = 101;
    cr_assert_eq(load_request(&request, ir), LANES_E_FORMAT, "the memfd is shorter");
    request.ir_bytes = 100;
    request.flags = 8;
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    request.flags = 0;
    request.math = 2;
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    request.math = LANES_MATH_EXACT;
    memset(request.entry, 'x', sizeof(request.entry));
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    memset(request.entry, 0, sizeof(request.entry));
    memset(request.signature, 'x', sizeof(request.signature));
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    memset(request.signature, 0, sizeof(request.signature));
    request.convention = LANES_CONVENTION_SCIPY + 1;
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    cr_assert_not_null(strstr(c.text, "convention 5"), "%s", c.text);
    request.convention = LANES_CONVENTION_SCIPY;
    request.fp = LANES_FP_FAST + 1;
    cr_assert_eq(load_request(&request, ir), LANES_E_INVALID);
    cr_assert_not_null(strstr(c.text, "fp 0x80 of a kernel"), "%s", c.text);
    lanes_os_close(&ir);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 0);
}

Test(server_kernel, the_convention_reaches_the_compiler)
{
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("test-ir", 0, &ir, NULL), LANES_OK);
    cr_assert_eq(lanes_os_write_at(ir, "double", 6, 0, NULL), LANES_OK);
    lanes_abi_kernel_load request = {.ir_bytes = 6, .convention = LANES_CONVENTION_C_OUT};
    cr_assert_eq(load_request(&request, ir), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.convention), LANES_CONVENTION_C_OUT);
    request.convention = LANES_CONVENTION_AUTO;
    cr_assert_eq(load_request(&request, ir), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.convention), LANES_CONVENTION_AUTO);
    lanes_os_close(&ir);
}

Test(server_kernel, a_second_request_while_loading_ends_the_session)
{
    lanes_abi_kernel_load load = {
        .header = {.type = LANES_ABI_KERNEL_LOAD, .bytes = sizeof(load)}, .ir_bytes = 4};
    int ir = -1;
    cr_assert_eq(lanes_os_memfd_create("test-ir", 0, &ir, NULL), LANES_OK);
    cr_assert_eq(lanes_os_write_at(ir, "hold", 4, 0, NULL), LANES_OK);
    cr_assert_eq(lanes_os_send(c.fd, &load, sizeof(load), &ir, 1, 0, NULL), LANES_OK);
    lanes_os_close(&ir);
    lanes_abi_kernel reply;
    int fd;
    cr_assert_eq(client_request(&c, LANES_ABI_KERNEL_REPORT, &(lanes_abi_kernel){0},
                                sizeof(reply), -1, &reply, sizeof(reply), &fd),
                 LANES_E_PEER_GONE);
    lanes_store_relaxed_u32(&f.is_released, 1);
}

Test(server_kernel, the_4097th_kernel_is_refused_by_name, .timeout = 60)
{
    lanes_abi_kernel kernel;
    for (int i = 0; i < LANES_KERNELS_MAX; i++) {
        cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK, "kernel %d: %s", i,
                     c.text);
    }
    cr_assert_eq(kernel.id.slot, LANES_KERNELS_MAX - 1);
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_E_QUOTA);
    cr_assert_not_null(strstr(c.text, "4096"), "%s", c.text);
}

/* ---- Shared code --------------------------------------------------------------------
 */

/* Runs 2 * 21 on @p kernel. */
static void expect_doubles(client *who, const lanes_abi_kernel *kernel)
{
    segment in;
    segment out;
    cr_assert_eq(client_segment(who, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(who, 4096, &out), LANES_OK);
    in.data[7] = 21;
    const batch b = batch_of(kernel, &in, &out, 8);
    cr_assert_eq(client_run(who, &b).status, LANES_OK, "%s", who->text);
    cr_assert_eq(out.data[7], 42);
}

Test(server_kernel, equal_code_of_two_sessions_is_loaded_once)
{
    client other;
    client_open_ok(&other, &f);
    lanes_abi_kernel first;
    lanes_abi_kernel second;
    cr_assert_eq(client_load(&c, "=double", &first), LANES_OK);
    cr_assert_eq(client_load(&other, "=double", &second), LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&f.left_out), 1, "the compiler was told");
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 1);
    expect_doubles(&c, &first);
    expect_doubles(&other, &second);
    char *report = client_report(&other, second.id);
    cr_assert_not_null(strstr(report, "\"entry\":\"fake\""), "its own: %s", report);
    cr_assert_not_null(strstr(report, "\"externals\":[]"), "the code's: %s", report);
    cr_assert_not_null(strstr(report, "\"width\":8"), "%s", report);
    cr_assert_not_null(strstr(report, "\"cached\":true"), "%s", report);
    free(report);
    cr_assert_eq(client_kernel_release(&c, first.id), LANES_OK);
    expect_doubles(&other, &second);
    client_close(&other);
}

Test(server_kernel, code_that_nobody_holds_is_unloaded_and_made_again)
{
    lanes_abi_kernel kernel;
    for (uint32_t loads = 1; loads <= 3; loads++) {
        cr_assert_eq(client_load(&c, "=double", &kernel), LANES_OK);
        expect_doubles(&c, &kernel);
        cr_assert_eq(lanes_load_relaxed_u32(&f.loads), loads);
        cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
        while (lanes_load_relaxed_u32(&f.unloads) < loads) {
            sleep_ms(1);
        }
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.left_out), 0);
}

Test(server_kernel, code_that_has_gone_meanwhile_is_compiled_again)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, "gone", &kernel), LANES_OK, "%s", c.text);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    expect_doubles(&c, &kernel);
}

Test(server_kernel, a_compiler_that_always_leaves_code_out_fails_the_load)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, "liar", &kernel), LANES_E_INTERNAL);
    cr_assert_not_null(strstr(c.text, "asked to make"), "%s", c.text);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
}

Test(server_kernel, kernels_that_differ_do_not_share_code_whatever_its_key)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, "~double", &kernel), LANES_OK);
    cr_assert_eq(client_load(&c, "~two", &kernel), LANES_E_INTERNAL, "the signature");
    cr_assert_not_null(strstr(c.text, "key of the same code"), "%s", c.text);
    cr_assert_eq(client_load(&c, "~raise", &kernel), LANES_E_INTERNAL, "exceptions");
    cr_assert_eq(client_load(&c, "~constant", &kernel), LANES_E_INTERNAL, "one of them");
    cr_assert_eq(client_load(&c, "~computed", &kernel), LANES_E_INTERNAL, "the other");
    cr_assert_eq(client_load(&c, "~slow", &kernel), LANES_OK, "as far as one can see");
}

/* ---- Variants -----------------------------------------------------------------------
 */

/* One batch with a uniform input: the second variant. */
static lanes_abi_completion run_uniform(const lanes_abi_kernel *kernel, segment *in,
                                        segment *out)
{
    batch b = batch_of(kernel, in, out, 100);
    b.stride[0] = 0;
    return client_run(&c, &b);
}

Test(server_kernel, another_layout_is_compiled_once_and_reported)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    cr_assert_eq(client_load(&c, "double", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    in.data[0] = 21;
    lanes_abi_completion done = run_uniform(&kernel, &in, &out);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    cr_assert_eq(out.data[99], 42);
    cr_assert_gt(done.compile_ns, 0);
    cr_assert_geq(done.queued_ns, done.compile_ns);
    done = run_uniform(&kernel, &in, &out);
    cr_assert_eq(done.status, LANES_OK);
    cr_assert_eq(done.compile_ns, 0);
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
    char *report = client_report(&c, kernel.id);
    cr_assert_str_eq(report,
                     "{\"entry\":\"fake\",\"variants\":[\"contiguous,contiguous\","
                     "\"uniform,contiguous\"]}");
    free(report);
}

Test(server_kernel, a_variant_that_cannot_be_compiled_fails_its_batches_only)
{
    const struct failure failures[] = {
        {"double crash:11", LANES_E_COMPILE_CRASHED, "SIGSEGV"},
        {"double other", LANES_E_INTERNAL, "another variant"},
        {"double otherparams", LANES_E_INTERNAL, "another variant"},
        {"double otherkey", LANES_E_INTERNAL, "another variant"},
        {"double textout", LANES_E_INTERNAL, "pickled payload"},
        {"double refuse", LANES_E_IR_REFUSED, "refused"},
        {"double die", LANES_E_COMPILE_CRASHED, "compiler process"},
        {"double nolink", LANES_E_LINK, "cannot link"},
    };
    segment in;
    segment out;
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(failures); i++) {
        lanes_abi_kernel kernel;
        cr_assert_eq(client_load(&c, failures[i].command, &kernel), LANES_OK);
        for (int again = 0; again < 2; again++) {
            const lanes_abi_completion done = run_uniform(&kernel, &in, &out);
            cr_assert_eq(done.status, failures[i].status, "%s",
                         lanes_status_name(done.status));
            cr_assert_not_null(strstr(c.text, failures[i].text), "%s", c.text);
        }
        const batch b = batch_of(&kernel, &in, &out, 100);
        cr_assert_eq(client_run(&c, &b).status, LANES_OK);
    }
}

Test(server_kernel, batches_that_wait_for_one_variant_cause_one_compile)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    cr_assert_eq(client_load(&c, "double hold", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 1 << 16, &out), LANES_OK);
    for (uint64_t i = 0; i < 10; i++) {
        batch b = batch_of(&kernel, &in, &out, 10);
        b.stride[0] = 0;
        b.operand[1].offset = i * 80;
        client_submit(&c, &b, i);
    }
    /* A batch of the variant that exists is not delayed. */
    batch quick = batch_of(&kernel, &in, &out, 10);
    quick.operand[1].offset = 4096;
    client_submit(&c, &quick, 99);
    cr_assert_eq(client_wait(&c).tag, 99);
    cr_assert_not(client_has_completion(&c, 20000000));
    lanes_store_relaxed_u32(&f.is_released, 1);
    for (uint64_t i = 0; i < 10; i++) {
        const lanes_abi_completion done = client_wait(&c);
        cr_assert_eq(done.status, LANES_OK);
        cr_assert_eq(done.tag, i, "in order");
        cr_assert_gt(done.compile_ns, 10000000);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 2);
}

Test(server_kernel, released_kernels_finish_what_waits_for_them)
{
    lanes_abi_kernel kernel;
    segment in;
    segment out;
    cr_assert_eq(client_load(&c, "double hold", &kernel), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &in), LANES_OK);
    cr_assert_eq(client_segment(&c, 4096, &out), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, 10);
    b.stride[0] = 0;
    client_submit(&c, &b, 5);
    cr_assert_not(client_has_completion(&c, 20000000)); /* it has been taken by then */
    cr_assert_eq(client_kernel_release(&c, kernel.id), LANES_OK);
    cr_assert_eq(client_segment_release(&c, &in), LANES_OK);
    cr_assert_eq(client_run(&c, &b).status, LANES_E_STALE_ID);
    lanes_store_relaxed_u32(&f.is_released, 1);
    cr_assert_eq(client_wait(&c).status, LANES_OK);
    for (int i = 0; i < 100 && lanes_load_relaxed_u32(&f.unloads) < 2; i++) {
        sleep_ms(5);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.unloads), 2, "and are then freed");
}
