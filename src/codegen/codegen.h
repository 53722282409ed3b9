/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen.h - the IR of a scalar callback in, the object file of a vector loop out.
 *
 * Runs inside a child of lanes-compiler: LLVM may abort, hang or exhaust memory on
 * foreign IR, and then only that child is lost. Single-threaded.
 */
#ifndef LANES_CODEGEN_H
#define LANES_CODEGEN_H

#include "base/base.h"
#include "kernel/compile.h"

/** What one compile produced; all parts go to the executor, in this order. */
typedef struct lanes_codegen_output {
    lanes_compile_result result;             /* status, message, signature, info, sizes */
    char *report;                            /* JSON, result.report_bytes long */
    lanes_payload *payloads;                 /* [result.payload_count] */
    lanes_payload_arguments *argument_lists; /* [result.argument_list_count] */
    char *object;                            /* ELF object, result.object_bytes long */
} lanes_codegen_output;

/**
 * Initialise LLVM: targets, options, and everything a first compile would otherwise pay
 * for. Call once, before forking.
 */
LANES_NODISCARD lanes_status lanes_codegen_init(lanes_error *err);

/**
 * Call @p handler instead of LLVM's own printing and aborting when LLVM meets something
 * it cannot go on from. The handler must not return and must not call LLVM; @p reason is
 * valid while it runs. Once per process.
 */
void lanes_codegen_set_fatal_handler(void (*handler)(const char *reason));

/**
 * Compile one variant. Failures of the IR are in out->result.status and .message, with as
 * much of the report as is known. The output is released with
 * lanes_codegen_output_deinit().
 *
 * @param ir     [request->ir_bytes], borrowed
 * @param known  [request->known_count], borrowed: if the variant's code is one of them,
 * it is not made, and out->result.is_known is 1
 */
void lanes_codegen_compile(const lanes_compile_request *request, const char *ir,
                           const lanes_code_key *known, lanes_codegen_output *out);

void lanes_codegen_output_deinit(lanes_codegen_output *output);

/** LLVM version linked against, such as "22.1.8". Static string. */
const char *lanes_codegen_llvm_version(void);

#endif /* LANES_CODEGEN_H */
