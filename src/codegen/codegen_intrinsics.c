/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_intrinsics.c - LLVM's intrinsics, and functions that change how floats are
 * computed: which a callback may call.
 *
 * A closed table, as for external functions: an intrinsic that LLVM adds tomorrow is
 * refused until somebody has looked at it. What is admitted computes from its operands,
 * moves the callback's own memory, or tells the optimiser something, and either becomes
 * instructions on every x86-64 CPU or a function of kernel/symbols.h.
 */
#include "codegen/codegen_internal.h"

#include <string.h>

/* Names without "llvm." and without the types at the end. */
static const char *const admitted[] = {
    /* numbers */
    "abs", "acos", "asin", "atan", "atan2", "bitreverse", "bswap", "canonicalize", "ceil",
    "clmul", "convert.from.fp16", "convert.to.fp16", "copysign", "cos", "cosh", "ctlz",
    "ctpop", "cttz", "exp", "exp10", "exp2", "fabs", "floor", "fma", "fmuladd",
    "fptosi.sat", "fptoui.sat", "fptrunc.round", "frexp", "fshl", "fshr", "is.fpclass",
    "ldexp", "llrint", "llround", "log", "log10", "log2", "lrint", "lround", "maximum",
    "maximumnum", "maxnum", "minimum", "minimumnum", "minnum", "modf", "nearbyint", "pow",
    "powi", "rint", "round", "roundeven", "sadd.sat", "sadd.with.overflow", "scmp", "sin",
    "sincos", "sinh", "smax", "smin", "smul.fix", "smul.fix.sat", "smul.with.overflow",
    "sqrt", "sshl.sat", "ssub.sat", "ssub.with.overflow", "tan", "tanh", "trunc",
    "uadd.sat", "uadd.with.overflow", "ucmp", "umax", "umin", "umul.fix", "umul.fix.sat",
    "umul.with.overflow", "ushl.sat", "usub.sat", "usub.with.overflow",
    /* the mode is always round-to-nearest */
    "get.rounding",
    /* vectors */
    "experimental.cttz.elts", "experimental.vector.compress", "get.active.lane.mask",
    "stepvector",
    /* the callback's own memory */
    "load.relative", "memcpy", "memcpy.inline", "memmove", "memset", "memset.inline",
    "prefetch", "ptrmask", "stackrestore", "stacksave",
    /* for the optimiser */
    "annotation", "arithmetic.fence", "assume", "donothing", "expect",
    "expect.with.probability", "experimental.noalias.scope.decl", "fake.use",
    "invariant.end", "invariant.start", "is.constant", "launder.invariant.group",
    "lifetime.end", "lifetime.start", "objectsize", "ptr.annotation", "sideeffect",
    "ssa.copy", "strip.invariant.group", "var.annotation", "x86.avx.vzeroall",
    "x86.avx.vzeroupper"};

/* Whole families; x86.atomic. is what LLVM makes of counting references. */
static const char *const admitted_prefixes[] = {"dbg.", "experimental.constrained.",
                                                "masked.", "vector.", "x86.atomic."};

struct reason_row {
    const char *prefix;
    const char *text;
};

/* Why others are not, and what to do; the first match counts. */
static const struct reason_row reason_rows[] = {
    {"debugtrap", "stops for a debugger; remove it"},
    {"va_", "reads arguments that the signature does not name; give each one a type"},
    {"eh.", "handles exceptions; return a value that marks the error"},
    {"seh.", "handles exceptions; return a value that marks the error"},
    {"coro.",
     "is part of a coroutine, which lives on between calls; use a plain function"},
    {"readcyclecounter", "reads a clock; pass the time as an operand"},
    {"readsteadycounter", "reads a clock; pass the time as an operand"},
    {"thread", "depends on the thread, and elements run on any; pass the value as an "
               "operand"},
    {"read_", "uses a register by its name; use plain code"},
    {"write_register", "uses a register by its name; use plain code"},
    {"returnaddress", "depends on where the code lies in memory; remove it"},
    {"addressofreturnaddress", "depends on where the code lies in memory; remove it"},
    {"frameaddress", "depends on where the code lies in memory; remove it"},
    {"gc", "needs a garbage collector; use local variables"},
    {"experimental.gc", "needs a garbage collector; use local variables"},
    {"experimental.patchpoint", "is for code that is changed while it runs; remove it"},
    {"experimental.stackmap", "is for code that is changed while it runs; remove it"},
    {"experimental.deoptimize", "is for code that is changed while it runs; remove it"},
    {"instrprof.", "counts for a coverage or profile report; compile without"},
    {"pseudoprobe", "counts for a coverage or profile report; compile without"},
    {"asan.", "was added by a sanitizer; compile without"},
    {"hwasan.", "was added by a sanitizer; compile without"},
    {"xray.", "was added by a sanitizer; compile without"},
    {"init.trampoline", "makes code while it runs; call the function directly"},
    {"adjust.trampoline", "makes code while it runs; call the function directly"},
    {"call.preallocated.", "is Windows' way to pass arguments; compile for Linux"},
    {"sdiv.fix", "divides, and traps on 0; use a division of integers"},
    {"udiv.fix", "divides, and traps on 0; use a division of integers"},
    {"x86.", "is an instruction that does more than compute a value; use plain code"},
};

static const char float_environment[] =
    "concerns the floating-point state of the thread, which all elements share: they "
    "round to nearest, and exceptions leave no flags; remove the call";

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* fesetround() and what else <fenv.h> has, and the intrinsics behind it. */
static bool is_float_environment(const char *name)
{
    static const char *const names[] = {
        "feclearexcept",    "fedisableexcept", "feenableexcept", "fegetenv",
        "fegetexcept",      "fegetexceptflag", "fegetmode",      "fegetround",
        "feholdexcept",     "feraiseexcept",   "fesetenv",       "fesetexcept",
        "fesetexceptflag",  "fesetmode",       "fesetround",     "fetestexcept",
        "fetestexceptflag", "feupdateenv"};
    static const char *const prefixes[] = {"llvm.set.rounding",    "llvm.set.fp",
                                           "llvm.get.fp",          "llvm.reset.fp",
                                           "llvm.x86.sse.ldmxcsr", "llvm.x86.sse.stmxcsr",
                                           "_FortranAieee_set",    "__fe"};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(prefixes); i++) {
        if (begins_with(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Instructions of x86 that compute a value, read memory, or write where an operand
 * points; LLVM says so of each, and says nothing of those that do more. One that this CPU
 * lacks fails in LLVM, by its name.
 */
static bool is_harmless_instruction(const char *name, LLVMValueRef function)
{
    /* Two bits for each kind of memory, the upper for writing; first what arguments
     * point to. */
    const uint64_t written_elsewhere = UINT64_C(0xaaaaaaaaaaaaaaa8);
    LLVMAttributeRef memory =
        lanes_codegen_attribute(function, LANES_CODEGEN_AT_FUNCTION, "memory");
    return begins_with(name, "x86.") && memory != NULL &&
           (LLVMGetEnumAttributeValue(memory) & written_elsewhere) == 0;
}

static bool is_admitted(const char *name, LLVMValueRef function)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(admitted); i++) {
        if (strcmp(name, admitted[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(admitted_prefixes); i++) {
        if (begins_with(name, admitted_prefixes[i])) {
            return true;
        }
    }
    return is_harmless_instruction(name, function);
}

static const char *explain(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(reason_rows); i++) {
        if (begins_with(name, reason_rows[i].prefix)) {
            return reason_rows[i].text;
        }
    }
    return "is not among LLVM's intrinsics that a callback may use; use plain code";
}

const char *lanes_codegen_refuse_callee(LLVMValueRef function, const char **out_rule)
{
    const char *full_name = lanes_codegen_name(function);
    if (is_float_environment(full_name)) {
        *out_rule = "float-environment";
        return float_environment;
    }
    const unsigned id = LLVMGetIntrinsicID(function);
    if (id == 0) {
        return NULL;
    }
    size_t length;
    const char *name = LLVMIntrinsicGetName(id, &length) + strlen("llvm.");
    if (is_admitted(name, function)) {
        return NULL;
    }
    *out_rule = "intrinsic";
    return explain(name);
}
