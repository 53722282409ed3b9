/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_fuse.c - several callbacks become one kernel.
 *
 * Each goes through the steps of a single one up to its element, in which everything that
 * could go wrong is guarded; only then do their modules become one. What they have in
 * common follows: internal names that are equal, LLVM's linker sets apart; exceptions are
 * numbered through. From there on all is as with one callback, whose element calls those
 * of the nodes (codegen_graph.c).
 */
#include "codegen/codegen_fuse.h"

#include <errno.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Target.h>
#include <llvm-c/blake3.h>
#include <stdlib.h>
#include <string.h>

/* Raised when equal fusions of equal callbacks get another identity than before. */
#define SCHEME_VERSION 1u

void lanes_codegen_format_node(const char *element, uint32_t index, char out_name[48])
{
    snprintf(out_name, 48, "%s.%u", element, index);
}

static lanes_status no_memory(lanes_codegen *cg)
{
    return lanes_error_set(&cg->error, -ENOMEM, "no memory for the nodes of a kernel");
}

/* ---- The request ----------------------------------------------------------------- */

/* The executor made the table: what is refused here is a mistake of its own. */
static bool is_table_sound(const lanes_compile_request *request,
                           const lanes_fusion_table *table)
{
    if (request->ir_bytes < sizeof(*table) || table->node_count != request->node_count ||
        table->node_count > LANES_FUSION_NODES_MAX) {
        return false;
    }
    for (uint32_t n = 0; n < table->node_count; n++) {
        const lanes_fusion_entry *node = &table->node[n];
        if (node->ir_bytes == 0 || node->ir_bytes > LANES_IR_BYTES_MAX ||
            memchr(node->entry, '\0', sizeof(node->entry)) == NULL ||
            memchr(node->signature, '\0', sizeof(node->signature)) == NULL) {
            return false;
        }
    }
    return lanes_fusion_ir_offset(table, table->node_count) == request->ir_bytes;
}

lanes_status lanes_codegen_open_fusion(lanes_codegen *cg)
{
    /* Memory of malloc(), and the table is what it begins with. */
    const lanes_fusion_table *table = (const lanes_fusion_table *)(const void *)cg->ir;
    if (!is_table_sound(cg->request, table)) {
        return lanes_error_set(
            &cg->error, LANES_E_PROTOCOL,
            "the request's table of %u nodes does not fit its %llu bytes",
            cg->request->node_count, (unsigned long long)cg->request->ir_bytes);
    }
    cg->fusion = calloc(1, sizeof(*cg->fusion));
    if (cg->fusion == NULL) {
        return no_memory(cg);
    }
    cg->fusion->table = table;
    return LANES_OK;
}

static void drop_node(lanes_codegen_node *node)
{
    lanes_codegen_drop_module(&node->cg);
    json_decref(node->cg.report);
    json_decref(node->cg.remarks);
    json_decref(node->cg.stages);
    node->cg = (lanes_codegen){.context = NULL};
}

void lanes_codegen_close_fusion(lanes_codegen_fusion *fusion)
{
    for (uint32_t n = 0; fusion != NULL && n < fusion->table->node_count; n++) {
        drop_node(&fusion->node[n]);
    }
    free(fusion);
}

/* ---- The nodes, each by itself ---------------------------------------------------- */

static void open_node(lanes_codegen *cg, uint32_t index)
{
    const lanes_fusion_table *table = cg->fusion->table;
    const lanes_fusion_entry *entry = &table->node[index];
    lanes_codegen_node *node = &cg->fusion->node[index];
    drop_node(node); /* of an earlier build */
    node->request = *cg->request;
    node->request.ir_bytes = entry->ir_bytes;
    node->request.convention = entry->convention;
    node->request.default_key = 1;
    node->request.node_count = 0;
    memcpy(node->request.entry, entry->entry, sizeof(entry->entry));
    memcpy(node->request.signature, entry->signature, sizeof(entry->signature));
    node->cg = (lanes_codegen){
        .request = &node->request,
        .ir = cg->ir + lanes_fusion_ir_offset(table, index),
        .context = cg->context,
        .machine = cg->machine,
        .isa = cg->isa,
        .cpu = cg->cpu,
        .features = cg->features,
        .block = cg->block,
        .is_node = true,
        .report = json_object(),
        .remarks = json_array(),
        .stages = cg->stages != NULL ? json_object() : NULL,
    };
}

/* Does a step of a node, whose mistakes are then the whole's. */
static lanes_status take_step(lanes_codegen *cg, uint32_t index,
                              lanes_status (*step)(lanes_codegen *cg))
{
    lanes_codegen *node = &cg->fusion->node[index].cg;
    lanes_codegen_install_diagnostics(node);
    const lanes_status status = step(node);
    lanes_codegen_install_diagnostics(cg);
    if (status < 0) {
        cg->error = node->error;
        return lanes_error_prefix(&cg->error, status, "node %u", index);
    }
    return LANES_OK;
}

/* ---- The whole -------------------------------------------------------------------- */

static lanes_status find_signature(lanes_codegen *cg)
{
    const lanes_fusion_table *table = cg->fusion->table;
    lanes_signature signature[LANES_FUSION_NODES_MAX];
    for (uint32_t n = 0; n < table->node_count; n++) {
        signature[n] = cg->fusion->node[n].cg.signature;
    }
    LANES_TRY(lanes_fusion_signature(table, signature, &cg->signature, &cg->error));
    if (cg->request->default_key) {
        lanes_variant_key_contiguous(&cg->signature, &cg->key);
    } else {
        cg->key = cg->request->key;
    }
    return LANES_OK;
}

/* What a batch must give: as much as the node that wants most. */
static void find_needs(lanes_codegen *cg)
{
    const lanes_fusion_table *table = cg->fusion->table;
    for (uint32_t n = 0; n < table->node_count; n++) {
        const lanes_codegen *node = &cg->fusion->node[n].cg;
        cg->call.has_params |= node->call.has_params;
        if (node->call.params_bytes > cg->call.params_bytes) {
            cg->call.params_bytes = node->call.params_bytes;
        }
        for (uint32_t i = 0; i < node->signature.input_count; i++) {
            const lanes_abi_source source = table->node[n].input[i];
            if (source.node == LANES_FUSION_INPUT &&
                node->call.row_minimum[i] > cg->call.row_minimum[source.index]) {
                cg->call.row_minimum[source.index] = node->call.row_minimum[i];
            }
        }
    }
}

static lanes_status check_exceptions(lanes_codegen *cg)
{
    if (cg->payload_count > LANES_PAYLOADS_MAX ||
        cg->argument_list_count > LANES_PAYLOADS_MAX) {
        return lanes_error_set(&cg->error, LANES_E_IR_LIMIT,
                               "the nodes can raise %u exceptions, with %u kinds of "
                               "computed arguments; the limit of each is %u",
                               cg->payload_count, cg->argument_list_count,
                               LANES_PAYLOADS_MAX);
    }
    return LANES_OK;
}

/* The tables of all nodes, one behind the other. */
static lanes_status gather_exceptions(lanes_codegen *cg)
{
    const uint32_t node_count = cg->fusion->table->node_count;
    for (uint32_t n = 0; n < node_count; n++) {
        cg->payload_count += cg->fusion->node[n].cg.payload_count;
        cg->argument_list_count += cg->fusion->node[n].cg.argument_list_count;
    }
    LANES_TRY(check_exceptions(cg));
    /* One more, because calloc(0) may return NULL. */
    cg->payloads = calloc(cg->payload_count + 1, sizeof(*cg->payloads));
    cg->argument_lists = calloc(cg->argument_list_count + 1, sizeof(*cg->argument_lists));
    if (cg->payloads == NULL || cg->argument_lists == NULL) {
        return no_memory(cg);
    }
    uint32_t payload = 0;
    uint32_t list = 0;
    for (uint32_t n = 0; n < node_count; n++) {
        const lanes_codegen *node = &cg->fusion->node[n].cg;
        for (uint32_t p = 0; p < node->payload_count; p++) {
            cg->payloads[payload] = node->payloads[p];
            cg->payloads[payload++].node = n;
        }
        for (uint32_t k = 0; k < node->argument_list_count; k++) {
            cg->argument_lists[list++] = node->argument_lists[k];
        }
    }
    return LANES_OK;
}

/* ---- Its report ------------------------------------------------------------------- */

/* "x1", input 1 of the whole, or "0.1", output 1 of node 0. */
static json_t *describe_source(lanes_abi_source source)
{
    return source.node == LANES_FUSION_INPUT
               ? json_sprintf("x%u", source.index)
               : json_sprintf("%u.%u", source.node, source.index);
}

static void report_wiring(lanes_codegen *cg)
{
    const lanes_fusion_table *table = cg->fusion->table;
    json_t *nodes = json_array();
    json_t *outputs = json_array();
    for (uint32_t n = 0; n < table->node_count; n++) {
        json_t *inputs = json_array();
        for (uint32_t i = 0; i < cg->fusion->node[n].cg.signature.input_count; i++) {
            json_array_append_new(inputs, describe_source(table->node[n].input[i]));
        }
        json_array_append_new(nodes, inputs);
    }
    for (uint32_t k = 0; k < table->output_count; k++) {
        json_array_append_new(outputs, describe_source(table->output[k]));
    }
    json_object_set_new(cg->report, "wiring",
                        json_pack("{s:o, s:o}", "inputs", nodes, "outputs", outputs));
}

/* Exceptions are the whole's, each with its node. */
static void report_exceptions(json_t *all, uint32_t index, const json_t *node)
{
    size_t i;
    json_t *exception;
    json_array_foreach(json_object_get(node, "exceptions"), i, exception)
    {
        json_object_set_new(exception, "node", json_integer(index));
        json_array_append(all, exception);
    }
}

static void report_nodes(lanes_codegen *cg)
{
    static const char *const keys[] = {"entry",     "convention", "signature",
                                       "identity",  "producer",   "source_triple",
                                       "arguments", "error_model"};
    json_t *nodes = json_array();
    json_t *exceptions = json_array();
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        const json_t *from = cg->fusion->node[n].cg.report;
        json_t *node = json_object();
        for (size_t i = 0; i < LANES_ARRAY_COUNT(keys); i++) {
            json_t *value = json_object_get(from, keys[i]);
            if (value != NULL) {
                json_object_set(node, keys[i], value);
            }
        }
        json_array_append_new(nodes, node);
        report_exceptions(exceptions, n, from);
    }
    json_object_set_new(cg->report, "nodes", nodes);
    json_object_set_new(cg->report, "exceptions", exceptions);
}

/* "mul, exp": of people's interest only. */
static void report_entry(lanes_codegen *cg)
{
    json_t *text = json_string("");
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        json_t *entry = json_object_get(cg->fusion->node[n].cg.report, "entry");
        json_t *longer = json_sprintf("%s%s%s", json_string_value(text),
                                      n > 0 ? ", " : "", json_string_value(entry));
        json_decref(text);
        text = longer;
    }
    json_object_set_new(cg->report, "entry", text);
}

/* Who made all of them; of several, nobody. */
static void report_producer(lanes_codegen *cg)
{
    const uint32_t count = cg->fusion->table->node_count;
    json_t *first = json_object_get(cg->fusion->node[0].cg.report, "producer");
    bool is_same = first != NULL;
    for (uint32_t n = 1; n < count; n++) {
        const json_t *own = json_object_get(cg->fusion->node[n].cg.report, "producer");
        is_same = is_same && own != NULL && json_equal(first, own);
    }
    if (is_same) {
        json_object_set(cg->report, "producer", first);
    }
}

/* Its inputs, as those of one callback are described. */
static void report_inputs(lanes_codegen *cg)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < cg->signature.input_count; i++) {
        const bool is_row = (cg->signature.row_mask >> i & 1u) != 0;
        json_t *input = json_pack("{s:s}", "role", is_row ? "row" : "scalar");
        if (is_row) {
            json_object_set_new(input, "row_minimum",
                                json_integer(cg->call.row_minimum[i]));
        }
        json_array_append_new(list, input);
    }
    json_object_set_new(cg->report, "arguments", list);
}

static void report_whole(lanes_codegen *cg)
{
    char text[LANES_SIGNATURE_TEXT_MAX];
    lanes_signature_format(&cg->signature, text);
    report_entry(cg);
    json_object_set_new(cg->report, "convention", json_string("fused"));
    json_object_set_new(cg->report, "signature", json_string(text));
    json_object_set_new(cg->report, "has_params", json_boolean(cg->call.has_params));
    if (cg->call.has_params) {
        json_object_set_new(cg->report, "params_bytes",
                            json_integer((json_int_t)cg->call.params_bytes));
    }
    report_producer(cg);
    report_inputs(cg);
    report_nodes(cg);
    report_wiring(cg);
}

/* The stage "in": the modules as they came, one behind the other. */
static void add_stage_in(lanes_codegen *cg)
{
    json_t *text = json_string("");
    for (uint32_t n = 0; cg->stages != NULL && n < cg->fusion->table->node_count; n++) {
        json_t *in = json_object_get(cg->fusion->node[n].cg.stages, "in");
        json_t *longer = json_sprintf("%s; node %u\n%s", json_string_value(text), n,
                                      json_string_value(in));
        json_decref(text);
        text = longer;
    }
    if (cg->stages != NULL) {
        json_object_set(cg->stages, "in", text);
    }
    json_decref(text);
}

lanes_status lanes_codegen_prepare_nodes(lanes_codegen *cg)
{
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        open_node(cg, n);
        LANES_TRY(take_step(cg, n, lanes_codegen_prepare));
        cg->ms_parse += cg->fusion->node[n].cg.ms_parse;
    }
    LANES_TRY(find_signature(cg));
    find_needs(cg);
    LANES_TRY(gather_exceptions(cg));
    report_whole(cg);
    add_stage_in(cg);
    return LANES_OK;
}

/* ---- The identity ----------------------------------------------------------------- */

static lanes_status identify_node(lanes_codegen *cg)
{
    lanes_codegen_node *node = LANES_CONTAINER_OF(cg, lanes_codegen_node, cg);
    return lanes_codegen_identify(cg, node->identity);
}

/* The wiring is numbers alone, and unused ones are left out. */
static void hash_wiring(const lanes_codegen *cg, llvm_blake3_hasher *hasher)
{
    const lanes_fusion_table *table = cg->fusion->table;
    const uint32_t head[] = {SCHEME_VERSION, table->node_count, table->output_count};
    llvm_blake3_hasher_update(hasher, "lanes fusion", 12);
    llvm_blake3_hasher_update(hasher, head, sizeof(head));
    for (uint32_t n = 0; n < table->node_count; n++) {
        const lanes_codegen_node *node = &cg->fusion->node[n];
        llvm_blake3_hasher_update(hasher, node->identity, sizeof(node->identity));
        llvm_blake3_hasher_update(hasher, table->node[n].input,
                                  node->cg.signature.input_count *
                                      sizeof(table->node[n].input[0]));
    }
    llvm_blake3_hasher_update(hasher, table->output,
                              table->output_count * sizeof(table->output[0]));
}

lanes_status lanes_codegen_identify_nodes(lanes_codegen *cg,
                                          uint8_t out_identity[LANES_IDENTITY_BYTES])
{
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        LANES_TRY(take_step(cg, n, identify_node));
    }
    llvm_blake3_hasher hasher;
    llvm_blake3_hasher_init(&hasher);
    hash_wiring(cg, &hasher);
    llvm_blake3_hasher_finalize(&hasher, out_identity, LANES_IDENTITY_BYTES);
    char hex[2 * LANES_IDENTITY_BYTES + 1];
    for (size_t i = 0; i < LANES_IDENTITY_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", out_identity[i]);
    }
    json_object_set_new(cg->report, "identity", json_string(hex));
    report_nodes(cg); /* with their identities */
    return LANES_OK;
}

/* ---- Joining ---------------------------------------------------------------------- */

/* All copies of the element: for the loop, to say why it failed, what it raises. */
static lanes_status link_elements(lanes_codegen *cg)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL) {
        return no_memory(cg);
    }
    lanes_codegen_find_failures(cg);
    lanes_codegen_put_declarations(cg, out);
    lanes_codegen_put_element(cg, LANES_ELEMENT_LOOP, out);
    lanes_codegen_put_element(cg, LANES_ELEMENT_EXPLAIN, out);
    lanes_codegen_put_element(cg, LANES_ELEMENT_CONFIRM, out);
    fclose(out);
    const lanes_status status = lanes_codegen_link_element(cg, text, bytes);
    free(text);
    return status;
}

/* Gives an element the name by which the whole calls it. */
static void name_element(LLVMModuleRef module, const char *element, uint32_t index)
{
    char name[48];
    LLVMValueRef function = LLVMGetNamedFunction(module, element);
    lanes_codegen_format_node(element, index, name);
    LLVMSetValueName2(function, name, strlen(name));
}

static lanes_status join_node(lanes_codegen *cg, uint32_t index, uint32_t first_payload,
                              uint32_t first_list)
{
    lanes_codegen *node = &cg->fusion->node[index].cg;
    LANES_TRY(take_step(cg, index, link_elements));
    lanes_codegen_number_exceptions(node, first_payload, first_list);
    name_element(node->module, LANES_ELEMENT_LOOP, index);
    name_element(node->module, LANES_ELEMENT_EXPLAIN, index);
    name_element(node->module, LANES_ELEMENT_CONFIRM, index);
    cg->may_raise |= node->may_raise;
    cg->needs_begin |= node->needs_begin;
    cg->guards_divisions |= node->guards_divisions;
    LLVMModuleRef module = node->module;
    node->module = NULL; /* consumed by the linker */
    node->callback = NULL;
    if (LLVMLinkModules2(cg->module, module) != 0) {
        const lanes_error why = cg->error;
        return lanes_error_set(
            &cg->error, LANES_E_IR_REFUSED,
            "node %u cannot be linked with the nodes before it: %.300s; "
            "compile all with the same options",
            index, why.code != LANES_OK ? why.message : "unknown");
    }
    return LANES_OK;
}

/* True if some node is checked as @p model says. */
static bool has_error_model(const lanes_codegen *cg, const char *model)
{
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        const json_t *own = json_object_get(cg->fusion->node[n].cg.report, "error_model");
        if (own != NULL && strcmp(json_string_value(own), model) == 0) {
            return true;
        }
    }
    return false;
}

lanes_status lanes_codegen_join_nodes(lanes_codegen *cg)
{
    cg->module = LLVMModuleCreateWithNameInContext("lanes.fusion", cg->context);
    char *triple = LLVMGetTargetMachineTriple(cg->machine);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(cg->machine);
    LLVMSetTarget(cg->module, triple);
    LLVMSetModuleDataLayout(cg->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMDisposeMessage(triple);
    uint32_t payload = 0;
    uint32_t list = 0;
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        LANES_TRY(join_node(cg, n, payload, list));
        payload += cg->fusion->node[n].cg.payload_count;
        list += cg->fusion->node[n].cg.argument_list_count;
    }
    json_object_set_new(cg->report, "error_model",
                        json_string(has_error_model(cg, "python") ? "python"
                                    : cg->guards_divisions        ? "checked"
                                                                  : "none"));
    return LANES_OK;
}

void lanes_codegen_hide_nodes(lanes_codegen *cg)
{
    static const char *const elements[] = {LANES_ELEMENT_LOOP, LANES_ELEMENT_EXPLAIN,
                                           LANES_ELEMENT_CONFIRM};
    for (uint32_t n = 0; n < cg->fusion->table->node_count; n++) {
        for (size_t i = 0; i < LANES_ARRAY_COUNT(elements); i++) {
            char name[48];
            lanes_codegen_format_node(elements[i], n, name);
            LLVMSetLinkage(LLVMGetNamedFunction(cg->module, name), LLVMInternalLinkage);
        }
    }
}
