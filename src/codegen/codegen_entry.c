/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_entry.c - which function is the callback, and by which convention it is called.
 *
 * Numba emits two functions for a @cfunc: the native one, i32 F(R *ret, excinfo **exc,
 * T...), and a C wrapper cfunc.F that turns a failure into a printed traceback with
 * CPython's help. lanes calls F: no CPython symbols, and a failure is a status.
 */
#include "codegen/codegen_internal.h"

#include <stdio.h>
#include <string.h>

#define CFUNC_PREFIX "cfunc."

LLVMValueRef lanes_codegen_cfunc_of(LLVMModuleRef module, const char *native)
{
    char name[LANES_ENTRY_NAME_MAX + sizeof(CFUNC_PREFIX)];
    snprintf(name, sizeof(name), CFUNC_PREFIX "%s", native);
    return LLVMGetNamedFunction(module, name);
}

static bool is_candidate(LLVMValueRef function, bool want_cfunc)
{
    if (LLVMIsDeclaration(function)) {
        return false;
    }
    if (want_cfunc) {
        return lanes_codegen_starts_with(lanes_codegen_name(function), CFUNC_PREFIX);
    }
    /* Beside an @njit function: its wrapper for CPython, and makers of exceptions. */
    const char *name = lanes_codegen_name(function);
    return LLVMGetLinkage(function) == LLVMExternalLinkage &&
           !lanes_codegen_starts_with(name, "_ZN7cpython") &&
           !lanes_codegen_starts_with(name, "__excinfo_unwrap");
}

/* Counts candidates, keeps the last, and lists their names for an error text. */
static size_t list_candidates(LLVMModuleRef module, bool want_cfunc,
                              LLVMValueRef *out_last, char *names, size_t names_bytes)
{
    size_t count = 0;
    size_t used = 0;
    names[0] = '\0';
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (!is_candidate(f, want_cfunc)) {
            continue;
        }
        *out_last = f;
        count++;
        if (used < names_bytes) {
            used += (size_t)snprintf(names + used, names_bytes - used, "%s'%s'",
                                     count > 1 ? ", " : "", lanes_codegen_name(f));
        }
    }
    return count;
}

static lanes_status find_only(lanes_codegen *cg, LLVMValueRef *out_entry)
{
    char names[320];
    size_t count = list_candidates(cg->module, true, out_entry, names, sizeof(names));
    if (count == 0) {
        count = list_candidates(cg->module, false, out_entry, names, sizeof(names));
    }
    if (count == 1) {
        return LANES_OK;
    }
    if (count == 0) {
        return lanes_error_set(
            &cg->error, LANES_E_IR_ENTRY,
            "the IR defines no function that could be the callback: there "
            "is no cfunc.* and no external definition");
    }
    return lanes_error_set(
        &cg->error, LANES_E_IR_ENTRY,
        "the IR has %zu candidate entries (%s%s); name one (entry, --entry)", count,
        names, strlen(names) + 1 == sizeof(names) ? "..." : "");
}

static lanes_status find_named(lanes_codegen *cg, LLVMValueRef *out_entry)
{
    const char *entry = cg->request->entry;
    LLVMValueRef found = LLVMGetNamedFunction(cg->module, entry);
    if (found != NULL && !LLVMIsDeclaration(found)) {
        *out_entry = found;
        return LANES_OK;
    }
    char names[256];
    LLVMValueRef last = NULL;
    if (list_candidates(cg->module, true, &last, names, sizeof(names)) == 0) {
        list_candidates(cg->module, false, &last, names, sizeof(names));
    }
    return lanes_error_set(&cg->error, LANES_E_IR_ENTRY,
                           "the IR does not define entry '%.100s'; it has %s", entry,
                           last != NULL ? names : "no candidate");
}

static bool is_pointer(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

/* i32 f(ptr, ptr, ...) */
static bool has_numba_shape(LLVMValueRef function)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    LLVMTypeRef result = LLVMGetReturnType(type);
    return !LLVMIsFunctionVarArg(type) && LLVMCountParamTypes(type) >= 2 &&
           LLVMGetTypeKind(result) == LLVMIntegerTypeKind &&
           LLVMGetIntTypeWidth(result) == 32 &&
           is_pointer(LLVMTypeOf(LLVMGetParam(function, 0))) &&
           is_pointer(LLVMTypeOf(LLVMGetParam(function, 1)));
}

static bool has_pointer_argument(LLVMValueRef function)
{
    for (unsigned i = 0; i < LLVMCountParams(function); i++) {
        if (is_pointer(LLVMTypeOf(LLVMGetParam(function, i)))) {
            return true;
        }
    }
    return false;
}

static bool is_void(LLVMValueRef function)
{
    LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(function));
    return LLVMGetTypeKind(result) == LLVMVoidTypeKind;
}

bool lanes_codegen_has_return_slot(LLVMValueRef function)
{
    return LLVMCountParams(function) > 0 &&
           lanes_codegen_attribute(function, 1, "sret") != NULL;
}

static enum lanes_convention find_convention(lanes_codegen *cg)
{
    const char *name = lanes_codegen_name(cg->callback);
    const bool is_numba = lanes_codegen_cfunc_of(cg->module, name) != NULL ||
                          lanes_codegen_starts_with(name, "_ZN");
    if (is_numba && has_numba_shape(cg->callback)) {
        return LANES_CONVENTION_NUMBA;
    }
    if (is_void(cg->callback) && !lanes_codegen_has_return_slot(cg->callback)) {
        return LANES_CONVENTION_C_OUT;
    }
    const bool has_pointers = has_pointer_argument(cg->callback);
    return has_pointers && !lanes_codegen_has_return_slot(cg->callback)
               ? LANES_CONVENTION_SCIPY
               : LANES_CONVENTION_C;
}

static const char *convention_name(enum lanes_convention convention)
{
    static const char *const names[] = {[LANES_CONVENTION_AUTO] = "auto",
                                        [LANES_CONVENTION_NUMBA] = "numba",
                                        [LANES_CONVENTION_C] = "c",
                                        [LANES_CONVENTION_C_OUT] = "c-out",
                                        [LANES_CONVENTION_SCIPY] = "scipy"};
    return names[convention];
}

/* The client's word counts, where the function has that shape. */
static lanes_status check_convention(lanes_codegen *cg, enum lanes_convention wanted)
{
    LLVMValueRef f = cg->callback;
    const char *why = NULL;
    if (wanted == LANES_CONVENTION_NUMBA && !has_numba_shape(f)) {
        why = "is not i32 (R *ret, excinfo **exc, ...)";
    } else if (wanted == LANES_CONVENTION_C_OUT && !is_void(f)) {
        why = "returns a value; c-out is void f(inputs..., outputs *...)";
    } else if (wanted == LANES_CONVENTION_SCIPY && is_void(f)) {
        why = "returns nothing; scipy is R f(T, void *) or R f(int, T *[, void *])";
    } else if (wanted == LANES_CONVENTION_C && !lanes_codegen_has_return_slot(f) &&
               (is_void(f) || has_pointer_argument(f))) {
        why = "takes pointers or returns nothing; c is R f(T...) of numbers";
    }
    if (why != NULL) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "convention '%s' was given, but '%.200s' %s",
                               convention_name(wanted), lanes_codegen_name(f), why);
    }
    return LANES_OK;
}

lanes_status lanes_codegen_find_entry(lanes_codegen *cg)
{
    LLVMValueRef entry = NULL;
    if (cg->request->entry[0] != '\0') {
        LANES_TRY(find_named(cg, &entry));
    } else {
        LANES_TRY(find_only(cg, &entry));
    }
    cg->callback = entry;
    if (lanes_codegen_starts_with(lanes_codegen_name(entry), CFUNC_PREFIX)) {
        const char *native = lanes_codegen_name(entry) + strlen(CFUNC_PREFIX);
        cg->callback = LLVMGetNamedFunction(cg->module, native);
        if (cg->callback == NULL || LLVMIsDeclaration(cg->callback)) {
            return lanes_error_set(&cg->error, LANES_E_IR_ENTRY,
                                   "the IR has the wrapper '%.200s' but not the native "
                                   "function it calls",
                                   lanes_codegen_name(entry));
        }
    }
    json_object_set_new(cg->report, "entry",
                        json_string(lanes_codegen_name(cg->callback)));
    const enum lanes_convention wanted = cg->request->convention;
    if (wanted > LANES_CONVENTION_SCIPY) {
        return lanes_error_set(&cg->error, LANES_E_INVALID, "convention %u is unknown",
                               wanted);
    }
    LANES_TRY(check_convention(cg, wanted));
    cg->convention = wanted != LANES_CONVENTION_AUTO ? wanted : find_convention(cg);
    json_object_set_new(cg->report, "convention",
                        json_string(convention_name(cg->convention)));
    if (cg->convention == LANES_CONVENTION_NUMBA &&
        json_object_get(cg->report, "producer") == NULL) {
        json_object_set_new(cg->report, "producer", json_string("Numba"));
    }
    return LANES_OK;
}
