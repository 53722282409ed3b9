/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader: closed symbol table, clear link errors, and that unloading gives everything
 * back. Objects are made with LLVM here, so that they may be wrong in ways that codegen's
 * never are.
 */
#include "loader/loader.h"

#include <criterion/criterion.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <stdio.h>
#include <string.h>

#include "kernel/symbols.h"
#include "runtime/runtime.h"
#include "support/mappings.h"

static lanes_error err;

static LLVMMemoryBufferRef object_of(const char *ir)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *text;
    LLVMTargetRef target;
    LLVMMemoryBufferRef object;
    cr_assert_eq(LLVMParseIRInContext(
                     context,
                     LLVMCreateMemoryBufferWithMemoryRangeCopy(ir, strlen(ir), "ir"),
                     &module, &text),
                 0);
    char *triple = LLVMGetDefaultTargetTriple();
    cr_assert_eq(LLVMGetTargetFromTriple(triple, &target, &text), 0);
    LLVMTargetMachineRef machine =
        LLVMCreateTargetMachine(target, triple, "x86-64", "", LLVMCodeGenLevelDefault,
                                LLVMRelocPIC, LLVMCodeModelSmall);
    cr_assert_eq(LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile,
                                                     &text, &object),
                 0);
    LLVMDisposeMessage(triple);
    LLVMDisposeTargetMachine(machine);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return object;
}

static lanes_status load(lanes_loader *loader, const char *ir, const char *symbol,
                         lanes_loaded **out_loaded)
{
    LLVMMemoryBufferRef object = object_of(ir);
    const lanes_status status =
        lanes_loader_load(loader, LLVMGetBufferStart(object), LLVMGetBufferSize(object),
                          symbol, out_loaded, &err);
    LLVMDisposeMemoryBuffer(object);
    return status;
}

/* Stores sin(2.0), through the symbol table, at frame->base[0]. */
static const char store_sin[] =
    "declare double @sin(double)\n"
    "define void @loop_a(ptr %frame, i64 %begin, i64 %end, ptr %result) {\n"
    "  %p = load ptr, ptr %frame\n  %x = load double, ptr %p\n"
    "  %s = call double @sin(double %x)\n  store double %s, ptr %p\n  ret void\n}\n";

static lanes_loader *create(void)
{
    lanes_loader *loader;
    cr_assert_eq(lanes_loader_create(&loader, &err), LANES_OK, "%s", err.message);
    return loader;
}

Test(loader, loaded_code_calls_libm)
{
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    cr_assert_eq(load(loader, store_sin, "loop_a", &loaded), LANES_OK, "%s", err.message);
    double value = 2.0;
    const lanes_loop_frame frame = {.base = {&value}};
    lanes_loaded_function(loaded)(&frame, 0, 1, NULL);
    cr_expect_float_eq(value, 0.9092974268256817, 1e-15);
    lanes_loader_unload(loader, loaded);
    lanes_loader_destroy(loader);
}

/* "declare void @f()" and "store ptr @f, ..." for each row of LANES_RUNTIME_TABLE, into
 * an array at frame->base[0]. */
static const char *store_runtime_addresses(void)
{
#define DECLARE(name) "declare void @" #name "()\n"
#define NAME(name)    #name,
    static const char *const names[] = {LANES_RUNTIME_TABLE(NAME)};
    static char text[40000];
    size_t length =
        (size_t)snprintf(text, sizeof(text),
                         "%sdefine void @loop_a(ptr %%f, i64 %%b, i64 %%e, ptr %%r) {\n"
                         "  %%p = load ptr, ptr %%f\n",
                         LANES_RUNTIME_TABLE(DECLARE));
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "  %%p%zu = getelementptr ptr, ptr %%p, i64 %zu\n  "
                                   "store ptr @%s, ptr %%p%zu\n",
                                   i, i, names[i], i);
    }
    snprintf(text + length, sizeof(text) - length, "  ret void\n}\n");
    return text;
}

Test(loader, loaded_code_reaches_every_function_of_the_runtime)
{
    size_t count;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    cr_assert_eq(load(loader, store_runtime_addresses(), "loop_a", &loaded), LANES_OK,
                 "%s", err.message);
    uintptr_t addresses[200] = {0};
    cr_assert_leq(count, LANES_ARRAY_COUNT(addresses));
    const lanes_loop_frame frame = {.base = {addresses}};
    lanes_loaded_function(loaded)(&frame, 0, 1, NULL);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(addresses[i], (uintptr_t)symbols[i].address, "%s", symbols[i].name);
    }
    lanes_loader_unload(loader, loaded);
    lanes_loader_destroy(loader);
}

/* An array of one element, its owner released again, and a failure. */
static const char use_runtime[] =
    "declare void @lanes_runtime_begin(i64, i64)\n"
    "declare void @lanes_runtime_fail(i32)\n"
    "declare ptr @NRT_MemInfo_alloc_aligned(i64, i32)\n"
    "declare void @NRT_MemInfo_release(ptr)\n"
    "define void @loop_a(ptr %frame, i64 %begin, i64 %end, ptr %result) {\n"
    "  %p = load ptr, ptr %frame\n"
    "  call void @lanes_runtime_begin(i64 1, i64 %begin)\n"
    "  %info = call ptr @NRT_MemInfo_alloc_aligned(i64 8, i32 32)\n"
    "  %field = getelementptr i8, ptr %info, i64 24\n"
    "  %data = load ptr, ptr %field\n"
    "  store double 2.5, ptr %data\n"
    "  %x = load double, ptr %data\n"
    "  store double %x, ptr %p\n"
    "  call void @NRT_MemInfo_release(ptr %info)\n"
    "  call void @lanes_runtime_fail(i32 3)\n  ret void\n}\n";

Test(loader, loaded_code_uses_memory_of_the_runtime)
{
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    cr_assert_eq(load(loader, use_runtime, "loop_a", &loaded), LANES_OK, "%s",
                 err.message);
    lanes_runtime_enter();
    double value = 0.0;
    const lanes_loop_frame frame = {.base = {&value}};
    lanes_loaded_function(loaded)(&frame, 0, 1, NULL);
    cr_expect_eq(value, 2.5);
    cr_expect_eq(lanes_runtime_used_bytes(), 0);
    cr_expect_eq(lanes_runtime_failure(), LANES_ELEMENT_OVERFLOW);
    lanes_runtime_leave();
    lanes_loader_unload(loader, loaded);
    lanes_loader_destroy(loader);
}

Test(loader, symbols_of_the_process_are_not_reachable)
{
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    const lanes_status status =
        load(loader,
             "declare i32 @system(ptr)\n"
             "define void @loop_a(ptr %f, i64 %b, i64 %e, ptr %r) {\n"
             "  %x = call i32 @system(ptr %f)\n  ret void\n}\n",
             "loop_a", &loaded);
    cr_expect_eq(status, LANES_E_LINK);
    cr_expect(strstr(err.message, "system") != NULL, "%s", err.message);
    /* A failed link leaves the loader usable. */
    cr_expect_eq(load(loader, store_sin, "loop_a", &loaded), LANES_OK, "%s", err.message);
    lanes_loader_unload(loader, loaded);
    lanes_loader_destroy(loader);
}

Test(loader, missing_symbol_and_damaged_object_are_link_errors)
{
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    cr_expect_eq(load(loader, store_sin, "loop_b", &loaded), LANES_E_LINK);
    cr_expect(strstr(err.message, "loop_b") != NULL, "%s", err.message);
    cr_expect_eq(load(loader, "module asm \".globl loop_c\\0A.set loop_c, 0\"\n",
                      "loop_c", &loaded),
                 LANES_E_LINK, "it is nowhere");
    static const char garbage[100] = "\177ELF but not really";
    cr_expect_eq(lanes_loader_load(loader, garbage, sizeof(garbage), "x", &loaded, &err),
                 LANES_E_LINK);
    cr_expect_eq(lanes_loader_load(loader, garbage, 0, "x", &loaded, &err), LANES_E_LINK);
    lanes_loader_destroy(loader);
}

Test(loader, unloading_gives_memory_back, .timeout = 120)
{
    lanes_loader *loader = create();
    LLVMMemoryBufferRef object = object_of(store_sin);
    size_t before = 0;
    for (int round = 0; round < 2000; round++) {
        lanes_loaded *loaded;
        cr_assert_eq(lanes_loader_load(loader, LLVMGetBufferStart(object),
                                       LLVMGetBufferSize(object), "loop_a", &loaded,
                                       &err),
                     LANES_OK, "%s", err.message);
        lanes_loader_unload(loader, loaded);
        if (round == 100) {
            before = count_mappings(0, "");
        }
    }
    cr_expect_leq(count_mappings(0, ""), before + 4);
    LLVMDisposeMemoryBuffer(object);
    lanes_loader_destroy(loader);
}

/* Bytes of this process's mappings of no file. */
static size_t anonymous_bytes(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    size_t bytes = 0;
    char line[512];
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        unsigned long begin = 0;
        unsigned long end = 0;
        unsigned long inode = 1;
        const int count = sscanf(line, "%lx-%lx %*s %*s %*s %lu", &begin, &end, &inode);
        bytes += count == 3 && inode == 0 && strchr(line, '[') == NULL ? end - begin : 0;
    }
    fclose(maps);
    return bytes;
}

Test(loader, the_memory_of_an_object_is_known)
{
    static const char large[] =
        "@data_a = internal global [9000 x i8] zeroinitializer\n"
        "define void @loop_a(ptr %frame, i64 %begin, i64 %end, ptr %result) {\n"
        "  %p = getelementptr i8, ptr @data_a, i64 %begin\n"
        "  store volatile i8 1, ptr %p\n  ret void\n}\n";
    const char *const texts[] = {store_sin, use_runtime, large};
    lanes_loader *loader = create();
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        lanes_loaded *loaded;
        LLVMMemoryBufferRef object = object_of(texts[i]);
        size_t grown = 0;
        for (int round = 0; round < 3; round++) { /* the first fills LLVM's own pools */
            const size_t before = anonymous_bytes();
            cr_assert_eq(lanes_loader_load(loader, LLVMGetBufferStart(object),
                                           LLVMGetBufferSize(object), "loop_a", &loaded,
                                           &err),
                         LANES_OK, "%s", err.message);
            grown = anonymous_bytes() - before;
            cr_expect(round < 2 || grown == lanes_loaded_bytes(loaded),
                      "text %zu: %zu bytes instead of %llu", i, grown,
                      (unsigned long long)lanes_loaded_bytes(loaded));
            lanes_loader_unload(loader, loaded);
        }
        LLVMDisposeMemoryBuffer(object);
    }
    lanes_loader_destroy(loader);
}

static const char with_table[] =
    "declare double @sin(double)\n"
    "@c = internal constant [3 x i8] c\"abc\"\n"
    "@table_a = hidden constant [2 x ptr] [ptr null, ptr @c]\n"
    "define i32 @explain_a(ptr %frame, i64 %index, ptr %out) {\n"
    "  store ptr @c, ptr %out\n  ret i32 7\n}\n"
    "define void @loop_a(ptr %frame, i64 %begin, i64 %end, ptr %result) {\n"
    "  %p = load ptr, ptr %frame\n  %x = load double, ptr %p\n"
    "  %s = call double @sin(double %x)\n  store double %s, ptr %p\n  ret void\n}\n";

Test(loader, other_symbols_of_an_object_are_found)
{
    lanes_loader *loader = create();
    lanes_loaded *loaded;
    cr_assert_eq(load(loader, with_table, "loop_a", &loaded), LANES_OK, "%s",
                 err.message);
    const void *const *table = lanes_loader_find(loader, loaded, "table_a");
    cr_assert_not_null(table);
    cr_assert_null(table[0]);
    cr_assert_eq(memcmp(table[1], "abc", 3), 0);
    void *address = lanes_loader_find(loader, loaded, "explain_a");
    cr_assert_not_null(address);
    lanes_explain_fn explain;
    memcpy(&explain, &address, sizeof(explain));
    const void *excinfo = NULL;
    cr_assert_eq(explain(NULL, 0, &excinfo), 7);
    cr_assert_eq(excinfo, table[1]);
    cr_assert_null(lanes_loader_find(loader, loaded, "table_b"));
    cr_assert_null(lanes_loader_find(loader, loaded, "sin"), "provided, not defined");
    cr_assert_null(lanes_loader_find(loader, loaded, "NRT_Free"));
    cr_assert_null(lanes_loader_find(loader, loaded, ""));
    lanes_loader_unload(loader, loaded);
    lanes_loader_destroy(loader);
}
