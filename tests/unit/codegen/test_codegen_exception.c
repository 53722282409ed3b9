/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler finds out about exceptions: modules as Numba 0.50 to 0.68 emits them
 * (tests/data/numba-*.ll), as text and as bitcode; the table of addresses, compared with
 * what a loaded callback leaves; and modules that no Numba would emit. How one pickle is
 * read is in test_codegen_pickle.c, how it is found in test_codegen_locate.c, and how the
 * functions that box arguments are in test_codegen_unwrap.c.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <lanes/batch.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_pickle.h"
#include "harness.h"
#include "runtime/runtime.h"

struct module {
    const char *file;
    int llvm; /* the oldest that reads it */
    const char *error_model;
    struct {
        const char *type;
        const char *message;
        const char *location;
    } payload[8];
    struct {
        uint32_t dtype;
        uint32_t offset;
    } argument[8];
    uint32_t arguments_bytes;
};

/* "{}" within a string is not a placeholder, and is written so that it does not look it.
 */
#define MANY                                                                             \
    "'it\\'s \"\\x7b}\" \\n\\t\xc3\xa9', -3, 2.5, True, None, (1, 'two'), 1000000000000"
#define STATIC_PAYLOADS                                                                  \
    {{"ValueError", MANY, "static (callbacks.py:14)"},                                   \
     {"KeyError", "", "static (callbacks.py:16)"},                                       \
     {"Custom", "'custom'", "static (callbacks.py:18)"},                                 \
     {"AssertionError", "'too big'", "static (callbacks.py:19)"},                        \
     {"ZeroDivisionError", "'division by zero'", ""}}
#define MEMORY_ERROR {"MemoryError", "'Allocation failed (probably too large).'", ""}
#define COMPUTED_ERROR                                                                   \
    {"ValueError", "'computed', {}, {}, {}, 7, {}, {}, {}, {}",                          \
     "dynamic (callbacks.py:25)"}
#define ARGUMENTS                                                                        \
    {{LANES_F8, 0},  {LANES_I8, 8},   {LANES_BOOL, 16}, {LANES_U4, 20},                  \
     {LANES_F4, 24}, {LANES_C16, 32}, {LANES_I2, 48}}

static const struct module modules[] = {
    {.file = "numba-0.50.1-static.ll",
     .llvm = 19,
     .error_model = "python",
     .payload = STATIC_PAYLOADS},
    {.file = "numba-0.56.4-static.ll",
     .llvm = 19,
     .error_model = "python",
     .payload = STATIC_PAYLOADS},
    {.file = "numba-0.68.1-static.ll",
     .llvm = 22,
     .error_model = "python",
     .payload = STATIC_PAYLOADS},
    {.file = "numba-0.58.1-dynamic.ll",
     .llvm = 19,
     .error_model = "none",
     .payload = {MEMORY_ERROR, COMPUTED_ERROR},
     .argument = ARGUMENTS,
     .arguments_bytes = 50},
    {.file = "numba-0.62.1-dynamic.ll",
     .llvm = 19,
     .error_model = "none",
     .payload = {MEMORY_ERROR, COMPUTED_ERROR},
     .argument = ARGUMENTS,
     .arguments_bytes = 50},
    {.file = "numba-0.68.1-dynamic.ll",
     .llvm = 22,
     .error_model = "none",
     .payload = {MEMORY_ERROR, COMPUTED_ERROR},
     .argument = ARGUMENTS,
     .arguments_bytes = 50},
    /* Here excinfos of dynamic exceptions are constants too; structs are loaded whole. */
    {.file = "numba-0.68.1-dynamic-unoptimised.ll",
     .llvm = 22,
     .error_model = "none",
     .payload = {COMPUTED_ERROR, MEMORY_ERROR},
     .argument = ARGUMENTS,
     .arguments_bytes = 56},
};

/* Text of a file of tests/data; free() it. */
static char *read_module(const struct module *module)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/%s", getenv("LANES_SOURCE_DIR"),
             module->file);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 1u << 16);
    cr_assert_not_null(text);
    cr_assert_lt(fread(text, 1, 1u << 16, file), 1u << 16);
    fclose(file);
    return text;
}

static LLVMMemoryBufferRef bitcode_of(const char *text)
{
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *message = NULL;
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "text");
    cr_assert_eq(LLVMParseIRInContext(context, buffer, &module, &message), 0, "%s",
                 message);
    LLVMMemoryBufferRef code = LLVMWriteBitcodeToMemoryBuffer(module);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return code;
}

static lanes_codegen_output compile_bytes(const char *ir, size_t ir_bytes)
{
    lanes_compile_request request = request_for("");
    request.ir_bytes = ir_bytes;
    return compile_request(&request, ir);
}

/* What the client would unpickle; free() it. */
static unsigned char *read_payload(const char *ir, size_t ir_bytes,
                                   const lanes_payload *payload)
{
    const lanes_raised raised = {.kind = LANES_RAISED_EXCEPTION,
                                 .payload_form = payload->form,
                                 .payload_offset = payload->offset,
                                 .payload_bytes = payload->bytes};
    lanes_error err = {0};
    unsigned char *pickle = malloc(payload->bytes);
    cr_assert_eq(lanes_payload_read(ir, ir_bytes, &raised, pickle, payload->bytes, &err),
                 LANES_OK, "%s", err.message);
    return pickle;
}

static void expect_payloads(const struct module *module, const char *ir, size_t ir_bytes,
                            const lanes_codegen_output *output, uint32_t form)
{
    uint32_t count = 0;
    while (module->payload[count].type != NULL) {
        count++;
    }
    cr_assert_eq(output->result.payload_count, count, "%s: %u", module->file,
                 output->result.payload_count);
    for (uint32_t p = 0; p < count; p++) {
        const lanes_payload payload = output->payloads[p];
        cr_expect_str_eq(payload.type, module->payload[p].type);
        cr_expect_str_eq(payload.message, module->payload[p].message, "%s: %s",
                         module->file, payload.message);
        cr_expect_str_eq(payload.location, module->payload[p].location);
        cr_assert_eq(payload.form, form, "%s: payload %u", module->file, p);
        unsigned char *pickle = read_payload(ir, ir_bytes, &payload);
        lanes_pickle_exception text;
        cr_expect(lanes_pickle_read_exception(pickle, payload.bytes, &text));
        cr_expect_str_eq(text.message, payload.message);
        cr_expect_str_eq(text.location, payload.location);
        free(pickle);
    }
}

static void expect_arguments(const struct module *module,
                             const lanes_codegen_output *output)
{
    const bool has_list = module->arguments_bytes > 0;
    cr_assert_eq(output->result.argument_list_count, has_list ? 1 : 0, "%s",
                 module->file);
    if (!has_list) {
        return;
    }
    const lanes_payload_arguments *list = &output->argument_lists[0];
    cr_expect_eq(list->argument_count, 7);
    cr_expect_eq(list->item_count, 7);
    cr_expect_eq(list->bytes, module->arguments_bytes, "%s: %u", module->file,
                 list->bytes);
    for (uint32_t i = 0; i < list->item_count; i++) {
        cr_expect_eq(list->item[i].type, module->argument[i].dtype, "%s: argument %u",
                     module->file, i);
        cr_expect_eq(list->item[i].offset, module->argument[i].offset, "%s: argument %u",
                     module->file, i);
    }
}

Test(codegen_exception, modules_of_numba_as_text, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modules); i++) {
        char *text = read_module(&modules[i]);
        lanes_codegen_output output = compile_bytes(text, strlen(text));
        cr_assert_eq(output.result.status, LANES_OK, "%s: %s", modules[i].file,
                     output.result.message);
        expect_payloads(&modules[i], text, strlen(text), &output, LANES_PAYLOAD_TEXT);
        expect_arguments(&modules[i], &output);
        lanes_codegen_output_deinit(&output);
        free(text);
    }
}

Test(codegen_exception, modules_of_numba_as_bitcode, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modules); i++) {
        /* codegen reads newer text than its LLVM does, but somebody must write bitcode.
         */
        if (strtol(lanes_codegen_llvm_version(), NULL, 10) < modules[i].llvm) {
            continue;
        }
        char *text = read_module(&modules[i]);
        LLVMMemoryBufferRef code = bitcode_of(text);
        const char *ir = LLVMGetBufferStart(code);
        const size_t ir_bytes = LLVMGetBufferSize(code);
        lanes_codegen_output output = compile_bytes(ir, ir_bytes);
        cr_assert_eq(output.result.status, LANES_OK, "%s: %s", modules[i].file,
                     output.result.message);
        expect_payloads(&modules[i], ir, ir_bytes, &output, LANES_PAYLOAD_BITCODE);
        expect_arguments(&modules[i], &output);
        lanes_codegen_output_deinit(&output);
        LLVMDisposeMemoryBuffer(code);
        free(text);
    }
}

Test(codegen_exception, the_report_lists_them, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modules); i++) {
        char *text = read_module(&modules[i]);
        lanes_codegen_output output = compile_bytes(text, strlen(text));
        json_t *report = json_loads(output.report, 0, NULL);
        cr_assert_not_null(report);
        cr_expect_str_eq(json_string_value(json_object_get(report, "error_model")),
                         modules[i].error_model, "%s", modules[i].file);
        json_t *list = json_object_get(report, "exceptions");
        cr_assert_eq(json_array_size(list), output.result.payload_count);
        for (uint32_t p = 0; p < output.result.payload_count; p++) {
            const char *type = NULL;
            const char *message = NULL;
            const char *location = NULL;
            const char *form = NULL;
            json_int_t offset = 0;
            int is_dynamic = 0;
            cr_assert_eq(json_unpack(json_array_get(list, p),
                                     "{s:s, s:s, s:s, s:s, s:I, s:b !}", "type", &type,
                                     "message", &message, "location", &location, "form",
                                     &form, "offset", &offset, "dynamic", &is_dynamic),
                         0);
            cr_expect_str_eq(type, modules[i].payload[p].type);
            cr_expect_str_eq(message, modules[i].payload[p].message);
            cr_expect_str_eq(location, modules[i].payload[p].location);
            cr_expect_str_eq(form, "text");
            cr_expect_eq((uint64_t)offset, output.payloads[p].offset);
            cr_expect_eq(is_dynamic, strstr(message, "{}") != NULL);
        }
        json_decref(report);
        lanes_codegen_output_deinit(&output);
        free(text);
    }
}

/* ---- The table, and what a loaded callback leaves --------------------------------- */

struct loaded {
    lanes_codegen_output output;
    lanes_explain_fn explain;
    const void *const *table;
};

static struct loaded load(const char *ir, size_t ir_bytes)
{
    static lanes_loader *loader;
    lanes_error err;
    lanes_loaded *object;
    struct loaded loaded = {.output = compile_bytes(ir, ir_bytes)};
    const lanes_compile_result *result = &loaded.output.result;
    cr_assert_eq(result->status, LANES_OK, "%s", result->message);
    if (loader == NULL) {
        cr_assert_eq(lanes_loader_create(&loader, &err), LANES_OK, "%s", err.message);
    }
    cr_assert_eq(lanes_loader_load(loader, loaded.output.object, result->object_bytes,
                                   result->symbol, &object, &err),
                 LANES_OK, "%s", err.message);
    void *address = lanes_loader_find(loader, object, result->explain_symbol);
    memcpy(&loaded.explain, &address, sizeof(address));
    loaded.table = lanes_loader_find(loader, object, result->payload_symbol);
    LANES_ASSERT(loaded.explain != NULL && loaded.table != NULL);
    return loaded;
}

/* The excinfo that the callback leaves for operands of one element. */
static const void *excinfo_of(const struct loaded *loaded, void *const *operands,
                              uint32_t count)
{
    lanes_loop_frame frame = {.row_count = {0}};
    memcpy(frame.base, operands, count * sizeof(*operands));
    const void *excinfo = NULL;
    cr_assert_eq(loaded->explain(&frame, 0, &excinfo), LANES_ELEMENT_RAISED);
    return excinfo;
}

static void expect_static(const struct loaded *loaded, double x, double y,
                          const char *type)
{
    double out = 0;
    void *const operands[] = {&x, &y, &out};
    const void *excinfo = excinfo_of(loaded, operands, 3);
    for (uint32_t p = 0; p < loaded->output.result.payload_count; p++) {
        if (strcmp(loaded->output.payloads[p].type, type) == 0) {
            cr_expect_eq(loaded->table[2 * p], excinfo, "%s", type);
            const void *pickle;
            memcpy(&pickle, excinfo, sizeof(pickle));
            cr_expect_eq(loaded->table[2 * p + 1], pickle, "%s", type);
            return;
        }
    }
    cr_expect(false, "%s is no payload", type);
}

Test(codegen_exception, the_table_has_what_static_raises_leave, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modules); i++) {
        char *text = modules[i].arguments_bytes == 0 ? read_module(&modules[i]) : NULL;
        if (text == NULL) {
            continue;
        }
        struct loaded loaded = load(text, strlen(text));
        expect_static(&loaded, -1, 1, "ValueError");
        expect_static(&loaded, 0.5, 1, "KeyError");
        expect_static(&loaded, 1.5, 1, "Custom");
        expect_static(&loaded, 200, 1, "AssertionError");
        expect_static(&loaded, 3, 0, "ZeroDivisionError");
        lanes_codegen_output_deinit(&loaded.output);
        free(text);
    }
}

static const void *raise_computed(const struct loaded *loaded)
{
    double a = -1.5;
    int64_t b = -7;
    uint8_t c = 1;
    uint32_t d = 4000000000u;
    float e = 0.25f;
    double f[2] = {2, -3};
    int16_t g = -300;
    double out = 0;
    void *const operands[] = {&a, &b, &c, &d, &e, f, &g, &out};
    return excinfo_of(loaded, operands, 8);
}

static void expect_computed(const struct loaded *loaded, uint32_t memory_error)
{
    const uint32_t computed = 1 - memory_error;
    /* Without an arena nothing can be allocated, and Numba's code raises MemoryError. */
    cr_expect_eq(raise_computed(loaded), loaded->table[2 * memory_error]);
    lanes_runtime_enter();
    const lanes_payload_excinfo *excinfo = raise_computed(loaded);
    cr_assert(lanes_runtime_owns(excinfo, sizeof(*excinfo)));
    cr_expect_eq(excinfo->pickle, loaded->table[2 * computed + 1]);
    cr_expect_eq((uint64_t)excinfo->bytes, loaded->output.payloads[computed].bytes);
    cr_expect_eq(excinfo->unwrap, loaded->table[4]);
    cr_expect_eq(excinfo->argument_count, 7);
    const lanes_payload_arguments *list = &loaded->output.argument_lists[0];
    cr_assert(lanes_runtime_owns(excinfo->arguments, list->bytes));
    const char *at = excinfo->arguments;
    double real;
    double imaginary;
    memcpy(&real, at + list->item[5].offset, sizeof(real));
    memcpy(&imaginary, at + list->item[5].offset + sizeof(real), sizeof(imaginary));
    cr_expect_eq(real, 2);
    cr_expect_eq(imaginary, -3);
    memcpy(&real, at + list->item[0].offset, sizeof(real));
    cr_expect_eq(real, -1.5);
    float narrow;
    memcpy(&narrow, at + list->item[4].offset, sizeof(narrow));
    cr_expect_eq(narrow, 0.25f);
    cr_expect_eq(memcmp(at + list->item[1].offset, &(int64_t){-7}, 8), 0);
    cr_expect_eq(memcmp(at + list->item[2].offset, &(uint8_t){1}, 1), 0);
    cr_expect_eq(memcmp(at + list->item[3].offset, &(uint32_t){4000000000u}, 4), 0);
    cr_expect_eq(memcmp(at + list->item[6].offset, &(int16_t){-300}, 2), 0);
    lanes_runtime_leave();
}

Test(codegen_exception, the_table_has_what_dynamic_raises_leave, .timeout = 240)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(modules); i++) {
        char *text = modules[i].arguments_bytes > 0 ? read_module(&modules[i]) : NULL;
        if (text == NULL) {
            continue;
        }
        struct loaded loaded = load(text, strlen(text));
        expect_computed(&loaded, strcmp(modules[i].payload[0].type, "MemoryError") != 0);
        lanes_codegen_output_deinit(&loaded.output);
        free(text);
    }
}

/* ---- Modules that no Numba emits --------------------------------------------------- */

/* A pickle of (m.E, (), None). */
#define PICKLE "[13 x i8] c\"\\80\\04\\8C\\01m\\8C\\01E\\93)N\\87.\"\n"

Test(codegen_exception, every_shape_of_excinfo_is_known, .timeout = 240)
{
    static const char *const excinfos[] = {
        "{ ptr, i32 } { ptr @p, i32 13 }",
        "{ ptr, i32, ptr } { ptr @p, i32 13, ptr @e }",
        "{ ptr, i32, ptr, ptr, i32 } { ptr @p, i32 13, ptr null, ptr null, i32 0 }",
        "{ ptr, i32 } { ptr getelementptr ([13 x i8], ptr @p, i32 0, i32 0), i32 13 }",
        "{ ptr, i32 } { ptr bitcast (ptr @p to ptr), i32 13 }",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(excinfos); i++) {
        char ir[1024];
        snprintf(ir, sizeof(ir), "@e = constant %s\n@p = constant %s%s", excinfos[i],
                 PICKLE, RAISER("@e"));
        struct loaded loaded = load(ir, strlen(ir));
        cr_assert_eq(loaded.output.result.payload_count, 1, "%s", excinfos[i]);
        expect_static(&loaded, -1, 0, "E");
        lanes_codegen_output_deinit(&loaded.output);
    }
}

Test(codegen_exception, other_constants_are_no_exceptions, .timeout = 240)
{
    static const char *const globals[] = {
        "@e = constant { ptr, i32 } { ptr @t, i32 3 }\n@t = constant [3 x i8] c\"abc\"\n",
        "@e = constant [2 x ptr] [ptr @e, ptr @e]\n",
        "@e = constant { ptr, i32 } zeroinitializer\n",
        "@e = constant { ptr, i32 } { ptr null, i32 13 }\n",
        "@e = constant { ptr, i32 } { ptr @e, i32 13 }\n",
        "@e = constant { ptr, i32 } { ptr @t, i32 0 }\n@t = constant [1 x i8] c\".\"\n",
        "@e = constant [13 x i8] c\"\\80\\04\\8C\\01m\\8C\\01E\\93)N\\86.\"\n",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(globals); i++) {
        char ir[1024];
        snprintf(ir, sizeof(ir), "%s%s", globals[i], RAISER("@e"));
        lanes_codegen_output output = compile_fine(ir);
        cr_expect_eq(output.result.payload_count, 0, "%s", globals[i]);
        cr_expect_str_empty(output.result.payload_symbol);
        lanes_codegen_output_deinit(&output);
    }
}

/* The pickle is found all the same, but no excinfo belongs to it. */
Test(codegen_exception, damaged_excinfos_are_not_used, .timeout = 240)
{
    static const char *const excinfos[] = {
        "constant { ptr, i32 } { ptr @p, i32 14 }",
        "constant { ptr, i32 } { ptr @p, i32 12 }",
        "constant { ptr, i32 } { ptr @p, i32 0 }",
        "constant { ptr, i32 } { ptr @p, i32 -1 }",
        "constant { ptr, i32 } { ptr @p, i32 poison }",
        "constant { ptr, i32 } { ptr getelementptr (i8, ptr @p, i64 1), i32 12 }",
        "constant { ptr, i32 } { ptr getelementptr (i8, ptr @p, i64 4096), i32 13 }",
        "constant { ptr, i64 } { ptr @p, i64 13 }",
        "constant <{ ptr, i32 }> <{ ptr @p, i32 13 }>",
        "constant { ptr, i32, i32 } { ptr @p, i32 13, i32 0 }",
        "constant { ptr, i32, ptr, ptr } { ptr @p, i32 13, ptr null, ptr null }",
        "constant { i64, i32 } { i64 ptrtoint (ptr @p to i64), i32 13 }",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(excinfos); i++) {
        char ir[1024];
        snprintf(ir, sizeof(ir), "@e = %s\n@p = constant %s%s", excinfos[i], PICKLE,
                 RAISER("@e"));
        struct loaded loaded = load(ir, strlen(ir));
        cr_assert_eq(loaded.output.result.payload_count, 1, "%s", excinfos[i]);
        cr_expect_null(loaded.table[0], "%s", excinfos[i]);
        lanes_codegen_output_deinit(&loaded.output);
    }
}

Test(codegen_exception, equal_constants_keep_their_addresses, .timeout = 240)
{
    static const char ir[] =
        "@e = private unnamed_addr constant { ptr, i32 } { ptr @p, i32 13 }\n"
        "@f = private unnamed_addr constant { ptr, i32 } { ptr @p, i32 13 }\n"
        "@g = private unnamed_addr constant { ptr, i32 } { ptr @q, i32 13 }\n"
        "@p = private unnamed_addr constant " PICKLE
        "@q = private unnamed_addr constant " PICKLE
        "@all = constant [3 x ptr] [ptr @e, ptr @f, ptr @g]\n"
        "define i32 @_ZN1fEx(ptr %ret, ptr %exc, i64 %i) {\n"
        "  store i64 %i, ptr %ret\n"
        "  %at = getelementptr ptr, ptr @all, i64 %i\n"
        "  %e = load ptr, ptr %at\n"
        "  store ptr %e, ptr %exc\n"
        "  ret i32 1\n"
        "}\n";
    struct loaded loaded = load(ir, strlen(ir));
    cr_assert_eq(loaded.output.result.payload_count, 3);
    for (int64_t i = 0; i < 3; i++) {
        int64_t out = 0;
        void *const operands[] = {&i, &out};
        const void *excinfo = excinfo_of(&loaded, operands, 2);
        cr_expect_eq(excinfo, loaded.table[2 * i]);
        for (int64_t j = 0; j < i; j++) {
            cr_expect_neq(excinfo, loaded.table[2 * j]);
        }
    }
    cr_expect_eq(loaded.table[1], loaded.table[3]);
    cr_expect_neq(loaded.table[1], loaded.table[5]);
    lanes_codegen_output_deinit(&loaded.output);
}

Test(codegen_exception, what_the_callback_does_not_reach_is_not_in_the_table,
     .timeout = 240)
{
    static const char ir[] =
        "@e = constant { ptr, i32 } { ptr @p, i32 13 }\n"
        "@p = constant " PICKLE "@f = constant { ptr, i32 } { ptr @q, i32 13 }\n"
        "@q = constant " PICKLE "@r = constant " PICKLE
        "define ptr @__excinfo_unwrap_args0(ptr %a) {\n"
        "  ret ptr %a\n}\n" RAISER("@f");
    struct loaded loaded = load(ir, strlen(ir));
    cr_assert_eq(loaded.output.result.payload_count, 3);
    cr_assert_eq(loaded.output.result.argument_list_count, 1);
    for (uint32_t row = 0; row < 7; row++) {
        cr_expect_eq(loaded.table[row] == NULL, row != 2 && row != 3, "row %u", row);
    }
    lanes_codegen_output_deinit(&loaded.output);
}

Test(codegen_exception, c_callbacks_have_none)
{
    lanes_codegen_output output =
        compile_fine("@e = constant { ptr, i32 } { ptr @p, i32 13 }\n"
                     "@p = constant " PICKLE "define double @f(double %x) {\n"
                     "  ret double %x\n}\n");
    cr_expect_eq(output.result.payload_count, 0);
    lanes_codegen_output_deinit(&output);
}

Test(codegen_exception, more_than_the_limit_is_refused, .timeout = 240)
{
    char *ir = calloc(1, 1u << 20);
    cr_assert_not_null(ir);
    size_t used = 0;
    for (uint32_t i = 0; i < LANES_PAYLOADS_MAX + 1; i++) {
        used +=
            (size_t)snprintf(ir + used, (1u << 20) - used, "@p%u = constant " PICKLE, i);
    }
    snprintf(ir + used, (1u << 20) - used, "%s", RAISER("null"));
    expect_refusal(ir, LANES_E_IR_LIMIT, "1025 exceptions; the limit is 1024");

    free(ir);
    char *unwraps = calloc(1, 1u << 20);
    cr_assert_not_null(unwraps);
    used = 0;
    for (uint32_t i = 0; i < LANES_PAYLOADS_MAX + 1; i++) {
        used += (size_t)snprintf(unwraps + used, (1u << 20) - used,
                                 "define ptr @__excinfo_unwrap_args%u(ptr %%a) {\n"
                                 "  ret ptr %%a\n}\n",
                                 i);
    }
    snprintf(unwraps + used, (1u << 20) - used, "%s", RAISER("null"));
    expect_refusal(unwraps, LANES_E_IR_LIMIT, "1025 kinds");
    free(unwraps);
}

Test(codegen_exception, names_that_lanes_gives_are_reserved)
{
    static const char *const globals[] = {
        "@lanes.pickle.0 = constant i8 0\n",
        "@lanes.excinfo.0 = constant i8 0\n",
        "define internal void @lanes.pickle.0() {\n  ret void\n}\n",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(globals); i++) {
        char ir[1024];
        snprintf(ir, sizeof(ir),
                 "@e = constant { ptr, i32 } { ptr @p, i32 13 }\n@p = constant %s%s%s",
                 PICKLE, globals[i], RAISER("@e"));
        expect_refusal(ir, LANES_E_IR_REFUSED, "rule reserved-name: 'lanes.");
    }
}
