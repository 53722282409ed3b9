/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a function that boxes an exception's arguments says of their layout: bodies as
 * Numba writes them, optimised and not, and as nobody would. Whole modules of Numba's are
 * in test_codegen_exception.c.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernel/dtype.h"
#include "kernel/raised.h"

#define CPYTHON                                                                          \
    "declare ptr @PyTuple_Pack(i64, ...)\n"                                              \
    "declare ptr @PyTuple_New(i64)\n"                                                    \
    "declare i32 @PyTuple_SetItem(ptr, i64, ptr)\n"                                      \
    "declare ptr @PyUnicode_FromKindAndData(i32, ptr, i64)\n"                            \
    "declare ptr @numba_unpickle(ptr, i32, ptr)\n"                                       \
    "@_Py_NoneStruct = external global i8\n"                                             \
    "declare ptr @PyFloat_FromDouble(double)\n"                                          \
    "declare ptr @PyLong_FromLongLong(i64)\n"                                            \
    "declare ptr @PyLong_FromUnsignedLongLong(i64)\n"                                    \
    "declare ptr @PyBool_FromLong(i64)\n"                                                \
    "declare ptr @PyComplex_FromDoubles(double, double)\n"                               \
    "define ptr @__excinfo_unwrap_args0a(ptr %a) {\n"

/* The layout that a body of such a function says. */
static lanes_payload_arguments layout_of(const char *body)
{
    char ir[8192];
    snprintf(ir, sizeof(ir), "%s%s}\n%s", CPYTHON, body,
             RAISER("@__excinfo_unwrap_args0a"));
    lanes_codegen_output output = compile_fine(ir);
    cr_assert_eq(output.result.argument_list_count, 1, "%s", body);
    const lanes_payload_arguments list = output.argument_lists[0];
    lanes_codegen_output_deinit(&output);
    return list;
}

static void expect_layout(const char *body, uint32_t bytes, uint32_t type,
                          uint32_t offset)
{
    const lanes_payload_arguments list = layout_of(body);
    cr_expect_eq(list.argument_count, 1, "%s", body);
    cr_expect_eq(list.item_count, 1, "%s", body);
    cr_expect_eq(list.bytes, bytes, "%u in %s", list.bytes, body);
    cr_expect_eq(list.item[0].type, type, "%u in %s", list.item[0].type, body);
    cr_expect_eq(list.item[0].place, LANES_PAYLOAD_COMPUTED, "%s", body);
    cr_expect_eq(list.item[0].offset, offset, "%u in %s", list.item[0].offset, body);
    cr_expect(lanes_payload_arguments_is_sane(&list), "%s", body);
}

#define PACK "  %t = call ptr (i64, ...) @PyTuple_Pack(i64 1, ptr %o)\n  ret ptr %t\n"

Test(codegen_unwrap, layouts_are_read_from_any_code, .timeout = 240)
{
    expect_layout("  %p = getelementptr { i32, [2 x { i8, double }] }, ptr %a, i32 0, "
                  "i32 1, i32 1, i32 1\n"
                  "  %v = load double, ptr %p\n"
                  "  %o = call ptr @PyFloat_FromDouble(double %v)\n" PACK,
                  40, LANES_F8, 32);
    expect_layout("  %s = load { i32, { i8, i16 } }, ptr %a\n"
                  "  %v = extractvalue { i32, { i8, i16 } } %s, 1, 1\n"
                  "  %w = sext i16 %v to i64\n"
                  "  %o = call ptr @PyLong_FromLongLong(i64 %w)\n" PACK,
                  8, LANES_I2, 6);
    /* Both halves of a complex64 in one vector. */
    expect_layout("  %p = getelementptr i8, ptr %a, i64 16\n"
                  "  %s = load <2 x float>, ptr %p\n"
                  "  %d = fpext <2 x float> %s to <2 x double>\n"
                  "  %r = extractelement <2 x double> %d, i64 0\n"
                  "  %i = extractelement <2 x double> %d, i64 1\n"
                  "  %o = call ptr @PyComplex_FromDoubles(double %r, double %i)\n" PACK,
                  24, LANES_C8, 16);
    /* A bool that is kept as a byte. */
    expect_layout("  %b = load i8, ptr %a\n"
                  "  %v = icmp ne i8 %b, 0\n"
                  "  %w = zext i1 %v to i64\n"
                  "  %o = call ptr @PyBool_FromLong(i64 %w)\n" PACK,
                  1, LANES_BOOL, 0);
    expect_layout("  %l = alloca i8\n"
                  "  %b = load i8, ptr %a\n"
                  "  store i8 %b, ptr %l\n"
                  "  %c = load i8, ptr %l\n"
                  "  %w = zext i8 %c to i64\n"
                  "  %o = call ptr @PyLong_FromUnsignedLongLong(i64 %w)\n" PACK,
                  1, LANES_U1, 0);
}

Test(codegen_unwrap, values_whose_place_is_not_clear_are_unknown, .timeout = 240)
{
    expect_layout("  %v = load ptr, ptr %a\n"
                  "  %o = call ptr @PyTuple_New(i64 1)\n" PACK,
                  8, LANES_DTYPE_NONE, 0);
    expect_layout("  %p = load ptr, ptr %a\n" /* not in the struct itself */
                  "  %v = load double, ptr %p\n"
                  "  %o = call ptr @PyFloat_FromDouble(double %v)\n" PACK,
                  8, LANES_DTYPE_NONE, 0);
    expect_layout("  %i = load i64, ptr %a\n"
                  "  %p = getelementptr double, ptr %a, i64 %i\n"
                  "  %v = load double, ptr %p\n"
                  "  %o = call ptr @PyFloat_FromDouble(double %v)\n" PACK,
                  8, LANES_DTYPE_NONE, 0);
    expect_layout("  %p = getelementptr double, ptr %a, i64 -1\n"
                  "  %v = load double, ptr %p\n"
                  "  %o = call ptr @PyFloat_FromDouble(double %v)\n" PACK,
                  0, LANES_DTYPE_NONE, 0);
    expect_layout("  %r = load double, ptr %a\n" /* halves that are not neighbours */
                  "  %p = getelementptr double, ptr %a, i64 2\n"
                  "  %i = load double, ptr %p\n"
                  "  %o = call ptr @PyComplex_FromDoubles(double %r, double %i)\n" PACK,
                  24, LANES_DTYPE_NONE, 0);
    expect_layout("  %v = load i128, ptr %a\n"
                  "  %w = trunc i128 %v to i24\n"
                  "  %x = sext i24 %w to i64\n"
                  "  %o = call ptr @PyLong_FromLongLong(i64 %x)\n" PACK,
                  16, LANES_DTYPE_NONE, 0);
}

Test(codegen_unwrap, odd_unwrap_functions_do_no_harm, .timeout = 240)
{
    cr_expect_eq(layout_of("  ret ptr %a\n").item_count, 0);
    /* Unreachable code may use itself. */
    cr_expect_eq(layout_of("  ret ptr %a\n"
                           "never:\n"
                           "  %p = getelementptr i8, ptr %p, i64 1\n"
                           "  %v = load double, ptr %p\n"
                           "  %o = call ptr @PyFloat_FromDouble(double %v)\n" PACK)
                         .item_count <= 1,
                 true);
    char body[2048] = "  %t = call ptr (i64, ...) @PyTuple_Pack(i64 40";
    for (int i = 0; i < 40; i++) {
        snprintf(body + strlen(body), sizeof(body) - strlen(body), ", ptr %%a");
    }
    snprintf(body + strlen(body), sizeof(body) - strlen(body), ")\n  ret ptr %%t\n");
    const lanes_payload_arguments list = layout_of(body);
    cr_expect_eq(list.argument_count, LANES_RAISED_ITEMS_MAX);
    cr_expect_eq(list.item_count, LANES_RAISED_ITEMS_MAX);
}

/* A stand-in cannot be called: then the function stays, and what it calls is refused. */
Test(codegen_unwrap, unwrap_functions_that_are_called_stay)
{
    expect_refusal(CPYTHON "  %o = call ptr @PyTuple_New(i64 1)\n" PACK "}\n"
                           "@b = constant i64 0\n"
                           "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"
                           "  %o = call ptr @__excinfo_unwrap_args0a(ptr @b)\n"
                           "  store ptr %o, ptr %exc\n"
                           "  store double %x, ptr %ret\n"
                           "  ret i32 1\n"
                           "}\n",
                   LANES_E_IR_SYMBOL, "PyTuple_");
}

/* Nor can it have blocks, or stand where LLVM wants a function. */
Test(codegen_unwrap, unwrap_functions_in_odd_places_do_no_harm, .timeout = 240)
{
    static const char *const raisers[] = {
        RAISER("blockaddress(@__excinfo_unwrap_args0a, %next)"),
        RAISER("dso_local_equivalent @__excinfo_unwrap_args0a"),
        RAISER("no_cfi @__excinfo_unwrap_args0a"),
        "@a = alias ptr (ptr), ptr @__excinfo_unwrap_args0a\n" RAISER("@a"),
        "define void @g() personality ptr @__excinfo_unwrap_args0a {\n"
        "  ret void\n}\n" RAISER("@g"),
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(raisers); i++) {
        char ir[4096];
        snprintf(ir, sizeof(ir), "%s%s%s}\n%s", CPYTHON, "  br label %next\nnext:\n",
                 "  %o = call ptr @PyTuple_New(i64 1)\n" PACK, raisers[i]);
        lanes_compile_request request = request_for(ir);
        snprintf(request.entry, sizeof(request.entry), "_ZN1fEd");
        lanes_codegen_output output = compile_request(&request, ir);
        cr_expect(output.result.status < 0, "%s", raisers[i]);
        cr_expect_neq(output.result.status, LANES_E_INTERNAL, "%s: %s", raisers[i],
                      output.result.message);
        lanes_codegen_output_deinit(&output);
    }
}

/* ---- Strings, literals, tuples ----------------------------------------------------- */

/* Writes one item: "@8:f8", "=0+8:i8" of constants, "(2", "None", "@16:str", "=0+3:str",
 * "=0+3:cut", "?". */
static void put_item(const lanes_payload_item *item, char *text, size_t bytes)
{
    const char *name = lanes_dtype_name(item->type);
    switch (item->type) {
    case LANES_RAISED_ITEM_UNKNOWN:
        snprintf(text, bytes, "?");
        return;
    case LANES_RAISED_ITEM_NONE:
        snprintf(text, bytes, "None");
        return;
    case LANES_RAISED_ITEM_TUPLE:
        snprintf(text, bytes, "(%u", item->count);
        return;
    case LANES_RAISED_ITEM_TEXT:
        name = "str";
        break;
    case LANES_RAISED_ITEM_TEXT_CUT:
        name = "cut";
        break;
    default:
        break;
    }
    if (item->place == LANES_PAYLOAD_CONSTANT) {
        snprintf(text, bytes, "=%u+%u:%s", item->offset, item->bytes, name);
    } else {
        snprintf(text, bytes, "@%u:%s", item->offset, name);
    }
}

static lanes_payload_arguments expect_items(const char *body, const char *expected)
{
    const lanes_payload_arguments list = layout_of(body);
    char text[512] = "";
    for (uint32_t i = 0; i < list.item_count; i++) {
        char item[32];
        const size_t used = strlen(text);
        put_item(&list.item[i], item, sizeof(item));
        snprintf(text + used, sizeof(text) - used, "%s ", item);
    }
    cr_expect_str_eq(text, expected, "%s in %s", text, body);
    cr_expect(lanes_payload_arguments_is_sane(&list), "%s", body);
    return list;
}

#define STRING "{ ptr, i64, i32, i32, i64, ptr, ptr }"
#define BOX_STRING                                                                       \
    "  %o = call ptr @PyUnicode_FromKindAndData(i32 %k, ptr %d, i64 %l)\n" PACK

Test(codegen_unwrap, strings, .timeout = 240)
{
    const lanes_payload_arguments list =
        expect_items("  %p = getelementptr i8, ptr %a, i64 8\n" /* as LLVM leaves it */
                     "  %d = load ptr, ptr %p\n"
                     "  %q = getelementptr i8, ptr %a, i64 16\n"
                     "  %l = load i64, ptr %q\n"
                     "  %r = getelementptr i8, ptr %a, i64 24\n"
                     "  %k = load i32, ptr %r\n" BOX_STRING,
                     "@8:str ");
    cr_expect_eq(list.bytes, 32, "with is_ascii, though nothing reads it: %u",
                 list.bytes);
    expect_items(
        "  %s = load { double, [2 x " STRING "] }, ptr %a\n" /* as Numba has it */
        "  %d = extractvalue { double, [2 x " STRING "] } %s, 1, 1, 0\n"
        "  %l = extractvalue { double, [2 x " STRING "] } %s, 1, 1, 1\n"
        "  %k = extractvalue { double, [2 x " STRING "] } %s, 1, 1, 2\n" BOX_STRING,
        "@56:str ");
}

Test(codegen_unwrap, strings_of_another_layout, .timeout = 240)
{
    static const char *const structs[] = {
        "{ ptr, i32, i32 }",      /* the length */
        "{ ptr, i64, i64 }",      /* the kind */
        "{ ptr, i64, i8, i32 }",  /* the kind */
        "{ i64, i64, i32 }",      /* the characters */
        "{ ptr, i64, i64, i32 }", /* places */
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(structs); i++) {
        char body[1024];
        snprintf(body, sizeof(body),
                 "  %%s = load %s, ptr %%a\n"
                 "  %%d0 = extractvalue %s %%s, 0\n"
                 "  %%l0 = extractvalue %s %%s, 1\n"
                 "  %%k0 = extractvalue %s %%s, %d\n"
                 "%s%s%s%s",
                 structs[i], structs[i], structs[i], structs[i], i == 4 ? 3 : 2,
                 i == 3 ? "  %d = inttoptr i64 %d0 to ptr\n"
                        : "  %d = getelementptr i8, ptr %d0, i64 0\n",
                 i == 0 ? "  %l = sext i32 %l0 to i64\n" : "  %l = freeze i64 %l0\n",
                 i == 1   ? "  %k = trunc i64 %k0 to i32\n"
                 : i == 2 ? "  %k = zext i8 %k0 to i32\n"
                          : "  %k = freeze i32 %k0\n",
                 BOX_STRING);
        expect_items(body, "? ");
    }
    expect_items(
        "  %d = load ptr, ptr %a\n"
        "  %o = call ptr @PyUnicode_FromKindAndData(i32 1, ptr %d, i64 3)\n" PACK,
        "? ");
}

/* A literal in a tuple is not in the struct. */
Test(codegen_unwrap, constants, .timeout = 240)
{
    const lanes_payload_arguments list = expect_items(
        "  %u = call ptr @PyLong_FromUnsignedLongLong(i64 -1)\n"
        "  %i = call ptr @PyLong_FromLongLong(i64 -3)\n"
        "  %f = call ptr @PyFloat_FromDouble(double 1.5)\n"
        "  %b = call ptr @PyBool_FromLong(i64 1)\n"
        "  %c = call ptr @PyComplex_FromDoubles(double 0.0, double 2.0)\n"
        "  %v = load double, ptr %a\n"
        "  %d = call ptr @PyComplex_FromDoubles(double 0.0, double %v)\n"
        "  %t = call ptr (i64, ...) @PyTuple_Pack(i64 7, ptr %u, ptr %i, ptr %f, ptr %b, "
        "ptr %c, ptr %d, ptr @_Py_NoneStruct)\n"
        "  ret ptr %t\n",
        "=0+8:u8 =8+8:i8 =16+8:f8 =24+1:? =25+16:c16 ? None ");
    static const double complex[2] = {0, 2};
    cr_expect_eq(list.constant_bytes, 41);
    cr_expect_eq(memcmp(list.constant, &(uint64_t){UINT64_MAX}, 8), 0);
    cr_expect_eq(memcmp(list.constant + 8, &(int64_t){-3}, 8), 0);
    cr_expect_eq(memcmp(list.constant + 16, &(double){1.5}, 8), 0);
    cr_expect_eq(list.constant[24], 1);
    cr_expect_eq(memcmp(list.constant + 25, complex, 16), 0);
}

/* Numba boxes a string's literal by unpickling it. */
Test(codegen_unwrap, literals, .timeout = 240)
{
    static const struct {
        const char *pickle;
        uint32_t array_bytes;
        uint32_t bytes;
        const char *item;
        const char *text;
    } rows[] = {
        {"\\80\\04\\8C\\03abc\\94.", 9, 9, "=0+3:str", "abc"},
        {"\\80\\04\\8C\\02\\C3\\A9\\94.", 8, 8, "=0+2:str", "\xc3\xa9"},
        {"\\80\\04\\8C\\04a\\ED\\A0\\80\\94.", 10, 10, "=0+4:str", "a\xef\xbf\xbd"},
        {"\\80\\04\\8C\\00.", 5, 5, "=0+0:str", ""},
        {"\\80\\04K\\03.", 5, 5, "?", ""},            /* 3 */
        {"\\80\\04\\8C\\09abc\\94.", 9, 9, "?", ""},  /* damaged */
        {"\\80\\04\\8C\\03abc\\94.", 9, 10, "?", ""}, /* longer than the array */
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(rows); i++) {
        char ir[4096];
        snprintf(ir, sizeof(ir),
                 "@p = private constant [%u x i8] c\"%s\"\n"
                 "@h = private constant [20 x i8] zeroinitializer\n%s"
                 "  %%o = call ptr @numba_unpickle(ptr @p, i32 %u, ptr @h)\n%s}\n%s",
                 rows[i].array_bytes, rows[i].pickle, CPYTHON, rows[i].bytes, PACK,
                 RAISER("@__excinfo_unwrap_args0a"));
        lanes_codegen_output output = compile_fine(ir);
        const lanes_payload_arguments *list = &output.argument_lists[0];
        char text[64];
        put_item(&list->item[0], text, sizeof(text));
        cr_expect_str_eq(text, rows[i].item, "row %zu: %s", i, text);
        cr_expect_eq(list->constant_bytes, strlen(rows[i].text));
        cr_expect_eq(memcmp(list->constant, rows[i].text, strlen(rows[i].text)), 0);
        lanes_codegen_output_deinit(&output);
    }
}

/* Unoptimised, constants are fields of constants, or widened. */
Test(codegen_unwrap, constants_of_unoptimised_code, .timeout = 240)
{
    char ir[4096];
    snprintf(ir, sizeof(ir),
             "@p = private constant [9 x i8] c\"\\80\\04\\8C\\03abc\\94.\"\n"
             "@e = internal constant { ptr, i32, ptr } { ptr @p, i32 9, ptr null }\n%s"
             "  %%e0 = load { ptr, i32, ptr }, ptr @e\n"
             "  %%d = extractvalue { ptr, i32, ptr } %%e0, 0\n"
             "  %%n = extractvalue { ptr, i32, ptr } %%e0, 1\n"
             "  %%s = call ptr @numba_unpickle(ptr %%d, i32 %%n, ptr %%d)\n"
             "  %%w = zext i1 true to i64\n"
             "  %%b = call ptr @PyBool_FromLong(i64 %%w)\n"
             "  %%t = call ptr (i64, ...) @PyTuple_Pack(i64 2, ptr %%s, ptr %%b)\n"
             "  ret ptr %%t\n}\n%s",
             CPYTHON, RAISER("@__excinfo_unwrap_args0a"));
    lanes_codegen_output output = compile_fine(ir);
    const lanes_payload_arguments *list = &output.argument_lists[0];
    cr_expect_eq(list->item_count, 2);
    cr_expect_eq(list->item[0].type, LANES_RAISED_ITEM_TEXT);
    cr_expect_eq(list->item[1].type, LANES_BOOL);
    cr_expect_eq(memcmp(list->constant, "abc\1", 5), 0);
    lanes_codegen_output_deinit(&output);
}

#define SET(tuple, index, object)                                                        \
    "  call i32 @PyTuple_SetItem(ptr " tuple ", i64 " index ", ptr " object ")\n"
#define NEW(tuple, count) "  " tuple " = call ptr @PyTuple_New(i64 " count ")\n"
#define NUMBERS                                                                          \
    "  %v = load double, ptr %a\n"                                                       \
    "  %f = call ptr @PyFloat_FromDouble(double %v)\n"                                   \
    "  %i = call ptr @PyLong_FromLongLong(i64 3)\n"

Test(codegen_unwrap, tuples_in_tuples, .timeout = 240)
{
    expect_items(NUMBERS NEW("%o", "3") NEW("%n", "2") NEW("%e", "0") SET("%o", "0", "%f")
                     SET("%n", "1", "@_Py_NoneStruct") SET("%n", "0", "%i")
                         SET("%o", "2", "%e") SET("%o", "1", "%n") PACK,
                 "(3 @0:f8 (2 =0+8:i8 None (0 ");
}

Test(codegen_unwrap, tuples_that_are_not_clear, .timeout = 240)
{
    /* An element is missing, put twice, or elsewhere. */
    expect_items(NUMBERS NEW("%o", "2") SET("%o", "0", "%f") PACK, "? ");
    expect_items(NUMBERS NEW("%o", "1") SET("%o", "0", "%f") SET("%o", "0", "%i") PACK,
                 "? ");
    expect_items(NUMBERS NEW("%o", "1") SET("%o", "1", "%f") PACK, "? ");
    expect_items(NUMBERS NEW("%o", "1") SET("%o", "-1", "%f") PACK, "? ");
    expect_items("  %n = load i64, ptr %a\n" NEW("%o", "%n") PACK, "? ");
    expect_items(NEW("%o", "-1") PACK, "? ");
    expect_items(NEW("%o", "1") SET("%o", "0", "%o") PACK, "? "); /* of itself */
    /* Two of each other, as deep as is followed. */
    expect_items(NEW("%o", "1") NEW("%n", "1") SET("%o", "0", "%n") SET("%n", "0", "%o")
                     PACK,
                 "(1 (1 (1 (1 (1 (1 (1 (1 ? ");
}

/* One tuple that has as many elements as there are items is one too many. */
Test(codegen_unwrap, tuples_that_have_no_room, .timeout = 240)
{
    for (int count = 30; count <= 33; count++) {
        char body[4096] = NUMBERS;
        size_t used = strlen(body);
        used += (size_t)snprintf(body + used, sizeof(body) - used,
                                 "  %%o = call ptr @PyTuple_New(i64 %d)\n", count);
        for (int i = 0; i < count; i++) {
            used += (size_t)snprintf(
                body + used, sizeof(body) - used,
                "  call i32 @PyTuple_SetItem(ptr %%o, i64 %d, ptr %%f)\n", i);
        }
        snprintf(
            body + used, sizeof(body) - used, "%s",
            "  %t = call ptr (i64, ...) @PyTuple_Pack(i64 1, ptr %o)\n  ret ptr %t\n");
        const lanes_payload_arguments list = layout_of(body);
        const bool fits = count < LANES_RAISED_ITEMS_MAX;
        cr_expect_eq(list.item_count, fits ? (uint32_t)count + 1 : 1, "%d", count);
        cr_expect_eq(list.item[0].type,
                     fits ? LANES_RAISED_ITEM_TUPLE : LANES_RAISED_ITEM_UNKNOWN);
        cr_expect(lanes_payload_arguments_is_sane(&list));
    }
}
