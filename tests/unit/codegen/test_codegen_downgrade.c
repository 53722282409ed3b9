/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IR of newer LLVMs: text loses what LLVM 19 does not know and nothing else, bitcode is
 * refused with the name of who wrote it. The text of the filter is tested whatever LLVM
 * is linked, and so is what becomes of it: LLVM 22 upgrades old forms.
 */
#include <criterion/criterion.h>
#include <llvm-c/BitWriter.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_compat.h"
#include "codegen/codegen_downgrade.h"
#include "codegen/codegen_internal.h"
#include "harness.h"

/* ---- The filter -----------------------------------------------------------------------
 */

struct fragment {
    const char *text;
    const char *wanted; /* NULL: nothing to do */
};

static void expect_fragments(const struct fragment *fragments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0;
        char *text =
            lanes_codegen_downgrade(fragments[i].text, strlen(fragments[i].text), &bytes);
        if (fragments[i].wanted == NULL) {
            cr_expect_null(text, "'%s' became '%s'", fragments[i].text, text);
        } else if (text == NULL) {
            cr_expect_fail("'%s' is as it was", fragments[i].text);
        } else {
            cr_expect_str_eq(text, fragments[i].wanted, "'%s' became '%s', not '%s'",
                             fragments[i].text, text, fragments[i].wanted);
            cr_expect_eq(bytes, strlen(fragments[i].wanted));
        }
        free(text);
    }
}

Test(codegen_downgrade, attributes_are_dropped)
{
    static const struct fragment fragments[] = {
        {"declare void @f(ptr captures(none))", "declare void @f(ptr )"},
        {"call void @f(ptr nonnull captures(address, read_provenance) %p, i32 1)",
         "call void @f(ptr nonnull  %p, i32 1)"},
        {"ptr captures(ret: address, provenance) noundef %p", "ptr  noundef %p"},
        {"ptr captures ( none ) %p", "ptr  %p"},
        {"ptr captures(\n  none)\n%p", "ptr \n%p"},
        {"define void @f(ptr dead_on_return noalias %p)",
         "define void @f(ptr  noalias %p)"},
        {"ptr dead_on_return(16) %p", "ptr  %p"},
        {"attributes #0 = { nocallback nocreateundeforpoison nofree }",
         "attributes #0 = { nocallback  nofree }"},
        {"attributes #1 = { sanitize_type sanitize_realtime coro_elide_safe }",
         "attributes #1 = {    }"},
        {"define noext i32 @f(i32 noext %x)", "define  i32 @f(i32  %x)"},
        {"attributes #2 = { nodivergencesource sanitize_alloc_token \"captures\"=\"x\" }",
         "attributes #2 = {   \"captures\"=\"x\" }"},
        {"attributes #3 = { nounwind memory(errnomem: write) }",
         "attributes #3 = { nounwind  }"},
        {"memory(argmem: read, errnomem: write, target_mem0: none) nofree", " nofree"},
        {"memory(none)", NULL},
        {"memory(argmem: readwrite, inaccessiblemem: read)", NULL},
        {"range(i32 0, 5) initializes((0, 8)) nofpclass(nan) nonnull", NULL},
    };
    expect_fragments(fragments, LANES_ARRAY_COUNT(fragments));
}

Test(codegen_downgrade, flags_and_opcodes_are_replaced)
{
    static const struct fragment fragments[] = {
        {"%c = icmp samesign ult i32 %a, %b", "%c = icmp  ult i32 %a, %b"},
        {"%c = icmp ult i32 %samesign, %b", NULL},
        {"%a = ptrtoaddr ptr %p to i64", "%a = ptrtoint ptr %p to i64"},
        {"@x = global i64 ptrtoaddr (ptr @y to i64)",
         "@x = global i64 ptrtoint (ptr @y to i64)"},
        {"%y = fpext fast float %x to double", "%y = fpext  float %x to double"},
        {"%y = fptrunc nnan ninf contract double %x to float",
         "%y = fptrunc    double %x to float"},
        {"%y = fpext float %x to double", NULL},
        {"%y = fadd fast double %x, %x", NULL},
        {"%z = call fast { double, double } @f(double %x)",
         "%z = call  { double, double } @f(double %x)"},
        {"%z = tail call nnan nsz nofpclass(nan inf) noundef { float, float } @f()",
         "%z = tail call    noundef { float, float } @f()"},
        {"%z = call fast double @f({ double, double } %x)", NULL},
        {"%z = call fast nofpclass(nan) double @f(double %x)", NULL},
        {"%z = call fast <2 x double> @f(<2 x double> %x)", NULL},
        {"define nofpclass(nan inf) { double, double } @f(double nofpclass(nan) %x)",
         "define  { double, double } @f(double nofpclass(nan) %x)"},
        /* Known to 19 */
        {"%a = trunc nuw nsw i64 %x to i32\n%b = getelementptr nusw nuw i8, ptr %p, i64 "
         "1\n"
         "%d = uitofp nneg i32 %x to double\n%e = or disjoint i32 %x, 1\n"
         "%v = add <2 x i32> %w, splat (i32 1)",
         NULL},
    };
    expect_fragments(fragments, LANES_ARRAY_COUNT(fragments));
}

Test(codegen_downgrade, intrinsics_get_their_operand_back)
{
    static const struct fragment fragments[] = {
        {"call void @llvm.lifetime.start.p0(ptr nonnull %a)",
         "call void @llvm.lifetime.start.p0(i64 -1, ptr nonnull %a)"},
        {"declare void @llvm.lifetime.end.p0(ptr captures(none))",
         "declare void @llvm.lifetime.end.p0(i64, ptr )"},
        {"call void @llvm.lifetime.start.p0(i64 8, ptr %a)", NULL},
        {"declare void @llvm.lifetime.start.p0(i64 immarg, ptr nocapture)", NULL},
        {"%v = call <8 x double> @llvm.masked.load.v8f64.p0(ptr align 8 %p, <8 x i1> %m, "
         "<8 x double> poison)",
         "%v = call <8 x double> @llvm.masked.load.v8f64.p0(ptr align 8 %p, i32 8, <8 x "
         "i1> "
         "%m, <8 x double> poison)"},
        {"%v = call <2 x i32> @llvm.masked.load.v2i32.p0(ptr nonnull captures(none) %p, "
         "<2 "
         "x i1> <i1 true, i1 false>, <2 x i32> zeroinitializer)",
         "%v = call <2 x i32> @llvm.masked.load.v2i32.p0(ptr nonnull  %p, i32 1, <2 x "
         "i1> "
         "<i1 true, i1 false>, <2 x i32> zeroinitializer)"},
        {"declare <2 x i32> @llvm.masked.load.v2i32.p0(ptr captures(none), <2 x i1>, <2 "
         "x "
         "i32>) #1",
         "declare <2 x i32> @llvm.masked.load.v2i32.p0(ptr , i32, <2 x i1>, <2 x i32>) "
         "#1"},
        {"call void @llvm.masked.store.v2f32.p0(<2 x float> <float 1.0, float 2.0>, ptr "
         "align 4 %p, <2 x i1> %m)",
         "call void @llvm.masked.store.v2f32.p0(<2 x float> <float 1.0, float 2.0>, ptr "
         "align 4 %p, i32 4, <2 x i1> %m)"},
        {"%g = call <2 x double> @llvm.masked.gather.v2f64.v2p0(<2 x ptr> align 16 %p, "
         "<2 x "
         "i1> splat (i1 true), <2 x double> poison)",
         "%g = call <2 x double> @llvm.masked.gather.v2f64.v2p0(<2 x ptr> align 16 %p, "
         "i32 "
         "16, <2 x i1> splat (i1 true), <2 x double> poison)"},
        {"declare void @llvm.masked.scatter.v2f64.v2p0(<2 x double>, <2 x ptr>, <2 x "
         "i1>)",
         "declare void @llvm.masked.scatter.v2f64.v2p0(<2 x double>, <2 x ptr>, i32, <2 "
         "x "
         "i1>)"},
        {"%v = call <2 x i32> @llvm.masked.load.v2i32.p0(ptr %p, i32 4, <2 x i1> %m, <2 "
         "x "
         "i32> %q)",
         NULL},
        {"call void @llvm.masked.compressstore.v2f64(<2 x double> %a, ptr %p, <2 x i1> "
         "%m)",
         NULL},
    };
    expect_fragments(fragments, LANES_ARRAY_COUNT(fragments));
}

Test(codegen_downgrade, fields_of_debug_metadata_are_dropped)
{
    static const struct fragment fragments[] = {
        {"!1 = !DILocation(line: 3, column: 1, scope: !2, atomGroup: 1, atomRank: 2)",
         "!1 = !DILocation(line: 3, column: 1, scope: !2)"},
        {"!1 = !DILocation(atomGroup: 1, line: 3, scope: !2)",
         "!1 = !DILocation( line: 3, scope: !2)"},
        {"!1 = !DILocation(atomGroup: 1, atomRank: 2, scope: !2)",
         "!1 = !DILocation(  scope: !2)"},
        {"!1 = distinct !DISubprogram(name: \"f, keyInstructions: true\", unit: !2, "
         "keyInstructions: true)",
         "!1 = distinct !DISubprogram(name: \"f, keyInstructions: true\", unit: !2)"},
        {"!1 = distinct !DICompileUnit(sourceLanguageName: DW_LNAME_C, "
         "sourceLanguageVersion: 202311, file: !2)",
         "!1 = distinct !DICompileUnit(language: DW_LANG_C99, file: !2)"},
        {"!1 = !DILabel(scope: !2, name: \"l\", file: !3, line: 4, column: 5, "
         "isArtificial: true)",
         "!1 = !DILabel(scope: !2, name: \"l\", file: !3, line: 4)"},
        {"!1 = !DIBasicType(name: \"x\", size: 8, dataSize: 6, encoding: DW_ATE_signed)",
         "!1 = !DIBasicType(name: \"x\", size: 8, encoding: DW_ATE_signed)"},
        {"!1 = !DICompositeType(tag: DW_TAG_array_type, bitStride: i64 (5, 6), size: 1)",
         "!1 = !DICompositeType(tag: DW_TAG_array_type, size: 1)"},
        /* The same labels elsewhere */
        {"!1 = !DILocation(line: 3, column: 1, scope: !2)", NULL},
        {"!1 = !DILexicalBlock(scope: !2, line: 3, column: 4)", NULL},
        {"atomGroup:\n  br label %atomGroup", NULL},
    };
    expect_fragments(fragments, LANES_ARRAY_COUNT(fragments));
}

Test(codegen_downgrade, strings_comments_and_names_are_kept)
{
    static const struct fragment fragments[] = {
        {"", NULL},
        {"@a = constant [15 x i8] c\"captures(none) \"", NULL},
        {"; captures(none) samesign\n", NULL},
        {"%captures = add i32 %samesign, 1 ; icmp samesign", NULL},
        {"@captures = global i32 0\n$noext = comdat any\n", NULL},
        {"call void @\"captures(none)\"(ptr %\"noext\")", NULL},
        {"!0 = !{!\"captures(none)\", !\"memory(errnomem: write)\"}", NULL},
        {"captures:\n  br label %noext\nnoext:\n  ret void\n", NULL},
        {"%noext.x = add i32 %y.noext, 1\n%z = add i32 %noext-1, %x$noext", NULL},
        {"source_filename = \"a\\22 captures(none)\"", NULL},
        {"\"icmp\" samesign", NULL},
        {"icmp ; samesign\nsamesign ult", "icmp ; samesign\n ult"},
        {"f(ptr captures(\"none)\") %p) ; \")\"", "f(ptr  %p) ; \")\""},
        /* Cut off, or never IR */
        {"captures(", "("},
        {"ptr captures(none", "ptr (none"},
        {"call void @llvm.lifetime.start.p0(", NULL},
        {"call <2 x i32> @llvm.masked.load.v2i32.p0(ptr %p, <2 x i1> %m, ", NULL},
        {"!1 = !DILocation(line: 3, atomRank:", "!1 = !DILocation(line: 3"},
        {"\"no end", NULL},
        {"@", NULL},
        {"memory(errnomem", NULL},
        {"fpext fast", "fpext "},
        {"icmp samesign", "icmp "},
    };
    expect_fragments(fragments, LANES_ARRAY_COUNT(fragments));
}

/* Text with a NUL in it ends nowhere earlier, and nothing is read behind the end. */
Test(codegen_downgrade, length_counts_and_not_a_terminator)
{
    static const char text[] = "icmp samesign ult\0icmp samesign ule";
    size_t bytes = 0;
    char *whole = lanes_codegen_downgrade(text, sizeof(text) - 1, &bytes);
    cr_assert_eq(bytes, sizeof(text) - 1 - 2 * strlen("samesign"));
    cr_expect_arr_eq(whole, "icmp  ult\0icmp  ule", bytes);
    free(whole);
    for (size_t end = 0; end < sizeof(text); end++) {
        char *exact = malloc(end + 1); /* a heap block, for sanitizers */
        memcpy(exact, text, end);
        free(lanes_codegen_downgrade(exact, end, &bytes));
        free(exact);
    }
}

/* Nothing is looked at again and again. */
Test(codegen_downgrade, hostile_texts_take_linear_time, .timeout = 60)
{
    static const char *const words[] = {"captures(",
                                        "memory(errnomem:",
                                        "call ",
                                        "nofpclass(",
                                        "@llvm.masked.load.v(",
                                        "\"",
                                        "!DILocation(atomRank:",
                                        "fpext fast "};
    for (size_t w = 0; w < LANES_ARRAY_COUNT(words); w++) {
        const size_t length = strlen(words[w]);
        const size_t count = (1u << 20) / length;
        char *text = malloc(count * length);
        for (size_t i = 0; i < count; i++) {
            memcpy(text + i * length, words[w], length);
        }
        size_t bytes;
        free(lanes_codegen_downgrade(text, count * length, &bytes));
        free(text);
    }
}

/* ---- Modules --------------------------------------------------------------------------
 */

static char *read_file(const char *name, size_t *out_bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/%s", getenv("LANES_SOURCE_DIR"), name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 1u << 17);
    *out_bytes = fread(text, 1, 1u << 17, file);
    cr_assert_lt(*out_bytes, 1u << 17);
    fclose(file);
    return text;
}

/* The C function in the head of clang-22.1-features.ll. */
static double features(double x, int n)
{
    double table[32];
    double sum = 0.0;
    if (n < 0) {
        return 0.0;
    }
    const unsigned m = (unsigned)n & 31u;
    for (int i = 0; i < 32; i++) {
        table[i] = (double)((float)x * (float)i);
    }
    for (unsigned i = 0; i < 32; i++) {
        const double picked = table[i] > 4.0 ? table[i ^ m] : 1.0;
        sum += picked > 1.0 ? picked * table[i] : 0.0;
    }
    const double real = m > 3 ? -sum : 2.0 * sum;
    const double imaginary = m > 3 ? x : 2.0 * x;
    return real + imaginary + ldexp(1.0, (int)m) + (n < 40 ? 1.0 : 0.0);
}

#define COUNT 200

static void expect_features(const char *ir)
{
    lanes_compile_request request = request_for(ir);
    request.entry[0] = 'f';
    const kernel k = kernel_of(&request, ir);
    expect_signature_of(&k.result, "f8(f8,i4)");
    double x[COUNT], y[COUNT];
    int32_t n[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 23 - 7; /* whole numbers: exact in every order of adding */
        n[i] = i - 20;
    }
    const lanes_loop_frame frame = frame_of(&k, (void *[]){x, n, y});
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(y[i], features(x[i], n[i]), "f(%g, %d) = %g, not %g", x[i], n[i],
                     y[i], features(x[i], n[i]));
    }
}

Test(codegen_downgrade, module_of_a_newer_clang_works, .timeout = 60)
{
    size_t bytes;
    char *text = read_file("clang-22.1-features.ll", &bytes);
    expect_features(text);
    /* Under every LLVM: what the filter makes of it. */
    char *older = lanes_codegen_downgrade(text, bytes, &bytes);
    cr_assert_not_null(older);
    static const char *const gone[] = {" captures(",
                                       " samesign ",
                                       "{ nocallback nocreateundef",
                                       "atomGroup",
                                       "atomRank",
                                       "fptrunc fast",
                                       "fpext fast",
                                       "call fast fastcc nofpclass"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(gone); i++) {
        cr_expect(strstr(text, gone[i]) != NULL, "%s", gone[i]);
        cr_expect(strstr(older, gone[i]) == NULL, "%s", gone[i]);
    }
    expect_features(older);
    size_t again;
    cr_expect_null(lanes_codegen_downgrade(older, bytes, &again));
    free(older);
    free(text);
}

Test(codegen_downgrade, modules_of_newer_numbas_work, .timeout = 60)
{
    static const char *const files[] = {
        "numba-0.62.1-dynamic.ll", "numba-0.68.1-dynamic.ll", "numba-0.68.1-static.ll"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(files); i++) {
        size_t bytes;
        char *text = read_file(files[i], &bytes);
        lanes_codegen_output output = compile_text(text);
        cr_expect_eq(output.result.status, LANES_OK, "%s: %s", files[i],
                     output.result.message);
        lanes_codegen_output_deinit(&output);
        char *older = lanes_codegen_downgrade(text, bytes, &bytes);
        if (older != NULL) {
            output = compile_text(older);
            cr_expect_eq(output.result.status, LANES_OK, "%s: %s", files[i],
                         output.result.message);
            lanes_codegen_output_deinit(&output);
        }
        free(older);
        free(text);
    }
}

/* What cannot be read at all is refused for what is wrong, not for the filter's work. */
Test(codegen_downgrade, faults_that_remain_are_named)
{
    expect_refusal("define double @f(double %x, ptr captures(none) %p) {\n"
                   "  %y = fnonsense double %x\n  ret double %y\n}\n",
                   LANES_E_IR_PARSE, "expected instruction opcode");
    expect_refusal("define double @f(double %x, i32 %n) {\n"
                   "  %c = icmp samesign ult i32 %n, 3\n  ret double %y\n}\n",
                   LANES_E_IR_PARSE, "use of undefined value '%y'");
    expect_refusal("define double @f(double %x) {\n  %y = fadd double %z, %x\n"
                   "  %z = fadd double %y, %x\n  ret double %y\n}\n",
                   LANES_E_IR_PARSE, "finds faults in this IR text");
}

/* ---- Bitcode --------------------------------------------------------------------------
 */

Test(codegen_downgrade, bitcode_of_a_newer_llvm_is_refused_by_name)
{
    size_t bytes;
    char *code = read_file("llvm-22.1-captures.bc", &bytes);
    char producer[64];
    cr_expect(lanes_codegen_bitcode_producer(code, bytes, producer, sizeof(producer)));
    cr_expect_str_eq(producer, "LLVM22.1.8");
    lanes_compile_request request = request_for("");
    request.ir_bytes = bytes;
    lanes_codegen_output output = compile_request(&request, code);
    if (LANES_LLVM_MAJOR >= 21) { /* which know captures(...) */
        cr_expect_eq(output.result.status, LANES_OK, "%s", output.result.message);
    } else {
        cr_expect_eq(output.result.status, LANES_E_IR_PARSE);
        char wanted[128];
        snprintf(wanted, sizeof(wanted),
                 "LLVM %s cannot read this bitcode, which "
                 "LLVM22.1.8 wrote: ",
                 lanes_codegen_llvm_version());
        cr_expect(strstr(output.result.message, wanted) != NULL, "%s",
                  output.result.message);
        snprintf(wanted, sizeof(wanted),
                 "; produce it with LLVM %d or older, or send IR "
                 "text",
                 LANES_LLVM_MAJOR);
        cr_expect(strstr(output.result.message, wanted) != NULL, "%s",
                  output.result.message);
    }
    lanes_codegen_output_deinit(&output);
    free(code);
}

Test(codegen_downgrade, producer_is_read_from_any_bitcode)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("m", context);
    LLVMMemoryBufferRef buffer = LLVMWriteBitcodeToMemoryBuffer(module);
    const char *code = LLVMGetBufferStart(buffer);
    const size_t bytes = LLVMGetBufferSize(buffer);
    char producer[64];
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "LLVM%s", lanes_codegen_llvm_version());
    cr_assert(lanes_codegen_bitcode_producer(code, bytes, producer, sizeof(producer)));
    cr_expect_str_eq(producer, wanted);

    /* In Apple's wrapper */
    char *wrapped = calloc(1, bytes + 24);
    static const unsigned char head[] = {0xde, 0xc0, 0x17, 0x0b, 0, 0, 0, 0, 24};
    memcpy(wrapped, head, sizeof(head));
    memcpy(wrapped + 24, code, bytes);
    cr_assert(
        lanes_codegen_bitcode_producer(wrapped, bytes + 24, producer, sizeof(producer)));
    cr_expect_str_eq(producer, wanted);

    /* Without room, and cut off or damaged anywhere: none, or some text that ends. */
    cr_expect_not(lanes_codegen_bitcode_producer(code, bytes, producer, 4));
    for (size_t end = 0; end < 64; end++) {
        char *exact = malloc(end + 1);
        memcpy(exact, code, end);
        for (size_t bit = 0; bit < 8 * end; bit++) {
            exact[bit / 8] = (char)(exact[bit / 8] ^ 1 << bit % 8);
            if (lanes_codegen_bitcode_producer(exact, end, producer, sizeof(producer))) {
                cr_assert_lt(strlen(producer), sizeof(producer));
            }
            exact[bit / 8] = (char)(exact[bit / 8] ^ 1 << bit % 8);
        }
        free(exact);
    }
    cr_expect_not(
        lanes_codegen_bitcode_producer("define", 6, producer, sizeof(producer)));
    free(wrapped);
    LLVMDisposeMemoryBuffer(buffer);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}
