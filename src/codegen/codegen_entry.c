/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_entry.c - which function is the callback, how it is called, what its types are.
 *
 * Numba emits two functions for a @cfunc: the native one, i32 F(R *ret, excinfo **exc,
 * T...), and a C wrapper cfunc.F that turns a failure into a printed traceback with
 * CPython's help. lanes calls F: no CPython symbols, and a failure is a status.
 */
#include "codegen/codegen_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CFUNC_PREFIX "cfunc."

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static LLVMValueRef cfunc_of(LLVMModuleRef module, const char *native)
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
        return starts_with(lanes_codegen_name(function), CFUNC_PREFIX);
    }
    return LLVMGetLinkage(function) == LLVMExternalLinkage;
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

static bool has_numba_shape(LLVMTypeRef type)
{
    if (LLVMCountParamTypes(type) < 3 || LLVMIsFunctionVarArg(type)) {
        return false;
    }
    LLVMTypeRef *params = calloc(LLVMCountParamTypes(type), sizeof(LLVMTypeRef));
    if (params == NULL) {
        return false;
    }
    LLVMGetParamTypes(type, params);
    LLVMTypeRef result = LLVMGetReturnType(type);
    const bool fits = LLVMGetTypeKind(result) == LLVMIntegerTypeKind &&
                      LLVMGetIntTypeWidth(result) == 32 && is_pointer(params[0]) &&
                      is_pointer(params[1]);
    free(params);
    return fits;
}

static uint32_t dtype_of(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    if (kind == LLVMDoubleTypeKind) {
        return LANES_F8;
    }
    if (kind == LLVMFloatTypeKind) {
        return LANES_F4;
    }
    const unsigned width = kind == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(type) : 0;
    if (width == 64) {
        return LANES_I8;
    }
    return width == 32 ? LANES_I4 : LANES_DTYPE_NONE;
}

static lanes_status refuse_type(lanes_codegen *cg, LLVMTypeRef type, const char *what,
                                unsigned index)
{
    char *text = LLVMPrintTypeToString(type);
    lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                    "%s %u of '%.200s' has LLVM type %.80s, which is none of %s", what,
                    index, lanes_codegen_name(cg->callback), text,
                    lanes_dtype_all_names());
    LLVMDisposeMessage(text);
    return LANES_E_IR_SIGNATURE;
}

/* The native function returns through a pointer; its wrapper's return type, or the type
 * of a value stored there, tells what it is. */
static LLVMTypeRef numba_return_type(LLVMModuleRef module, LLVMValueRef native)
{
    LLVMValueRef wrapper = cfunc_of(module, lanes_codegen_name(native));
    if (wrapper != NULL) {
        return LLVMGetReturnType(LLVMGlobalGetValueType(wrapper));
    }
    for (LLVMUseRef use = LLVMGetFirstUse(LLVMGetParam(native, 0)); use;
         use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (LLVMIsAStoreInst(user)) {
            return LLVMTypeOf(LLVMGetOperand(user, 0));
        }
    }
    return NULL;
}

static lanes_status read_signature(lanes_codegen *cg)
{
    const unsigned hidden = cg->convention == LANES_CONVENTION_NUMBA ? 2 : 0;
    const unsigned total = LLVMCountParams(cg->callback);
    LLVMTypeRef type = LLVMGlobalGetValueType(cg->callback);
    if (LLVMIsFunctionVarArg(type)) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "'%.200s' takes a variable number of arguments",
                               lanes_codegen_name(cg->callback));
    }
    if (total <= hidden || total - hidden > LANES_OPERANDS_MAX - 1) {
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "'%.200s' takes %u arguments; lanes needs 1 to %d",
                               lanes_codegen_name(cg->callback),
                               total > hidden ? total - hidden : 0,
                               LANES_OPERANDS_MAX - 1);
    }
    lanes_signature *signature = &cg->signature;
    for (unsigned i = hidden; i < total; i++) {
        LLVMTypeRef parameter = LLVMTypeOf(LLVMGetParam(cg->callback, i));
        const uint32_t dtype = dtype_of(parameter);
        if (dtype == LANES_DTYPE_NONE) {
            return refuse_type(cg, parameter, "argument", i - hidden);
        }
        signature->dtype[signature->input_count++] = dtype;
    }
    LLVMTypeRef result = cg->convention == LANES_CONVENTION_NUMBA
                             ? numba_return_type(cg->module, cg->callback)
                             : LLVMGetReturnType(type);
    if (result == NULL || dtype_of(result) == LANES_DTYPE_NONE) {
        return refuse_type(cg,
                           result != NULL ? result : LLVMVoidTypeInContext(cg->context),
                           "result", 0);
    }
    signature->output_count = 1;
    signature->dtype[signature->input_count] = dtype_of(result);
    return LANES_OK;
}

/*
 * Numba's names end in a code for each argument (itanium_mangler.py): IR does not tell
 * signed from unsigned, these do. Refuses unsigned arguments, which would be computed
 * unsigned from operands that are signed.
 */
static lanes_status refuse_unsigned(lanes_codegen *cg)
{
    static const char known[] = "fdixjy";
    const char *name = lanes_codegen_name(cg->callback);
    const size_t length = strlen(name);
    const uint32_t count = cg->signature.input_count;
    if (length <= count || name[length - count - 1] != 'E' ||
        strspn(name + length - count, known) != count) {
        return LANES_OK; /* not such a name */
    }
    for (uint32_t i = 0; i < count; i++) {
        const char code = name[length - count + i];
        if (code == 'j' || code == 'y') {
            return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                                   "argument %u is %s, which is none of %s; declare it "
                                   "signed",
                                   i, code == 'j' ? "uint32" : "uint64",
                                   lanes_dtype_all_names());
        }
    }
    return LANES_OK;
}

static lanes_status check_wanted_signature(lanes_codegen *cg)
{
    if (cg->request->signature[0] == '\0') {
        return LANES_OK;
    }
    lanes_signature wanted;
    LANES_TRY(lanes_signature_parse(cg->request->signature, &wanted, &cg->error));
    if (!lanes_signature_equal(&wanted, &cg->signature)) {
        char actual[LANES_SIGNATURE_TEXT_MAX];
        lanes_signature_format(&cg->signature, actual);
        return lanes_error_set(&cg->error, LANES_E_IR_SIGNATURE,
                               "signature '%s' was given, but '%.200s' is %s",
                               cg->request->signature, lanes_codegen_name(cg->callback),
                               actual);
    }
    return LANES_OK;
}

static bool is_success_constant(LLVMValueRef value)
{
    if (!LLVMIsAConstantInt(value)) {
        return false;
    }
    const long long status = LLVMConstIntGetSExtValue(value);
    return status == 0 || status == -2;
}

/* True unless every return of the native function is a constant success. */
static bool can_raise(LLVMValueRef native)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(native); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef last = LLVMGetBasicBlockTerminator(block);
        if (LLVMIsAReturnInst(last) && !is_success_constant(LLVMGetOperand(last, 0))) {
            return true;
        }
    }
    return false;
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
    cg->convention = LANES_CONVENTION_C;
    if (starts_with(lanes_codegen_name(entry), CFUNC_PREFIX)) {
        const char *native = lanes_codegen_name(entry) + strlen(CFUNC_PREFIX);
        cg->callback = LLVMGetNamedFunction(cg->module, native);
        if (cg->callback == NULL || LLVMIsDeclaration(cg->callback)) {
            return lanes_error_set(&cg->error, LANES_E_IR_ENTRY,
                                   "the IR has the wrapper '%.200s' but not the native "
                                   "function it calls",
                                   lanes_codegen_name(entry));
        }
    }
    const bool is_numba =
        cfunc_of(cg->module, lanes_codegen_name(cg->callback)) != NULL ||
        starts_with(lanes_codegen_name(cg->callback), "_ZN");
    if (is_numba && has_numba_shape(LLVMGlobalGetValueType(cg->callback))) {
        cg->convention = LANES_CONVENTION_NUMBA;
        cg->may_raise = can_raise(cg->callback);
        if (json_object_get(cg->report, "producer") == NULL) {
            json_object_set_new(cg->report, "producer", json_string("Numba"));
        }
    }
    json_object_set_new(cg->report, "entry",
                        json_string(lanes_codegen_name(cg->callback)));
    json_object_set_new(
        cg->report, "convention",
        json_string(cg->convention == LANES_CONVENTION_NUMBA ? "numba" : "c"));
    LANES_TRY(read_signature(cg));
    if (cg->convention == LANES_CONVENTION_NUMBA) {
        LANES_TRY(refuse_unsigned(cg));
    }
    char text[LANES_SIGNATURE_TEXT_MAX];
    lanes_signature_format(&cg->signature, text);
    json_object_set_new(cg->report, "signature", json_string(text));
    json_object_set_new(cg->report, "may_raise", json_boolean(cg->may_raise));
    if (cg->request->default_key) {
        lanes_variant_key_contiguous(&cg->signature, &cg->key);
    } else {
        cg->key = cg->request->key;
    }
    return check_wanted_signature(cg);
}
