/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_exception.c - what a Numba callback can raise; kernel/payload.h has the
 * picture.
 *
 * A static `raise` stores the address of a constant excinfo, which names a pickle. A
 * dynamic one allocates its excinfo and stores the address of a pickle into it, and that
 * of a function that would box the arguments. Constants are recognised by their shape,
 * those functions by their name.
 *
 * Between the two steps of this file other steps drop globals, so what was found is kept
 * by name: lanes.excinfo.<p>, lanes.pickle.<p>, lanes.unwrap.<k>.
 */
#include "codegen/codegen_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_locate.h"
#include "codegen/codegen_pickle.h"
#include "codegen/codegen_unwrap.h"

#define STEPS_MAX 64 /* of a constant expression */

enum mark { MARK_EXCINFO, MARK_PICKLE, MARK_UNWRAP };

static void format_mark(enum mark mark, uint32_t index, char out_name[32])
{
    static const char *const names[] = {
        [MARK_EXCINFO] = "excinfo", [MARK_PICKLE] = "pickle", [MARK_UNWRAP] = "unwrap"};
    snprintf(out_name, 32, "lanes.%s.%u", names[mark], index);
}

static LLVMValueRef find_marked(lanes_codegen *cg, enum mark mark, uint32_t index)
{
    char name[32];
    format_mark(mark, index, name);
    return LLVMGetNamedGlobal(cg->module, name);
}

/* Names a global, and keeps LLVM from giving another constant its address. */
static lanes_status mark_global(lanes_codegen *cg, LLVMValueRef global, enum mark mark,
                                uint32_t index)
{
    char name[32];
    format_mark(mark, index, name);
    LLVMSetValueName2(global, name, strlen(name));
    LLVMSetUnnamedAddress(global, LLVMNoUnnamedAddr);
    if (strcmp(lanes_codegen_name(global), name) != 0) {
        return lanes_error_set(&cg->error, LANES_E_IR_REFUSED,
                               "rule reserved-name: '%s' is a name that lanes gives; "
                               "rename it",
                               name);
    }
    return LANES_OK;
}

static lanes_status no_memory(lanes_codegen *cg)
{
    return lanes_error_set(&cg->error, -ENOMEM, "no memory for the exceptions");
}

/* ---- Pickles --------------------------------------------------------------------- */

struct found {
    LLVMValueRef excinfo; /* NULL: only allocated ones name the pickle */
    LLVMValueRef pickle;
    uint64_t bytes; /* of the pickle, whose array may be longer */
};

struct search {
    struct found found[LANES_PAYLOADS_MAX];
    uint32_t count; /* may be more than fit */
};

static void add_found(struct search *search, const struct found *found)
{
    if (search->count < LANES_PAYLOADS_MAX) {
        search->found[search->count] = *found;
    }
    search->count++;
}

/* The bytes of a constant [n x i8]; NULL if @p value is another thing. LLVM's memory. */
static const unsigned char *constant_bytes(LLVMValueRef value, uint64_t *out_count)
{
    if (LLVMIsAGlobalVariable(value) == NULL || !LLVMIsGlobalConstant(value)) {
        return NULL;
    }
    LLVMValueRef initial = LLVMGetInitializer(value);
    if (initial == NULL || LLVMIsAConstantDataArray(initial) == NULL ||
        !LLVMIsConstantString(initial)) {
        return NULL;
    }
    size_t count;
    const char *bytes = LLVMGetAsString(initial, &count);
    *out_count = count;
    return (const unsigned char *)bytes;
}

/* The global that a constant address is the start of; NULL if it is none. */
static LLVMValueRef global_at(LLVMValueRef address)
{
    for (int step = 0; step < STEPS_MAX && LLVMIsAConstantExpr(address); step++) {
        const LLVMOpcode opcode = LLVMGetConstOpcode(address);
        if (opcode != LLVMBitCast && opcode != LLVMGetElementPtr) {
            return NULL;
        }
        for (int i = 1; i < LLVMGetNumOperands(address); i++) {
            if (!LLVMIsNull(LLVMGetOperand(address, (unsigned)i))) {
                return NULL;
            }
        }
        address = LLVMGetOperand(address, 0);
    }
    return LLVMIsAGlobalVariable(address);
}

const unsigned char *lanes_codegen_constant_bytes(LLVMValueRef address,
                                                  uint64_t *out_count)
{
    LLVMValueRef global = global_at(address);
    return global != NULL ? constant_bytes(global, out_count) : NULL;
}

static bool is_integer(LLVMTypeRef type, unsigned bits)
{
    return LLVMGetTypeKind(type) == LLVMIntegerTypeKind &&
           LLVMGetIntTypeWidth(type) == bits;
}

static bool is_pointer(LLVMTypeRef type)
{
    return LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

/* {pickle, i32}, {pickle, i32, ptr} or {pickle, i32, ptr, ptr, i32}, not packed. */
static bool has_excinfo_shape(LLVMValueRef initial)
{
    if (LLVMIsAConstantStruct(initial) == NULL) {
        return false;
    }
    LLVMTypeRef type = LLVMTypeOf(initial);
    LLVMTypeRef fields[5];
    const unsigned count = LLVMCountStructElementTypes(type);
    if (LLVMIsPackedStruct(type) || (count != 2 && count != 3 && count != 5)) {
        return false;
    }
    LLVMGetStructElementTypes(type, fields);
    return is_pointer(fields[0]) && is_integer(fields[1], 32) &&
           (count < 3 || is_pointer(fields[2])) &&
           (count < 5 || (is_pointer(fields[3]) && is_integer(fields[4], 32)));
}

static bool read_excinfo(LLVMValueRef global, struct found *out)
{
    LLVMValueRef initial = LLVMGetInitializer(global);
    if (!LLVMIsGlobalConstant(global) || initial == NULL || !has_excinfo_shape(initial)) {
        return false;
    }
    LLVMValueRef pickle = global_at(LLVMGetOperand(initial, 0));
    LLVMValueRef size = LLVMIsAConstantInt(LLVMGetOperand(initial, 1));
    uint64_t available = 0;
    const unsigned char *bytes =
        pickle != NULL ? constant_bytes(pickle, &available) : NULL;
    const uint64_t wanted = size != NULL ? LLVMConstIntGetZExtValue(size) : 0;
    if (bytes == NULL || wanted > available || !lanes_pickle_is_likely(bytes, wanted)) {
        return false;
    }
    *out = (struct found){global, pickle, wanted};
    return true;
}

static uint32_t kept_count(const struct search *search)
{
    return search->count < LANES_PAYLOADS_MAX ? search->count : LANES_PAYLOADS_MAX;
}

/* Index of the first find with @p pickle, which several excinfos may share; else
 * kept_count(). */
static uint32_t first_with(const struct search *search, LLVMValueRef pickle)
{
    uint32_t i = 0;
    while (i < kept_count(search) && search->found[i].pickle != pickle) {
        i++;
    }
    return i;
}

static lanes_status search_module(lanes_codegen *cg, struct search *search)
{
    struct found found;
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        if (read_excinfo(g, &found)) {
            add_found(search, &found);
        }
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(cg->module); g; g = LLVMGetNextGlobal(g)) {
        found = (struct found){.pickle = g};
        const unsigned char *bytes = constant_bytes(g, &found.bytes);
        lanes_pickle_exception text;
        if (bytes != NULL && lanes_pickle_is_likely(bytes, found.bytes) &&
            first_with(search, g) == kept_count(search) &&
            lanes_pickle_read_exception(bytes, found.bytes, &text)) {
            add_found(search, &found);
        }
    }
    if (search->count > LANES_PAYLOADS_MAX) {
        return lanes_error_set(&cg->error, LANES_E_IR_LIMIT,
                               "the module can raise %u exceptions; the limit is %u",
                               search->count, LANES_PAYLOADS_MAX);
    }
    return LANES_OK;
}

static lanes_status mark_found(lanes_codegen *cg, const struct search *search,
                               uint32_t index)
{
    const struct found *found = &search->found[index];
    if (found->excinfo != NULL) {
        LANES_TRY(mark_global(cg, found->excinfo, MARK_EXCINFO, index));
    }
    /* A pickle that several excinfos share keeps its first name. */
    return first_with(search, found->pickle) == index
               ? mark_global(cg, found->pickle, MARK_PICKLE, index)
               : LANES_OK;
}

/* True for what Numba's division raises unless error_model='numpy' was asked for. */
static bool is_own_zero_division(const lanes_pickle_exception *text)
{
    static const char *const messages[] = {
        "'division by zero'", "'modulo by zero'", "'integer division by zero'",
        "'integer modulo by zero'", "'integer divmod by zero'"};
    if (strcmp(text->type, "ZeroDivisionError") != 0) {
        return false;
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(messages); i++) {
        if (strcmp(text->message, messages[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Fills in cg->payloads and the report. */
static void describe_found(lanes_codegen *cg, const struct search *search,
                           const lanes_locate_constant *constants)
{
    static const char *const forms[] = {[LANES_PAYLOAD_NONE] = "none",
                                        [LANES_PAYLOAD_TEXT] = "text",
                                        [LANES_PAYLOAD_BITCODE] = "bitcode"};
    bool has_zero_division = false;
    json_t *list = json_array();
    for (uint32_t i = 0; i < search->count; i++) {
        lanes_payload *payload = &cg->payloads[i];
        lanes_pickle_exception text;
        /* If it cannot be read all texts are "", and the client may still unpickle it. */
        LANES_IGNORE(lanes_pickle_read_exception(constants[i].bytes,
                                                 search->found[i].bytes, &text),
                     "the texts say it");
        payload->form = constants[i].form;
        payload->offset = constants[i].offset;
        payload->bytes = search->found[i].bytes;
        memcpy(payload->type, text.type, sizeof(payload->type));
        memcpy(payload->message, text.message, sizeof(payload->message));
        memcpy(payload->location, text.location, sizeof(payload->location));
        has_zero_division = has_zero_division || is_own_zero_division(&text);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:b}", "type", text.type,
                            "message", text.message, "location", text.location, "form",
                            forms[payload->form], "offset", (json_int_t)payload->offset,
                            "dynamic", text.computed_count > 0));
    }
    json_object_set_new(cg->report, "exceptions", list);
    json_object_set_new(cg->report, "error_model",
                        json_string(has_zero_division ? "python" : "none"));
}

static lanes_status take_found(lanes_codegen *cg, const struct search *search)
{
    /* One more, because calloc(0) may return NULL. */
    lanes_locate_constant *constants = calloc(search->count + 1, sizeof(*constants));
    cg->payloads = calloc(search->count + 1, sizeof(*cg->payloads));
    if (constants == NULL || cg->payloads == NULL) {
        free(constants);
        return no_memory(cg);
    }
    lanes_status status = LANES_OK;
    for (uint32_t i = 0; i < search->count && status == LANES_OK; i++) {
        constants[i].bytes = constant_bytes(search->found[i].pickle, &constants[i].count);
        status = mark_found(cg, search, i);
    }
    if (status == LANES_OK) {
        cg->payload_count = search->count;
        lanes_locate_constants(cg->ir, cg->request->ir_bytes, constants, search->count);
        describe_found(cg, search, constants);
    }
    free(constants);
    return status;
}

static lanes_status find_payloads(lanes_codegen *cg)
{
    struct search *search = calloc(1, sizeof(*search));
    if (search == NULL) {
        return no_memory(cg);
    }
    lanes_status status = search_module(cg, search);
    if (status == LANES_OK) {
        status = take_found(cg, search);
    }
    free(search);
    return status;
}

/* ---- Functions that box arguments ------------------------------------------------ */

/* True for uses in which any address may stand: not a call of it, not in a block address
 * or another thing that needs a function. */
static bool is_plain_use(LLVMValueRef user, LLVMValueRef function)
{
    if (LLVMIsACallInst(user) || LLVMIsAInvokeInst(user)) {
        return LLVMGetCalledValue(user) != function;
    }
    return LLVMIsAStoreInst(user) || LLVMIsAPHINode(user) || LLVMIsASelectInst(user) ||
           LLVMIsABitCastInst(user) || LLVMIsAInsertValueInst(user) ||
           LLVMIsAConstantExpr(user) || LLVMIsAConstantStruct(user) ||
           LLVMIsAConstantArray(user);
}

static bool is_replaceable(LLVMValueRef function)
{
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
        if (!is_plain_use(LLVMGetUser(use), function)) {
            return false;
        }
    }
    return true;
}

/* The stand-in is data: it has an address of its own and cannot be called. */
static lanes_status replace_unwrap(lanes_codegen *cg, LLVMValueRef function,
                                   uint32_t index)
{
    LLVMTypeRef byte = LLVMInt8TypeInContext(cg->context);
    LLVMValueRef stand_in = LLVMAddGlobal(cg->module, byte, "");
    LLVMSetInitializer(stand_in, LLVMConstNull(byte));
    LLVMSetGlobalConstant(stand_in, 1);
    LLVMSetLinkage(stand_in, LLVMPrivateLinkage);
    LLVMReplaceAllUsesWith(function, stand_in);
    LLVMDeleteFunction(function);
    return mark_global(cg, stand_in, MARK_UNWRAP, index);
}

static uint32_t count_unwraps(lanes_codegen *cg)
{
    uint32_t count = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f;
         f = LLVMGetNextFunction(f)) {
        count += lanes_unwrap_is(f);
    }
    return count;
}

static lanes_status find_argument_lists(lanes_codegen *cg)
{
    const uint32_t count = count_unwraps(cg);
    if (count > LANES_PAYLOADS_MAX) {
        return lanes_error_set(&cg->error, LANES_E_IR_LIMIT,
                               "the module has %u kinds of computed exception arguments; "
                               "the limit is %u",
                               count, LANES_PAYLOADS_MAX);
    }
    cg->argument_lists = calloc(count + 1, sizeof(*cg->argument_lists));
    if (cg->argument_lists == NULL) {
        return no_memory(cg);
    }
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(cg->module);
    LLVMValueRef next;
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f; f = next) {
        next = LLVMGetNextFunction(f);
        if (!lanes_unwrap_is(f) || !is_replaceable(f)) {
            continue;
        }
        const uint32_t index = cg->argument_list_count++;
        lanes_unwrap_read(layout, f, &cg->argument_lists[index]);
        LANES_TRY(replace_unwrap(cg, f, index));
    }
    return LANES_OK;
}

lanes_status lanes_codegen_find_exceptions(lanes_codegen *cg)
{
    if (cg->convention != LANES_CONVENTION_NUMBA) {
        return LANES_OK;
    }
    LANES_TRY(find_payloads(cg));
    return find_argument_lists(cg);
}

static void rename_marked(lanes_codegen *cg, enum mark mark, uint32_t from, uint32_t to)
{
    char name[32];
    LLVMValueRef global = find_marked(cg, mark, from);
    format_mark(mark, to, name);
    if (global != NULL) {
        LLVMSetValueName2(global, name, strlen(name));
    }
}

/* From the last on, so that no name is taken yet. */
void lanes_codegen_number_exceptions(lanes_codegen *cg, uint32_t first_payload,
                                     uint32_t first_argument_list)
{
    for (uint32_t p = first_payload > 0 ? cg->payload_count : 0; p-- > 0;) {
        rename_marked(cg, MARK_EXCINFO, p, first_payload + p);
        rename_marked(cg, MARK_PICKLE, p, first_payload + p);
    }
    for (uint32_t k = first_argument_list > 0 ? cg->argument_list_count : 0; k-- > 0;) {
        rename_marked(cg, MARK_UNWRAP, k, first_argument_list + k);
    }
}

/* ---- The table ------------------------------------------------------------------- */

lanes_status lanes_codegen_add_exception_table(lanes_codegen *cg, const char *symbol)
{
    const uint32_t count = 2 * cg->payload_count + cg->argument_list_count;
    LLVMTypeRef pointer = LLVMPointerTypeInContext(cg->context, 0);
    LLVMValueRef *rows = calloc(count + 1, sizeof(*rows));
    if (rows == NULL) {
        return no_memory(cg);
    }
    for (uint32_t p = 0; p < cg->payload_count; p++) {
        LLVMValueRef excinfo = find_marked(cg, MARK_EXCINFO, p);
        LLVMValueRef initial = excinfo != NULL ? LLVMGetInitializer(excinfo) : NULL;
        rows[2 * p] = excinfo;
        rows[2 * p + 1] = initial != NULL ? global_at(LLVMGetOperand(initial, 0))
                                          : find_marked(cg, MARK_PICKLE, p);
    }
    for (uint32_t k = 0; k < cg->argument_list_count; k++) {
        rows[2 * cg->payload_count + k] = find_marked(cg, MARK_UNWRAP, k);
    }
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = rows[i] != NULL ? rows[i] : LLVMConstNull(pointer);
    }
    LLVMValueRef table =
        LLVMAddGlobal(cg->module, LLVMArrayType2(pointer, count), symbol);
    LLVMSetInitializer(table, LLVMConstArray2(pointer, rows, count));
    LLVMSetGlobalConstant(table, 1);
    free(rows);
    if (strcmp(lanes_codegen_name(table), symbol) != 0) {
        return lanes_error_set(&cg->error, LANES_E_IR_REFUSED,
                               "rule reserved-name: '%s' is a name that lanes gives; "
                               "rename it",
                               symbol);
    }
    return LANES_OK;
}
