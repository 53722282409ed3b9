/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_trace.c - see codegen_trace.h.
 */
#include "codegen/codegen_trace.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "codegen/codegen_internal.h"

/* Values derived from one pointer that are followed; more, and it counts as unknown. */
#define VALUES_MAX 512
/* Reads and writes whose order is judged; more, and nothing counts as written first. */
#define ACCESSES_MAX 1024
/* Blocks of a function; of one that has more nothing is known to be always reached. */
#define BLOCKS_MAX 4096u

struct step {
    LLVMValueRef value;
    int64_t offset;
    bool is_exact;  /* the offset is a constant */
    bool is_chosen; /* by a phi or a select: it may be another pointer, too */
};

/* One read or write through the pointer. */
struct access {
    LLVMValueRef instruction;
    bool is_write;
    bool is_placed; /* always at [begin, end), and nowhere else */
    int64_t begin;
    int64_t end;
};

/* The blocks of a function and the ways between them. */
struct flow {
    unsigned count; /* 0: too many */
    unsigned entry;
    LLVMBasicBlockRef block[BLOCKS_MAX]; /* by address */
    bool may_end[BLOCKS_MAX]; /* the function returns in it, or may not return */
};

struct tracer {
    LLVMTargetDataRef layout;
    lanes_trace *trace;
    uint32_t count;
    uint32_t access_count;
    bool has_more_accesses;
    struct step steps[VALUES_MAX];
    struct access access[ACCESSES_MAX];
};

/* ---- What is done with the pointer ----------------------------------------------------
 */

static void follow(struct tracer *tracer, LLVMValueRef value, const struct step *to)
{
    for (uint32_t i = 0; i < tracer->count; i++) {
        if (tracer->steps[i].value == value) {
            /* A second way to the same value: a loop, or a choice of addresses. */
            if (tracer->steps[i].offset != to->offset || !to->is_exact) {
                tracer->trace->is_known = false;
            }
            return;
        }
    }
    if (tracer->count == VALUES_MAX) {
        tracer->trace->is_known = false;
        return;
    }
    tracer->steps[tracer->count] = *to;
    tracer->steps[tracer->count++].value = value;
}

/* Of a process; LLVM 19 lets the sizes of larger types wrap. */
#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 47)

static bool add_bytes(int64_t *offset, int64_t count, uint64_t bytes)
{
    int64_t added;
    return bytes <= ADDRESS_SPACE_BYTES &&
           !__builtin_mul_overflow(count, (int64_t)bytes, &added) &&
           !__builtin_add_overflow(*offset, added, offset);
}

/* Bytes that a constant GEP adds; false if an index is no constant. */
static bool gep_offset(LLVMTargetDataRef layout, LLVMValueRef gep, int64_t *out_offset)
{
    LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
    const unsigned count = LLVMGetNumIndices(gep);
    int64_t offset = 0;
    for (unsigned i = 0; i < count; i++) {
        LLVMValueRef index = LLVMGetOperand(gep, i + 1);
        if (!LLVMIsAConstantInt(index)) {
            return false;
        }
        const long long at = LLVMConstIntGetSExtValue(index);
        if (at > INT32_MAX || at < INT32_MIN) {
            return false;
        }
        bool fits;
        if (i == 0) {
            fits = add_bytes(&offset, at, LLVMABISizeOfType(layout, type));
        } else if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
            fits = add_bytes(&offset, 1, LLVMOffsetOfElement(layout, type, (unsigned)at));
            type = LLVMStructGetTypeAtIndex(type, (unsigned)at);
        } else {
            type = LLVMGetElementType(type);
            fits = add_bytes(&offset, at, LLVMABISizeOfType(layout, type));
        }
        if (!fits) {
            return false;
        }
    }
    *out_offset = offset;
    return true;
}

static bool is_from_bool(LLVMValueRef value)
{
    if (LLVMIsAConstantInt(value)) {
        return LLVMConstIntGetZExtValue(value) <= 1;
    }
    if (LLVMIsAZExtInst(value)) {
        LLVMTypeRef from = LLVMTypeOf(LLVMGetOperand(value, 0));
        return LLVMGetTypeKind(from) == LLVMIntegerTypeKind &&
               LLVMGetIntTypeWidth(from) == 1;
    }
    return false;
}

static void add_store(lanes_trace *trace, uint64_t offset, LLVMTypeRef type, bool is_bool)
{
    uint32_t at = 0;
    while (at < trace->store_count && trace->store[at].offset < offset) {
        at++;
    }
    if (at < trace->store_count && trace->store[at].offset == offset) {
        /* LLVM stores a zero of any type as an integer: then the other one tells. */
        if (LLVMGetTypeKind(trace->store[at].type) == LLVMIntegerTypeKind &&
            LLVMGetTypeKind(type) != LLVMIntegerTypeKind) {
            trace->store[at].type = type;
        }
        trace->store[at].is_bool = trace->store[at].is_bool && is_bool;
        return;
    }
    if (trace->store_count == LANES_TRACE_STORES_MAX) {
        trace->is_known = false;
        return;
    }
    memmove(&trace->store[at + 1], &trace->store[at],
            (trace->store_count - at) * sizeof(trace->store[0]));
    trace->store[at] = (lanes_trace_store){offset, type, is_bool};
    trace->store_count++;
}

/* Bytes from the pointer to the end of an access; 0 if it ends before it. */
static uint64_t end_of(int64_t offset, uint64_t bytes)
{
    int64_t end = offset;
    if (!add_bytes(&end, 1, bytes)) {
        return UINT64_MAX;
    }
    return end > 0 ? (uint64_t)end : 0;
}

static void add_access(struct tracer *tracer, const struct step *step,
                       LLVMValueRef instruction, uint64_t bytes, bool is_write)
{
    int64_t end = step->offset;
    const bool is_placed =
        add_bytes(&end, 1, bytes) && step->is_exact && !step->is_chosen;
    if (is_placed && step->offset < tracer->trace->begin) {
        tracer->trace->begin = step->offset;
    }
    if (tracer->access_count == ACCESSES_MAX) {
        tracer->has_more_accesses = true;
        return;
    }
    tracer->access[tracer->access_count++] = (struct access){.instruction = instruction,
                                                             .is_write = is_write,
                                                             .is_placed = is_placed,
                                                             .begin = step->offset,
                                                             .end = end};
}

static void on_access(struct tracer *tracer, const struct step *step,
                      LLVMValueRef instruction, LLVMTypeRef type, LLVMValueRef stored)
{
    lanes_trace *trace = tracer->trace;
    const uint64_t bytes = LLVMStoreSizeOfType(tracer->layout, type);
    const uint64_t end = end_of(step->offset, bytes);
    add_access(tracer, step, instruction, bytes, stored != NULL);
    if (!step->is_exact || step->offset < 0) {
        trace->is_known = false;
    }
    if (stored == NULL) {
        trace->is_read = true;
        trace->read_type = trace->read_type == NULL ? type : trace->read_type;
        trace->read_end = step->is_exact && end > trace->read_end ? end : trace->read_end;
        return;
    }
    trace->is_written = true;
    trace->written_type = trace->written_type == NULL ? type : trace->written_type;
    if (step->is_exact && step->offset >= 0) {
        trace->written_end = end > trace->written_end ? end : trace->written_end;
        add_store(trace, (uint64_t)step->offset, type, is_from_bool(stored));
    }
}

/* Intrinsics that say something about memory without using it. */
static bool is_harmless_call(LLVMValueRef call)
{
    LLVMValueRef callee = LLVMGetCalledValue(call);
    size_t length;
    const char *name = LLVMGetValueName2(callee, &length);
    return LLVMIsAFunction(callee) != NULL &&
           (strncmp(name, "llvm.lifetime.", 14) == 0 ||
            strncmp(name, "llvm.assume", 11) == 0 || strncmp(name, "llvm.dbg.", 9) == 0 ||
            strncmp(name, "llvm.invariant.", 15) == 0);
}

/* True if @p call promises to do no more than read through @p pointer. */
static bool is_only_read(LLVMValueRef call, LLVMValueRef pointer)
{
    const unsigned count = LLVMGetNumArgOperands(call);
    LLVMValueRef callee = LLVMGetCalledValue(call);
    if (callee == pointer) {
        return false;
    }
    size_t length;
    const char *name = LLVMGetValueName2(callee, &length);
    if (strncmp(name, "numba_xx", 8) == 0 || strcmp(name, "memcmp") == 0) {
        return true; /* np.dot: Numba gives it a result of its own */
    }
    for (unsigned i = 0; i < count; i++) {
        if (LLVMGetOperand(call, i) == pointer &&
            lanes_codegen_call_attribute(call, i + 1, "readonly") == NULL &&
            lanes_codegen_call_attribute(call, i + 1, "readnone") == NULL) {
            return false;
        }
    }
    return true;
}

/* A call that gets the pointer, and is neither a fill nor a copy of constant length. */
static void on_opaque_call(struct tracer *tracer, const struct step *step,
                           LLVMValueRef call, bool is_block)
{
    lanes_trace *trace = tracer->trace;
    trace->is_known = false;
    const bool is_target = LLVMGetOperand(call, 0) == step->value;
    const bool is_read = is_block ? !is_target : is_only_read(call, step->value);
    trace->is_written |=
        is_target && (is_block || strncmp(lanes_codegen_name(LLVMGetCalledValue(call)),
                                          "llvm.memmove.", 13) == 0);
    trace->is_read |= is_read;
    trace->escapes |= !is_block && !is_read;
    if (is_read) {
        const struct step anywhere = {.value = step->value};
        add_access(tracer, &anywhere, call, 0, false);
    }
}

/* memset and memcpy to the pointer, of a constant length, write; else it escapes. */
static void on_call(struct tracer *tracer, const struct step *step, LLVMValueRef call)
{
    lanes_trace *trace = tracer->trace;
    if (is_harmless_call(call)) {
        return;
    }
    const char *name = lanes_codegen_name(LLVMGetCalledValue(call));
    const bool is_fill = strncmp(name, "llvm.memset.", 12) == 0;
    const bool is_copy = strncmp(name, "llvm.memcpy.", 12) == 0;
    LLVMValueRef length = is_fill || is_copy ? LLVMGetOperand(call, 2) : NULL;
    if (length == NULL || !LLVMIsAConstantInt(length) || !step->is_exact) {
        on_opaque_call(tracer, step, call, length != NULL);
        return;
    }
    const uint64_t bytes = LLVMConstIntGetZExtValue(length);
    const uint64_t end = end_of(step->offset, bytes);
    const bool is_write = LLVMGetOperand(call, 0) == step->value;
    add_access(tracer, step, call, bytes, is_write);
    if (step->offset < 0) {
        trace->is_known = false;
    }
    if (is_write) {
        trace->is_written = true;
        trace->is_filled = true;
        trace->written_end = end > trace->written_end ? end : trace->written_end;
    } else {
        trace->is_read = true;
        trace->read_end = end > trace->read_end ? end : trace->read_end;
    }
}

static void on_user(struct tracer *tracer, const struct step *step, LLVMValueRef user)
{
    struct step next = *step;
    if (LLVMIsAGetElementPtrInst(user)) {
        int64_t added = 0;
        const bool is_base = LLVMGetOperand(user, 0) == step->value;
        next.is_exact = gep_offset(tracer->layout, user, &added) && step->is_exact &&
                        is_base &&
                        !__builtin_add_overflow(step->offset, added, &next.offset);
        follow(tracer, user, &next);
    } else if (LLVMIsABitCastInst(user) || LLVMIsAPHINode(user) ||
               LLVMIsASelectInst(user)) {
        next.is_chosen |= LLVMIsABitCastInst(user) == NULL;
        follow(tracer, user, &next);
    } else if (LLVMIsALoadInst(user)) {
        on_access(tracer, step, user, LLVMTypeOf(user), NULL);
    } else if (LLVMIsAStoreInst(user)) {
        LLVMValueRef stored = LLVMGetOperand(user, 0);
        if (stored == step->value) {
            tracer->trace->is_known = false; /* the address itself is kept somewhere */
            tracer->trace->escapes = true;
        } else {
            on_access(tracer, step, user, LLVMTypeOf(stored), stored);
        }
    } else if (LLVMIsACallInst(user)) {
        on_call(tracer, step, user);
    } else if (LLVMIsAPtrToIntInst(user)) {
        /* LLVM's loop strength reduction counts addresses in integers, to load there. */
        tracer->trace->is_known = false;
        tracer->trace->is_read = true;
    } else if (!LLVMIsAICmpInst(user)) {
        /* An atomic operation: whatever it is. */
        tracer->trace->is_known = false;
        tracer->trace->escapes = true;
    }
}

/* ---- In which order -------------------------------------------------------------------
 */

/* True if the instructions behind @p i may never be reached from it. */
static bool may_not_return(LLVMValueRef i)
{
    LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
    if (callee == NULL) {
        return false;
    }
    if (!LLVMIsAFunction(callee) || !LLVMIsDeclaration(callee)) {
        return true;
    }
    const char *name = lanes_codegen_name(callee);
    lanes_codegen_math math;
    if (LLVMGetIntrinsicID(callee) != 0) {
        return lanes_codegen_is_panic(name);
    }
    /* A failing division goes on with a divisor of 1. */
    return strcmp(name, LANES_DIVIDED) != 0 &&
           !(lanes_codegen_find_external(name, &math) &&
             math.group == LANES_EXTERNAL_MATH);
}

static unsigned index_of(const struct flow *flow, LLVMBasicBlockRef block)
{
    return lanes_codegen_find_block(flow->block, flow->count, block);
}

static void read_flow(LLVMValueRef function, struct flow *flow)
{
    flow->count = LLVMCountBasicBlocks(function);
    if (flow->count > BLOCKS_MAX) {
        flow->count = 0;
        return;
    }
    lanes_codegen_sort_blocks(function, flow->block);
    flow->entry = index_of(flow, LLVMGetEntryBasicBlock(function));
    for (unsigned b = 0; b < flow->count; b++) {
        LLVMValueRef last = LLVMGetBasicBlockTerminator(flow->block[b]);
        flow->may_end[b] = LLVMGetNumSuccessors(last) == 0;
        for (LLVMValueRef i = LLVMGetFirstInstruction(flow->block[b]);
             i && !flow->may_end[b]; i = LLVMGetNextInstruction(i)) {
            flow->may_end[b] = may_not_return(i);
        }
    }
}

#define ANY_END UINT_MAX

/*
 * True if some way from the entry gets to block `goal`, or to where the function may end,
 * without leaving a block that is closed.
 */
static bool can_get(const struct flow *flow, const bool *is_closed, unsigned goal)
{
    bool is_seen[BLOCKS_MAX] = {false};
    unsigned queue[BLOCKS_MAX];
    unsigned queued = 0;
    queue[queued++] = flow->entry;
    is_seen[flow->entry] = true;
    for (unsigned done = 0; done < queued; done++) {
        const unsigned at = queue[done];
        if (at == goal || (goal == ANY_END && flow->may_end[at] && !is_closed[at])) {
            return true;
        }
        LLVMValueRef last = LLVMGetBasicBlockTerminator(flow->block[at]);
        for (unsigned s = 0; s < LLVMGetNumSuccessors(last) && !is_closed[at]; s++) {
            const unsigned next = index_of(flow, LLVMGetSuccessor(last, s));
            if (!is_seen[next]) {
                is_seen[next] = true;
                queue[queued++] = next;
            }
        }
    }
    return false;
}

static bool is_before(LLVMValueRef first, LLVMValueRef second)
{
    LLVMValueRef i = LLVMGetPreviousInstruction(second);
    while (i && i != first) {
        i = LLVMGetPreviousInstruction(i);
    }
    return i != NULL;
}

/* True if every call of the function that ends has executed @p instruction. */
static bool is_always_reached(const struct flow *flow, LLVMValueRef instruction)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(instruction);
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i != instruction;
         i = LLVMGetNextInstruction(i)) {
        if (may_not_return(i)) {
            return false;
        }
    }
    bool is_closed[BLOCKS_MAX] = {false};
    is_closed[index_of(flow, block)] = true;
    return !can_get(flow, is_closed, ANY_END);
}

/* The first byte of [begin, end) that some way to @p read has not written; or end. */
static int64_t written_until(const struct tracer *tracer, const struct flow *flow,
                             const struct access *read, int64_t begin, int64_t end)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(read->instruction);
    for (int64_t at = begin; at < end;) {
        int64_t next = end; /* the same writes cover all bytes up to it */
        bool is_closed[BLOCKS_MAX] = {false};
        bool is_written = false;
        for (uint32_t i = 0; i < tracer->access_count; i++) {
            const struct access *write = &tracer->access[i];
            if (!write->is_write || !write->is_placed || write->end <= at) {
                continue;
            }
            if (write->begin > at) {
                next = write->begin < next ? write->begin : next;
                continue;
            }
            LLVMBasicBlockRef in = LLVMGetInstructionParent(write->instruction);
            next = write->end < next ? write->end : next;
            is_closed[index_of(flow, in)] = true;
            is_written |= in == block && is_before(write->instruction, read->instruction);
        }
        if (!is_written && can_get(flow, is_closed, index_of(flow, block))) {
            return at;
        }
        at = next;
    }
    return end;
}

static void judge_read(struct tracer *tracer, const struct flow *flow,
                       const struct access *read)
{
    lanes_trace *trace = tracer->trace;
    const bool reaches_further =
        read->begin < trace->always_read_begin ||
        (read->end > 0 && (uint64_t)read->end > trace->always_read_end);
    if (read->is_placed && reaches_further &&
        is_always_reached(flow, read->instruction)) {
        if (read->begin < trace->always_read_begin) {
            trace->always_read_begin = read->begin;
        }
        if (read->end > 0 && (uint64_t)read->end > trace->always_read_end) {
            trace->always_read_end = (uint64_t)read->end;
        }
    }
    if (!trace->is_written) {
        return;
    }
    if (read->is_placed) {
        trace->reads_before_writing |=
            written_until(tracer, flow, read, read->begin, read->end) < read->end;
        return;
    }
    const int64_t end =
        trace->written_end < INT64_MAX ? (int64_t)trace->written_end : INT64_MAX;
    const uint64_t first = (uint64_t)written_until(tracer, flow, read, 0, end);
    trace->written_first = first < trace->written_first ? first : trace->written_first;
}

static void judge_reads(struct tracer *tracer, LLVMValueRef function)
{
    if (!tracer->trace->is_read) {
        return;
    }
    struct flow flow;
    read_flow(function, &flow);
    if (flow.count == 0 || tracer->has_more_accesses) {
        tracer->trace->reads_before_writing = tracer->trace->is_written;
    }
    for (uint32_t i = 0; i < tracer->access_count && flow.count > 0; i++) {
        if (!tracer->access[i].is_write) {
            judge_read(tracer, &flow, &tracer->access[i]);
        }
    }
}

void lanes_trace_pointer(LLVMTargetDataRef layout, LLVMValueRef pointer,
                         lanes_trace *out_trace)
{
    *out_trace = (lanes_trace){.is_known = true, .written_first = UINT64_MAX};
    struct tracer tracer = {.layout = layout, .trace = out_trace};
    const struct step start = {.is_exact = true};
    follow(&tracer, pointer, &start);
    for (uint32_t i = 0; i < tracer.count; i++) {
        const struct step step = tracer.steps[i];
        for (LLVMUseRef use = LLVMGetFirstUse(step.value); use;
             use = LLVMGetNextUse(use)) {
            on_user(&tracer, &step, LLVMGetUser(use));
        }
    }
    judge_reads(&tracer, LLVMGetParamParent(pointer));
}
