/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_globals.c - variables of the module that the callback only reads.
 *
 * C's tables without `const` are variables, so a variable as such is fine; one that the
 * callback writes is not. Stores are the least of it: modf() and memset() write where
 * they are told, and an address that is kept may be written through by anyone. So every
 * use of an address is followed, and what is not known to read counts as writing.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

/* An address of the variable, or the address of memory in which one lies. */
struct alias {
    LLVMValueRef value;
    bool is_holder;
};

#define ALIASES_MAX 1024u /* a variable with more is not looked through */

struct search {
    struct alias alias[ALIASES_MAX];
    uint32_t count;
};

static bool follow(struct search *search, LLVMValueRef value, bool is_holder)
{
    for (uint32_t i = 0; i < search->count; i++) {
        if (search->alias[i].value == value && search->alias[i].is_holder == is_holder) {
            return true; /* a loop, or two ways to one address */
        }
    }
    if (search->count == ALIASES_MAX) {
        return false;
    }
    search->alias[search->count++] = (struct alias){value, is_holder};
    return true;
}

/* True for types whose values may be, or contain, an address. */
static bool may_hold_address(LLVMTypeRef type)
{
    switch (LLVMGetTypeKind(type)) {
    case LLVMPointerTypeKind:
    case LLVMStructTypeKind:
    case LLVMArrayTypeKind:
    case LLVMVectorTypeKind:
        return true;
    default:
        return false;
    }
}

/* True for instructions whose result is an address where an operand is one. */
static bool is_computation(LLVMValueRef instruction)
{
    switch (LLVMGetInstructionOpcode(instruction)) {
    case LLVMGetElementPtr:
    case LLVMBitCast:
    case LLVMAddrSpaceCast:
    case LLVMPtrToInt:
    case LLVMIntToPtr:
    case LLVMAdd:
    case LLVMSub:
    case LLVMAnd:
    case LLVMOr:
    case LLVMPHI:
    case LLVMSelect:
    case LLVMFreeze:
    case LLVMExtractElement:
    case LLVMInsertElement:
    case LLVMShuffleVector:
    case LLVMExtractValue:
    case LLVMInsertValue:
        return true;
    default:
        return false;
    }
}

/* True if argument @p i of a call is neither written through nor kept. */
static bool is_read_argument(LLVMValueRef call, unsigned i)
{
    LLVMAttributeRef captures = lanes_codegen_call_attribute(call, i + 1, "captures");
    const bool is_kept =
        captures != NULL ? LLVMGetEnumAttributeValue(captures) != 0
                         : lanes_codegen_call_attribute(call, i + 1, "nocapture") == NULL;
    return !is_kept && (lanes_codegen_call_attribute(call, i + 1, "readonly") != NULL ||
                        lanes_codegen_call_attribute(call, i + 1, "readnone") != NULL);
}

/* The attribute has two bits for each kind of memory; the upper says that it is written.
 */
#define MEMORY_WRITTEN UINT64_C(0xaaaaaaaaaaaaaaaa)

/* True if the function that is called writes no memory at all. */
static bool writes_nothing(LLVMValueRef call)
{
    LLVMAttributeRef memory =
        lanes_codegen_call_attribute(call, LANES_CODEGEN_AT_FUNCTION, "memory");
    return memory != NULL && (LLVMGetEnumAttributeValue(memory) & MEMORY_WRITTEN) == 0;
}

/* What is known by name, where a producer left the attributes away. */
static bool is_source_argument(LLVMValueRef call, unsigned i)
{
    const char *name = lanes_codegen_name(LLVMGetCalledValue(call));
    return strcmp(name, "memcmp") == 0 ||
           (i == 1 && (strcmp(name, "memcpy") == 0 || strcmp(name, "memmove") == 0));
}

static bool is_harmless_call(struct search *search, const struct alias *alias,
                             LLVMValueRef call)
{
    LLVMValueRef callee = LLVMGetCalledValue(call);
    if (callee == alias->value || alias->is_holder) {
        return false; /* what lies in a holder may be written through */
    }
    if (strcmp(lanes_codegen_name(callee), "llvm.assume") == 0) {
        return true;
    }
    if (writes_nothing(call)) {
        return !may_hold_address(LLVMTypeOf(call)) || follow(search, call, false);
    }
    const unsigned count = LLVMGetNumArgOperands(call);
    bool is_argument = false;
    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetOperand(call, i) == alias->value) {
            is_argument = true;
            if (!is_read_argument(call, i) && !is_source_argument(call, i)) {
                return false;
            }
        }
    }
    return is_argument;
}

static bool is_harmless_use(struct search *search, const struct alias *alias,
                            LLVMValueRef user)
{
    if (LLVMIsAGlobalVariable(user)) {
        return follow(search, user, true); /* its initial value has the address */
    }
    if (LLVMIsAConstant(user)) {
        return !LLVMIsAGlobalObject(user) && follow(search, user, alias->is_holder);
    }
    if (LLVMIsALoadInst(user)) {
        return !alias->is_holder || !may_hold_address(LLVMTypeOf(user)) ||
               follow(search, user, true);
    }
    if (LLVMIsAICmpInst(user)) {
        return true;
    }
    if (LLVMIsACallInst(user)) {
        return is_harmless_call(search, alias, user);
    }
    return is_computation(user) && follow(search, user, alias->is_holder);
}

bool lanes_codegen_is_only_read(LLVMValueRef variable)
{
    struct search search = {.count = 0};
    LANES_IGNORE(follow(&search, variable, false), "the first always fits");
    for (uint32_t i = 0; i < search.count; i++) {
        const struct alias alias = search.alias[i];
        for (LLVMUseRef use = LLVMGetFirstUse(alias.value); use;
             use = LLVMGetNextUse(use)) {
            if (!is_harmless_use(&search, &alias, LLVMGetUser(use))) {
                return false;
            }
        }
    }
    return true;
}
