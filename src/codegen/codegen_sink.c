/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_sink.c - values are computed where they are needed, and nowhere else.
 *
 * Optimised IR computes both sides of a choice and selects: x / y is done for y == 0 as
 * well, and so raises a floating-point exception for a value that nobody uses. Results do
 * not show that; whoever asks for exceptions must not be told of it. So in a copy of the
 * callback (codegen_confirm.c) each such choice becomes a branch again:
 *
 *   1. minima, maxima and conversions that would raise where their results are defined
 *      are written out (codegen_raises.c);
 *   2. every select of what can raise, and every `and` and `or` of such conditions,
 *      becomes a branch and a phi;
 *   3. what can raise, and all that is made of it, goes down to the blocks in which it is
 *      used, as often as there are such blocks;
 *
 * and the last two again, until nothing moves any more.
 *
 * Only instructions without side effects are moved, and only to where they are executed
 * for fewer elements, so that all of it is a matter of when and not of what. Of `and` and
 * `or`, the operand that cannot raise is asked first, else the left one.
 */
#include "codegen/codegen_sink.h"

#include <llvm-c/Analysis.h>

/* Instructions of a function that is worth it, and blocks that one value is copied to. */
#define INSTRUCTIONS_MAX 20000u
#define USERS_MAX        64u
/* Copies that may be made: as many instructions as there are, and so many. */
#define COPIES_EXTRA 1000u

struct sinking {
    LLVMContextRef context;
    LLVMValueRef function;
    LLVMBuilderRef builder;
    unsigned mark; /* kind of the metadata that marks what can raise, or is made of it */
    LLVMValueRef mark_node;
    uint32_t copies_left;
    bool has_failed; /* there is something that this file cannot take apart */
    bool has_raising;
};

/* ---- What can raise --------------------------------------------------------------- */

static bool is_float_type(LLVMTypeRef type)
{
    const LLVMTypeKind kind = LLVMGetTypeKind(type);
    return kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind ||
           kind == LLVMHalfTypeKind || kind == LLVMBFloatTypeKind ||
           kind == LLVMX86_FP80TypeKind || kind == LLVMFP128TypeKind;
}

static bool is_bit(LLVMValueRef value)
{
    return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMIntegerTypeKind &&
           LLVMGetIntTypeWidth(LLVMTypeOf(value)) == 1;
}

static bool is_marked(const struct sinking *s, LLVMValueRef value)
{
    return LLVMIsAInstruction(value) && LLVMGetMetadata(value, s->mark) != NULL;
}

static bool should_mark(const struct sinking *s, LLVMValueRef instruction)
{
    if (lanes_codegen_can_raise(instruction)) {
        return true;
    }
    if (!lanes_codegen_is_movable(instruction)) {
        return false;
    }
    for (int k = 0; k < LLVMGetNumOperands(instruction); k++) {
        if (is_marked(s, LLVMGetOperand(instruction, (unsigned)k))) {
            return true;
        }
    }
    return false;
}

/* Marks what can raise, and all that could move and is made of it. */
static void mark_raising(struct sinking *s)
{
    bool has_more = true;
    while (has_more) { /* blocks may stand before those that lead to them */
        has_more = false;
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(s->function); block;
             block = LLVMGetNextBasicBlock(block)) {
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i;
                 i = LLVMGetNextInstruction(i)) {
                if (!is_marked(s, i) && should_mark(s, i)) {
                    LLVMSetMetadata(i, s->mark, s->mark_node);
                    s->has_raising = true;
                    has_more = true;
                }
            }
        }
    }
}

/* ---- Blocks ----------------------------------------------------------------------- */

/* Lets the phis of @p block, which @p from led to, say that @p to does. */
static void rename_incoming(struct sinking *s, LLVMBasicBlockRef block,
                            LLVMBasicBlockRef from, LLVMBasicBlockRef to)
{
    LLVMValueRef next;
    for (LLVMValueRef phi = LLVMGetFirstInstruction(block); phi && LLVMIsAPHINode(phi);
         phi = next) {
        next = LLVMGetNextInstruction(phi);
        LLVMPositionBuilderBefore(s->builder, phi);
        LLVMValueRef other = LLVMBuildPhi(s->builder, LLVMTypeOf(phi), "");
        for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
            LLVMValueRef value = LLVMGetIncomingValue(phi, k);
            LLVMBasicBlockRef incoming = LLVMGetIncomingBlock(phi, k);
            incoming = incoming == from ? to : incoming;
            LLVMAddIncoming(other, &value, &incoming, 1);
        }
        LLVMReplaceAllUsesWith(phi, other); /* also of itself */
        LLVMInstructionEraseFromParent(phi);
    }
}

static LLVMBasicBlockRef insert_block_behind(struct sinking *s, LLVMBasicBlockRef block)
{
    LLVMBasicBlockRef made = LLVMAppendBasicBlockInContext(s->context, s->function, "");
    LLVMMoveBasicBlockAfter(made, block);
    return made;
}

static void branch_to(struct sinking *s, LLVMBasicBlockRef from, LLVMBasicBlockRef to)
{
    LLVMPositionBuilderAtEnd(s->builder, from);
    LLVMBuildBr(s->builder, to);
}

/* All behind @p instruction, and it, go into a block of their own. */
static void split_before(struct sinking *s, LLVMValueRef instruction)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(instruction);
    LLVMBasicBlockRef tail = insert_block_behind(s, block);
    LLVMValueRef next;
    LLVMPositionBuilderAtEnd(s->builder, tail);
    for (LLVMValueRef i = instruction; i; i = next) {
        next = LLVMGetNextInstruction(i);
        LLVMInstructionRemoveFromParent(i);
        LLVMInsertIntoBuilder(s->builder, i);
    }
    LLVMValueRef end = LLVMGetBasicBlockTerminator(tail);
    for (unsigned k = 0; k < LLVMGetNumSuccessors(end); k++) {
        rename_incoming(s, LLVMGetSuccessor(end, k), block, tail);
    }
}

/*
 * `value`, if `condition`, else `otherwise`; by a branch, in place of @p instruction,
 * which split_before() has put at the head of a block, from @p block.
 */
static void become_branch(struct sinking *s, LLVMBasicBlockRef block,
                          LLVMValueRef instruction, LLVMValueRef condition,
                          LLVMValueRef value, LLVMValueRef otherwise)
{
    LLVMBasicBlockRef tail = LLVMGetInstructionParent(instruction);
    LLVMBasicBlockRef arms[2] = {insert_block_behind(s, block), NULL};
    arms[1] = insert_block_behind(s, arms[0]);
    LLVMPositionBuilderAtEnd(s->builder, block);
    LLVMBuildCondBr(s->builder, condition, arms[0], arms[1]);
    branch_to(s, arms[0], tail);
    branch_to(s, arms[1], tail);
    LLVMPositionBuilderBefore(s->builder, instruction);
    LLVMValueRef phi = LLVMBuildPhi(s->builder, LLVMTypeOf(instruction), "");
    LLVMValueRef values[2] = {value, otherwise};
    LLVMAddIncoming(phi, values, arms, 2);
    LLVMReplaceAllUsesWith(instruction, phi);
    LLVMInstructionEraseFromParent(instruction);
}

/* ---- 2. Choices ------------------------------------------------------------------- */

/* A select whose operands are all there anyway is a move, but x86 compares for it with
 * instructions that raise for NaN if what it moves is a float. */
static bool is_choice(const struct sinking *s, LLVMValueRef select)
{
    return is_float_type(LLVMTypeOf(select)) || is_marked(s, LLVMGetOperand(select, 1)) ||
           is_marked(s, LLVMGetOperand(select, 2));
}

/* `a && b`, `a || b`: the one that cannot raise is asked first. */
static void split_condition(struct sinking *s, LLVMBasicBlockRef block, LLVMValueRef i,
                            bool is_and)
{
    LLVMValueRef first = LLVMGetOperand(i, 0);
    LLVMValueRef second = LLVMGetOperand(i, 1);
    if (is_marked(s, first) && !is_marked(s, second)) {
        LLVMValueRef other = first;
        first = second;
        second = other;
    }
    LLVMValueRef known = LLVMConstInt(LLVMTypeOf(i), is_and ? 0 : 1, 0);
    become_branch(s, block, i, first, is_and ? second : known, is_and ? known : second);
}

static bool is_condition(const struct sinking *s, LLVMValueRef i)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    return (opcode == LLVMAnd || opcode == LLVMOr) && is_bit(i) &&
           (is_marked(s, LLVMGetOperand(i, 0)) || is_marked(s, LLVMGetOperand(i, 1)));
}

/*
 * Makes a branch of @p i, if it is a choice; true if it was. In a loop the block's own
 * phis, of which @p i may choose, are other ones once it is split.
 */
static bool split_choice(struct sinking *s, LLVMValueRef i)
{
    const LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    const bool is_select = opcode == LLVMSelect && is_choice(s, i);
    if (!is_select && !is_condition(s, i)) {
        return false;
    }
    LLVMBasicBlockRef block = LLVMGetInstructionParent(i);
    split_before(s, i);
    if (is_select) {
        become_branch(s, block, i, LLVMGetOperand(i, 0), LLVMGetOperand(i, 1),
                      LLVMGetOperand(i, 2));
    } else {
        split_condition(s, block, i, opcode == LLVMAnd);
    }
    return true;
}

/* A value for the phi of a block that only one way leads to is computed on that way. */
static bool split_edge(struct sinking *s, LLVMBasicBlockRef block, LLVMValueRef phi,
                       unsigned index)
{
    LLVMBasicBlockRef from = LLVMGetIncomingBlock(phi, index);
    LLVMValueRef end = LLVMGetBasicBlockTerminator(from);
    unsigned edges = 0;
    unsigned edge = 0;
    for (unsigned k = 0; k < LLVMGetNumSuccessors(end); k++) {
        if (LLVMGetSuccessor(end, k) == block) {
            edge = k;
            edges++;
        }
    }
    if (LLVMGetNumSuccessors(end) < 2 || edges != 1 ||
        !is_marked(s, LLVMGetIncomingValue(phi, index))) {
        return false;
    }
    LLVMBasicBlockRef way = insert_block_behind(s, from);
    branch_to(s, way, block);
    LLVMSetSuccessor(end, edge, way);
    rename_incoming(s, block, from, way);
    return true;
}

static void split_edges(struct sinking *s)
{
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(s->function); block;
         block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef phi = LLVMGetFirstInstruction(block);
        while (phi != NULL && LLVMIsAPHINode(phi)) {
            bool is_split = false;
            for (unsigned k = 0; k < LLVMCountIncoming(phi) && !is_split; k++) {
                is_split = split_edge(s, block, phi, k);
            }
            /* All phis of the block are new then. */
            phi = is_split ? LLVMGetFirstInstruction(block) : LLVMGetNextInstruction(phi);
        }
    }
}

/* ---- 3. Down ---------------------------------------------------------------------- */

/* Blocks in which a value is used; that of a phi's is the one it comes from. */
struct places {
    LLVMBasicBlockRef block[USERS_MAX];
    uint32_t count;
    bool has_all;
};

static void add_place(struct places *places, LLVMBasicBlockRef block)
{
    for (uint32_t k = 0; k < places->count; k++) {
        if (places->block[k] == block) {
            return;
        }
    }
    if (places->count == USERS_MAX) {
        places->has_all = false;
        return;
    }
    places->block[places->count++] = block;
}

static void find_places(LLVMValueRef value, struct places *places)
{
    places->count = 0;
    places->has_all = true;
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAPHINode(user)) {
            add_place(places, LLVMGetInstructionParent(user));
            continue;
        }
        for (unsigned k = 0; k < LLVMCountIncoming(user); k++) {
            if (LLVMGetIncomingValue(user, k) == value) {
                add_place(places, LLVMGetIncomingBlock(user, k));
            }
        }
    }
}

static bool uses(LLVMValueRef instruction, LLVMValueRef value)
{
    for (int k = 0; k < LLVMGetNumOperands(instruction); k++) {
        if (LLVMGetOperand(instruction, (unsigned)k) == value) {
            return true;
        }
    }
    return false;
}

/* Lets whoever uses @p value in @p block, or takes it from there, use @p other. */
static void replace_in(LLVMBasicBlockRef block, LLVMValueRef value, LLVMValueRef other)
{
    LLVMUseRef next;
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = next) {
        next = LLVMGetNextUse(use);
        LLVMValueRef user = LLVMGetUser(use);
        const bool is_phi = LLVMIsAPHINode(user) != NULL;
        if (!is_phi && LLVMGetInstructionParent(user) != block) {
            continue;
        }
        bool is_changed = false;
        for (int k = 0; k < LLVMGetNumOperands(user); k++) {
            if (LLVMGetOperand(user, (unsigned)k) == value &&
                (!is_phi || LLVMGetIncomingBlock(user, (unsigned)k) == block)) {
                LLVMSetOperand(user, (unsigned)k, other);
                is_changed = true;
            }
        }
        if (is_changed) { /* the list is another one */
            next = LLVMGetFirstUse(value);
        }
    }
}

/* A copy of @p value before its first user in @p block, for all users there. */
static void copy_down(struct sinking *s, LLVMValueRef value, LLVMBasicBlockRef block)
{
    LLVMValueRef at = LLVMGetFirstInstruction(block);
    while (!LLVMIsATerminatorInst(at) && (LLVMIsAPHINode(at) || !uses(at, value))) {
        at = LLVMGetNextInstruction(at);
    }
    LLVMValueRef copy = LLVMInstructionClone(value);
    LLVMPositionBuilderBefore(s->builder, at);
    LLVMInsertIntoBuilder(s->builder, copy);
    replace_in(block, value, copy);
}

/* True if @p value has gone. */
static bool sink(struct sinking *s, LLVMValueRef value)
{
    struct places places;
    LLVMBasicBlockRef own = LLVMGetInstructionParent(value);
    find_places(value, &places);
    for (uint32_t k = 0; k < places.count; k++) {
        if (places.block[k] == own) {
            return false;
        }
    }
    if (!places.has_all || places.count > s->copies_left) {
        s->has_failed = true;
        return false;
    }
    for (uint32_t k = 0; k < places.count; k++) {
        copy_down(s, value, places.block[k]);
    }
    s->copies_left -= places.count;
    LLVMInstructionEraseFromParent(value);
    return true;
}

/*
 * From the last user up. A choice that stays where it is becomes a branch, and what it
 * chose from can go into that; so of choices among choices the outer one comes first.
 */
static bool sink_block(struct sinking *s, LLVMBasicBlockRef block)
{
    bool has_moved = false;
    LLVMValueRef before;
    for (LLVMValueRef i = LLVMGetLastInstruction(block); i && !s->has_failed;
         i = before) {
        before = LLVMGetPreviousInstruction(i);
        s->has_failed |= lanes_codegen_is_vector_choice(i);
        if (is_marked(s, i) && sink(s, i)) {
            has_moved = true;
        } else if (split_choice(s, i)) {
            has_moved = true;
            /* Not the one of before: see there. */
            before = LLVMGetPreviousInstruction(LLVMGetBasicBlockTerminator(block));
        }
    }
    return has_moved;
}

static void sink_all(struct sinking *s)
{
    bool has_moved = true;
    while (has_moved && !s->has_failed) {
        has_moved = false;
        for (LLVMBasicBlockRef block = LLVMGetLastBasicBlock(s->function); block;
             block = LLVMGetPreviousBasicBlock(block)) {
            has_moved |= sink_block(s, block);
        }
    }
}

bool lanes_codegen_sink(LLVMValueRef function, bool *out_raises)
{
    static const char name[] = "lanes.raises";
    LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(function));
    const uint32_t count = lanes_codegen_instruction_count(function);
    struct sinking s = {
        .context = context,
        .function = function,
        .mark = LLVMGetMDKindIDInContext(context, name, sizeof(name) - 1),
        .mark_node = LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, NULL, 0)),
        .copies_left = count + COPIES_EXTRA,
        .has_failed = count > INSTRUCTIONS_MAX,
    };
    if (s.has_failed || !lanes_codegen_write_out(function)) {
        return false;
    }
    s.builder = LLVMCreateBuilderInContext(context);
    mark_raising(&s);
    split_edges(&s);
    sink_all(&s);
    LLVMDisposeBuilder(s.builder);
    *out_raises = s.has_raising;
    return !s.has_failed && LLVMVerifyFunction(function, LLVMReturnStatusAction) == 0;
}
