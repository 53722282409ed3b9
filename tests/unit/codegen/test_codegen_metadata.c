/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata of a callback's module: flags of any kind fit the generated loop, debug info
 * is kept where it is right and dropped where it is not, and hides no other fault.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define FINE                                                                             \
    "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"
#define FLAGS(nodes) FINE "!llvm.module.flags = !{" nodes "}\n"

#define VERSION(text) "!{i32 2, !\"Debug Info Version\", i32 " text "}\n"

/* A callback with a loop that the vectorizer has something to say about; its location is
 * `at`, and the version of its debug info is `version`. */
#define LOCATED(version, at)                                                             \
    "define double @f(double %x) !dbg !4 {\n"                                            \
    "entry:\n"                                                                           \
    "  br label %loop\n"                                                                 \
    "loop:\n"                                                                            \
    "  %i = phi i32 [ 0, %entry ], [ %n, %loop ]\n"                                      \
    "  %s = phi double [ 0.0, %entry ], [ %t, %loop ]\n"                                 \
    "  %t = fadd double %s, %x, !dbg !5\n"                                               \
    "  %n = add i32 %i, 1\n"                                                             \
    "  %c = icmp slt i32 %n, 1000\n"                                                     \
    "  br i1 %c, label %loop, label %end, !dbg !5\n"                                     \
    "end:\n"                                                                             \
    "  ret double %t\n"                                                                  \
    "}\n"                                                                                \
    "!llvm.dbg.cu = !{!7}\n"                                                             \
    "!llvm.module.flags = !{!0}\n"                                                       \
    "!0 = " VERSION(version) "!4 = distinct !DISubprogram(name: \"f\", file: !8, "       \
                             "spFlags: DISPFlagDefinition, unit: !7)\n"                  \
                             "!5 = " at "\n"                                             \
                             "!7 = distinct !DICompileUnit(language: DW_LANG_C99, "      \
                             "file: !8, emissionKind: FullDebug)\n"                      \
                             "!8 = !DIFile(filename: \"f.c\", directory: \"\")\n"

static void expect_compiles(const char *ir)
{
    lanes_codegen_output output = compile_text(ir);
    cr_expect_eq(output.result.status, LANES_OK, "%s of\n%s", output.result.message, ir);
    lanes_codegen_output_deinit(&output);
}

/* LLVM's linker refuses flags that are in both modules and differ, or that are required
 * and change; so the generated loop has none. */
Test(codegen_metadata, flags_of_any_kind_fit, .timeout = 120)
{
    static const char *const irs[] = {
        FLAGS("!0") "!0 = !{i32 1, !\"Debug Info Version\", i32 3}\n",
        FLAGS("!0") "!0 = !{i32 2, !\"Debug Info Version\", i32 3}\n",
        FLAGS("!0") "!0 = !{i32 4, !\"Debug Info Version\", i32 5}\n",
        FLAGS("!0") "!0 = !{i32 5, !\"Debug Info Version\", !1}\n!1 = !{i32 3}\n",
        FLAGS("!0") "!0 = !{i32 6, !\"Debug Info Version\", !1}\n!1 = !{i32 3}\n",
        FLAGS("!0") "!0 = !{i32 7, !\"Debug Info Version\", i32 2}\n",
        FLAGS("!0") "!0 = !{i32 8, !\"Debug Info Version\", i32 3}\n",
        FLAGS("!0") "!0 = !{i32 2, !\"Debug Info Version\", null}\n",
        FLAGS("!0") "!0 = !{i32 2, !\"Debug Info Version\", !\"three\"}\n",
        FLAGS("!0, !1") "!0 = !{i32 1, !\"Debug Info Version\", i32 5}\n"
                        "!1 = !{i32 3, !\"\", !2}\n"
                        "!2 = !{!\"Debug Info Version\", i32 5}\n",
        FLAGS("!0, !1") "!0 = !{i32 8, !\"PIC Level\", i32 2}\n"
                        "!1 = !{i32 3, !\"\", !2}\n"
                        "!2 = !{!\"PIC Level\", i32 2}\n",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(irs); i++) {
        expect_compiles(irs[i]);
    }
}

Test(codegen_metadata, flags_that_llvm_does_not_take_are_refused, .timeout = 120)
{
    static const char *const irs[] = {
        FLAGS("!0") "!0 = !{i64 -1, !\"Debug Info Version\", i32 3}\n",
        FLAGS("!0") "!0 = !{i32 2, i32 9, i32 5}\n",
        FLAGS("!0") "!0 = !{}\n",
        FLAGS("!0") "!0 = !{null, !\"Debug Info Version\", i32 3}\n",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(irs); i++) {
        expect_refusal(irs[i], LANES_E_IR_PARSE, "in module flag");
    }
    expect_refusal(FLAGS("!0, !0") "!0 = " VERSION("3"), LANES_E_IR_PARSE,
                   "module flag identifiers must be unique");
}

/* Whether the remark about the callback's loop says where that stands. */
static void expect_location(const char *ir, bool is_located)
{
    lanes_codegen_output output = compile_text(ir);
    cr_assert_eq(output.result.status, LANES_OK, "%s of\n%s", output.result.message, ir);
    cr_expect_eq(strstr(output.report, "f.c:7:") != NULL, is_located, "%s of\n%s",
                 output.report, ir);
    cr_expect(strstr(output.report, "loop not vectorized") != NULL, "%s", output.report);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_metadata, debug_info_is_kept_if_it_is_right, .timeout = 120)
{
    expect_location(LOCATED("3", "!DILocation(line: 7, scope: !4)"), true);
    expect_location(LOCATED("2", "!DILocation(line: 7, scope: !4)"), false);
    expect_location(LOCATED("3", "!DILocation(line: 7, scope: !7)"), false);
    expect_compiles(FINE "!llvm.dbg.cu = !{!0}\n"
                         "!llvm.module.flags = !{!1}\n"
                         "!0 = !{i32 5}\n"
                         "!1 = " VERSION("3"));
}

Test(codegen_metadata, a_fault_is_named_whatever_the_debug_info, .timeout = 120)
{
    /* Nothing calls it, and it is wrong all the same. */
#define FAULT                                                                            \
    "define internal i32 @g(i32 %a) {\n  %b = add i32 %c, 1\n  %c = add i32 %a, 1\n"     \
    "  ret i32 %b\n}\n"
    static const char *const irs[] = {
        FAULT FLAGS("!0") "!0 = " VERSION("3"),
        FAULT LOCATED("3", "!DILocation(line: 7, scope: !4)"),
        FAULT LOCATED("3", "!DILocation(line: 7, scope: !7)"),
        FAULT LOCATED("2", "!DILocation(line: 7, scope: !4)"),
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(irs); i++) {
        expect_refusal(irs[i], LANES_E_IR_PARSE,
                       "finds faults in this IR text: Instruction does not dominate");
    }
}

/* The fixture's bit makes a record of a variable point at nothing. Older LLVMs do not
 * read its bitcode. */
Test(codegen_metadata, debug_info_that_cannot_be_printed_is_dropped, .timeout = 120)
{
    char path[512];
    static char bitcode[8192];
    snprintf(path, sizeof(path), "%s/tests/data/crashes-llvm22-verifier.bc",
             getenv("LANES_SOURCE_DIR"));
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    lanes_compile_request request = request_for("");
    request.ir_bytes = fread(bitcode, 1, sizeof(bitcode), file);
    fclose(file);
    lanes_codegen_output output = compile_request(&request, bitcode);
    cr_expect(output.result.status == LANES_OK ||
                  (output.result.status == LANES_E_IR_PARSE &&
                   strstr(output.result.message, "cannot read this bitcode") != NULL),
              "%s", output.result.message);
    lanes_codegen_output_deinit(&output);
}

/* LLVM reads past the end of such a node. */
Test(codegen_metadata, loops_may_have_empty_metadata, .timeout = 120)
{
#define EMPTY_LOOP                                                                       \
    "define double @f(double %x) {\n"                                                    \
    "entry:\n"                                                                           \
    "  br label %loop\n"                                                                 \
    "loop:\n"                                                                            \
    "  %i = phi i32 [ 0, %entry ], [ %n, %loop ]\n"                                      \
    "  %n = add i32 %i, 1\n"                                                             \
    "  %c = icmp slt i32 %n, 1000\n"                                                     \
    "  br i1 %c, label %loop, label %end, !llvm.loop !0\n"                               \
    "end:\n"                                                                             \
    "  ret double %x\n"                                                                  \
    "}\n"
    expect_compiles(EMPTY_LOOP "!0 = !{}\n");
    expect_compiles(EMPTY_LOOP "!0 = distinct !{}\n");
}
