/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_admit.c - what a callback's module may contain. Every refusal names its rule.
 *
 * Not a security boundary: kernels run with their owner's authority. The rules keep out
 * what cannot work outside the process that made the IR (addresses, its symbols) and what
 * would run code or keep state behind the loop's back (constructors, inline assembly).
 */
#include "codegen/codegen_internal.h"

#include <string.h>

static lanes_status refuse(lanes_codegen *cg, const char *rule, const char *object,
                           const char *advice)
{
    return lanes_error_set(&cg->error, LANES_E_IR_REFUSED, "rule %s: '%.160s' %s", rule,
                           object, advice);
}

static bool is_list_without_elements(LLVMValueRef global)
{
    LLVMValueRef list = LLVMGetInitializer(global);
    return list == NULL || LLVMIsNull(list) ||
           (LLVMIsAConstantArray(list) && LLVMGetNumOperands(list) == 0);
}

static lanes_status admit_special_globals(lanes_codegen *cg)
{
    static const char *const constructor_lists[] = {"llvm.global_ctors",
                                                    "llvm.global_dtors"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(constructor_lists); i++) {
        LLVMValueRef list = LLVMGetNamedGlobal(cg->module, constructor_lists[i]);
        if (list != NULL && !is_list_without_elements(list)) {
            return refuse(cg, "constructor", constructor_lists[i],
                          "runs code when the module is loaded; remove the constructors");
        }
    }
    /* These only keep unused things alive, which lanes is about to drop. */
    static const char *const keep_lists[] = {"llvm.used", "llvm.compiler.used"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(keep_lists); i++) {
        LLVMValueRef list = LLVMGetNamedGlobal(cg->module, keep_lists[i]);
        if (list != NULL) {
            LLVMDeleteGlobal(list);
        }
    }
    return LANES_OK;
}

/* What generated code is called, and what it calls. */
static bool is_reserved(LLVMValueRef value)
{
    const char *name = lanes_codegen_name(value);
    return strncmp(name, "lanes.", 6) == 0 || strncmp(name, "lanes_", 6) == 0;
}

static lanes_status admit_names(lanes_codegen *cg)
{
    LLVMValueRef found = NULL;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        found = is_reserved(f) ? f : found;
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        found = is_reserved(g) ? g : found;
    }
    return found == NULL ? LANES_OK
                         : refuse(cg, "reserved-name", lanes_codegen_name(found),
                                  "is a name that lanes gives; rename it");
}

lanes_status lanes_codegen_admit_module(lanes_codegen *cg)
{
    LANES_TRY(admit_names(cg));
    size_t length;
    const char *assembly = LLVMGetModuleInlineAsm(cg->module, &length);
    if (length > 0) {
        return refuse(cg, "module-asm", assembly, "is module-level assembly; remove it");
    }
    LLVMValueRef ifunc = LLVMGetFirstGlobalIFunc(cg->module);
    if (ifunc != NULL) {
        return refuse(cg, "ifunc", lanes_codegen_name(ifunc),
                      "is an ifunc; define a plain function");
    }
    for (LLVMValueRef alias = LLVMGetFirstGlobalAlias(cg->module); alias;
         alias = LLVMGetNextGlobalAlias(alias)) {
        LLVMValueRef target = LLVMAliasGetAliasee(alias);
        if (LLVMIsAGlobalValue(target) == NULL || LLVMIsDeclaration(target)) {
            return refuse(cg, "alias", lanes_codegen_name(alias),
                          "is an alias of something outside the module");
        }
        LLVMSetLinkage(alias, LLVMInternalLinkage);
    }
    return admit_special_globals(cg);
}

/*
 * True if a constant contains inttoptr: an address of the process that made the IR.
 * Expressions are trees of at most `depth` levels here; deeper ones count as containing
 * it.
 */
static bool has_client_address(LLVMValueRef constant, unsigned depth)
{
    if (!LLVMIsAConstant(constant) || LLVMIsAGlobalValue(constant) ||
        LLVMIsAConstantDataSequential(constant)) {
        return false;
    }
    if (depth == 0) {
        return true;
    }
    if (LLVMIsAConstantExpr(constant) && LLVMGetConstOpcode(constant) == LLVMIntToPtr) {
        return true;
    }
    const int count = LLVMGetNumOperands(constant);
    for (int i = 0; i < count; i++) {
        if (has_client_address(LLVMGetOperand(constant, (unsigned)i), depth - 1)) {
            return true;
        }
    }
    return false;
}

#define CONSTANT_DEPTH_MAX 64u

/* The module's variable that a store, or an atomic operation, changes; else NULL. */
static LLVMValueRef changed_variable(LLVMValueRef instruction)
{
    LLVMValueRef address = NULL;
    if (LLVMIsAStoreInst(instruction)) {
        address = LLVMGetOperand(instruction, 1);
    } else if (LLVMIsAAtomicRMWInst(instruction) ||
               LLVMIsAAtomicCmpXchgInst(instruction)) {
        address = LLVMGetOperand(instruction, 0);
    }
    while (address != NULL &&
           (LLVMIsAGetElementPtrInst(address) || LLVMIsAConstantExpr(address))) {
        address = LLVMGetOperand(address, 0);
    }
    return address != NULL && LLVMIsAGlobalVariable(address) ? address : NULL;
}

static lanes_status admit_instruction(lanes_codegen *cg, LLVMValueRef function,
                                      LLVMValueRef instruction)
{
    LLVMValueRef variable = changed_variable(instruction);
    if (variable != NULL) {
        return refuse(cg, "mutable-global", lanes_codegen_name(variable),
                      "is written by the callback; a callback keeps no state between "
                      "elements, which run in any order and on several threads");
    }
    const int count = LLVMGetNumOperands(instruction);
    for (int i = 0; i < count; i++) {
        LLVMValueRef operand = LLVMGetOperand(instruction, (unsigned)i);
        if (LLVMIsAInlineAsm(operand)) {
            return refuse(cg, "inline-asm", lanes_codegen_name(function),
                          "contains inline assembly; use plain code");
        }
        if (has_client_address(operand, CONSTANT_DEPTH_MAX)) {
            return refuse(cg, "address-constant", lanes_codegen_name(function),
                          "uses an address of the process that made the IR (a ctypes "
                          "pointer or a dynamic global); pass the data as an operand");
        }
    }
    return LANES_OK;
}

static lanes_status admit_external(lanes_codegen *cg, LLVMValueRef function)
{
    const char *name = lanes_codegen_name(function);
    lanes_codegen_math math;
    if (LLVMGetIntrinsicID(function) != 0 || lanes_codegen_is_panic(name) ||
        strcmp(name, LANES_DIVIDED) == 0) {
        return LANES_OK;
    }
    if (!lanes_codegen_find_external(name, &math)) {
        return lanes_error_set(&cg->error, LANES_E_IR_SYMBOL,
                               "the callback calls '%.160s', which lanes does not "
                               "provide: %s",
                               name, lanes_codegen_explain_external(name));
    }
    cg->needs_begin |= lanes_codegen_keeps_state(name);
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    if (math.arity > 0) {
        LLVMTypeRef real = math.is_float ? LLVMFloatTypeInContext(cg->context)
                                         : LLVMDoubleTypeInContext(cg->context);
        LLVMTypeRef parameters[3] = {real, real, real};
        if (type != LLVMFunctionType(real, parameters, math.arity, 0)) {
            return lanes_error_set(&cg->error, LANES_E_IR_SYMBOL,
                                   "'%s' is declared with another type than libm's",
                                   name);
        }
    }
    return LANES_OK;
}

static lanes_status admit_block(lanes_codegen *cg, LLVMValueRef function,
                                LLVMBasicBlockRef block)
{
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
         i = LLVMGetNextInstruction(i)) {
        LANES_TRY(admit_instruction(cg, function, i));
    }
    return LANES_OK;
}

static lanes_status admit_function(lanes_codegen *cg, LLVMValueRef function)
{
    if (LLVMIsDeclaration(function)) {
        return admit_external(cg, function);
    }
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LANES_TRY(admit_block(cg, function, block));
    }
    return LANES_OK;
}

static lanes_status admit_global(lanes_codegen *cg, LLVMValueRef global)
{
    if (LLVMIsThreadLocal(global)) {
        return refuse(cg, "thread-local", lanes_codegen_name(global),
                      "is thread-local; a callback keeps no state between elements");
    }
    if (LLVMIsDeclaration(global)) {
        return lanes_error_set(&cg->error, LANES_E_IR_SYMBOL,
                               "the callback uses the external variable '%.200s', which "
                               "lanes does not provide",
                               lanes_codegen_name(global));
    }
    LLVMValueRef initial = LLVMGetInitializer(global);
    if (initial != NULL && has_client_address(initial, CONSTANT_DEPTH_MAX)) {
        return refuse(
            cg, "address-constant", lanes_codegen_name(global),
            "holds an address of the process that made the IR (a ctypes pointer "
            "or a dynamic global); pass the data as an operand");
    }
    return LANES_OK;
}

lanes_status lanes_codegen_admit_reachable(lanes_codegen *cg)
{
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        LANES_TRY(admit_global(cg, g));
    }
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        LANES_TRY(admit_function(cg, f));
    }
    return LANES_OK;
}
