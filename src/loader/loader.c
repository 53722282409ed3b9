/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.c - one ORC session with one JITDylib that holds the symbol table and all loops.
 *
 * LLJIT is used for its object linking layer only (JITLink on x86-64); its main JITDylib,
 * which would see the symbols of the process, stays empty. The JITDylib used here is a
 * bare one whose only definitions are those of loader_symbols.c and of the room runtime.
 *
 * Ownership of llvm-c values: AddObjectFileWithRT takes the buffer, also when it fails;
 * Define takes the materialization unit when it succeeds; a lookup set takes the interned
 * names; a resource tracker is released after it was removed.
 */
#include "loader/loader.h"

#include <errno.h>
#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader_internal.h"
#include "runtime/runtime.h"

struct lanes_loader {
    LLVMOrcLLJITRef jit;
    LLVMOrcExecutionSessionRef session;
    LLVMOrcJITDylibRef dylib;
    char reported[LANES_ERROR_TEXT_BYTES / 2]; /* the last text the session reported */
};

struct lanes_loaded {
    LLVMOrcResourceTrackerRef tracker;
    lanes_loop_fn function;
    uint64_t bytes;
};

static lanes_status fail(lanes_error *err, const char *what, LLVMErrorRef failure)
{
    char *text = LLVMGetErrorMessage(failure);
    lanes_error_set(err, LANES_E_LINK, "%s: %.400s", what, text);
    LLVMDisposeErrorMessage(text);
    return LANES_E_LINK;
}

/* The session reports what went wrong inside a lookup here; the lookup itself then fails
 * with a text that names only the symbol. */
static void keep_report(void *ctx, LLVMErrorRef failure)
{
    lanes_loader *loader = ctx;
    char *text = LLVMGetErrorMessage(failure);
    strncpy(loader->reported, text, sizeof(loader->reported) - 1);
    LLVMDisposeErrorMessage(text);
}

/* Append one name and its address. */
static void add_pair(const lanes_loader *loader, const char *name, void (*address)(void),
                     LLVMOrcCSymbolMapPair *out)
{
    out->Name = LLVMOrcLLJITMangleAndIntern(loader->jit, name);
    out->Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)address;
    out->Sym.Flags.GenericFlags =
        LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
}

static lanes_status define_symbols(lanes_loader *loader, lanes_error *err)
{
    size_t count;
    size_t runtime_count;
    const lanes_loader_symbol *symbols = lanes_loader_symbols(&count);
    const lanes_runtime_symbol *runtime = lanes_runtime_symbols(&runtime_count);
    LLVMOrcCSymbolMapPair *pairs = calloc(count + runtime_count, sizeof(*pairs));
    if (pairs == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the symbol table");
    }
    for (size_t i = 0; i < count; i++) {
        add_pair(loader, symbols[i].name, symbols[i].address, &pairs[i]);
    }
    for (size_t i = 0; i < runtime_count; i++) {
        add_pair(loader, runtime[i].name, runtime[i].address, &pairs[count + i]);
    }
    LLVMOrcMaterializationUnitRef unit =
        LLVMOrcAbsoluteSymbols(pairs, count + runtime_count);
    free(pairs);
    LLVMErrorRef failure = LLVMOrcJITDylibDefine(loader->dylib, unit);
    if (failure != NULL) {
        LLVMOrcDisposeMaterializationUnit(unit);
        return fail(err, "defining the symbol table", failure);
    }
    return LANES_OK;
}

lanes_status lanes_loader_create(lanes_loader **out_loader, lanes_error *err)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    lanes_loader *loader = calloc(1, sizeof(*loader));
    if (loader == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for the loader");
    }
    LLVMErrorRef failure = LLVMOrcCreateLLJIT(&loader->jit, NULL);
    if (failure != NULL) {
        loader->jit = NULL;
        const lanes_status status = fail(err, "starting ORC", failure);
        lanes_loader_destroy(loader);
        return status;
    }
    loader->session = LLVMOrcLLJITGetExecutionSession(loader->jit);
    LLVMOrcExecutionSessionSetErrorReporter(loader->session, keep_report, loader);
    loader->dylib = LLVMOrcExecutionSessionCreateBareJITDylib(loader->session, "lanes");
    const lanes_status status = define_symbols(loader, err);
    if (status < 0) {
        lanes_loader_destroy(loader);
        return status;
    }
    *out_loader = loader;
    return LANES_OK;
}

void lanes_loader_destroy(lanes_loader *loader)
{
    if (loader == NULL) {
        return;
    }
    if (loader->jit != NULL) {
        LLVMErrorRef failure = LLVMOrcDisposeLLJIT(loader->jit);
        if (failure != NULL) {
            LLVMConsumeError(failure);
        }
    }
    free(loader);
}

/* What a lookup found, or why it found nothing. */
struct lookup_result {
    LLVMErrorRef failure;
    LLVMOrcExecutorAddress address;
};

static void take_lookup(LLVMErrorRef failure, LLVMOrcCSymbolMapPairs pairs, size_t count,
                        void *ctx)
{
    struct lookup_result *result = ctx;
    result->failure = failure;
    if (failure == NULL && count == 1) {
        result->address = pairs[0].Sym.Address;
    }
}

/* Links what the symbol needs; without threads the callback has run when this returns. */
static lanes_status look_up(lanes_loader *loader, const char *symbol,
                            uintptr_t *out_address, lanes_error *err)
{
    struct lookup_result result = {0};
    LLVMOrcCJITDylibSearchOrderElement order = {
        loader->dylib, LLVMOrcJITDylibLookupFlagsMatchAllSymbols};
    LLVMOrcCLookupSetElement wanted = {LLVMOrcLLJITMangleAndIntern(loader->jit, symbol),
                                       LLVMOrcSymbolLookupFlagsRequiredSymbol};
    loader->reported[0] = '\0';
    LLVMOrcExecutionSessionLookup(loader->session, LLVMOrcLookupKindStatic, &order, 1,
                                  &wanted, 1, take_lookup, &result);
    if (result.failure != NULL) {
        if (loader->reported[0] == '\0') {
            return fail(err, "linking the loop", result.failure);
        }
        LLVMConsumeError(result.failure);
        return lanes_error_set(err, LANES_E_LINK, "linking the loop: %s",
                               loader->reported);
    }
    if (result.address == 0) {
        return lanes_error_set(err, LANES_E_LINK, "the object does not define '%s'",
                               symbol);
    }
    *out_address = (uintptr_t)result.address;
    return LANES_OK;
}

lanes_status lanes_loader_load(lanes_loader *loader, const void *object,
                               size_t object_bytes, const char *symbol,
                               lanes_loaded **out_loaded, lanes_error *err)
{
    lanes_loaded *loaded = calloc(1, sizeof(*loaded));
    if (loaded == NULL) {
        return lanes_error_set(err, -ENOMEM, "no memory for a loaded object");
    }
    loaded->tracker = LLVMOrcJITDylibCreateResourceTracker(loader->dylib);
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(object, object_bytes, symbol);
    LLVMErrorRef failure =
        LLVMOrcLLJITAddObjectFileWithRT(loader->jit, loaded->tracker, buffer);
    uintptr_t address = 0;
    const lanes_status status = failure != NULL ? fail(err, "adding the object", failure)
                                                : look_up(loader, symbol, &address, err);
    if (status < 0) {
        lanes_loader_unload(loader, loaded);
        return status;
    }
    memcpy(&loaded->function, &address, sizeof(loaded->function));
    loaded->bytes = lanes_loader_object_memory(object, object_bytes);
    *out_loaded = loaded;
    return LANES_OK;
}

/* True for what objects are given, and so cannot define. */
static bool is_provided(const char *symbol)
{
    size_t count;
    const lanes_loader_symbol *symbols = lanes_loader_symbols(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(symbols[i].name, symbol) == 0) {
            return true;
        }
    }
    const lanes_runtime_symbol *runtime = lanes_runtime_symbols(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(runtime[i].name, symbol) == 0) {
            return true;
        }
    }
    return false;
}

void *lanes_loader_find(lanes_loader *loader, lanes_loaded *loaded, const char *symbol)
{
    /* One JITDylib has all objects, whose symbols differ, and what they are given. */
    (void)loaded;
    if (is_provided(symbol)) {
        return NULL;
    }
    uintptr_t address = 0;
    LANES_IGNORE(look_up(loader, symbol, &address, NULL) < 0, "then address stays 0");
    void *found;
    memcpy(&found, &address, sizeof(found));
    return found;
}

lanes_loop_fn lanes_loaded_function(const lanes_loaded *loaded)
{
    return loaded->function;
}

uint64_t lanes_loaded_bytes(const lanes_loaded *loaded)
{
    return loaded->bytes;
}

void lanes_loader_unload(lanes_loader *loader, lanes_loaded *loaded)
{
    if (loaded == NULL) {
        return;
    }
    LLVMErrorRef failure = LLVMOrcResourceTrackerRemove(loaded->tracker);
    if (failure != NULL) {
        LLVMConsumeError(failure);
    }
    LLVMOrcReleaseResourceTracker(loaded->tracker);
    /* Interned names of removed code stay in the pool until asked to leave. */
    LLVMOrcSymbolStringPoolClearDeadEntries(
        LLVMOrcExecutionSessionGetSymbolStringPool(loader->session));
    free(loaded);
}
