/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_unwrap.h - how the arguments of a dynamic exception lie in memory.
 *
 * Numba (>= 0.57) writes no description of them. It writes a function that makes Python
 * objects of them, __excinfo_unwrap_args<hash>(struct *); what that loads from where, and
 * which function of CPython it calls with it, says the same.
 */
#ifndef LANES_CODEGEN_UNWRAP_H
#define LANES_CODEGEN_UNWRAP_H

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>

#include "base/base.h"
#include "kernel/payload.h"

/** True if @p function is one that boxes an exception's arguments. */
bool lanes_unwrap_is(LLVMValueRef function);

/**
 * Read the layout of the struct that @p function gets.
 *
 * Its locals must be in registers (lanes_codegen_normalise()). A value that is no number,
 * string, None or tuple of such, or whose place is not clear, or that has no room, is
 * LANES_RAISED_ITEM_UNKNOWN; out->bytes covers all that the function reads.
 */
void lanes_unwrap_read(LLVMTargetDataRef layout, LLVMValueRef function,
                       lanes_payload_arguments *out);

#endif /* LANES_CODEGEN_UNWRAP_H */
