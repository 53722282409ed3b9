/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_float.c - what the client allows to be done to floating-point arithmetic.
 *
 * Flags are added to those that the IR has, at every instruction and call that may have
 * some; before the identity is computed, so that it counts them.
 */
#include "codegen/codegen_internal.h"

#include <llvm-c/Core.h>

_Static_assert((int)LANES_FP_REASSOC == (int)LLVMFastMathAllowReassoc &&
                   (int)LANES_FP_NNAN == (int)LLVMFastMathNoNaNs &&
                   (int)LANES_FP_NINF == (int)LLVMFastMathNoInfs &&
                   (int)LANES_FP_NSZ == (int)LLVMFastMathNoSignedZeros &&
                   (int)LANES_FP_ARCP == (int)LLVMFastMathAllowReciprocal &&
                   (int)LANES_FP_CONTRACT == (int)LLVMFastMathAllowContract &&
                   (int)LANES_FP_AFN == (int)LLVMFastMathApproxFunc,
               "the flags are LLVM's");

void lanes_codegen_relax_floats(lanes_codegen *cg)
{
    const LLVMFastMathFlags wanted = cg->request->fp;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f && wanted != 0;
         f = LLVMGetNextFunction(f)) {
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block;
             block = LLVMGetNextBasicBlock(block)) {
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
                 i = LLVMGetNextInstruction(i)) {
                if (LLVMCanValueUseFastMathFlags(i)) {
                    LLVMSetFastMathFlags(i, LLVMGetFastMathFlags(i) | wanted);
                }
            }
        }
    }
}
