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
 * What a constant cannot contain, with the rule that says so; NULL if nothing speaks
 * against it. Expressions are trees of at most `depth` levels here; deeper ones count as
 * containing an address.
 */
static const char *refuse_constant(LLVMValueRef constant, unsigned depth,
                                   const char **out_rule)
{
    if (!LLVMIsAConstant(constant) || LLVMIsAGlobalValue(constant) ||
        LLVMIsAConstantDataSequential(constant)) {
        return NULL;
    }
    if (LLVMIsABlockAddress(constant)) {
        *out_rule = "indirect-branch";
        return "takes the address of a label (&&label), which keeps the callback out of "
               "the loop; use a switch";
    }
    if (depth == 0 ||
        (LLVMIsAConstantExpr(constant) && LLVMGetConstOpcode(constant) == LLVMIntToPtr)) {
        *out_rule = "address-constant";
        return "uses an address of the process that made the IR (a ctypes pointer or a "
               "dynamic global); pass the data as an operand";
    }
    const int count = LLVMGetNumOperands(constant);
    const char *why = NULL;
    for (int i = 0; i < count && why == NULL; i++) {
        why = refuse_constant(LLVMGetOperand(constant, (unsigned)i), depth - 1, out_rule);
    }
    return why;
}

#define CONSTANT_DEPTH_MAX 64u

/*
 * What a value of @p type cannot be in a loop for an x86-64 CPU, with the rule that says
 * so; NULL if nothing speaks against it.
 */
static const char *refuse_type(LLVMTypeRef type, const char **out_rule)
{
    switch (LLVMGetTypeKind(type)) {
    case LLVMScalableVectorTypeKind:
        *out_rule = "scalable-vector";
        return "uses vectors whose length only another kind of CPU knows; compile it for "
               "x86-64, or without vectors";
    case LLVMPointerTypeKind:
        *out_rule = "address-space";
        return LLVMGetPointerAddressSpace(type) == 0
                   ? NULL
                   : "uses pointers into another address space than 0 (of a GPU, or of a "
                     "segment register); use plain pointers";
    case LLVMX86_AMXTypeKind:
    case LLVMTargetExtTypeKind:
        *out_rule = "special-type";
        return "uses a type of one kind of processor; use plain numbers";
    case LLVMVectorTypeKind:
    case LLVMArrayTypeKind:
        return refuse_type(LLVMGetElementType(type), out_rule);
    case LLVMStructTypeKind:
        for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++) {
            const char *why = refuse_type(LLVMStructGetTypeAtIndex(type, i), out_rule);
            if (why != NULL) {
                return why;
            }
        }
        return NULL;
    default:
        return NULL;
    }
}

/* Instructions that lanes has no use for, whatever their operands. */
static const char *refuse_opcode(LLVMValueRef instruction, const char **out_rule)
{
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMIndirectBr:
        *out_rule = "indirect-branch";
        return "jumps to an address (goto *label), which keeps it out of the loop; use a "
               "switch";
    case LLVMVAArg:
        *out_rule = "variable-arguments";
        return "reads arguments that its signature does not name; give each one a type";
    case LLVMInvoke:
    case LLVMResume:
    case LLVMCatchSwitch:
    case LLVMCleanupRet:
        *out_rule = "exception-handling";
        return "handles exceptions of another language or platform than C++ and Rust on "
               "Linux; compile it without exceptions";
    default:
        break;
    }
    LLVMTypeRef type = LLVMIsAAllocaInst(instruction) ? LLVMGetAllocatedType(instruction)
                       : LLVMIsAGetElementPtrInst(instruction)
                           ? LLVMGetGEPSourceElementType(instruction)
                           : LLVMTypeOf(instruction);
    return refuse_type(type, out_rule);
}

static lanes_status admit_instruction(lanes_codegen *cg, LLVMValueRef function,
                                      LLVMValueRef instruction)
{
    const char *rule;
    const char *why = refuse_opcode(instruction, &rule);
    const int count = LLVMGetNumOperands(instruction);
    for (int i = 0; i < count && why == NULL; i++) {
        LLVMValueRef operand = LLVMGetOperand(instruction, (unsigned)i);
        why = refuse_type(LLVMTypeOf(operand), &rule);
        if (LLVMIsAInlineAsm(operand)) {
            return refuse(cg, "inline-asm", lanes_codegen_name(function),
                          "contains inline assembly; use plain code");
        }
        if (why == NULL) {
            why = refuse_constant(operand, CONSTANT_DEPTH_MAX, &rule);
        }
    }
    return why == NULL ? LANES_OK : refuse(cg, rule, lanes_codegen_name(function), why);
}

static lanes_status admit_external(lanes_codegen *cg, LLVMValueRef function)
{
    const char *name = lanes_codegen_name(function);
    lanes_codegen_math math;
    if (lanes_codegen_is_panic(name) || strcmp(name, LANES_DIVIDED) == 0) {
        return LANES_OK;
    }
    const char *rule;
    const char *why = lanes_codegen_refuse_callee(function, &rule);
    if (why != NULL) {
        return refuse(cg, rule, name, why);
    }
    if (LLVMGetIntrinsicID(function) != 0) {
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
    if (LLVMGetGC(function) != NULL) {
        return refuse(cg, "garbage-collector", lanes_codegen_name(function),
                      "is compiled for a garbage collector; use local variables");
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
    const char *rule;
    const char *why = refuse_type(LLVMTypeOf(global), &rule);
    if (why != NULL) {
        return refuse(cg, rule, lanes_codegen_name(global), why);
    }
    if (LLVMIsDeclaration(global)) {
        return lanes_error_set(&cg->error, LANES_E_IR_SYMBOL,
                               "the callback uses the external variable '%.200s', which "
                               "lanes does not provide",
                               lanes_codegen_name(global));
    }
    if (!LLVMIsGlobalConstant(global) && !lanes_codegen_is_only_read(global)) {
        return refuse(cg, "mutable-global", lanes_codegen_name(global),
                      "is written by the callback, or its address is kept or given away; "
                      "a callback keeps no state between elements, which run in any "
                      "order and on several threads. If it is a table, declare it const");
    }
    LLVMValueRef initial = LLVMGetInitializer(global);
    why = initial != NULL ? refuse_constant(initial, CONSTANT_DEPTH_MAX, &rule) : NULL;
    return why == NULL ? LANES_OK : refuse(cg, rule, lanes_codegen_name(global), why);
}

/* Parameters that mean more than their type says. */
static lanes_status admit_parameters(lanes_codegen *cg)
{
    static const char *const names[] = {"inalloca", "preallocated", "swiftasync",
                                        "swifterror"};
    for (unsigned i = 0; i < LLVMCountParams(cg->callback); i++) {
        for (size_t n = 0; n < LANES_ARRAY_COUNT(names); n++) {
            if (lanes_codegen_attribute(cg->callback, i + 1, names[n]) != NULL) {
                return lanes_error_set(
                    &cg->error, LANES_E_IR_REFUSED,
                    "rule parameter-attribute: '%.160s' takes argument %u as '%s', which "
                    "only its own language can pass; give it plain arguments",
                    lanes_codegen_name(cg->callback), i, names[n]);
            }
        }
    }
    return LANES_OK;
}

lanes_status lanes_codegen_admit_reachable(lanes_codegen *cg)
{
    LANES_TRY(admit_parameters(cg));
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        LANES_TRY(admit_global(cg, g));
    }
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        LANES_TRY(admit_function(cg, f));
    }
    return LANES_OK;
}
