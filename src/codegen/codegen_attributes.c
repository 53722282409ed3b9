/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_attributes.c - enum attributes by their names.
 *
 * Names come and go with LLVM's versions ("nocapture" became "captures"); one that the
 * linked LLVM does not know is an attribute that nothing has.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

static unsigned kind_of(const char *name)
{
    return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

LLVMAttributeRef lanes_codegen_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                         const char *name)
{
    const unsigned kind = kind_of(name);
    return kind != 0 ? LLVMGetEnumAttributeAtIndex(function, at, kind) : NULL;
}

LLVMAttributeRef lanes_codegen_call_attribute(LLVMValueRef call, LLVMAttributeIndex at,
                                              const char *name)
{
    const unsigned kind = kind_of(name);
    LLVMAttributeRef found =
        kind != 0 ? LLVMGetCallSiteEnumAttribute(call, at, kind) : NULL;
    LLVMValueRef callee = LLVMGetCalledValue(call);
    return found == NULL && LLVMIsAFunction(callee)
               ? lanes_codegen_attribute(callee, at, name)
               : found;
}

void lanes_codegen_add_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                 const char *name)
{
    const unsigned kind = kind_of(name);
    LANES_ASSERT(kind != 0);
    LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(function));
    LLVMAddAttributeAtIndex(function, at, LLVMCreateEnumAttribute(context, kind, 0));
}

void lanes_codegen_drop_attribute(LLVMValueRef function, LLVMAttributeIndex at,
                                  const char *name)
{
    const unsigned kind = kind_of(name);
    if (kind != 0) {
        LLVMRemoveEnumAttributeAtIndex(function, at, kind);
    }
}
