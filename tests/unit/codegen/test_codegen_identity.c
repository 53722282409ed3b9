/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a kernel: the same for what another process calls otherwise, another
 * one for whatever computes something else.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

typedef struct identity {
    uint8_t bytes[LANES_IDENTITY_BYTES];
} identity;

static bool is_same(identity a, identity b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static identity identity_by(const lanes_compile_request *request, const char *ir)
{
    identity out;
    lanes_codegen_output output = compile_request(request, ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s\n%s", output.result.message, ir);
    memcpy(out.bytes, output.result.identity, sizeof(out.bytes));
    lanes_codegen_output_deinit(&output);
    return out;
}

static identity identity_of(const char *ir)
{
    const lanes_compile_request request = request_for(ir);
    return identity_by(&request, ir);
}

static void expect_same(const char *a, const char *b)
{
    cr_expect(is_same(identity_of(a), identity_of(b)), "not the same:\n%s\n%s", a, b);
}

static void expect_other(const char *a, const char *b)
{
    cr_expect(!is_same(identity_of(a), identity_of(b)), "the same:\n%s\n%s", a, b);
}

/* @p text with the one place that is @p from made @p to; free() it. */
static char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    cr_assert_not_null(at, "no '%s'", from);
    cr_assert_null(strstr(at + 1, from), "'%s' twice", from);
    const size_t bytes = strlen(text) + strlen(to) + 1;
    char *out = malloc(bytes);
    snprintf(out, bytes, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static char *read_data(const char *name)
{
    enum { SIZE = 1 << 16 };
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/%s", getenv("LANES_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, SIZE);
    cr_assert_lt(fread(text, 1, SIZE, file), SIZE);
    fclose(file);
    return text;
}

static LLVMMemoryBufferRef bitcode_of(const char *text)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *message = NULL;
    cr_assert_eq(LLVMParseIRInContext(context,
                                      LLVMCreateMemoryBufferWithMemoryRangeCopy(
                                          text, strlen(text), "text"),
                                      &module, &message),
                 0, "%s", message);
    LLVMMemoryBufferRef code = LLVMWriteBitcodeToMemoryBuffer(module);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return code;
}

static void expect_same_as_bitcode(const char *text)
{
    LLVMMemoryBufferRef code = bitcode_of(text);
    lanes_compile_request request = request_for("");
    request.ir_bytes = LLVMGetBufferSize(code);
    cr_expect(is_same(identity_by(&request, LLVMGetBufferStart(code)), identity_of(text)),
              "bitcode differs from\n%s", text);
    LLVMDisposeMemoryBuffer(code);
}

/* ---- By Numba -----------------------------------------------------------------------
 */

Test(codegen_identity, two_processes_of_numba_agree, .timeout = 240)
{
    char *a = read_data("identity-a.ll");
    char *b = read_data("identity-b.ll");
    expect_same(a, b);
    expect_same_as_bitcode(a);
    expect_same_as_bitcode(b);
    free(a);
    free(b);
}

Test(codegen_identity, texts_of_exceptions_do_not_count, .timeout = 240)
{
    char *a = read_data("identity-a.ll");
    char *b = with(a, "negative", "positive");
    char *c = with(a, "IndexError", "ValueError");
    expect_same(a, b);
    expect_same(a, c);
    free(a);
    free(b);
    free(c);
}

#define RAISE(number) "}* @.const.picklebuf." number ", {"

Test(codegen_identity, where_which_exception_is_raised_counts, .timeout = 240)
{
    char *a = read_data("identity-a.ll");
    char *b = with(a, RAISE("139789192369472"), RAISE("0"));
    char *c = with(b, RAISE("139789193832128"), RAISE("139789192369472"));
    char *d = with(c, RAISE("0"), RAISE("139789193832128"));
    expect_other(a, d);
    free(a);
    free(b);
    free(c);
    free(d);
}

Test(codegen_identity, numbas_code_and_tables_count, .timeout = 240)
{
    char *a = read_data("identity-a.ll");
    char *b = with(a, "double %arg.x, 2.500000e-01", "double %arg.x, 7.500000e-01");
    char *c = with(a, "\\00\\00\\00\\00\\00\\00\\E0?", "\\00\\00\\00\\00\\00\\00\\E1?");
    expect_other(a, b);
    expect_other(a, c);
    free(a);
    free(b);
    free(c);
}

/* A static and a dynamic raise of what Python pickles in two folders. */
#define HEAD                                                                             \
    "\\8C\\08builtins\\94\\8C\\0AValueError\\94\\93\\94\\8C\\03neg\\94\\85\\94\\8C\\01f"
#define SHORT                                                                            \
    "[70 x i8] c\"\\80\\04\\95;\\00\\00\\00\\00\\00\\00\\00" HEAD                        \
    "\\94\\8C\\0B/tmp/x/a.py\\94K\\03\\87\\94\\87\\94.\"\n"
#define LONG                                                                             \
    "[76 x i8] c\"\\80\\04\\95A\\00\\00\\00\\00\\00\\00\\00" HEAD                        \
    "\\94\\8C\\11/tmp/y/another.py\\94K\\03\\87\\94\\87\\94.\"\n"

static void write_raiser(char *ir, size_t bytes, const char *pickle, const char *size,
                         const char *size_address)
{
    snprintf(ir, bytes,
             "@pickle = internal constant %s"
             "declare ptr @NRT_Allocate(i64)\n"
             "define i32 @_ZN1fEd(ptr %%ret, ptr %%exc, double %%x) {\n"
             "  store double %%x, ptr %%ret\n"
             "  %%bad = fcmp olt double %%x, 0.0\n"
             "  br i1 %%bad, label %%raise, label %%fine\n"
             "raise:\n"
             "  %%e = call ptr @NRT_Allocate(i64 40)\n"
             "  %%first = bitcast ptr %%e to ptr\n"
             "  store ptr @pickle, ptr %%first\n"
             "  %%at = getelementptr %s\n"
             "  %%second = bitcast ptr %%at to ptr\n"
             "  store i32 %s, ptr %%second\n"
             "  store ptr %%e, ptr %%exc\n"
             "  ret i32 1\n"
             "fine:\n"
             "  ret i32 0\n"
             "}\n",
             pickle, size_address, size);
}

Test(codegen_identity, sizes_of_pickles_do_not_count, .timeout = 240)
{
    static const char *const addresses[] = {
        "i8, ptr %e, i64 8", "{ ptr, i32, ptr, ptr, i32 }, ptr %e, i32 0, i32 1"};
    char a[2048];
    char b[2048];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(addresses); i++) {
        write_raiser(a, sizeof(a), SHORT, "70", addresses[i]);
        write_raiser(b, sizeof(b), LONG, "76", addresses[i]);
        expect_same(a, b);
        write_raiser(b, sizeof(b), LONG, "77", addresses[i]);
        expect_other(a, b);
    }
}

/* A pickle that the callback computes with is a table like others. */
Test(codegen_identity, a_pickle_that_is_read_counts, .timeout = 240)
{
    static const char text[] =
        "@excinfo = internal constant { ptr, i32 } { ptr @pickle, i32 13 }\n"
        "@pickle = internal constant "
        "[13 x i8] c\"\\80\\04\\8C\\01m\\8C\\01E\\93)N\\87.\"\n"
        "define i32 @_ZN1fEx(ptr %ret, ptr %exc, i64 %i) {\n"
        "  %at = getelementptr i8, ptr @pickle, i64 %i\n"
        "  %byte = load i8, ptr %at\n"
        "  %y = zext i8 %byte to i64\n"
        "  store i64 %y, ptr %ret\n"
        "  store ptr @excinfo, ptr %exc\n"
        "  ret i32 1\n"
        "}\n";
    char *read = with(text, "\\01E", "\\01F");
    expect_other(text, read);
#define READ "%at = getelementptr i8, ptr @pickle, i64 %i\n  %byte = load i8, ptr %at\n"
    char *a = with(text, READ, "%byte = trunc i64 %i to i8\n");
    char *b = with(read, READ, "%byte = trunc i64 %i to i8\n");
    expect_same(a, b);
    free(read);
    free(a);
    free(b);
}

/* ---- By hand ------------------------------------------------------------------------
 */

static const char base[] =
    "source_filename = \"a.c\"\n"
    "%pair = type { double, double }\n"
    "%\"odd name\" = type { i64, %pair }\n"
    "@table = internal unnamed_addr constant [4 x double] [double 0.5, double 1.0, "
    "double 2.0, double 4.0]\n"
    "@limits = internal constant %\"odd name\" { i64 3, %pair { double 0.0, double 1.0 } "
    "}\n"
    "declare double @exp(double)\n"
    "declare void @llvm.experimental.noalias.scope.decl(metadata)\n"
    "define internal double @power(double %x, i64 %n) #0 {\n"
    "start:\n"
    "  %done = icmp eq i64 %n, 0\n"
    "  br i1 %done, label %out, label %next\n"
    "next:\n"
    "  %less = sub nsw i64 %n, 1\n"
    "  %below = call double @power(double %x, i64 %less)\n"
    "  %more = fmul double %below, %x\n"
    "  br label %out\n"
    "out:\n"
    "  %y = phi double [ 1.0, %start ], [ %more, %next ]\n"
    "  ret double %y\n"
    "}\n"
    "define double @f(double %x, i64 %n) #1 {\n"
    "entry:\n"
    "  call void @llvm.experimental.noalias.scope.decl(metadata !4)\n"
    "  %i = and i64 %n, 3\n"
    "  %at = getelementptr [4 x double], ptr @table, i64 0, i64 %i\n"
    "  %t = load double, ptr %at, !alias.scope !1\n"
    "  %place = getelementptr %\"odd name\", ptr @limits, i64 0, i32 0\n"
    "  %limit = load i64, ptr %place, align 8, !range !0\n"
    "  %p = call double @power(double %x, i64 %limit)\n"
    "  %e = call double @exp(double %p)\n"
    "  %y = fadd nnan double %t, %e\n"
    "  ret double %y\n"
    "}\n"
    "attributes #0 = { nounwind }\n"
    "attributes #1 = { nounwind willreturn }\n"
    "!0 = !{i64 0, i64 9}\n"
    "!1 = !{!2}\n"
    "!2 = distinct !{!2, !3, !\"f: %x\"}\n"
    "!3 = distinct !{!3, !\"f\"}\n"
    "!4 = !{!5}\n"
    "!5 = distinct !{!5, !3, !\"f: %n\"}\n";

/* The same with other names, in another order, and with what nobody uses. */
static const char renamed[] =
    "source_filename = \"/somewhere/b.c\"\n"
    "%unused = type { i8 }\n"
    "%o = type { i64, %\"the pair\" }\n"
    "%\"the pair\" = type { double, double }\n"
    "@\"limits @ 0x7f12; #1\" = internal unnamed_addr constant %o { i64 3, %\"the pair\" "
    "{ "
    "double 0.0, double 1.0 } }\n"
    "@0 = private constant [4 x double] [double 0.5, double 1.0, double 2.0, double "
    "4.0]\n"
    "@unused.global = internal constant i32 7\n"
    "define double @\"callback.139789192369472\"(double, i64) #0 !dbg !14 {\n"
    "  call void @llvm.experimental.noalias.scope.decl(metadata !17), !dbg !15\n"
    "  %3 = and i64 %1, 3, !dbg !15\n"
    "  %4 = getelementptr [4 x double], ptr @0, i64 0, i64 %3\n"
    "  %5 = load double, ptr %4, !alias.scope !7\n"
    "  %6 = getelementptr %o, ptr @\"limits @ 0x7f12; #1\", i64 0, i32 0\n"
    "  %7 = load i64, ptr %6, align 8, !range !9\n"
    "  %8 = call double @z(double %0, i64 %7)\n"
    "  %9 = call double @exp(double %8)\n"
    "  %10 = fadd nnan double %5, %9\n"
    "  ret double %10\n"
    "}\n"
    "declare double @exp(double) local_unnamed_addr\n"
    "declare double @sin(double)\n"
    "define private double @z(double %a, i64 %b) #3 {\n"
    "  %d = icmp eq i64 %b, 0\n"
    "  br i1 %d, label %2, label %1\n"
    "1:\n"
    "  %c = sub nsw i64 %b, 1\n"
    "  %e = call double @z(double %a, i64 %c)\n"
    "  %f = fmul double %e, %a\n"
    "  br label %2\n"
    "2:\n"
    "  %g = phi double [ 1.0, %0 ], [ %f, %1 ]\n"
    "  ret double %g\n"
    "  uselistorder label %2, { 1, 0 }\n"
    "}\n"
    "declare void @llvm.experimental.noalias.scope.decl(metadata)\n"
    "attributes #0 = { willreturn nounwind }\n"
    "attributes #3 = { nounwind }\n"
    "!llvm.ident = !{!4}\n"
    "!llvm.module.flags = !{!11}\n"
    "!llvm.dbg.cu = !{!12}\n"
    "!4 = !{!\"another compiler\"}\n"
    "!5 = distinct !{!5, !6, !\"g: %y\"}\n"
    "!6 = distinct !{!6, !\"another name\"}\n"
    "!7 = !{!5}\n"
    "!9 = !{i64 0, i64 9}\n"
    "!11 = !{i32 2, !\"Debug Info Version\", i32 3}\n"
    "!12 = distinct !DICompileUnit(language: DW_LANG_C, file: !13)\n"
    "!13 = !DIFile(filename: \"b.c\", directory: \"/somewhere\")\n"
    "!14 = distinct !DISubprogram(name: \"f\", file: !13, unit: !12, spFlags: "
    "DISPFlagDefinition)\n"
    "!15 = !DILocation(line: 1, scope: !14)\n"
    "!16 = distinct !{!16, !6, !\"g: %1\"}\n"
    "!17 = !{!16}\n";

Test(codegen_identity, names_order_and_debug_info_do_not_count, .timeout = 240)
{
    expect_same(base, renamed);
    expect_same_as_bitcode(base);
    expect_same_as_bitcode(renamed);
}

Test(codegen_identity, whatever_is_computed_counts, .timeout = 240)
{
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"double 2.0, ", "double 2.5, "},
        {"{ i64 3, %pair", "{ i64 4, %pair"},
        {"and i64 %n, 3", "and i64 %n, 1"},
        {"fadd nnan", "fsub nnan"},
        {"fadd nnan", "fadd"},
        {"fadd nnan", "fadd ninf"},
        {"sub nsw", "sub"},
        {"sub nsw", "sub nuw"},
        {"double %t, %e", "double %e, %t"},
        {"[ 1.0, %start ]", "[ 2.0, %start ]"},
        {"icmp eq", "icmp slt"},
        {"align 8, !range !0", "align 8"},
        {"!{i64 0, i64 9}", "!{i64 0, i64 8}"},
        {"load double, ptr %at, !", "load volatile double, ptr %at, !"},
        {"  %e = call double @exp", "  %e = call fast double @exp"},
    };
    identity seen[LANES_ARRAY_COUNT(changes) + 1] = {identity_of(base)};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(changes); i++) {
        char *changed = with(base, changes[i].from, changes[i].to);
        seen[i + 1] = identity_of(changed);
        for (size_t k = 0; k <= i; k++) {
            cr_expect(!is_same(seen[k], seen[i + 1]), "%s -> %s has the identity of %zu",
                      changes[i].from, changes[i].to, k);
        }
        free(changed);
    }
}

Test(codegen_identity, which_external_function_counts, .timeout = 240)
{
    char *first = with(base, "declare double @exp", "declare double @sin");
    char *second = with(first, "call double @exp", "call double @sin");
    expect_other(base, second);
    free(first);
    free(second);
}

/* ---- The request and the report ------------------------------------------------------
 */

static const char narrow[] = "define signext i8 @f(i8 signext %x) {\n"
                             "  %y = add i8 %x, 1\n"
                             "  ret i8 %y\n"
                             "}\n";
static const char unextended[] = "define i8 @f(i8 %x) {\n"
                                 "  %y = add i8 %x, 1\n"
                                 "  ret i8 %y\n"
                                 "}\n";

Test(codegen_identity, the_signature_counts, .timeout = 240)
{
    const lanes_compile_request i1 = request_with(unextended, "i1(i1)");
    const lanes_compile_request u1 = request_with(unextended, "u1(u1)");
    const lanes_compile_request mixed = request_with(unextended, "u1(i1)");
    const identity a = identity_by(&i1, unextended);
    const identity b = identity_by(&u1, unextended);
    const identity c = identity_by(&mixed, unextended);
    cr_expect(!is_same(a, b) && !is_same(a, c) && !is_same(b, c));
    cr_expect(is_same(a, identity_of(unextended)), "it is the same without being said");
    expect_other(unextended, narrow);
}

Test(codegen_identity, math_and_cpu_count_and_the_variant_does_not, .timeout = 240)
{
    lanes_compile_request request = request_for(base);
    const identity host = identity_by(&request, base);
    request.math = LANES_MATH_EXACT;
    const identity exact = identity_by(&request, base);
    request.math = LANES_MATH_VECTOR;
    cr_expect(is_same(host, identity_by(&request, base)));
    memcpy(request.cpu, "x86-64-v2", sizeof("x86-64-v2"));
    const identity v2 = identity_by(&request, base);
    request.cpu[sizeof("x86-64-v2") - 2] = '3';
    const identity v3 = identity_by(&request, base);
    cr_expect(!is_same(host, exact) && !is_same(host, v2) && !is_same(host, v3) &&
              !is_same(v2, v3) && !is_same(exact, v2));
    request = request_for(base);
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.layout = {LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_UNIFORM,
                                       LANES_LAYOUT_CONTIGUOUS}};
    cr_expect(is_same(host, identity_by(&request, base)));
}

Test(codegen_identity, the_report_has_it, .timeout = 240)
{
    lanes_codegen_output output = compile_text(narrow);
    json_t *report = json_loads(output.report, 0, NULL);
    char hex[2 * LANES_IDENTITY_BYTES + 1];
    for (size_t i = 0; i < LANES_IDENTITY_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", output.result.identity[i]);
    }
    cr_expect_str_eq(json_string_value(json_object_get(report, "identity")), hex);
    json_decref(report);
    lanes_codegen_output_deinit(&output);
}

/* ---- Code that the executor has ------------------------------------------------------
 */

/* Compiles @p ir for an executor that has @p known; 1 if the code is left out. */
static uint32_t is_left_out(lanes_compile_request request, const char *ir,
                            const lanes_code_key *known, uint32_t count)
{
    request.known_count = count;
    lanes_codegen_output output = compile_knowing(&request, ir, known);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    const uint32_t is_known = output.result.is_known;
    cr_expect_eq(output.result.object_bytes == 0, is_known == 1);
    cr_expect_eq(output.object == NULL, is_known == 1);
    json_t *report = json_loads(output.report, 0, NULL);
    json_t *variant = json_array_get(json_object_get(report, "variants"), 0);
    cr_expect_eq(json_is_true(json_object_get(variant, "cached")), is_known == 1);
    cr_expect_eq(json_object_get(variant, "vector_width") == NULL, is_known == 1);
    json_decref(report);
    lanes_codegen_output_deinit(&output);
    return is_known;
}

Test(codegen_identity, code_that_the_executor_has_is_left_out, .timeout = 240)
{
    char *a = read_data("identity-a.ll");
    char *b = read_data("identity-b.ll");
    lanes_compile_request request = request_for(a);
    lanes_codegen_output output = compile_request(&request, a);
    cr_assert_eq(output.result.is_known, 0);
    const lanes_code_key known[3] = {{{1}}, {{2}}, output.result.code_key};
    cr_assert_gt(output.result.payload_count, 0);
    const uint32_t payload_count = output.result.payload_count;
    lanes_codegen_output_deinit(&output);

    lanes_compile_request other = request_for(b);
    other.known_count = 3;
    output = compile_knowing(&other, b, known);
    cr_assert_eq(output.result.is_known, 1, "another process's");
    cr_expect_eq(output.result.payload_count, payload_count, "its own places and texts");
    cr_expect_eq(output.payloads[0].form, LANES_PAYLOAD_TEXT);
    lanes_codegen_output_deinit(&output);

    cr_expect_eq(is_left_out(request, a, known, 3), 1);
    cr_expect_eq(is_left_out(request, a, known, 2), 0, "not named");
    request.math = LANES_MATH_EXACT;
    cr_expect_eq(is_left_out(request, a, known, 3), 0, "math");
    free(a);
    free(b);
}

Test(codegen_identity, code_is_that_of_one_variant, .timeout = 240)
{
    lanes_compile_request request = request_for(base);
    lanes_codegen_output output = compile_request(&request, base);
    const lanes_code_key known = output.result.code_key;
    lanes_codegen_output_deinit(&output);
    cr_expect_eq(is_left_out(request, base, &known, 1), 1);
    request.default_key = 0;
    request.key =
        (lanes_variant_key){.layout = {LANES_LAYOUT_CONTIGUOUS, LANES_LAYOUT_UNIFORM,
                                       LANES_LAYOUT_CONTIGUOUS}};
    cr_expect_eq(is_left_out(request, base, &known, 1), 0);
}
