/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.h - compile an IR text in this process and call its loop.
 */
#ifndef LANES_TEST_CODEGEN_HARNESS_H
#define LANES_TEST_CODEGEN_HARNESS_H

#include "codegen/codegen.h"
#include "loader/loader.h"

/** A request for @p ir with all defaults; change fields, then compile_request(). */
lanes_compile_request request_for(const char *ir);

/** Compile; initialises LLVM on the first call. Deinit the output. */
lanes_codegen_output compile_request(const lanes_compile_request *request,
                                     const char *ir);

/** Compile with defaults. */
lanes_codegen_output compile_text(const char *ir);

/** Assert that compiling @p ir fails with @p status and a message containing @p fragment.
 */
void expect_refusal(const char *ir, lanes_status status, const char *fragment);

/** Compile (asserting success), load and return the loop; it lives until the test ends.
 */
lanes_loop_fn loop_of(const lanes_compile_request *request, const char *ir);

/** Run elements [begin, end) of up to four operands. */
lanes_loop_result run_loop(lanes_loop_fn loop, uint64_t begin, uint64_t end,
                           void *operand0, void *operand1, void *operand2,
                           void *operand3);

/** Distance in units in the last place; 0 if both are NaN. */
double ulp_distance_f8(double a, double b);
double ulp_distance_f4(float a, float b);

#endif /* LANES_TEST_CODEGEN_HARNESS_H */
