/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_advice.c - what keeps a loop from being faster, and what to change.
 *
 * LLVM's remarks are about its own loops: "call instruction cannot be vectorized" names
 * no function, and several remarks come from code that is not the user's. So reasons come
 * from what the element has (codegen_survey.c), and remarks serve where that says
 * nothing. Every change that is proposed has a test in which it does what is said of it
 * (tests/e2e/test_e2e_advice.py).
 */
#include "codegen/codegen_compat.h"
#include "codegen/codegen_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 400

__attribute__((format(printf, 4, 5))) static void
add(json_t *list, const char *topic, const char *change, const char *reason, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(text, sizeof(text), reason, arguments);
    va_end(arguments);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "topic", topic, "reason",
                                          text, "change", change));
}

/* ---- Calls ---------------------------------------------------------------------------
 */

/* What to write in place of functions of libm that have no vector form. */
static const struct {
    const char *name; /* also name + "f" */
    const char *change;
} call_changes[] = {
    {"fmod",
     "where x / y is not large, write x - y * trunc(x / y), or Python's % as x - y * "
     "math.floor(x / y)"},
    {"remainder", "where x / y is not large, write x - y * rint(x / y)"},
    {"fdim", "write x > y ? x - y : 0"},
    {"ldexp",
     "take the exponent as a float and write x * exp2(n); multiply by 2**n where "
     "n is a constant"},
    {"scalbn", "take the exponent as a float and write x * exp2(n); multiply by 2**n "
               "where n is a constant"},
    {"scalbln", "take the exponent as a float and write x * exp2(n); multiply by 2**n "
                "where n is a constant"},
};

static const char *const any_call_change =
    "write it with functions that have one (exp log pow sqrt sin cos tan asin acos atan "
    "atan2 sinh cosh tanh cbrt hypot erf erfc and the like), or compute it in a kernel "
    "of "
    "its own so that the rest is vectorized";

static const char *change_for_call(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(call_changes); i++) {
        const size_t length = strlen(call_changes[i].name);
        if (strncmp(name, call_changes[i].name, length) == 0 &&
            (name[length] == '\0' || strcmp(name + length, "f") == 0)) {
            return call_changes[i].change;
        }
    }
    return any_call_change;
}

/* Who serves a function, of those that the report lists; libm of others. */
static const char *server_of(const lanes_codegen *cg, const char *name)
{
    size_t index;
    json_t *row;
    json_array_foreach(json_object_get(cg->report, "externals"), index, row)
    {
        const char *served_by = json_string_value(json_object_get(row, "served_by"));
        if (served_by != NULL &&
            strcmp(json_string_value(json_object_get(row, "name")), name) == 0) {
            return served_by;
        }
    }
    return "libm";
}

static void advise_runtime(json_t *list, const char *name)
{
    if (lanes_codegen_starts_with(name, "NRT_")) {
        add(list, "memory",
            "use numbers or a tuple in place of a small array or list; give large ones "
            "as "
            "operands",
            "it allocates memory for each element");
    } else if (lanes_codegen_starts_with(name, "numba_get_") ||
               lanes_codegen_starts_with(name, "numba_rnd_") ||
               lanes_codegen_starts_with(name, "numba_poisson")) {
        add(list, "random", "draw the numbers before, and give them as an operand",
            "it draws random numbers, each of which depends on the one before");
    } else {
        add(list, "call", any_call_change, "%s has no vector form", name);
    }
}

static bool has_topic(const json_t *list, const char *topic)
{
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "topic")), topic) == 0) {
            return true;
        }
    }
    return false;
}

/* True for the ones of which one line is enough. */
static bool is_told(const json_t *list, const char *name)
{
    return (lanes_codegen_starts_with(name, "NRT_") && has_topic(list, "memory")) ||
           (lanes_codegen_starts_with(name, "numba_") && has_topic(list, "random"));
}

static void advise_calls(const lanes_codegen *cg, json_t *list)
{
    const char *name;
    json_t *count;
    json_object_foreach(cg->survey.calls, name, count)
    {
        lanes_codegen_math math;
        if (!lanes_codegen_find_external(name, &math) || is_told(list, name)) {
            continue;
        }
        if (math.group == LANES_EXTERNAL_RUNTIME) {
            advise_runtime(list, name);
        } else if (strcmp(server_of(cg, name), "libm") != 0) {
            continue;
        } else if (!math.has_vector) {
            add(list, "call", change_for_call(name),
                "%s has no vector form: libm computes it one element at a time", name);
        } else if (cg->request->math == LANES_MATH_EXACT) {
            add(list, "exact-math", "use math=vector: at most 4 ulp",
                "%s is libm's, one element at a time, as math=exact asks for", name);
        }
    }
}

/* ---- What keeps a loop scalar --------------------------------------------------------
 */

static bool takes_integer(const lanes_codegen *cg)
{
    bool found = false;
    for (uint32_t k = 0; k < cg->signature.input_count; k++) {
        const uint32_t dtype = cg->signature.dtype[k];
        found |= dtype != LANES_BOOL && !lanes_dtype_is_float(lanes_dtype_part(dtype));
    }
    return found;
}

static void advise_loops(const lanes_codegen *cg, json_t *list)
{
    const uint32_t loops = cg->survey.loops;
    const char *change =
        cg->signature.row_mask != 0
            ? "where rows are short and all of one length, loop to that constant, or "
              "take "
              "their members as operands; sums and extremes along an axis are reductions"
            : "do the same small, constant number of steps for every element (in all up "
              "to some 150 operations), which LLVM writes out, and select results by "
              "conditions";
    if (loops > 0) {
        add(list, "loop", change,
            "it has %s of its own, and LLVM vectorizes innermost loops only",
            loops == 1 ? "a loop" : "loops");
    }
    if (loops > 0 && cg->convention == LANES_CONVENTION_NUMBA && takes_integer(cg) &&
        (json_object_get(cg->survey.calls, "pow") != NULL ||
         json_object_get(cg->survey.calls, "powf") != NULL)) {
        add(list, "power", "write x ** float(n), which is pow and has a vector form",
            "x ** n with an integer n that is computed is a loop, too");
    }
}

static void advise_structure(const lanes_codegen *cg, json_t *list)
{
    const lanes_codegen_survey *survey = &cg->survey;
    if (cg->key.reduce == LANES_REDUCE_SCAN) {
        add(list, "scan",
            "where the operation is associative and only the last result counts, reduce",
            "each step of a scan waits for the one before");
    }
    if (survey->is_recursive) {
        add(list, "recursion",
            "write a formula, which is vectorized, or a loop, which needs no calls",
            "it calls itself");
    }
    advise_loops(cg, list);
    if (survey->calls_indirectly) {
        add(list, "indirect-call", "choose among results by conditions, not functions",
            "it calls a function through a pointer");
    }
    if (survey->is_volatile) {
        add(list, "volatile", "drop volatile, and atomic operations",
            "it has volatile or atomic accesses to memory");
    }
    if (survey->uses_powers) {
        add(list, "power", "make the exponent a float: pow has a vector form",
            "x ** n with an integer n is a loop of multiplications");
    }
}

/* Local memory is the reason where it is not merely what a function stores to. */
static void advise_local_memory(const lanes_codegen *cg, json_t *list)
{
    if (cg->survey.has_local_memory && json_array_size(list) == 0) {
        add(list, "local-array",
            "choose by conditions (k == 0 ? a : b), or index a constant table",
            "it indexes an array of its own with a number that is computed");
    }
}

static bool has_remark(const lanes_codegen *cg, const char *text)
{
    size_t index;
    json_t *remark;
    json_array_foreach(cg->remarks, index, remark)
    {
        if (strstr(json_string_value(remark), text) != NULL) {
            return true;
        }
    }
    return false;
}

/* LLVM 20 was the first whose vectors choose between the cases of a switch. */
static void advise_switch(const lanes_codegen *cg, json_t *list)
{
    if (json_array_size(list) == 0 &&
        has_remark(cg, "loop contains a switch statement")) {
        add(list, "switch",
            "build lanes with LLVM 22, which vectorizes it, or take results from a "
            "constant table",
            "it has a switch, or conditions that are one, and LLVM %d vectorizes none",
            LANES_LLVM_MAJOR);
    }
}

/* Nothing stands in the way, but LLVM expects no gain. */
static void advise_cost(const lanes_codegen *cg, json_t *list)
{
    if (json_array_size(list) > 0 ||
        !has_remark(cg, "cost-model indicates that vectorization is not beneficial")) {
        return;
    }
    if (cg->survey.branches > 0) {
        add(list, "cost",
            "make a kernel of each costly case and choose its elements by where=",
            "LLVM expects vectors to be slower: they compute all sides of its %u "
            "branches "
            "for every element",
            cg->survey.branches);
    } else {
        add(list, "cost", "try 32-bit types where the values fit",
            "LLVM expects vectors to be slower than one element at a time");
    }
}

/* The last remark about the loop itself, in LLVM's words. */
static void advise_by_remark(const lanes_codegen *cg, json_t *list)
{
    static const char start[] = "loop not vectorized: ";
    const char *found = NULL;
    size_t index;
    json_t *remark;
    json_array_foreach(cg->remarks, index, remark)
    {
        const char *at = strstr(json_string_value(remark), start);
        found = at != NULL ? at + sizeof(start) - 1 : found;
    }
    add(list, "compiler", "see what LLVM was given: lanes inspect --ir=wrapped",
        "LLVM says: %s", found != NULL ? found : "nothing");
}

/* ---- What is slow in vectors ---------------------------------------------------------
 */

static void advise_slow_parts(const lanes_codegen *cg, json_t *list)
{
    const lanes_codegen_survey *survey = &cg->survey;
    if (survey->uses_long_double) {
        add(list, "long-double", "compute in double",
            "long double has no vector instructions: it is computed one element at a "
            "time");
    }
    if (survey->huge_divisions > 0) {
        add(list, "wide-integer", "divide integers of 64 bits or less",
            "integers of more than 64 bits are divided one element at a time");
    }
    if (survey->long_divisions > 0 && cg->isa < LANES_ISA_AVX512) {
        add(list, "long-division", "use int32 where the values fit",
            "64-bit integers are divided one element at a time; AVX-512 would divide "
            "vectors");
    }
    if (survey->widens && survey->narrows) {
        add(list, "mixed-precision",
            "write constants as np.float32(2.5), in C as 2.5f, if float32 is exact "
            "enough",
            "it computes in float64 what it takes and gives as float32: half as many "
            "elements at once");
    }
}

json_t *lanes_codegen_advise(const lanes_codegen *cg)
{
    json_t *list = json_array();
    const bool is_scalar = cg->vectorization.width <= 1;
    if (cg->survey.is_made) {
        if (is_scalar) {
            advise_structure(cg, list);
        }
        advise_calls(cg, list);
        if (is_scalar) {
            advise_local_memory(cg, list);
            advise_switch(cg, list);
            advise_cost(cg, list);
        }
        advise_slow_parts(cg, list);
    }
    if (is_scalar && json_array_size(list) == 0) {
        advise_by_remark(cg, list);
    }
    return list;
}

/* ---- Numbers -------------------------------------------------------------------------
 */

/* Functions that are called, not instructions: name -> how often. */
static json_t *describe_calls(const lanes_codegen *cg)
{
    json_t *calls = json_object();
    const char *name;
    json_t *count;
    json_object_foreach(cg->survey.calls, name, count)
    {
        if (strcmp(server_of(cg, name), "instructions") != 0) {
            json_object_set(calls, name, count);
        }
    }
    return calls;
}

/* Of operands that have an element for each call: rows and uniform ones are left out. */
static uint32_t bytes_moved(const lanes_codegen *cg)
{
    uint32_t bytes = 0;
    for (uint32_t k = 0; k < lanes_signature_operand_count(&cg->signature); k++) {
        if (cg->key.layout[k] == LANES_LAYOUT_CONTIGUOUS) {
            bytes +=
                lanes_dtype_bytes(lanes_variant_key_dtype(&cg->key, &cg->signature, k));
        }
    }
    return bytes;
}

json_t *lanes_codegen_describe_element(const lanes_codegen *cg)
{
    const lanes_codegen_survey *survey = &cg->survey;
    if (!survey->is_made) {
        return json_null();
    }
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:o}", "bytes",
                     (int)bytes_moved(cg), "flops", (int)survey->flops, "integers",
                     (int)survey->integers, "divisions", (int)survey->divisions,
                     "square_roots", (int)survey->square_roots, "loads",
                     (int)survey->loads, "branches", (int)survey->branches, "selections",
                     (int)survey->selections, "loops", (int)survey->loops,
                     "data_dependent", survey->loops > 0 || survey->is_recursive, "calls",
                     describe_calls(cg));
}
