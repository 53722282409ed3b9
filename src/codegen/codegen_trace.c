/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_trace.c - see codegen_trace.h.
 */
#include "codegen/codegen_trace.h"

#include <string.h>

#include "base/base.h"

/* Values derived from one pointer that are followed; more, and it counts as unknown. */
#define VALUES_MAX 512

struct step {
    LLVMValueRef value;
    int64_t offset;
    bool is_exact; /* the offset is a constant */
};

struct tracer {
    LLVMTargetDataRef layout;
    lanes_trace *trace;
    uint32_t count;
    struct step steps[VALUES_MAX];
};

static void follow(struct tracer *tracer, LLVMValueRef value, int64_t offset,
                   bool is_exact)
{
    for (uint32_t i = 0; i < tracer->count; i++) {
        if (tracer->steps[i].value == value) {
            /* A second way to the same value: a loop, or a choice of addresses. */
            if (tracer->steps[i].offset != offset || !is_exact) {
                tracer->trace->is_known = false;
            }
            return;
        }
    }
    if (tracer->count == VALUES_MAX) {
        tracer->trace->is_known = false;
        return;
    }
    tracer->steps[tracer->count++] = (struct step){value, offset, is_exact};
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
        if (i == 0) {
            offset += at * (int64_t)LLVMABISizeOfType(layout, type);
        } else if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
            offset += (int64_t)LLVMOffsetOfElement(layout, type, (unsigned)at);
            type = LLVMStructGetTypeAtIndex(type, (unsigned)at);
        } else {
            type = LLVMGetElementType(type);
            offset += at * (int64_t)LLVMABISizeOfType(layout, type);
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

static uint64_t end_of(int64_t offset, uint64_t bytes)
{
    return offset < 0 ? bytes : (uint64_t)offset + bytes;
}

static void on_access(struct tracer *tracer, const struct step *step, LLVMTypeRef type,
                      LLVMValueRef stored)
{
    lanes_trace *trace = tracer->trace;
    const uint64_t end = end_of(step->offset, LLVMStoreSizeOfType(tracer->layout, type));
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

/* True if @p call promises to do no more than read through @p pointer, and not to keep
 * it. */
static bool is_only_read(LLVMValueRef call, LLVMValueRef pointer)
{
    static const char *const names[] = {"readonly", "readnone"};
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
        bool is_read = false;
        for (size_t n = 0; n < LANES_ARRAY_COUNT(names); n++) {
            const unsigned kind =
                LLVMGetEnumAttributeKindForName(names[n], strlen(names[n]));
            is_read |= LLVMGetCallSiteEnumAttribute(call, i + 1, kind) != NULL ||
                       (LLVMIsAFunction(callee) &&
                        LLVMGetEnumAttributeAtIndex(callee, i + 1, kind) != NULL);
        }
        if (LLVMGetOperand(call, i) == pointer && !is_read) {
            return false;
        }
    }
    return true;
}

/* memset and memcpy to the pointer, of a constant length, write; else it escapes. */
static void on_call(struct tracer *tracer, const struct step *step, LLVMValueRef call)
{
    lanes_trace *trace = tracer->trace;
    if (is_harmless_call(call)) {
        return;
    }
    size_t length;
    const char *name = LLVMGetValueName2(LLVMGetCalledValue(call), &length);
    const bool is_fill = strncmp(name, "llvm.memset.", 12) == 0;
    const bool is_copy = strncmp(name, "llvm.memcpy.", 12) == 0;
    LLVMValueRef bytes = is_fill || is_copy ? LLVMGetOperand(call, 2) : NULL;
    if (bytes == NULL || !LLVMIsAConstantInt(bytes) || !step->is_exact ||
        step->offset < 0) {
        trace->is_known = false;
        trace->is_written |= (bytes != NULL || strncmp(name, "llvm.memmove.", 13) == 0) &&
                             LLVMGetOperand(call, 0) == step->value;
        const bool is_read = bytes == NULL && is_only_read(call, step->value);
        trace->is_read |= is_read;
        trace->escapes |= bytes == NULL && !is_read;
        return;
    }
    const uint64_t end = end_of(step->offset, LLVMConstIntGetZExtValue(bytes));
    if (LLVMGetOperand(call, 0) == step->value) {
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
    int64_t added = 0;
    if (LLVMIsAGetElementPtrInst(user)) {
        const bool is_base = LLVMGetOperand(user, 0) == step->value;
        const bool is_exact = gep_offset(tracer->layout, user, &added);
        follow(tracer, user, step->offset + added, step->is_exact && is_exact && is_base);
    } else if (LLVMIsABitCastInst(user) || LLVMIsAPHINode(user) ||
               LLVMIsASelectInst(user)) {
        follow(tracer, user, step->offset, step->is_exact);
    } else if (LLVMIsALoadInst(user)) {
        on_access(tracer, step, LLVMTypeOf(user), NULL);
    } else if (LLVMIsAStoreInst(user)) {
        LLVMValueRef stored = LLVMGetOperand(user, 0);
        if (stored == step->value) {
            tracer->trace->is_known = false; /* the address itself is kept somewhere */
            tracer->trace->escapes = true;
        } else {
            on_access(tracer, step, LLVMTypeOf(stored), stored);
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

void lanes_trace_pointer(LLVMTargetDataRef layout, LLVMValueRef pointer,
                         lanes_trace *out_trace)
{
    *out_trace = (lanes_trace){.is_known = true};
    struct tracer tracer = {.layout = layout, .trace = out_trace};
    follow(&tracer, pointer, 0, true);
    for (uint32_t i = 0; i < tracer.count; i++) {
        const struct step step = tracer.steps[i];
        for (LLVMUseRef use = LLVMGetFirstUse(step.value); use;
             use = LLVMGetNextUse(use)) {
            on_user(&tracer, &step, LLVMGetUser(use));
        }
    }
}
