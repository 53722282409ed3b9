/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_identity.c - 32 bytes that say which code a callback is, whoever compiled it.
 *
 * The isolated module is cloned, rid of its names and printed. In that text whatever is
 * defined at top level (globals, functions, types, groups of attributes, metadata) is
 * called by a name or number that says where it stands in the module. A walk from the
 * callback numbers it by first use instead, and hashes definitions in that order.
 * README.md says what counts and what does not.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/blake3.h>
#include <stdlib.h>
#include <string.h>

/* Raised when equal callbacks get another identity than before. */
#define SCHEME_VERSION 1u

/* ---- Hashing --------------------------------------------------------------------- */

/* BLAKE3 is slow in small pieces. */
struct sink {
    llvm_blake3_hasher hasher;
    size_t used;
    char buffer[4096];
};

static void flush(struct sink *sink)
{
    llvm_blake3_hasher_update(&sink->hasher, sink->buffer, sink->used);
    sink->used = 0;
}

static void put(struct sink *sink, const char *bytes, size_t count)
{
    if (count > sizeof(sink->buffer) - sink->used) {
        flush(sink);
        if (count > sizeof(sink->buffer)) {
            llvm_blake3_hasher_update(&sink->hasher, bytes, count);
            return;
        }
    }
    memcpy(sink->buffer + sink->used, bytes, count);
    sink->used += count;
}

static void put_number(struct sink *sink, uint64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    *--at = ' ';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(sink, at, (size_t)(digits + sizeof(digits) - at));
}

/* The length first: two texts in a row are not two others. */
static void put_text(struct sink *sink, const char *text)
{
    const size_t length = strlen(text);
    put_number(sink, length);
    put(sink, text, length);
}

/* ---- The clone ------------------------------------------------------------------- */

static LLVMValueRef without_casts(LLVMValueRef address)
{
    while (LLVMIsABitCastInst(address)) {
        address = LLVMGetOperand(address, 0);
    }
    return address;
}

/* True for the address of the size in a lanes_payload_excinfo at the first operand. */
static bool is_size_address(LLVMValueRef address)
{
    if (LLVMIsAGetElementPtrInst(address) == NULL) {
        return false;
    }
    const int count = LLVMGetNumOperands(address);
    LLVMTypeRef type = LLVMGetGEPSourceElementType(address);
    if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
        return count == 3 && lanes_codegen_is_constant(LLVMGetOperand(address, 1), 0) &&
               lanes_codegen_is_constant(LLVMGetOperand(address, 2), 1);
    }
    return count == 2 && LLVMGetTypeKind(type) == LLVMIntegerTypeKind &&
           LLVMGetIntTypeWidth(type) == 8 &&
           lanes_codegen_is_constant(LLVMGetOperand(address, 1), 8);
}

/* Stores 0 where `bytes` is stored to @p address, maybe behind a cast. */
static void clear_stores(LLVMValueRef address, uint64_t bytes)
{
    for (LLVMUseRef use = LLVMGetFirstUse(address); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (LLVMIsABitCastInst(user)) {
            clear_stores(user, bytes);
        } else if (LLVMIsAStoreInst(user) && LLVMGetOperand(user, 1) == address &&
                   lanes_codegen_is_constant(LLVMGetOperand(user, 0), bytes)) {
            LLVMSetOperand(user, 0, LLVMConstNull(LLVMTypeOf(LLVMGetOperand(user, 0))));
        }
    }
}

/*
 * A dynamic `raise` stores the pickle's size beside its address, and the size follows
 * from the length of the source file's path.
 */
static void clear_size(LLVMValueRef pickle, uint64_t bytes)
{
    for (LLVMUseRef use = LLVMGetFirstUse(pickle); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef store = LLVMGetUser(use);
        if (LLVMIsAStoreInst(store) == NULL || LLVMGetOperand(store, 0) != pickle) {
            continue;
        }
        LLVMValueRef excinfo = without_casts(LLVMGetOperand(store, 1));
        if (LLVMIsAInstruction(excinfo) == NULL) {
            continue;
        }
        for (LLVMUseRef u = LLVMGetFirstUse(excinfo); u; u = LLVMGetNextUse(u)) {
            if (is_size_address(LLVMGetUser(u))) {
                clear_stores(LLVMGetUser(u), bytes);
            }
        }
    }
}

static void clear_name(LLVMValueRef value)
{
    LLVMSetValueName2(value, "", 0);
}

static void clear_local_names(LLVMValueRef function)
{
    for (LLVMValueRef p = LLVMGetFirstParam(function); p; p = LLVMGetNextParam(p)) {
        clear_name(p);
    }
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b;
         b = LLVMGetNextBasicBlock(b)) {
        clear_name(LLVMBasicBlockAsValue(b));
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i;
             i = LLVMGetNextInstruction(i)) {
            clear_name(i);
        }
    }
}

/* Without its name an intrinsic is none, and LLVM prints metadata that is handed to it as
 * an address. */
static bool is_intrinsic(LLVMValueRef global)
{
    return LLVMIsAFunction(global) &&
           lanes_codegen_starts_with(lanes_codegen_name(global), "llvm.");
}

/* The next of a module's globals, in the order in which LLVM numbers unnamed ones. */
static LLVMValueRef next_global(LLVMModuleRef module, LLVMValueRef previous)
{
    LLVMValueRef next = NULL;
    if (previous == NULL) {
        next = LLVMGetFirstGlobal(module);
    } else if (LLVMIsAGlobalVariable(previous)) {
        next = LLVMGetNextGlobal(previous);
    } else if (LLVMIsAGlobalAlias(previous)) {
        next = LLVMGetNextGlobalAlias(previous);
    } else {
        return LLVMGetNextFunction(previous);
    }
    if (next == NULL && (previous == NULL || LLVMIsAGlobalVariable(previous))) {
        next = LLVMGetFirstGlobalAlias(module);
    }
    return next != NULL ? next : LLVMGetFirstFunction(module);
}

/* The module as text without names; LLVM's, to be disposed. */
static char *print_without_names(const lanes_codegen *cg)
{
    LLVMModuleRef clone = LLVMCloneModule(cg->module);
    LLVMStripModuleDebugInfo(clone);
    for (uint32_t p = 0; p < cg->payload_count; p++) {
        char name[32];
        snprintf(name, sizeof(name), "lanes.pickle.%u", p);
        LLVMValueRef pickle = LLVMGetNamedGlobal(clone, name);
        if (pickle != NULL) {
            clear_size(pickle, cg->payloads[p].bytes);
        }
    }
    for (LLVMValueRef g = next_global(clone, NULL); g; g = next_global(clone, g)) {
        if (LLVMIsAFunction(g)) {
            clear_local_names(g);
        }
        LLVMSetUnnamedAddress(g, LLVMNoUnnamedAddr);
        if (!is_intrinsic(g)) {
            clear_name(g);
        }
    }
    char *text = LLVMPrintModuleToString(clone);
    LLVMDisposeModule(clone);
    return text;
}

/* ---- Definitions ----------------------------------------------------------------- */

/* What is defined at top level; in the text behind '@', '#', '!' and '%'. */
enum space { SPACE_GLOBAL, SPACE_ATTRIBUTES, SPACE_METADATA, SPACE_TYPE, SPACE_COUNT };

struct definition {
    const char *begin;
    const char *end;
    LLVMValueRef global; /* in cg->module, of SPACE_GLOBAL */
    uint32_t ordinal;    /* 1 is the callback; 0: not used so far */
};

struct definitions {
    /* Types are sorted by name; the others stand at the index that is their number. */
    struct definition *at[SPACE_COUNT];
    size_t count[SPACE_COUNT];
    struct definition *all;    /* owned */
    struct definition **queue; /* owned: those with an ordinal, in its order */
    uint32_t queued;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Which space a line at top level defines something in; SPACE_COUNT: none. */
static enum space space_of(const char *line)
{
    if (line[0] == '@' || lanes_codegen_starts_with(line, "define ") ||
        lanes_codegen_starts_with(line, "declare ")) {
        return SPACE_GLOBAL;
    }
    if (lanes_codegen_starts_with(line, "attributes #")) {
        return SPACE_ATTRIBUTES;
    }
    if (line[0] == '!' && is_digit(line[1])) {
        return SPACE_METADATA; /* and not a list that has a name, such as !llvm.ident */
    }
    return line[0] == '%' ? SPACE_TYPE : SPACE_COUNT;
}

/* Take the next definition from *at on; SPACE_COUNT at the end of the text. */
static enum space next_definition(const char **at, struct definition *out)
{
    while (**at != '\0') {
        const char *begin = *at;
        const enum space space = space_of(begin);
        const char *last = lanes_codegen_starts_with(begin, "define ") ? "\n}\n" : "\n";
        const char *end = strstr(begin, last);
        *at = end != NULL ? end + strlen(last) : begin + strlen(begin);
        if (space != SPACE_COUNT) {
            *out = (struct definition){.begin = begin, .end = *at};
            return space;
        }
    }
    return SPACE_COUNT;
}

/* Bytes of `%name` or `%"name"`. */
static size_t type_name_bytes(const char *text)
{
    if (text[1] == '"') {
        return (size_t)(strchr(text + 2, '"') + 1 - text);
    }
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-$._";
    return 1 + strspn(text + 1, bytes);
}

static int compare_types(const void *left, const void *right)
{
    const struct definition *a = left;
    const struct definition *b = right;
    const size_t a_bytes = type_name_bytes(a->begin);
    const size_t b_bytes = type_name_bytes(b->begin);
    const int order = memcmp(a->begin, b->begin, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static bool find_definitions(LLVMModuleRef module, const char *text,
                             struct definitions *out)
{
    struct definition definition;
    enum space space;
    size_t total = 0;
    const char *at = text;
    while ((space = next_definition(&at, &definition)) != SPACE_COUNT) {
        out->count[space]++;
        total++;
    }
    out->all = calloc(total + 1, sizeof(*out->all));
    out->queue = calloc(total + 1, sizeof(struct definition *));
    if (out->all == NULL || out->queue == NULL) {
        return false;
    }
    size_t first = 0;
    for (unsigned s = 0; s < SPACE_COUNT; s++) {
        out->at[s] = out->all + first;
        first += out->count[s];
        out->count[s] = 0;
    }
    at = text;
    while ((space = next_definition(&at, &definition)) != SPACE_COUNT) {
        out->at[space][out->count[space]++] = definition;
    }
    qsort(out->at[SPACE_TYPE], out->count[SPACE_TYPE], sizeof(struct definition),
          compare_types);
    const size_t globals = out->count[SPACE_GLOBAL];
    size_t line = 0;
    out->count[SPACE_GLOBAL] = 0;
    for (LLVMValueRef g = next_global(module, NULL); g; g = next_global(module, g)) {
        LANES_ASSERT(line < globals);
        definition = out->at[SPACE_GLOBAL][line++];
        definition.global = g;
        if (!is_intrinsic(g)) {
            out->at[SPACE_GLOBAL][out->count[SPACE_GLOBAL]++] = definition;
        }
    }
    LANES_ASSERT(line == globals);
    return true;
}

/* ---- What exceptions are made of ------------------------------------------------- */

#define PASSES_MAX 256u /* places that one address may go through */

/*
 * True if a constant's address is only put where the executor looks for exceptions, as
 * far as can be seen: nothing is computed from its bytes. What becomes of it behind a
 * store is not followed.
 */
static bool is_only_passed_on(LLVMValueRef value, unsigned *left)
{
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (LLVMIsAGlobalVariable(user) || LLVMIsAInsertValueInst(user) ||
            (LLVMIsAStoreInst(user) && LLVMGetOperand(user, 0) == value) ||
            (LLVMIsALoadInst(user) &&
             LLVMGetTypeKind(LLVMTypeOf(user)) == LLVMStructTypeKind)) {
            continue; /* unoptimised code loads a whole excinfo and changes the copy */
        }
        const bool passes = LLVMIsAPHINode(user) || LLVMIsASelectInst(user) ||
                            LLVMIsABitCastInst(user) || LLVMIsAConstant(user);
        if (!passes || *left == 0) {
            return false;
        }
        --*left;
        if (!is_only_passed_on(user, left)) {
            return false;
        }
    }
    return true;
}

/* True for a constant that codegen_exception.c has named: its number stands for it. */
static bool is_opaque(const lanes_codegen *cg, LLVMValueRef global)
{
    static const char *const marks[] = {"lanes.excinfo.", "lanes.pickle.",
                                        "lanes.unwrap."};
    const char *name = lanes_codegen_name(global);
    if (cg->payload_count + cg->argument_list_count == 0 ||
        LLVMIsAGlobalVariable(global) == NULL) {
        return false;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(marks); i++) {
        if (lanes_codegen_starts_with(name, marks[i]) &&
            is_digit(name[strlen(marks[i])])) {
            unsigned left = PASSES_MAX;
            return is_only_passed_on(global, &left);
        }
    }
    return false;
}

/* ---- The walk -------------------------------------------------------------------- */

static void put_reference(struct sink *sink, struct definitions *definitions, char sigil,
                          struct definition *definition)
{
    if (definition->ordinal == 0) {
        definitions->queue[definitions->queued++] = definition;
        definition->ordinal = definitions->queued;
    }
    put(sink, &sigil, 1);
    put_number(sink, definition->ordinal);
}

static struct definition *find_type(struct definitions *definitions, const char *at)
{
    const struct definition wanted = {.begin = at};
    return bsearch(&wanted, definitions->at[SPACE_TYPE], definitions->count[SPACE_TYPE],
                   sizeof(wanted), compare_types);
}

/* Put what *at refers to; false if that is nothing that is defined at top level. */
static bool put_name(struct sink *sink, struct definitions *definitions, const char **at)
{
    static const char sigils[] = {
        [SPACE_GLOBAL] = '@', [SPACE_ATTRIBUTES] = '#', [SPACE_METADATA] = '!'};
    const char *text = *at;
    const char sigil = text[0];
    if (sigil == '%' && !is_digit(text[1])) {
        struct definition *type = find_type(definitions, text);
        LANES_ASSERT(type != NULL);
        put_reference(sink, definitions, sigil, type);
        *at = text + type_name_bytes(text);
        return true;
    }
    for (unsigned s = 0; s < LANES_ARRAY_COUNT(sigils); s++) {
        if (sigil == sigils[s] && is_digit(text[1])) {
            char *end;
            const unsigned long number = strtoul(text + 1, &end, 10);
            LANES_ASSERT(number < definitions->count[s]);
            put_reference(sink, definitions, sigil, &definitions->at[s][number]);
            *at = end;
            return true;
        }
    }
    return false;
}

/*
 * True for `!7 = distinct !{!7, !4, !"name"}`: a scope of aliasing, or a loop. What sets
 * it apart is that it is another node; its name is that of a function that was inlined.
 */
static bool contains_itself(const struct definition *definition)
{
    const char *own = definition->begin;
    const size_t bytes = strcspn(own, " ");
    const char *list = strstr(own, "!{");
    return own[0] == '!' && list != NULL && list < definition->end &&
           strncmp(list + 2, own, bytes) == 0 && !is_digit(list[2 + bytes]);
}

/* Put a definition with references in the walk's numbers, without comments. */
static void put_code(struct sink *sink, struct definitions *definitions,
                     const struct definition *definition)
{
    const char *at = definition->begin;
    const char *end = definition->end;
    const bool has_strings = !contains_itself(definition);
    while (at < end) {
        const size_t plain = strcspn(at, "\"@#!%;");
        if (at + plain >= end) {
            put(sink, at, (size_t)(end - at));
            return;
        }
        put(sink, at, plain);
        at += plain;
        if (*at == '"') {
            const char *close = strchr(at + 1, '"'); /* LLVM writes quotes as \22 */
            LANES_ASSERT(close != NULL);
            put(sink, at, has_strings ? (size_t)(close + 1 - at) : 1);
            at = close + 1;
        } else if (*at == ';') {
            at += strcspn(at, "\n"); /* such as a block's predecessors, in any order */
        } else if (!put_name(sink, definitions, &at)) {
            put(sink, at, 1);
            at++;
        }
    }
}

static void put_definition(const lanes_codegen *cg, struct sink *sink,
                           struct definitions *definitions,
                           const struct definition *definition)
{
    LLVMValueRef global = definition->global;
    if (global != NULL && is_opaque(cg, global)) {
        put_text(sink, "opaque");
        put_text(sink, lanes_codegen_name(global));
        return;
    }
    if (global != NULL && LLVMIsDeclaration(global)) {
        put_text(sink, "external");
        put_text(sink, lanes_codegen_name(global));
    }
    put_code(sink, definitions, definition);
}

static void put_module(const lanes_codegen *cg, struct sink *sink,
                       struct definitions *definitions)
{
    /* Types without a name look like locals, so they cannot be numbered anew. */
    for (size_t i = 0; i < definitions->count[SPACE_TYPE]; i++) {
        const struct definition *type = &definitions->at[SPACE_TYPE][i];
        if (is_digit(type->begin[1])) {
            put_code(sink, definitions, type);
        }
    }
    for (size_t i = 0; i < definitions->count[SPACE_GLOBAL]; i++) {
        struct definition *definition = &definitions->at[SPACE_GLOBAL][i];
        if (definition->global == cg->callback) {
            put_reference(sink, definitions, '@', definition);
        }
    }
    for (uint32_t i = 0; i < definitions->queued; i++) {
        put_definition(cg, sink, definitions, definitions->queue[i]);
    }
}

/* ---- Beside the module ----------------------------------------------------------- */

static void put_target(const lanes_codegen *cg, struct sink *sink)
{
    char signature[LANES_SIGNATURE_TEXT_MAX];
    lanes_signature_format(&cg->signature, signature);
    put_number(sink, SCHEME_VERSION);
    put_text(sink, lanes_codegen_llvm_version());
    put_text(sink, LLVMGetTarget(cg->module));
    put_text(sink, cg->cpu);
    put_text(sink, cg->features);
    put_number(sink, cg->request->math == LANES_MATH_EXACT);
    put_number(sink, cg->convention);
    put_text(sink, signature);
}

/* What parameters are for: found by names and by the request's signature, too. */
static void put_call(const lanes_codegen_call *call, struct sink *sink)
{
    put_number(sink, call->argument_count);
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const lanes_codegen_argument *argument = &call->argument[i];
        put_number(sink, argument->role);
        put_number(sink, argument->is_zero_extended);
        put_number(sink, argument->is_sign_extended);
        put_number(sink, argument->first);
        put_number(sink, argument->count);
    }
    /* Rows of 32-bit numbers. */
    put_number(sink, call->input_part_count);
    put(sink, (const char *)call->input_part,
        call->input_part_count * sizeof(call->input_part[0]));
    put_number(sink, call->result_count);
    put(sink, (const char *)call->result, call->result_count * sizeof(call->result[0]));
    put_number(sink, call->memory_count);
    put(sink, (const char *)call->memory_bytes,
        call->memory_count * sizeof(call->memory_bytes[0]));
    put_number(sink, call->has_return_slot);
    put_number(sink, call->has_params);
    put_number(sink, call->params_bytes);
}

/* How many exceptions there are, and how computed arguments of theirs lie in memory. */
static void put_exceptions(const lanes_codegen *cg, struct sink *sink)
{
    put_number(sink, cg->payload_count);
    put_number(sink, cg->argument_list_count);
    if (cg->argument_list_count > 0) {
        put(sink, (const char *)cg->argument_lists,
            cg->argument_list_count * sizeof(cg->argument_lists[0]));
    }
}

lanes_status lanes_codegen_identify(lanes_codegen *cg,
                                    uint8_t out_identity[LANES_IDENTITY_BYTES])
{
    char *text = print_without_names(cg);
    struct definitions definitions = {.queued = 0};
    struct sink *sink = calloc(1, sizeof(*sink));
    lanes_status status = LANES_OK;
    if (sink == NULL || !find_definitions(cg->module, text, &definitions)) {
        status = lanes_error_set(&cg->error, -ENOMEM, "no memory for the identity");
        goto out;
    }
    llvm_blake3_hasher_init(&sink->hasher);
    put_target(cg, sink);
    put_call(&cg->call, sink);
    put_exceptions(cg, sink);
    put_module(cg, sink, &definitions);
    flush(sink);
    llvm_blake3_hasher_finalize(&sink->hasher, out_identity, LANES_IDENTITY_BYTES);
    char hex[2 * LANES_IDENTITY_BYTES + 1];
    for (size_t i = 0; i < LANES_IDENTITY_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", out_identity[i]);
    }
    json_object_set_new(cg->report, "identity", json_string(hex));
out:
    free(sink);
    free(definitions.all);
    free(definitions.queue);
    LLVMDisposeMessage(text);
    return status;
}
