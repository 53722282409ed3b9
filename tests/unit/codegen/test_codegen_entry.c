/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function is the callback and by which convention it is called: found, named, and
 * refused. Not here: its signature (test_codegen_signature.c, test_codegen_results.c) and
 * what its body may contain (test_codegen_admit.c).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

static const char two_functions[] = "define double @a(double %x) {\n  ret double %x\n}\n"
                                    "define double @b(double %x) {\n  ret double %x\n}\n";

static const char numba_like[] =
    "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"
    "  store double %x, ptr %ret\n  ret i32 0\n}\n"
    "define linkonce_odr void @NRT_incref(ptr %p) {\n  ret void\n}\n"
    "declare void @numba_gil_ensure(ptr)\n"
    "define double @cfunc._ZN1fEd(double %x) {\n"
    "  %r = alloca double\n  call void @numba_gil_ensure(ptr %r)\n"
    "  %s = call i32 @_ZN1fEd(ptr %r, ptr null, double %x)\n"
    "  %v = load double, ptr %r\n  ret double %v\n}\n";

static void expect_signature(lanes_codegen_output *output, const char *wanted)
{
    char text[LANES_SIGNATURE_TEXT_MAX];
    cr_assert_eq(output->result.status, LANES_OK, "%s", output->result.message);
    lanes_signature_format(&output->result.signature, text);
    cr_expect_str_eq(text, wanted);
    lanes_codegen_output_deinit(output);
}

Test(codegen_entry, only_external_definition_is_found)
{
    lanes_codegen_output output =
        compile_text("define internal i64 @help(i64 %x) {\n  ret i64 %x\n}\n"
                     "define i64 @f(i32 %a, float %b, double %c, i64 %d) {\n"
                     "  %y = call i64 @help(i64 %d)\n  ret i64 %y\n}\n");
    expect_signature(&output, "i8(i4,f4,f8,i8)");
}

Test(codegen_entry, native_function_of_a_cfunc_is_found)
{
    lanes_codegen_output output = compile_text(numba_like);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    cr_expect(strstr(output.report, "\"convention\":\"numba\"") != NULL);
    cr_expect(strstr(output.report, "\"entry\":\"_ZN1fEd\"") != NULL);
    expect_signature(&output, "f8(f8)");
}

Test(codegen_entry, cfunc_and_native_name_select_the_same_function)
{
    static const char *const names[] = {"cfunc._ZN1fEd", "_ZN1fEd"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        lanes_compile_request request = request_for(numba_like);
        memcpy(request.entry, names[i], strlen(names[i]) + 1);
        lanes_codegen_output output = compile_request(&request, numba_like);
        cr_expect(strstr(output.report, "\"entry\":\"_ZN1fEd\"") != NULL);
        lanes_codegen_output_deinit(&output);
    }
}

Test(codegen_entry, named_entry_is_found_among_several)
{
    lanes_compile_request request = request_for(two_functions);
    request.entry[0] = 'b';
    lanes_codegen_output output = compile_request(&request, two_functions);
    cr_expect(strstr(output.report, "\"entry\":\"b\"") != NULL);
    expect_signature(&output, "f8(f8)");
}

Test(codegen_entry, none_and_several_are_refused)
{
    expect_refusal("define internal double @f(double %x) {\n  ret double %x\n}\n",
                   LANES_E_IR_ENTRY, "no function that could be the callback");
    expect_refusal(two_functions, LANES_E_IR_ENTRY, "2 candidate entries ('a', 'b')");
}

Test(codegen_entry, unknown_entry_lists_the_candidates)
{
    lanes_compile_request request = request_for(two_functions);
    request.entry[0] = 'c';
    lanes_codegen_output output = compile_request(&request, two_functions);
    cr_expect_eq(output.result.status, LANES_E_IR_ENTRY);
    cr_expect(strstr(output.result.message, "'c'; it has 'a', 'b'") != NULL, "%s",
              output.result.message);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_entry, wrapper_without_native_function_is_refused)
{
    expect_refusal("declare i32 @g(ptr, ptr, double)\n"
                   "define double @cfunc.g(double %x) {\n  ret double %x\n}\n",
                   LANES_E_IR_ENTRY, "not the native function");
}

/* ---- Conventions ----------------------------------------------------------------------
 */

struct convention_case {
    const char *ir;
    enum lanes_convention wanted; /* asked for */
    const char *convention;       /* that the report names */
    const char *signature;
};

#define RETURNS(type, name, parameters)                                                  \
    "define " type " @" name "(" parameters ") {\n  ret " type " zeroinitializer\n}\n"
#define READS(type, name, parameters, pointer)                                           \
    "define " type " @" name "(" parameters ") {\n  %v = load " type ", ptr " pointer    \
    "\n  ret " type " %v\n}\n"
#define NATIVE_OF_X(name, parameters)                                                    \
    "define i32 @" name "(ptr %ret, ptr %e" parameters ") {\n"                           \
    "  store double %x, ptr %ret\n  ret i32 0\n}\n"

static void run_cases(const struct convention_case *cases, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        char wanted[64];
        lanes_compile_request request = request_for(cases[c].ir);
        request.convention = cases[c].wanted;
        lanes_codegen_output output = compile_request(&request, cases[c].ir);
        snprintf(wanted, sizeof(wanted), "\"convention\":\"%s\"", cases[c].convention);
        cr_expect(strstr(output.report, wanted) != NULL, "%s lacks %s for\n%s",
                  output.report, wanted, cases[c].ir);
        expect_signature(&output, cases[c].signature);
    }
}

Test(codegen_entry, conventions_are_recognised, .timeout = 60)
{
    static const struct convention_case cases[] = {
        {RETURNS("double", "f", "double %x"), 0, "c", "f8(f8)"},
        {RETURNS("{ double, i32 }", "f", "double %x, i8 zeroext %y"), 0, "c",
         "f8,i4(f8,u1)"},
        {"define void @f(ptr sret({ double, double, i8 }) %r, double %x) {\n  ret "
         "void\n}\n",
         0, "c", "f8,f8,i1(f8)"},
        /* The name of Numba's or C++'s, but not the shape */
        {RETURNS("double", "_ZN1fEd", "double %x"), 0, "c", "f8(f8)"},
        {RETURNS("i32", "_ZN1fEd", "double %x, double %y"), 0, "c", "i4(f8,f8)"},
        {NATIVE_OF_X("_ZN1fEd", ", double %x"), 0, "numba", "f8(f8)"},
        {NATIVE_OF_X("f", ", double %x") RETURNS("double", "cfunc.f", "double %x"), 0,
         "numba", "f8(f8)"},
        {"define void @f(double %x, ptr %out) {\n  store double %x, ptr %out\n"
         "  ret void\n}\n",
         0, "c-out", "f8(f8)"},
        {READS("double", "f", "double %x, ptr %p", "%p"), 0, "scipy", "f8(f8)"},
        {READS("double", "f", "i32 %n, ptr %row", "%row"), 0, "scipy", "f8(f8[:])"},
        {READS("float", "f", "i32 %n, ptr %row, ptr %p", "%row"), 0, "scipy",
         "f4(f4[:])"},
        {READS("double", "f", "ptr %row", "%row"), 0, "scipy", "f8(f8[:])"},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

Test(codegen_entry, given_convention_counts, .timeout = 60)
{
    static const struct convention_case cases[] = {
        /* Not Numba's name, but Numba's shape, and the other way round */
        {NATIVE_OF_X("f", ", double %x"), LANES_CONVENTION_NUMBA, "numba", "f8(f8)"},
        {READS("i32", "_ZN2ns1fEPiS0_", "ptr %a, ptr %b", "%a"), LANES_CONVENTION_SCIPY,
         "scipy", "i4(i4[:])"},
        {RETURNS("double", "f", "double %x"), LANES_CONVENTION_C, "c", "f8(f8)"},
        {RETURNS("double", "f", "double %x"), LANES_CONVENTION_SCIPY, "scipy", "f8(f8)"},
        {"define void @f(double %x, ptr %out) {\n  store double %x, ptr %out\n"
         "  ret void\n}\n",
         LANES_CONVENTION_C_OUT, "c-out", "f8(f8)"},
        {"define void @f(ptr sret({ double, double, i8 }) %r, double %x) {\n  ret "
         "void\n}\n",
         LANES_CONVENTION_C, "c", "f8,f8,i1(f8)"},
    };
    run_cases(cases, LANES_ARRAY_COUNT(cases));
}

Test(codegen_entry, conventions_of_another_shape_are_refused)
{
    static const struct {
        const char *ir;
        enum lanes_convention wanted;
        const char *fragment;
    } cases[] = {
        {RETURNS("double", "f", "double %x"), LANES_CONVENTION_NUMBA,
         "convention 'numba' was given, but 'f' is not i32 (R *ret, excinfo **exc, ...)"},
        {RETURNS("i32", "f", "ptr %x"), LANES_CONVENTION_NUMBA, "'numba' was given"},
        {RETURNS("i64", "f", "ptr %x, ptr %y"), LANES_CONVENTION_NUMBA,
         "'numba' was given"},
        {RETURNS("i32", "f", "ptr %x, double %y"), LANES_CONVENTION_NUMBA,
         "'numba' was given"},
        {RETURNS("double", "f", "double %x, ptr %y"), LANES_CONVENTION_C_OUT,
         "convention 'c-out' was given, but 'f' returns a value; c-out is void "
         "f(inputs..., "
         "outputs *...)"},
        {"define void @f(ptr %x) {\n  ret void\n}\n", LANES_CONVENTION_SCIPY,
         "convention 'scipy' was given, but 'f' returns nothing; scipy is R f(T, void *) "
         "or "
         "R f(int, T *[, void *])"},
        {READS("double", "f", "double %x, ptr %y", "%y"), LANES_CONVENTION_C,
         "convention 'c' was given, but 'f' takes pointers or returns nothing; c is R "
         "f(T...) of numbers"},
        {"define void @f(double %x) {\n  ret void\n}\n", LANES_CONVENTION_C,
         "'c' was given"},
    };
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        lanes_compile_request request = request_for(cases[c].ir);
        request.convention = cases[c].wanted;
        expect_refused_request(&request, cases[c].ir, LANES_E_IR_SIGNATURE,
                               cases[c].fragment);
    }
    lanes_compile_request request = request_for(cases[0].ir);
    request.convention = LANES_CONVENTION_SCIPY + 1;
    expect_refused_request(&request, cases[0].ir, LANES_E_INVALID,
                           "convention 5 is unknown");
}

/* ---- Pointers by convention -----------------------------------------------------------
 */

Test(codegen_entry, pointers_of_scipy_have_roles)
{
    static const struct {
        const char *ir;
        const char *given;
        const char *signature;
        bool has_params;
        uint64_t params_bytes;
    } cases[] = {
        /* LowLevelCallable of quad: the last pointer is user data. */
        {READS("double", "f", "double %x, ptr %user", "%user"), NULL, "f8(f8)", true, 8},
        {READS("double", "f", "double %x, ptr %user", "%user"), "f8(f8)", "f8(f8)", true,
         8},
        {READS("double", "f", "double %x, ptr %row", "%row"), "f8(f8,f8[:])",
         "f8(f8,f8[:])", false, 0},
        /* nquad, with and without user data */
        {READS("double", "f", "i32 %n, ptr %x", "%x"), NULL, "f8(f8[:])", false, 0},
        {READS("double", "f", "i32 %n, ptr %x, ptr %user", "%user"), NULL, "f8(f8[:])",
         true, 8},
        {READS("double", "f", "i32 %n, ptr %x", "%x"), "double(intc, CPointer(double))",
         "f8(f8[:])", false, 0},
        /* Numba's void pointer is a params block wherever it stands. */
        {"define i32 @_ZN1fE7void_2ad(ptr %ret, ptr %e, ptr %p, double %x) {\n"
         "  %q = getelementptr i8, ptr %p, i64 40\n  %v = load float, ptr %q\n"
         "  store float %v, ptr %ret\n  ret i32 0\n}\n",
         NULL, "f4(f8)", true, 44},
        {"define i32 @_ZN1fEd10float32_2a(ptr %ret, ptr %e, double %x, ptr %p) {\n"
         "  %v = load float, ptr %p\n  store float %v, ptr %ret\n  ret i32 0\n}\n",
         NULL, "f4(f8,f4[:])", false, 0},
    };
    for (size_t c = 0; c < LANES_ARRAY_COUNT(cases); c++) {
        const lanes_compile_request request = request_with(cases[c].ir, cases[c].given);
        lanes_codegen_output output = compile_request(&request, cases[c].ir);
        cr_expect_eq(output.result.has_params, cases[c].has_params, "%s", cases[c].ir);
        cr_expect_eq(output.result.params_bytes, cases[c].params_bytes, "%s",
                     cases[c].ir);
        expect_signature(&output, cases[c].signature);
    }
}

Test(codegen_entry, impossible_pointers_are_refused)
{
    expect_refusal("define i32 @_ZN1fEd7void_2a7void_2a(ptr %ret, ptr %e, double %x, "
                   "ptr %p, ptr %q) {\n  store double %x, ptr %ret\n  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE,
                   "argument 2 of '_ZN1fEd7void_2a7void_2a' is a "
                   "second params block");
    expect_refusal("define i32 @_ZN1fEd7void_2a(ptr %ret, ptr %e, double %x, ptr %p) {\n"
                   "  store double %x, ptr %p\n  store double %x, ptr %ret\n"
                   "  ret i32 0\n}\n",
                   LANES_E_IR_SIGNATURE,
                   "argument 1 of '_ZN1fEd7void_2a' is a params block, "
                   "which all elements share");
    static const char middle[] =
        READS("double", "f", "ptr %p, double %x, double %y", "%p");
    const lanes_compile_request request = request_with(middle, "f8(f8,f8)");
    expect_refused_request(
        &request, middle, LANES_E_IR_SIGNATURE,
        "argument 0 of 'f' is a pointer that is neither the last "
        "argument (a params block) nor, by the signature given, a row");
    /* A row that is written at an index that is no constant is no row. */
    expect_refusal("define double @f(i32 %n, ptr %row) {\n"
                   "  %i = sext i32 %n to i64\n"
                   "  %p = getelementptr double, ptr %row, i64 %i\n"
                   "  store double 1.0, ptr %p\n  ret double 0.0\n}\n",
                   LANES_E_IR_SIGNATURE, "cannot be seen from the IR");
}

/* After inlining it does not matter how registers would have been used. */
Test(codegen_entry, calling_conventions_of_other_languages_work)
{
    static const char *const conventions[] = {
        "fastcc",          "coldcc",  "swiftcc",         "tailcc",
        "preserve_mostcc", "win64cc", "x86_vectorcallcc"};
    double x[] = {1.0, -2.0, 7.0};

    for (size_t i = 0; i < LANES_ARRAY_COUNT(conventions); i++) {
        char ir[768];
        /* One that is inlined, and one that calls itself. */
        snprintf(ir, sizeof(ir),
                 "define internal %s double @g(double %%x) {\n"
                 "  %%small = fcmp ole double %%x, 1.0\n"
                 "  br i1 %%small, label %%a, label %%b\n"
                 "a:\n  ret double 1.0\n"
                 "b:\n  %%y = fsub double %%x, 1.0\n"
                 "  %%z = call %s double @g(double %%y)\n"
                 "  %%r = fmul double %%x, %%z\n  ret double %%r\n}\n"
                 "define %s double @f(double %%x) {\n"
                 "  %%g = call %s double @g(double %%x)\n"
                 "  %%y = fadd double %%x, %%g\n  ret double %%y\n}\n",
                 conventions[i], conventions[i], conventions[i], conventions[i]);
        const kernel k = kernel_with(ir, NULL, "f8(f8)");
        double y[3] = {0};
        const lanes_loop_frame frame = frame_of(&k, (void *[]){x, y});
        cr_expect_eq(run_frame(&k, &frame, 0, 3).failed, 0);
        for (int j = 0; j < 3; j++) {
            cr_expect_eq(y[j],
                         j == 0   ? 2.0
                         : j == 1 ? -1.0
                                  : 5047.0,
                         "%s: f(%g) = %g", conventions[i], x[j], y[j]);
        }
    }
}

/* A callback that calls itself is called by its own convention. */
Test(codegen_entry, recursive_callbacks_keep_their_calling_convention)
{
    static const char *const conventions[] = {"", "fastcc", "x86_vectorcallcc"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(conventions); i++) {
        char ir[512];
        snprintf(
            ir, sizeof(ir),
            "define %s i64 @f(i64 %%x) {\n"
            "  %%small = icmp sle i64 %%x, 1\n  br i1 %%small, label %%a, label %%b\n"
            "a:\n  ret i64 1\n"
            "b:\n  %%y = sub i64 %%x, 1\n  %%z = call %s i64 @f(i64 %%y)\n"
            "  %%w = sub i64 %%x, 2\n  %%v = call %s i64 @f(i64 %%w)\n"
            "  %%r = add i64 %%v, %%z\n  ret i64 %%r\n}\n",
            conventions[i], conventions[i], conventions[i]);
        const kernel k = kernel_with(ir, NULL, "i8(i8)");
        int64_t x[] = {0, 1, 2, 10};
        expect_values(&k, 4, (void *[]){x}, (const void *[]){(int64_t[]){1, 1, 2, 89}});
    }
}
