/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_failure.c - callbacks that raise or fault: what the compiler says they can
 * raise, the three policies, what the client is told, and that the next batch works.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "server_fixture.h"
#include "server_loops.h"

#define ELEMENTS 100000

static fixture f;
static client c;
static segment in;
static segment out;
static segment mask;
static lanes_abi_kernel kernel;

static void setup(void)
{
    fixture_init(&f, 2);
    fixture_start(&f);
    client_open_ok(&c, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS, &mask), LANES_OK);
    for (int i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static void teardown(void)
{
    client_close(&c);
    fixture_stop(&f);
}

TestSuite(server_failure, .init = setup, .fini = teardown, .timeout = 60);

/* ---- What the compiler says ---------------------------------------------------------
 */

Test(server_failure, tables_that_cannot_be_true_are_refused)
{
    const struct {
        const char *command;
        const char *text;
    } cases[] = {
        {"form", "malformed payload"},
        {"node", "malformed payload"},
        {"type", "malformed payload"},
        {"message", "malformed payload"},
        {"location", "malformed payload"},
        {"textout",
         "pickled payload (form 1, offset 5, 3 bytes) that reaches outside the "
         "module of 7 bytes"},
        {"textwrap", "reaches outside the module"},
        {"textlong", "reaches outside the module"},
        {"bitsout", "pickled payload (form 2, offset 33, 3 bytes) that reaches outside"},
        {"bitswrap", "reaches outside the module"},
        {"bitslong", "reaches outside the module"},
        {"listcount", "not well-formed"},
        {"listdtype", "not well-formed"},
        {"listout", "not well-formed"},
        {"listwrap", "not well-formed"},
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        const lanes_status status = client_load(&c, cases[i].command, &kernel);
        cr_assert_eq(status, LANES_E_INTERNAL, "%s: %s", cases[i].command,
                     lanes_status_name(status));
        cr_assert_not_null(strstr(c.text, cases[i].text), "%s: %s", cases[i].command,
                           c.text);
    }
    cr_assert_eq(lanes_load_relaxed_u32(&f.loads), 0, "checked before it is loaded");
}

/** One batch in which elements 17 and 60000 fail. */
static lanes_abi_completion run_failing(const char *command, uint32_t errors)
{
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK, "%s", c.text);
    in.data[17] = -1;
    in.data[60000] = -1;
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    b.entry.errors = errors;
    if (errors == LANES_ERRORS_MASK) {
        batch_add(&b,
                  (lanes_abi_operand){mask.id.slot, mask.id.generation, 0, LANES_BOOL, 0},
                  1);
    }
    lanes_store_relaxed_u32(&fake_explains, 0);
    const lanes_abi_completion done = client_run(&c, &b);
    cr_assert_eq(done.failed, 2);
    cr_assert_eq(done.first_failed, 17);
    cr_assert_eq(done.elements, ELEMENTS);
    return done;
}

Test(server_failure, places_that_fit_exactly_are_passed_on)
{
    cr_assert_eq(run_failing("textfit", LANES_ERRORS_RAISE).status,
                 LANES_E_KERNEL_RAISED);
    cr_assert_eq(c.raised.payload_form, LANES_PAYLOAD_TEXT);
    cr_assert_eq(c.raised.payload_offset, 4);
    cr_assert_eq(c.raised.payload_bytes, 3);
    cr_assert_eq(run_failing("bits", LANES_ERRORS_RAISE).status, LANES_E_KERNEL_RAISED);
    cr_assert_eq(c.raised.payload_form, LANES_PAYLOAD_BITCODE);
    cr_assert_eq(c.raised.payload_offset, 8);
    cr_assert_eq(run_failing("formless", LANES_ERRORS_RAISE).status,
                 LANES_E_KERNEL_RAISED);
    cr_assert_eq(c.raised.payload_form, LANES_PAYLOAD_NONE);
}

/* ---- Policies -----------------------------------------------------------------------
 */

static void expect_value_error(void)
{
    cr_assert_eq(c.raised.kind, LANES_RAISED_EXCEPTION);
    cr_assert_eq(c.raised.payload_form, LANES_PAYLOAD_TEXT);
    cr_assert_eq(c.raised.payload_offset, 1);
    cr_assert_eq(c.raised.payload_bytes, 3);
    cr_assert_eq(c.raised.argument_count, 0);
    cr_assert_eq(lanes_load_relaxed_u32(&fake_explains), 1, "asked once");
}

static void expect_outputs(void)
{
    for (int i = 0; i < ELEMENTS; i++) {
        const bool has_failed = i == 17 || i == 60000;
        cr_assert_eq(out.data[i], has_failed ? 0 : 2 * i, "element %d", i);
    }
}

Test(server_failure, raise_ends_with_the_first_failure_in_words)
{
    cr_assert_eq(run_failing("raise", LANES_ERRORS_RAISE).status, LANES_E_KERNEL_RAISED);
    cr_assert_str_eq(c.text, "callback raised ValueError('negative') for 2 of 100000 "
                             "elements, first at index 17");
    expect_value_error();
    expect_outputs();
}

Test(server_failure, ignore_is_a_success_that_counts)
{
    cr_assert_eq(run_failing("raise", LANES_ERRORS_IGNORE).status, LANES_OK);
    cr_assert_str_eq(c.text, "callback raised ValueError('negative') for 2 of 100000 "
                             "elements, first at index 17");
    expect_value_error();
    expect_outputs();
}

Test(server_failure, mask_is_a_success_that_says_which)
{
    const lanes_abi_completion done = run_failing("raise", LANES_ERRORS_MASK);
    cr_assert_eq(done.status, LANES_OK, "%s", c.text);
    cr_assert_str_eq(c.text, "callback raised ValueError('negative') for 2 of 100000 "
                             "elements, first at index 17");
    cr_assert_eq(done.compile_ns, 0, "a mask needs no other code");
    expect_value_error();
    expect_outputs();
    const char *flags = (const char *)mask.data;
    for (int i = 0; i < ELEMENTS; i++) {
        cr_assert_eq(flags[i], i == 17 || i == 60000, "element %d", i);
    }
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    cr_assert_eq(client_run(&c, &b).status, LANES_E_KERNEL_RAISED, "the same variant");
    cr_assert_eq(lanes_load_relaxed_u32(&f.compiles), 1);
}

Test(server_failure, mask_needs_its_operand)
{
    cr_assert_eq(client_load(&c, "raise", &kernel), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, 10);
    b.entry.errors = LANES_ERRORS_MASK;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_OPERANDS);
    lanes_abi_operand operand = {mask.id.slot, mask.id.generation, 0, LANES_I1, 0};
    batch_add(&b, operand, 1);
    cr_assert_eq(client_run(&c, &b).status, LANES_E_DTYPE);
    b.operand[2].dtype = LANES_BOOL;
    cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
    b.entry.errors = LANES_ERRORS_IGNORE;
    cr_assert_eq(client_run(&c, &b).status, LANES_E_OPERANDS, "others have none");
}

Test(server_failure, divisions_by_zero_are_told_without_a_pickle)
{
    cr_assert_eq(run_failing("zero", LANES_ERRORS_RAISE).status, LANES_E_KERNEL_RAISED);
    cr_assert_eq(c.raised.kind, LANES_RAISED_ZERO_DIVISION);
    cr_assert_eq(c.raised.payload_form, LANES_PAYLOAD_NONE);
    cr_assert_not_null(strstr(c.text, "callback raised ZeroDivisionError('"), "%s",
                       c.text);
}

Test(server_failure, nothing_is_asked_when_nothing_failed)
{
    cr_assert_eq(client_load(&c, "raise", &kernel), LANES_OK);
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    cr_assert_eq(client_run(&c, &b).status, LANES_OK);
    cr_assert_eq(lanes_load_relaxed_u32(&fake_explains), 0);
}

/* ---- Faults -------------------------------------------------------------------------
 */

/** One batch whose element 60000 faults, then one without: of the same kernel. */
static lanes_abi_completion run_faulting(const char *command)
{
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK);
    const batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    in.data[60000] = -2;
    const lanes_abi_completion done = client_run(&c, &b);
    const lanes_abi_raised raised = c.raised;
    char text[LANES_ABI_TEXT_BYTES];
    memcpy(text, c.text, sizeof(text));
    in.data[60000] = 60000;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(client_run(&c, &b).status, LANES_OK, "%s", c.text);
        cr_assert_eq(out.data[ELEMENTS - 1], command[0] == 'd' ? 1 : 2 * (ELEMENTS - 1));
    }
    memcpy(c.text, text, sizeof(text));
    c.raised = raised;
    return done;
}

/** The range in the text is a tile that holds element 60000. */
static void expect_range(void)
{
    const char *at = strstr(c.text, " within elements [");
    cr_assert_not_null(at, "%s", c.text);
    char *rest;
    const unsigned long long begin =
        strtoull(at + strlen(" within elements ["), &rest, 10);
    cr_assert_eq(strncmp(rest, ", ", 2), 0, "%s", c.text);
    const unsigned long long end = strtoull(rest + 2, &rest, 10);
    cr_assert(begin <= 60000 && 60000 < end && end <= ELEMENTS, "%s", c.text);
    cr_assert_str_eq(rest, ") of 100000; other elements may or may not be computed");
}

Test(server_failure, a_fault_ends_its_batch_only)
{
    cr_assert_eq(run_faulting("fault").status, LANES_E_KERNEL_FAULT);
    const char begin[] =
        "the callback received SIGSEGV at address 0x10 within elements [";
    cr_assert_eq(strncmp(c.text, begin, strlen(begin)), 0, "%s", c.text);
    expect_range();
    cr_assert_eq(c.raised.kind, LANES_RAISED_NONE);
}

Test(server_failure, a_fault_is_no_failure_that_a_policy_hides)
{
    cr_assert_eq(client_load(&c, "fault", &kernel), LANES_OK);
    batch b = batch_of(&kernel, &in, &out, ELEMENTS);
    b.entry.errors = LANES_ERRORS_IGNORE;
    in.data[0] = -2; /* fails, and faults */
    cr_assert_eq(client_run(&c, &b).status, LANES_E_KERNEL_FAULT);
    cr_assert_not_null(strstr(c.text, "within elements [0, "), "%s", c.text);
}

Test(server_failure, recursion_without_end_is_said_so)
{
    cr_assert_eq(run_faulting("deep").status, LANES_E_KERNEL_FAULT);
    const char begin[] = "the callback ran out of stack (recursion without end?) within ";
    cr_assert_eq(strncmp(c.text, begin, strlen(begin)), 0, "%s", c.text);
    expect_range();
}

Test(server_failure, faults_of_one_session_do_not_reach_another)
{
    client other;
    lanes_abi_kernel quick;
    segment a;
    segment b;
    client_open_ok(&other, &f);
    cr_assert_eq(client_segment(&other, 4096, &a), LANES_OK);
    cr_assert_eq(client_segment(&other, 4096, &b), LANES_OK);
    cr_assert_eq(client_load(&other, "double", &quick), LANES_OK);
    cr_assert_eq(client_load(&c, "fault", &kernel), LANES_OK);
    in.data[100] = -2;
    const batch bad = batch_of(&kernel, &in, &out, ELEMENTS);
    const batch good = batch_of(&quick, &a, &b, 100);
    for (uint64_t i = 0; i < 50; i++) {
        client_submit(&c, &bad, i);
        cr_assert_eq(client_run(&other, &good).status, LANES_OK);
        cr_assert_eq(client_wait(&c).status, LANES_E_KERNEL_FAULT);
    }
    client_close(&other);
}
