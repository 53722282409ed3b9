/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several callbacks as one kernel: results against the callbacks called by hand, what
 * fails and in which node, names that several have, random numbers, identities, and that
 * the loop is as vectorized as that of one callback.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "kernel/fusion.h"
#include "runtime/runtime.h"

#define X(index)          {LANES_FUSION_INPUT, (index)}
#define FROM(node, index) {(node), (index)}

struct node {
    const char *ir;
    const char *signature; /* NULL: from the IR */
    lanes_abi_source input[LANES_OPERANDS_MAX];
};

/* What stands in the place of IR; free() it. */
static char *block_of(const struct node *nodes, uint32_t node_count,
                      const lanes_abi_source *outputs, uint32_t output_count,
                      lanes_compile_request *out_request)
{
    lanes_fusion_table *table = calloc(1, sizeof(*table));
    cr_assert_not_null(table);
    table->node_count = node_count;
    table->output_count = output_count;
    memcpy(table->output, outputs, output_count * sizeof(*outputs));
    for (uint32_t n = 0; n < node_count; n++) {
        lanes_fusion_entry *entry = &table->node[n];
        entry->ir_bytes = strlen(nodes[n].ir);
        memcpy(entry->input, nodes[n].input, sizeof(entry->input));
        snprintf(entry->signature, sizeof(entry->signature), "%s",
                 nodes[n].signature != NULL ? nodes[n].signature : "");
    }
    *out_request = request_for("");
    out_request->node_count = node_count;
    out_request->ir_bytes = lanes_fusion_ir_offset(table, node_count);
    char *block = calloc(1, out_request->ir_bytes);
    cr_assert_not_null(block);
    memcpy(block, table, sizeof(*table));
    for (uint32_t n = 0; n < node_count; n++) {
        memcpy(block + lanes_fusion_ir_offset(table, n), nodes[n].ir,
               table->node[n].ir_bytes);
    }
    free(table);
    return block;
}

static lanes_codegen_output compile_nodes(const struct node *nodes, uint32_t node_count,
                                          const lanes_abi_source *outputs,
                                          uint32_t output_count)
{
    lanes_compile_request request;
    char *block = block_of(nodes, node_count, outputs, output_count, &request);
    const lanes_codegen_output output = compile_request(&request, block);
    free(block);
    return output;
}

static kernel fuse(const struct node *nodes, uint32_t node_count,
                   const lanes_abi_source *outputs, uint32_t output_count)
{
    lanes_compile_request request;
    char *block = block_of(nodes, node_count, outputs, output_count, &request);
    const kernel k = kernel_of(&request, block);
    free(block);
    return k;
}

#define FUSE(nodes, outputs)                                                             \
    fuse(nodes, LANES_ARRAY_COUNT(nodes), outputs, LANES_ARRAY_COUNT(outputs))

static void expect_refused(const struct node *nodes, lanes_status status,
                           const char *fragment)
{
    const lanes_abi_source output = FROM(1, 0);
    lanes_codegen_output made = compile_nodes(nodes, 2, &output, 1);
    cr_expect_eq(made.result.status, status, "got %s: %s",
                 lanes_status_name(made.result.status), made.result.message);
    cr_expect(strstr(made.result.message, fragment) != NULL, "'%s' lacks '%s'",
              made.result.message, fragment);
    lanes_codegen_output_deinit(&made);
}

/* ---- Callbacks -------------------------------------------------------------------- */

#define MUL                                                                              \
    "define double @f(double %a, double %b) {\n"                                         \
    "  %y = fmul double %a, %b\n"                                                        \
    "  ret double %y\n"                                                                  \
    "}\n"
#define ADD                                                                              \
    "define double @f(double %a, double %b) {\n"                                         \
    "  %y = fadd double %a, %b\n"                                                        \
    "  ret double %y\n"                                                                  \
    "}\n"
#define EXP                                                                              \
    "declare double @exp(double)\n"                                                      \
    "define double @f(double %x) {\n"                                                    \
    "  %y = call double @exp(double %x)\n"                                               \
    "  ret double %y\n"                                                                  \
    "}\n"
/* x + c, by a helper and a table that have the same names whatever c is. */
#define OFFSET(c)                                                                        \
    "@table = internal constant [2 x double] [double 0.0, double " c "]\n"               \
    "define internal double @helper(i1 %which) noinline {\n"                             \
    "  %i = zext i1 %which to i64\n"                                                     \
    "  %at = getelementptr [2 x double], ptr @table, i64 0, i64 %i\n"                    \
    "  %c = load double, ptr %at\n"                                                      \
    "  ret double %c\n"                                                                  \
    "}\n"                                                                                \
    "define double @f(double %x) {\n"                                                    \
    "  %wants = fcmp ord double %x, %x\n"                                                \
    "  %c = call double @helper(i1 %wants)\n"                                            \
    "  %y = fadd double %x, %c\n"                                                        \
    "  ret double %y\n"                                                                  \
    "}\n"
/* Sum and difference. */
#define BOTH                                                                             \
    "define void @f(double %a, double %b, ptr %sum, ptr %difference) {\n"                \
    "  %s = fadd double %a, %b\n"                                                        \
    "  %d = fsub double %a, %b\n"                                                        \
    "  store double %s, ptr %sum\n"                                                      \
    "  store double %d, ptr %difference\n"                                               \
    "  ret void\n"                                                                       \
    "}\n"
#define DIVIDE                                                                           \
    "define i32 @f(i32 %a, i32 %b) {\n"                                                  \
    "  %q = sdiv i32 %a, %b\n"                                                           \
    "  ret i32 %q\n"                                                                     \
    "}\n"

#define COUNT 1000

static double values[3][COUNT];

static void fill_values(void)
{
    for (int i = 0; i < COUNT; i++) {
        values[0][i] = (i - 300) / 128.0;
        values[1][i] = (i % 37 - 11) / 8.0;
        values[2][i] = (i % 101) / 16.0;
    }
}

/* ---- Results ---------------------------------------------------------------------- */

Test(codegen_fuse, a_chain_of_two, .timeout = 120)
{
    fill_values();
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}},
                                 {ADD, NULL, {FROM(0, 0), X(2)}}};
    const lanes_abi_source outputs[] = {FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    expect_signature_of(&k.result, "f8(f8,f8,f8)");
    cr_expect_eq(k.result.may_raise, 0);
    cr_expect_gt(k.result.info.vector_width, 1);
    double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        wanted[i] = values[0][i] * values[1][i] + values[2][i];
    }
    void *const inputs[] = {values[0], values[1], values[2]};
    const void *const results[] = {wanted};
    expect_values(&k, COUNT, inputs, results);
}

Test(codegen_fuse, a_diamond_with_math_is_vectorized, .timeout = 120)
{
    fill_values();
    /* e = exp(x * y); (e + 1.5) + (e + 2.5), by callbacks with the same names inside. */
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}},
                                 {EXP, NULL, {FROM(0, 0)}},
                                 {OFFSET("1.5"), NULL, {FROM(1, 0)}},
                                 {OFFSET("2.5"), NULL, {FROM(1, 0)}},
                                 {ADD, NULL, {FROM(2, 0), FROM(3, 0)}}};
    const lanes_abi_source outputs[] = {FROM(4, 0), FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    expect_signature_of(&k.result, "f8,f8(f8,f8)");
    /* With two lanes of SSE2, vectors are not worth it, LLVM says. */
    cr_expect(k.result.info.vector_width > 1 || !compiles_for("x86-64-v3"));
    double sum[COUNT];
    double e[COUNT];
    void *const operands[] = {values[0], values[1], sum, e};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_lt(ulp_distance_f8(e[i], exp(values[0][i] * values[1][i])), 4.5);
        cr_assert_eq(sum[i], (e[i] + 1.5) + (e[i] + 2.5), "element %d", i);
    }
}

Test(codegen_fuse, outputs_may_be_of_any_node_and_in_any_order, .timeout = 120)
{
    fill_values();
    /* (a + b) * (a - b); inputs are crossed. */
    const struct node nodes[] = {{BOTH, "f8,f8(f8,f8)", {X(1), X(0)}},
                                 {MUL, NULL, {FROM(0, 1), FROM(0, 0)}}};
    const lanes_abi_source outputs[] = {FROM(0, 1), FROM(1, 0), FROM(0, 0), FROM(0, 1)};
    const kernel k = FUSE(nodes, outputs);
    expect_signature_of(&k.result, "f8,f8,f8,f8(f8,f8)");
    double wanted[3][COUNT];
    for (int i = 0; i < COUNT; i++) {
        wanted[0][i] = values[1][i] - values[0][i];
        wanted[2][i] = values[1][i] + values[0][i];
        wanted[1][i] = wanted[0][i] * wanted[2][i];
    }
    void *const inputs[] = {values[0], values[1]};
    const void *const results[] = {wanted[0], wanted[1], wanted[2], wanted[0]};
    expect_values(&k, COUNT, inputs, results);
}

Test(codegen_fuse, values_of_all_kinds_are_passed_on, .timeout = 120)
{
    static const char conjugate[] =
        "define { double, double } @f(double %a, double %b) {\n"
        "  %m = fneg double %b\n"
        "  %r = insertvalue { double, double } undef, double %a, 0\n"
        "  %s = insertvalue { double, double } %r, double %m, 1\n"
        "  ret { double, double } %s\n}\n";
    static const char is_positive[] = "define zeroext i1 @f(double %a, double %b) {\n"
                                      "  %y = fcmp ogt double %b, 0.0\n"
                                      "  ret i1 %y\n}\n";
    static const char choose[] = "define signext i8 @f(i1 zeroext %a, i8 signext %b) {\n"
                                 "  %m = sub i8 0, %b\n"
                                 "  %y = select i1 %a, i8 %b, i8 %m\n"
                                 "  ret i8 %y\n}\n";
    const struct node nodes[] = {{conjugate, "c16(c16)", {X(0)}},
                                 {is_positive, "?(c16)", {FROM(0, 0)}},
                                 {choose, "i1(?,i1)", {FROM(1, 0), X(1)}}};
    const lanes_abi_source outputs[] = {FROM(2, 0), FROM(0, 0), FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    expect_signature_of(&k.result, "i1,c16,?(c16,i1)");
    static double x[COUNT][2];
    static double conjugates[COUNT][2];
    static int8_t y[COUNT];
    static int8_t chosen[COUNT];
    static uint8_t positive[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i][0] = conjugates[i][0] = i;
        x[i][1] = i % 3 - 1.0;
        conjugates[i][1] = -x[i][1];
        y[i] = (int8_t)i;
        positive[i] = conjugates[i][1] > 0;
        chosen[i] = (int8_t)(positive[i] ? y[i] : -y[i]);
    }
    void *const inputs[] = {x, y};
    const void *const results[] = {chosen, conjugates, positive};
    expect_values(&k, COUNT, inputs, results);
}

Test(codegen_fuse, one_callback_may_be_several_nodes, .timeout = 120)
{
    fill_values();
    struct node nodes[LANES_FUSION_NODES_MAX] = {{OFFSET("0.5"), NULL, {X(0)}}};
    for (uint32_t n = 1; n < LANES_FUSION_NODES_MAX; n++) {
        nodes[n] = (struct node){OFFSET("0.5"), NULL, {FROM(n - 1, 0)}};
    }
    const lanes_abi_source outputs[] = {FROM(LANES_FUSION_NODES_MAX - 1, 0)};
    const kernel k = FUSE(nodes, outputs);
    double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        wanted[i] = values[0][i] + 0.5 * LANES_FUSION_NODES_MAX; /* exact */
    }
    void *const inputs[] = {values[0]};
    const void *const results[] = {wanted};
    expect_values(&k, COUNT, inputs, results);
}

/* ---- What a batch gives ----------------------------------------------------------- */

#define ROW_SUM                                                                          \
    "define double @f(i32 %n, ptr %row, ptr %params) {\n"                                \
    "  %a = load double, ptr %row\n"                                                     \
    "  %at = getelementptr double, ptr %row, i64 2\n"                                    \
    "  %b = load double, ptr %at\n"                                                      \
    "  %p = load double, ptr %params\n"                                                  \
    "  %s = fadd double %a, %b\n"                                                        \
    "  %y = fadd double %s, %p\n"                                                        \
    "  ret double %y\n"                                                                  \
    "}\n"
#define SCALE                                                                            \
    "define double @f(double %x, ptr %params) {\n"                                       \
    "  %at = getelementptr double, ptr %params, i64 3\n"                                 \
    "  %p = load double, ptr %at\n"                                                      \
    "  %y = fmul double %x, %p\n"                                                        \
    "  ret double %y\n"                                                                  \
    "}\n"

Test(codegen_fuse, rows_and_params_are_the_batch_s, .timeout = 120)
{
    const struct node nodes[] = {{ROW_SUM, NULL, {X(0)}}, {SCALE, NULL, {FROM(0, 0)}}};
    const lanes_abi_source outputs[] = {FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    expect_signature_of(&k.result, "f8(f8[:])");
    cr_expect_eq(k.result.has_params, 1);
    cr_expect_eq(k.result.params_bytes, 4 * sizeof(double), "the most that a node wants");
    static double rows[COUNT][4];
    double out[COUNT];
    double params[4] = {0.25, 0, 0, 3};
    for (int i = 0; i < COUNT; i++) {
        rows[i][0] = i;
        rows[i][2] = 2 * i;
    }
    void *const operands[] = {rows, out};
    lanes_loop_frame frame = frame_of(&k, operands);
    frame.stride[0] = sizeof(rows[0]);
    frame.row_count[0] = 4;
    frame.params = params;
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(out[i], (3 * i + 0.25) * 3);
    }
}

/* ---- Variants --------------------------------------------------------------------- */

static const struct node chain[] = {{MUL, NULL, {X(0), X(1)}},
                                    {ADD, NULL, {FROM(0, 0), X(1)}}};
static const lanes_abi_source chain_output[] = {FROM(1, 0)};

static kernel variant_of_chain(const lanes_variant_key *key)
{
    lanes_compile_request request;
    char *block = block_of(chain, 2, chain_output, 1, &request);
    request.default_key = 0;
    request.key = *key;
    const kernel k = kernel_of(&request, block);
    cr_assert(lanes_variant_key_equal(&k.result.key, key));
    free(block);
    return k;
}

Test(codegen_fuse, arrays_may_be_of_other_dtypes_and_uniform, .timeout = 120)
{
    fill_values();
    const lanes_variant_key key = {.layout = {LANES_LAYOUT_CONTIGUOUS,
                                              LANES_LAYOUT_UNIFORM,
                                              LANES_LAYOUT_CONTIGUOUS},
                                   .dtype = {LANES_I4, 0, LANES_F4}};
    const kernel k = variant_of_chain(&key);
    int32_t x[COUNT];
    float out[COUNT];
    double y = 1.5;
    for (int i = 0; i < COUNT; i++) {
        x[i] = i - 40;
    }
    void *const operands[] = {x, &y, out};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(out[i], (float)(x[i] * 1.5 + 1.5));
    }
}

Test(codegen_fuse, results_may_be_summed_and_elements_left_out, .timeout = 120)
{
    fill_values();
    const lanes_variant_key key = {.layout = {LANES_LAYOUT_CONTIGUOUS,
                                              LANES_LAYOUT_CONTIGUOUS,
                                              LANES_LAYOUT_UNIFORM},
                                   .has_where = 1,
                                   .reduce = LANES_REDUCE_SUM,
                                   .folds = 1};
    const kernel k = variant_of_chain(&key);
    uint8_t where[COUNT];
    double wanted = 0;
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        where[i] = i % 3 == 0;
        wanted += where[i] ? values[0][i] * values[1][i] + values[1][i] : 0;
    }
    void *const operands[] = {values[0], values[1], &sum, NULL, where};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    cr_expect_eq(sum, wanted, "%g, %g", sum, wanted); /* all are exact */
}

/* ---- Failures --------------------------------------------------------------------- */

/* Fails for x < 0 with class `name`, of one letter, of module m; else gives x - 1. */
#define STEP(name)                                                                       \
    "@e = internal constant { ptr, i32 } { ptr @p, i32 13 }\n"                           \
    "@p = internal constant [13 x i8] c\"\\80\\04\\8C\\01m\\8C\\01" name                 \
    "\\93)N\\87.\"\n"                                                                    \
    "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"                             \
    "  %y = fsub double %x, 1.0\n"                                                       \
    "  store double %y, ptr %ret\n"                                                      \
    "  %bad = fcmp olt double %x, 0.0\n"                                                 \
    "  br i1 %bad, label %raise, label %fine\n"                                          \
    "raise:\n"                                                                           \
    "  store ptr @e, ptr %exc\n"                                                         \
    "  ret i32 1\n"                                                                      \
    "fine:\n"                                                                            \
    "  ret i32 0\n"                                                                      \
    "}\n"

/* Loads a fused kernel with its table of exceptions; for the test's life. */
struct raiser {
    lanes_codegen_output output;
    lanes_loop_fn loop;
    lanes_explain_fn explain;
    const void *const *table;
};

static struct raiser raiser_of(const struct node *nodes, uint32_t node_count,
                               const lanes_abi_source *outputs, uint32_t output_count)
{
    lanes_error err;
    lanes_loader *loader;
    lanes_loaded *object;
    struct raiser raiser = {.output =
                                compile_nodes(nodes, node_count, outputs, output_count)};
    const lanes_compile_result *result = &raiser.output.result;
    cr_assert_eq(result->status, LANES_OK, "%s", result->message);
    cr_assert_eq(lanes_loader_create(&loader, &err), LANES_OK, "%s", err.message);
    cr_assert_eq(lanes_loader_load(loader, raiser.output.object, result->object_bytes,
                                   result->symbol, &object, &err),
                 LANES_OK, "%s", err.message);
    raiser.loop = lanes_loaded_function(object);
    void *address = lanes_loader_find(loader, object, result->explain_symbol);
    memcpy(&raiser.explain, &address, sizeof(address));
    raiser.table = lanes_loader_find(loader, object, result->payload_symbol);
    LANES_ASSERT(raiser.explain != NULL && raiser.table != NULL);
    return raiser;
}

/* SSE2 cannot choose between vectors by a mask, so LLVM leaves a callback with two ends
 * scalar, in one piece or in two. */
static void expect_vectors(const lanes_compile_result *result)
{
    cr_expect(result->info.vector_width > 1 || !compiles_for("x86-64-v2"));
}

Test(codegen_fuse, the_first_node_that_fails_is_told_with_its_exception, .timeout = 120)
{
    const struct node nodes[] = {{STEP("A"), NULL, {X(0)}},
                                 {STEP("B"), NULL, {FROM(0, 0)}},
                                 {STEP("C"), NULL, {FROM(1, 0)}}};
    const lanes_abi_source outputs[] = {FROM(2, 0)};
    struct raiser raiser = raiser_of(nodes, 3, outputs, 1);
    const lanes_compile_result *result = &raiser.output.result;
    cr_assert_eq(result->payload_count, 3);
    expect_vectors(result);
    double x[COUNT];
    double out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 5 - 1.0; /* fails in 0, 1, 2 or not */
        out[i] = 77;
    }
    lanes_loop_frame frame = {.base = {x, out}, .stride = {8, 8}};
    lanes_loop_result sum = LANES_LOOP_RESULT_INIT;
    raiser.loop(&frame, 0, COUNT, &sum);
    cr_expect_eq(sum.failed, COUNT / 5 * 3);
    cr_expect_eq(sum.first_failed, 0);
    for (uint32_t i = 0; i < 10; i++) {
        const void *excinfo = NULL;
        const int32_t code = raiser.explain(&frame, i, &excinfo);
        if (i % 5 > 2) {
            cr_expect_eq(code, LANES_ELEMENT_OK);
            cr_expect_eq(out[i], x[i] - 3);
            continue;
        }
        const uint32_t node = i % 5;
        cr_expect_eq(code,
                     (int32_t)(LANES_ELEMENT_RAISED | node << LANES_ELEMENT_NODE_SHIFT));
        cr_expect_eq(out[i], 77, "it keeps what was there");
        cr_expect_eq(excinfo, raiser.table[2 * node], "element %u", i);
        const lanes_payload *payload = &raiser.output.payloads[node];
        cr_expect_eq(payload->node, node);
        cr_expect_eq(payload->type[0], "ABC"[node], "%s", payload->type);
        cr_expect_eq(
            strncmp(nodes[node].ir + payload->offset, "\\80\\04\\8C\\01m\\8C\\01", 19), 0,
            "the place is in the node's own IR");
    }
    lanes_codegen_output_deinit(&raiser.output);
}

Test(codegen_fuse, conventions_mix_and_division_fails_its_node, .timeout = 120)
{
    static const char widen[] = "define i32 @f(i32 %a) {\n"
                                "  %y = sub i32 %a, 3\n"
                                "  ret i32 %y\n}\n";
    static const char numba[] = "define i32 @_ZN1gEi(ptr %ret, ptr %exc, i32 %x) {\n"
                                "  %bad = icmp sgt i32 %x, 90\n"
                                "  br i1 %bad, label %raise, label %fine\n"
                                "raise:\n  ret i32 1\n"
                                "fine:\n  store i32 %x, ptr %ret\n  ret i32 0\n}\n";
    const struct node nodes[] = {{widen, NULL, {X(0)}},
                                 {DIVIDE, NULL, {X(1), FROM(0, 0)}},
                                 {numba, NULL, {FROM(1, 0)}}};
    const lanes_abi_source outputs[] = {FROM(2, 0)};
    const kernel k = FUSE(nodes, outputs);
    expect_vectors(&k.result);
    int32_t x[COUNT];
    int32_t y[COUNT];
    int32_t out[COUNT];
    uint64_t failed = 0;
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 7;
        y[i] = i % 113;
        out[i] = -5;
        failed += x[i] == 3 || y[i] / (x[i] - 3) > 90;
    }
    void *const operands[] = {x, y, out};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, failed);
    for (int i = 0; i < COUNT; i++) {
        const bool is_zero = x[i] == 3;
        const bool is_large = !is_zero && y[i] / (x[i] - 3) > 90;
        const void *excinfo;
        const int32_t wanted =
            is_zero    ? LANES_ELEMENT_ZERO_DIVISION | 1 << LANES_ELEMENT_NODE_SHIFT
            : is_large ? LANES_ELEMENT_RAISED | 2 << LANES_ELEMENT_NODE_SHIFT
                       : LANES_ELEMENT_OK;
        cr_assert_eq(k.explain(&frame, (uint64_t)i, &excinfo), wanted, "element %d", i);
        cr_assert_eq(out[i], wanted != 0 ? -5 : y[i] / (x[i] - 3), "element %d", i);
    }
}

/* Node 1 would not end for what a failed node 0 leaves. */
Test(codegen_fuse, nodes_behind_a_failed_one_are_not_called, .timeout = 60)
{
    static const char endless[] = "define double @f(double %x) {\n"
                                  "entry:\n  br label %loop\n"
                                  "loop:\n"
                                  "  %y = phi double [ %x, %entry ], [ %z, %loop ]\n"
                                  "  %z = fmul double %y, 2.0\n"
                                  "  %done = fcmp oge double %z, 100.0\n"
                                  "  br i1 %done, label %end, label %loop\n"
                                  "end:\n  ret double %z\n}\n";
    const struct node nodes[] = {{STEP("A"), NULL, {X(0)}},
                                 {endless, NULL, {FROM(0, 0)}}};
    const lanes_abi_source outputs[] = {FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    double x[COUNT];
    double out[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 4 == 0 ? -1.0 : i + 1.0;
        out[i] = 7;
    }
    void *const operands[] = {x, out};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, COUNT).failed, COUNT / 4);
    cr_expect_eq(out[0], 7);
    cr_expect_eq(out[1], 128); /* 1, doubled until it is 100 */
}

/* What stays a call reports by way of the runtime; and the loop stays scalar. */
Test(codegen_fuse, recursive_nodes_fail_as_others, .timeout = 60)
{
    static const char recursive[] = "define i32 @f(i32 %x, i32 %y) {\n"
                                    "  %r = call i32 @g(i32 %x, i32 %y)\n"
                                    "  ret i32 %r\n}\n"
                                    "define internal i32 @g(i32 %x, i32 %y) {\n"
                                    "  %end = icmp slt i32 %x, 1\n"
                                    "  br i1 %end, label %leaf, label %more\n"
                                    "leaf:\n"
                                    "  %q = sdiv i32 60, %y\n"
                                    "  ret i32 %q\n"
                                    "more:\n"
                                    "  %l = sub i32 %x, 1\n"
                                    "  %r = call i32 @g(i32 %l, i32 %y)\n"
                                    "  %s = add i32 %r, 1\n"
                                    "  ret i32 %s\n}\n";
    const struct node nodes[] = {{recursive, NULL, {X(0), X(1)}},
                                 {recursive, NULL, {X(0), FROM(0, 0)}}};
    const lanes_abi_source outputs[] = {FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    int32_t x[] = {0, 3, 2, 1, 0};
    int32_t y[] = {2, 0, -30, 5, 30};
    int32_t out[] = {9, 9, 9, 9, 9};
    void *const operands[] = {x, y, out};
    const lanes_loop_frame frame = frame_of(&k, operands);
    cr_expect_eq(run_frame(&k, &frame, 0, 5).failed, 2);
    const int32_t wanted[] = {2, 9, 9, 5, 30}; /* 60 / 13 + 1 */
    cr_expect_arr_eq(out, wanted, sizeof(out));
    const void *excinfo;
    cr_expect_eq(k.explain(&frame, 1, &excinfo), LANES_ELEMENT_ZERO_DIVISION);
    cr_expect_eq(k.explain(&frame, 2, &excinfo),
                 LANES_ELEMENT_ZERO_DIVISION | 1 << LANES_ELEMENT_NODE_SHIFT);
}

/* ---- Random numbers --------------------------------------------------------------- */

static char *read_normal(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/numba-0.56.4-normal.ll",
             getenv("LANES_SOURCE_DIR"));
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 1u << 16);
    cr_assert_not_null(text);
    cr_assert_gt(fread(text, 1, (1u << 16) - 1, file), 0);
    fclose(file);
    return text;
}

Test(codegen_fuse, random_numbers_go_on_from_node_to_node, .timeout = 120)
{
    char *normal = read_normal();
    const struct node nodes[] = {{normal, NULL, {X(0), X(1)}},
                                 {normal, NULL, {X(0), X(1)}}};
    const lanes_abi_source outputs[] = {FROM(0, 0), FROM(1, 0)};
    const kernel k = FUSE(nodes, outputs);
    const lanes_compile_request request = request_for(normal);
    const kernel alone = kernel_of(&request, normal);
    cr_expect_eq(k.result.keeps_order, 1);
    static double mean[COUNT], deviation[COUNT], first[COUNT], second[COUNT],
        single[COUNT];
    for (int i = 0; i < COUNT; i++) {
        deviation[i] = 1;
    }
    void *const operands[] = {mean, deviation, first, second};
    lanes_loop_frame frame = frame_of(&k, operands);
    frame.seed = 7;
    cr_assert_eq(run_frame(&k, &frame, 0, COUNT).failed, 0);
    void *const own[] = {mean, deviation, single};
    frame = frame_of(&alone, own);
    frame.seed = 7;
    cr_assert_eq(run_frame(&alone, &frame, 0, COUNT).failed, 0);
    cr_expect_arr_eq(first, single, sizeof(first));
    int equal = 0;
    for (int i = 0; i < COUNT; i++) {
        equal += first[i] == second[i];
    }
    cr_expect_eq(equal, 0, "%d numbers are drawn twice", equal);
    free(normal);
}

/* ---- Identity --------------------------------------------------------------------- */

static lanes_compile_result result_of(const struct node *nodes,
                                      const lanes_abi_source *output)
{
    lanes_codegen_output made = compile_nodes(nodes, 2, output, 1);
    cr_assert_eq(made.result.status, LANES_OK, "%s", made.result.message);
    const lanes_compile_result result = made.result;
    lanes_codegen_output_deinit(&made);
    return result;
}

Test(codegen_fuse, the_identity_is_that_of_nodes_and_wiring, .timeout = 120)
{
    static const char other_names[] = "define double @g(double %p, double %q) {\n"
                                      "  %r = fmul double %p, %q\n"
                                      "  ret double %r\n}\n";
    const struct node same[] = {{other_names, NULL, {X(0), X(1)}},
                                {ADD, NULL, {FROM(0, 0), X(1)}}};
    const struct node others[][2] = {
        {{MUL, NULL, {X(1), X(0)}}, {ADD, NULL, {FROM(0, 0), X(1)}}},
        {{MUL, NULL, {X(0), X(1)}}, {ADD, NULL, {X(1), FROM(0, 0)}}},
        {{ADD, NULL, {X(0), X(1)}}, {ADD, NULL, {FROM(0, 0), X(1)}}},
        {{MUL, NULL, {X(0), X(1)}}, {MUL, NULL, {FROM(0, 0), X(1)}}},
    };
    const lanes_abi_source other_output[] = {FROM(0, 0)};
    const lanes_compile_result first = result_of(chain, chain_output);
    lanes_compile_result next = result_of(same, chain_output);
    cr_expect_arr_eq(first.identity, next.identity, LANES_IDENTITY_BYTES);
    cr_expect_arr_eq(&first.code_key, &next.code_key, sizeof(first.code_key));
    for (size_t i = 0; i < LANES_ARRAY_COUNT(others); i++) {
        next = result_of(others[i], chain_output);
        cr_expect_arr_neq(first.identity, next.identity, LANES_IDENTITY_BYTES, "%zu", i);
    }
    next = result_of(chain, other_output);
    cr_expect_arr_neq(first.identity, next.identity, LANES_IDENTITY_BYTES);
}

Test(codegen_fuse, code_that_the_executor_has_is_left_out, .timeout = 120)
{
    const struct node nodes[] = {{STEP("A"), NULL, {X(0)}},
                                 {STEP("B"), NULL, {FROM(0, 0)}}};
    const lanes_abi_source outputs[] = {FROM(1, 0)};
    lanes_compile_request request;
    char *block = block_of(nodes, 2, outputs, 1, &request);
    lanes_codegen_output output = compile_request(&request, block);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    const lanes_code_key known = output.result.code_key;
    lanes_codegen_output_deinit(&output);
    request.known_count = 1;
    output = compile_knowing(&request, block, &known);
    cr_assert_eq(output.result.is_known, 1);
    cr_expect_null(output.object);
    cr_assert_eq(output.result.payload_count, 2);
    cr_expect_eq(output.payloads[1].node, 1);
    cr_expect_str_eq(output.payloads[1].type, "B");
    lanes_codegen_output_deinit(&output);
    free(block);
}

/* ---- The report ------------------------------------------------------------------- */

Test(codegen_fuse, the_report_has_nodes_and_wiring, .timeout = 120)
{
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}},
                                 {STEP("A"), NULL, {FROM(0, 0)}},
                                 {ADD, NULL, {FROM(1, 0), X(0)}}};
    const lanes_abi_source outputs[] = {FROM(2, 0), FROM(0, 0)};
    lanes_compile_request request;
    char *block = block_of(nodes, 3, outputs, 2, &request);
    request.flags = LANES_ABI_KERNEL_STAGES;
    lanes_codegen_output output = compile_request(&request, block);
    cr_assert_eq(output.result.status, LANES_OK, "%s", output.result.message);
    json_t *report = json_loads(output.report, 0, NULL);
    const char *convention;
    const char *signature;
    const char *source[5];
    const char *outs[2];
    const char *in;
    int raising;
    cr_assert_eq(
        json_unpack(
            report, "{s:s, s:s, s:{s:[[s,s],[s],[s,s]], s:[s,s]}, s:[{s:i}], s:{s:s}}",
            "convention", &convention, "signature", &signature, "wiring", "inputs",
            &source[0], &source[1], &source[2], &source[3], &source[4], "outputs",
            &outs[0], &outs[1], "exceptions", "node", &raising, "stages", "in", &in),
        0);
    cr_expect_str_eq(convention, "fused");
    cr_expect_str_eq(signature, "f8,f8(f8,f8)");
    static const char *const wanted[] = {"x0", "x1", "0.0", "1.0", "x0"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(wanted); i++) {
        cr_expect_str_eq(source[i], wanted[i]);
    }
    cr_expect_str_eq(outs[0], "2.0");
    cr_expect_str_eq(outs[1], "0.0");
    cr_expect_eq(raising, 1);
    cr_expect(strstr(in, "fmul") != NULL && strstr(in, "; node 2") != NULL);
    const json_t *list = json_object_get(report, "nodes");
    cr_assert_eq(json_array_size(list), 3);
    const json_t *node = json_array_get(list, 1);
    cr_expect_str_eq(json_string_value(json_object_get(node, "convention")), "numba");
    cr_expect_str_eq(json_string_value(json_object_get(node, "signature")), "f8(f8)");
    cr_expect_eq(json_string_length(json_object_get(node, "identity")), 64);
    json_decref(report);
    lanes_codegen_output_deinit(&output);
    free(block);
}

/* ---- Refusals --------------------------------------------------------------------- */

Test(codegen_fuse, a_node_that_is_refused_is_named, .timeout = 120)
{
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}},
                                 {"nonsense", NULL, {FROM(0, 0)}}};
    expect_refused(nodes, LANES_E_IR_PARSE, "node 1: LLVM ");
}

/* The rules are kernel_fusion.c's, which has a test of its own. */
Test(codegen_fuse, wiring_that_does_not_fit_is_refused, .timeout = 120)
{
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}},
                                 {DIVIDE, NULL, {FROM(0, 0), X(2)}}};
    expect_refused(nodes, LANES_E_DTYPE,
                   "input 0 of node 1 is i4, but output 0 of node 0");
}

Test(codegen_fuse, modules_that_cannot_be_linked_are_refused, .timeout = 120)
{
    static const char wide[] = "define double @f(double %x) {\n  ret double %x\n}\n"
                               "!llvm.module.flags = !{!0}\n"
                               "!0 = !{i32 1, !\"wchar_size\", i32 4}\n";
    static const char narrow[] = "define double @f(double %x) {\n  ret double %x\n}\n"
                                 "!llvm.module.flags = !{!0}\n"
                                 "!0 = !{i32 1, !\"wchar_size\", i32 2}\n";
    const struct node nodes[] = {{wide, NULL, {X(0)}}, {narrow, NULL, {FROM(0, 0)}}};
    expect_refused(nodes, LANES_E_IR_REFUSED, "node 1 cannot be linked");
}

Test(codegen_fuse, a_table_that_does_not_fit_its_bytes_is_refused, .timeout = 120)
{
    const struct node nodes[] = {{MUL, NULL, {X(0), X(1)}}};
    const lanes_abi_source outputs[] = {FROM(0, 0)};
    for (int i = 0; i < 4; i++) {
        lanes_compile_request request;
        char *block = block_of(nodes, 1, outputs, 1, &request);
        lanes_fusion_table *table = (lanes_fusion_table *)(void *)block;
        if (i == 0) {
            table->node[0].ir_bytes += 16;
        } else if (i == 1) {
            table->node_count = 2;
        } else if (i == 2) {
            memset(table->node[0].entry, 'x', sizeof(table->node[0].entry));
        } else {
            request.ir_bytes = sizeof(*table) - 1;
        }
        expect_refused_request(&request, block, LANES_E_PROTOCOL, "table of 1 nodes");
        free(block);
    }
}
