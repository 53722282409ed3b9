/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_kernel.c - loading, describing, reporting and releasing kernels.
 */
#include "unit/client/client_fixture.h"

TestSuite(client_kernel, .timeout = 30, .init = open_honest, .fini = close_all);

Test(client_kernel, loaded_kernel_describes_itself)
{
    lanes_kernel *kernel = load_add();
    cr_assert_eq(lanes_kernel_input_count(kernel), 2);
    cr_assert_eq(lanes_kernel_output_count(kernel), 1);
    cr_assert_eq(lanes_kernel_compile_ns(kernel), 12345);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(lanes_kernel_dtype(kernel, i), (uint32_t)LANES_F8);
    }
    cr_assert_eq(lanes_kernel_dtype(kernel, 3), (uint32_t)LANES_DTYPE_NONE);
    cr_assert_eq(lanes_kernel_dtype(kernel, UINT32_MAX), (uint32_t)LANES_DTYPE_NONE);
    cr_assert_not(lanes_kernel_is_row(kernel, 0));
    cr_assert_not(lanes_kernel_has_params(kernel));
    cr_assert_eq(lanes_kernel_params_bytes(kernel), 0);
    lanes_kernel_release(kernel);
    lanes_kernel_release(NULL);
}

Test(client_kernel, rows_and_params_are_described)
{
    fake.plan.row_mask = 2;
    fake.plan.params_bytes = 24;
    lanes_kernel *kernel = load_add();
    cr_assert_eq(lanes_kernel_is_row(kernel, 0), 0);
    cr_assert_eq(lanes_kernel_is_row(kernel, 1), 1);
    cr_assert_eq(lanes_kernel_is_row(kernel, 2), 0, "an output");
    cr_assert_eq(lanes_kernel_is_row(kernel, 33), 0, "no operand");
    cr_assert_eq(lanes_kernel_is_row(kernel, UINT32_MAX), 0);
    cr_assert_eq(lanes_kernel_has_params(kernel), 1);
    cr_assert_eq(lanes_kernel_params_bytes(kernel), 24);
}

Test(client_kernel, options_arrive)
{
    lanes_kernel_options options;
    lanes_kernel_options_default(&options);
    cr_assert_eq(options.convention, (uint32_t)LANES_CONVENTION_AUTO);
    char signature[LANES_SIGNATURE_TEXT_MAX] = {0};
    memset(signature, 's', sizeof(signature) - 1);
    options.convention = LANES_CONVENTION_SCIPY;
    options.math = LANES_MATH_EXACT;
    options.signature = signature;
    lanes_kernel *kernel = NULL;
    cr_assert_eq(lanes_kernel_load(session, "define", 6, &options, &kernel, &err),
                 LANES_OK);
    cr_assert_eq(fake.load.convention, (uint32_t)LANES_CONVENTION_SCIPY);
    cr_assert_eq(fake.load.math, (uint32_t)LANES_MATH_EXACT);
    cr_assert_eq(fake.load.fp, 0);
    cr_assert_str_eq(fake.load.signature, signature);
}

Test(client_kernel, report_is_text_of_the_callers)
{
    lanes_kernel *kernel = load_add();
    char *json = NULL;
    cr_assert_eq(lanes_kernel_report(kernel, &json, &err), LANES_OK);
    cr_assert_str_eq(json, "{\"ir_bytes\":6}");
    free(json);
}

Test(client_kernel, refusal_carries_the_executors_text)
{
    lanes_kernel_options options;
    lanes_kernel_options_default(&options);
    options.entry = "not there";
    lanes_kernel *kernel = NULL;
    cr_assert_eq(lanes_kernel_load(session, "define", 6, &options, &kernel, &err),
                 LANES_E_IR_ENTRY);
    cr_assert_str_eq(err.message, "there is no 'not there'");
    cr_assert_null(kernel);
}

Test(client_kernel, large_ir_arrives)
{
    lanes_kernel *kernel = NULL;
    char *ir = calloc(LANES_IR_BYTES_MAX, 1);
    cr_assert_eq(lanes_kernel_load(session, ir, LANES_IR_BYTES_MAX, NULL, &kernel, &err),
                 LANES_OK);
    cr_assert_eq(
        lanes_kernel_load(session, ir, LANES_IR_BYTES_MAX + 1, NULL, &kernel, &err),
        LANES_E_INVALID);
    cr_assert_not_null(strstr(err.message, "LANES_IR_BYTES_MAX"));
    free(ir);
}

Test(client_kernel, arguments_are_checked)
{
    lanes_kernel *kernel = NULL;
    char longer[LANES_ENTRY_NAME_MAX + 1];
    memset(longer, 'n', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    lanes_kernel_options cases[6];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        lanes_kernel_options_default(&cases[i]);
    }
    cases[0].struct_bytes--;
    cases[1].flags = 2;
    cases[2].convention = LANES_CONVENTION_SCIPY + 1;
    cases[3].math = 2;
    cases[4].entry = longer;
    cases[5].signature = longer;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        cr_assert_eq(lanes_kernel_load(session, "x", 1, &cases[i], &kernel, &err),
                     LANES_E_INVALID, "case %zu", i);
    }
    cr_assert_eq(lanes_kernel_load(session, NULL, 1, NULL, &kernel, &err),
                 LANES_E_INVALID);
    cr_assert_eq(lanes_kernel_load(session, "x", 0, NULL, &kernel, &err),
                 LANES_E_INVALID);
    lanes_kernel_options good;
    lanes_kernel_options_default(&good);
    longer[LANES_ENTRY_NAME_MAX - 1] = '\0';
    good.entry = longer;
    good.signature = "f8(f8,f8)";
    good.flags = LANES_KERNEL_STAGES;
    good.math = LANES_MATH_EXACT;
    cr_assert_eq(lanes_kernel_load(session, "x", 1, &good, &kernel, &err), LANES_OK);
}

Test(client_kernel, close_releases_what_is_left)
{
    lanes_kernel *kernels[3];
    for (size_t i = 0; i < 3; i++) {
        kernels[i] = load_add();
    }
    lanes_kernel_release(kernels[1]);
    lanes_kernel_release(kernels[2]);
    close_all();
    cr_assert_eq(fake.kernels_left, 1);
    open_honest();
}
