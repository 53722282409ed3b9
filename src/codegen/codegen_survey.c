/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_survey.c - what one element costs, and what in it no vectorizer can take.
 *
 * Counted in a simplified copy of lanes.element, before it is in a loop: what LLVM makes
 * of the loop says little about one element, and its remarks name neither the function
 * that is called nor the array that is indexed.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Simplifying takes time that grows with the callback, and nobody reads such numbers. */
#define INSTRUCTIONS_MAX 20000u

/* As O3 begins: locals into registers, one of equal things, short loops written out. */
static const char simplify_passes[] =
    "globaldce,function(sroa,early-cse<memssa>,simplifycfg,"
    "instcombine<no-verify-fixpoint>,loop-simplify,lcssa,"
    "loop(loop-rotate,indvars,loop-deletion,loop-unroll-full),sroa,"
    "early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,adce)";

/* ---- One instruction -----------------------------------------------------------------
 */

/* How many numbers an instruction computes: front ends may have made vectors. */
static uint32_t lanes_of(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetVectorSize(type) : 1;
}

static LLVMTypeRef scalar_of(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
}

static bool is_wide_float(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(scalar_of(type));
    return kind == LLVMX86_FP80TypeKind || kind == LLVMFP128TypeKind ||
           kind == LLVMPPC_FP128TypeKind;
}

/* Bits of an integer type; 0 of others. */
static uint32_t integer_bits(LLVMTypeRef type)
{
    LLVMTypeRef scalar = scalar_of(type);
    return LLVMGetTypeKind(scalar) == LLVMIntegerTypeKind ? LLVMGetIntTypeWidth(scalar)
                                                          : 0;
}

static void count_integer(lanes_codegen_survey *survey, LLVMValueRef instruction,
                          bool is_division)
{
    LLVMTypeRef type = LLVMTypeOf(instruction);
    const uint32_t bits = integer_bits(type);
    if (bits <= 1) { /* logic of conditions */
        return;
    }
    survey->integers += lanes_of(type);
    if (is_division && !LLVMIsConstant(LLVMGetOperand(instruction, 1))) {
        survey->divisions += lanes_of(type);
        survey->long_divisions += bits == 64 ? 1 : 0;
        survey->huge_divisions += bits > 64 ? 1 : 0;
    }
}

static void count_float(lanes_codegen_survey *survey, LLVMValueRef instruction,
                        bool is_division)
{
    const uint32_t lanes = lanes_of(LLVMTypeOf(instruction));
    survey->flops += lanes;
    survey->divisions += is_division ? lanes : 0;
    survey->uses_long_double |= is_wide_float(LLVMTypeOf(instruction));
}

/* True if an address is one of the callback's own memory. */
static bool is_local(LLVMValueRef address)
{
    while (LLVMIsAGetElementPtrInst(address)) {
        address = LLVMGetOperand(address, 0);
    }
    return LLVMIsAAllocaInst(address) != NULL;
}

static void count_load(lanes_codegen_survey *survey, LLVMValueRef instruction,
                       LLVMValueRef address)
{
    survey->is_volatile |= LLVMGetVolatile(instruction) ||
                           LLVMGetOrdering(instruction) != LLVMAtomicOrderingNotAtomic;
    survey->loads += LLVMIsALoadInst(instruction) && !is_local(address)
                         ? lanes_of(LLVMTypeOf(instruction))
                         : 0;
}

/* ---- Calls ---------------------------------------------------------------------------
 */

static void count_callee(lanes_codegen_survey *survey, const char *name, uint32_t lanes)
{
    const json_t *before = json_object_get(survey->calls, name);
    json_object_set_new(survey->calls, name,
                        json_integer(json_integer_value(before) + (json_int_t)lanes));
}

/* Intrinsics that are arithmetic, and what they count. */
static const struct {
    const char *start;
    uint8_t flops;
} arithmetic_intrinsics[] = {{"llvm.fma.", 2},     {"llvm.fmuladd.", 2},
                             {"llvm.minnum.", 1},  {"llvm.maxnum.", 1},
                             {"llvm.minimum.", 1}, {"llvm.maximum.", 1}};

static bool count_arithmetic_intrinsic(lanes_codegen_survey *survey, const char *name,
                                       uint32_t lanes)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(arithmetic_intrinsics); i++) {
        if (lanes_codegen_starts_with(name, arithmetic_intrinsics[i].start)) {
            survey->flops += lanes * arithmetic_intrinsics[i].flops;
            return true;
        }
    }
    return false;
}

/* A function of the closed table by its name, "expf" counting as it is spelled. */
static void count_known(lanes_codegen_survey *survey, const lanes_codegen_math *math,
                        uint32_t lanes)
{
    if (lanes_codegen_starts_with(math->name, "lanes_")) {
        return; /* what the loop itself asks of the runtime */
    }
    if (strcmp(math->name, "sqrt") == 0 || strcmp(math->name, "sqrtf") == 0) {
        survey->flops += lanes;
        survey->square_roots += lanes;
    } else if (math->group == LANES_EXTERNAL_RUNTIME ||
               math->group == LANES_EXTERNAL_MATH) {
        count_callee(survey, math->name, lanes);
    }
}

static void count_call(lanes_codegen_survey *survey, LLVMValueRef call)
{
    LLVMValueRef callee = LLVMGetCalledValue(call);
    const uint32_t lanes = lanes_of(LLVMTypeOf(call));
    lanes_codegen_math math;
    if (LLVMIsAFunction(callee) == NULL) {
        survey->calls_indirectly |= LLVMIsAInlineAsm(callee) == NULL;
        return;
    }
    const char *name = lanes_codegen_name(callee);
    survey->uses_powers |= lanes_codegen_starts_with(name, "llvm.powi.");
    if (count_arithmetic_intrinsic(survey, name, lanes)) {
        return;
    }
    if (lanes_codegen_find_callee(callee, &math)) {
        count_known(survey, &math, lanes);
    } else if (!LLVMIsDeclaration(callee)) {
        survey->is_recursive = true; /* all else has gone into the callback */
    }
}

/* ---- The element ---------------------------------------------------------------------
 */

/* A float that becomes double on its way, and the way back. */
static void count_widening(lanes_codegen_survey *survey, LLVMValueRef instruction,
                           LLVMOpcode opcode)
{
    LLVMTypeRef from = scalar_of(LLVMTypeOf(LLVMGetOperand(instruction, 0)));
    LLVMTypeRef to = scalar_of(LLVMTypeOf(instruction));
    const bool is_up = opcode == LLVMFPExt;
    if (LLVMGetTypeKind(is_up ? from : to) == LLVMFloatTypeKind &&
        LLVMGetTypeKind(is_up ? to : from) == LLVMDoubleTypeKind) {
        survey->widens |= is_up;
        survey->narrows |= !is_up;
    }
}

static void count_instruction(lanes_codegen_survey *survey, LLVMValueRef i)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    if (opcode == LLVMFAdd || opcode == LLVMFSub || opcode == LLVMFMul ||
        opcode == LLVMFDiv) {
        count_float(survey, i, opcode == LLVMFDiv);
    } else if (opcode == LLVMFRem) {
        survey->remainders++;
        count_callee(survey,
                     LLVMGetTypeKind(scalar_of(LLVMTypeOf(i))) == LLVMFloatTypeKind
                         ? "fmodf"
                         : "fmod",
                     lanes_of(LLVMTypeOf(i)));
    } else if (opcode == LLVMUDiv || opcode == LLVMSDiv || opcode == LLVMURem ||
               opcode == LLVMSRem) {
        count_integer(survey, i, true);
    } else if (opcode == LLVMAdd || opcode == LLVMSub || opcode == LLVMMul ||
               opcode == LLVMShl || opcode == LLVMLShr || opcode == LLVMAShr ||
               opcode == LLVMAnd || opcode == LLVMOr || opcode == LLVMXor) {
        count_integer(survey, i, false);
    } else if (opcode == LLVMLoad) {
        count_load(survey, i, LLVMGetOperand(i, 0));
    } else if (opcode == LLVMStore) {
        count_load(survey, i, LLVMGetOperand(i, 1));
    } else if (opcode == LLVMFPExt || opcode == LLVMFPTrunc) {
        count_widening(survey, i, opcode);
    } else if (opcode == LLVMCall || opcode == LLVMInvoke) {
        count_call(survey, i);
    } else if (opcode == LLVMAlloca) {
        survey->has_local_memory = true;
    } else if (opcode == LLVMSelect) {
        survey->selections += lanes_of(LLVMTypeOf(i));
    } else if (opcode == LLVMSwitch || opcode == LLVMBr) {
        survey->branches += LLVMGetNumSuccessors(i) - 1;
    }
}

enum visit { UNSEEN = 0, OPEN, CLOSED };

/* One step of a walk: a block, and how many of its successors have been looked at. */
struct step {
    unsigned block;
    unsigned successor;
};

struct walk {
    LLVMBasicBlockRef *blocks; /* sorted; owned, as all of these */
    unsigned char *visited;
    unsigned char *is_head; /* of a loop */
    struct step *steps;
    unsigned count;
};

/* Follows one edge, or goes back where a block has no more. */
static void follow(struct walk *walk, unsigned *depth, lanes_codegen_survey *survey)
{
    struct step *step = &walk->steps[*depth - 1];
    LLVMValueRef end = LLVMGetBasicBlockTerminator(walk->blocks[step->block]);
    if (step->successor >= LLVMGetNumSuccessors(end)) {
        walk->visited[step->block] = CLOSED;
        (*depth)--;
        return;
    }
    const unsigned next = lanes_codegen_find_block(
        walk->blocks, walk->count, LLVMGetSuccessor(end, step->successor++));
    if (walk->visited[next] == OPEN && !walk->is_head[next]) {
        walk->is_head[next] = 1;
        survey->loops++;
    }
    if (walk->visited[next] == UNSEEN) {
        walk->visited[next] = OPEN;
        walk->steps[(*depth)++] = (struct step){.block = next};
    }
}

/* Blocks that an edge leads back to are the heads of loops. */
static lanes_status count_loops(lanes_codegen *cg, LLVMValueRef function)
{
    lanes_codegen_survey *survey = &cg->survey;
    const unsigned count = LLVMCountBasicBlocks(function);
    struct walk walk = {.blocks = calloc(count, sizeof(LLVMBasicBlockRef)),
                        .visited = calloc(count, 1),
                        .is_head = calloc(count, 1),
                        .steps = calloc(count, sizeof(struct step)),
                        .count = count};
    const bool has_memory = walk.blocks != NULL && walk.visited != NULL &&
                            walk.is_head != NULL && walk.steps != NULL;
    if (has_memory) {
        lanes_codegen_sort_blocks(function, walk.blocks);
        unsigned depth = 1;
        walk.steps[0].block = lanes_codegen_find_block(walk.blocks, count,
                                                       LLVMGetEntryBasicBlock(function));
        walk.visited[walk.steps[0].block] = OPEN;
        while (depth > 0) {
            follow(&walk, &depth, survey);
        }
    }
    free(walk.blocks);
    free(walk.visited);
    free(walk.is_head);
    free(walk.steps);
    return has_memory ? LANES_OK
                      : lanes_error_set(&cg->error, -ENOMEM, "no memory for the survey");
}

static lanes_status survey_element(lanes_codegen *cg, LLVMValueRef element)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(element); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            count_instruction(&cg->survey, i);
        }
    }
    return count_loops(cg, element);
}

/* ---- The copy ------------------------------------------------------------------------
 */

uint32_t lanes_codegen_instruction_count(LLVMValueRef function)
{
    uint32_t count = 0;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
         block = LLVMGetNextBasicBlock(block)) {
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
             i = LLVMGetNextInstruction(i)) {
            count++;
        }
    }
    return count;
}

/* What the element does not need, globaldce drops; of math functions equal calls are one.
 */
static void isolate_element(LLVMModuleRef copy)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(copy); f; f = LLVMGetNextFunction(f)) {
        lanes_codegen_math math;
        if (LLVMIsDeclaration(f)) {
            if (LLVMGetIntrinsicID(f) == 0 && lanes_codegen_find_callee(f, &math) &&
                math.is_pure) {
                lanes_codegen_mark_pure(f);
            }
        } else if (strcmp(lanes_codegen_name(f), LANES_ELEMENT_LOOP) == 0) {
            LLVMSetLinkage(f, LLVMExternalLinkage);
        } else {
            LLVMSetLinkage(f, LLVMInternalLinkage);
        }
    }
}

lanes_status lanes_codegen_survey_element(lanes_codegen *cg, LLVMValueRef element)
{
    if (cg->survey.is_made ||
        lanes_codegen_instruction_count(element) > INSTRUCTIONS_MAX) {
        return LANES_OK;
    }
    LLVMModuleRef own = cg->module;
    LLVMModuleRef copy = LLVMCloneModule(own);
    isolate_element(copy);
    cg->module = copy;
    lanes_status status = lanes_codegen_run_passes(cg, simplify_passes);
    cg->module = own;
    if (status == LANES_OK) {
        cg->survey.calls = json_object();
        status = survey_element(cg, LLVMGetNamedFunction(copy, LANES_ELEMENT_LOOP));
        cg->survey.is_made = status == LANES_OK;
    }
    LLVMDisposeModule(copy);
    return status;
}
