/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harness.h - compile an IR text in this process and call its loop.
 */
#ifndef LANES_TEST_CODEGEN_HARNESS_H
#define LANES_TEST_CODEGEN_HARNESS_H

#include "codegen/codegen.h"
#include "loader/loader.h"

/** A request for @p ir with all defaults, for the CPU of $LANES_CPU; change fields, then
 * compile_request(). */
lanes_compile_request request_for(const char *ir);

/** True if request_for() asks for a CPU that has all of @p level, such as "x86-64-v3". */
bool compiles_for(const char *level);

/** Compile; initialises LLVM on the first call. Deinit the output. */
lanes_codegen_output compile_request(const lanes_compile_request *request,
                                     const char *ir);

/** As compile_request(), for an executor that has request->known_count codes. */
lanes_codegen_output compile_knowing(const lanes_compile_request *request, const char *ir,
                                     const lanes_code_key *known);

/** Compile with defaults. */
lanes_codegen_output compile_text(const char *ir);

/** As compile_text(), asserting success. */
lanes_codegen_output compile_fine(const char *ir);

/** IR of a callback in Numba's convention that leaves @p excinfo for x < 0. */
#define RAISER(excinfo)                                                                  \
    "define i32 @_ZN1fEd(ptr %ret, ptr %exc, double %x) {\n"                             \
    "  store double %x, ptr %ret\n"                                                      \
    "  %bad = fcmp olt double %x, 0.0\n"                                                 \
    "  br i1 %bad, label %raise, label %fine\n"                                          \
    "raise:\n"                                                                           \
    "  store ptr " excinfo ", ptr %exc\n"                                                \
    "  ret i32 1\n"                                                                      \
    "fine:\n"                                                                            \
    "  ret i32 0\n"                                                                      \
    "}\n"

/** Assert that compiling @p ir fails with @p status and a message containing @p fragment.
 */
void expect_refusal(const char *ir, lanes_status status, const char *fragment);

/** As above for a request of its own. */
void expect_refused_request(const lanes_compile_request *request, const char *ir,
                            lanes_status status, const char *fragment);

/** request_for() with a signature given; "" or NULL leaves it to the IR. */
lanes_compile_request request_with(const char *ir, const char *signature);

/** Expect that @p result has the signature @p wanted, as lanes_signature_format() does.
 */
void expect_signature_of(const lanes_compile_result *result, const char *wanted);

/** All dtypes there are. */
#define DTYPE_COUNT 13
extern const uint32_t every_dtype[DTYPE_COUNT];

/** The IR type of a number of @p dtype, which is no pair. */
const char *type_of(uint32_t dtype);

/** The same numbers in every run; less than @p below. */
uint32_t random_below(uint32_t below);

/** A compiled kernel, loaded until the test ends. */
typedef struct kernel {
    lanes_compile_result result;
    lanes_loop_fn loop;
    lanes_explain_fn explain; /* NULL: no element can fail */
    lanes_confirm_fn confirm; /* NULL: there is none */
} kernel;

/** Compile (asserting success) and load. */
kernel kernel_of(const lanes_compile_request *request, const char *ir);

/** kernel_of(request_with()) and expect_signature_of(). */
kernel kernel_with(const char *ir, const char *signature, const char *wanted_signature);

/** The variant @p key of the kernel, loaded; asserts that it is that and @p signature. */
kernel variant_of(const char *ir, const char *signature, const lanes_variant_key *key);

/**
 * A frame of operands[0 .. operand count), each as its layout says: contiguous or
 * uniform. Rows need their stride and row_count set. If the variant has a mask, it is
 * operands[operand count]; if it has `where`, operands[operand count + 1].
 */
lanes_loop_frame frame_of(const kernel *k, void *const *operands);

/** Run elements [begin, end). */
lanes_loop_result run_frame(const kernel *k, const lanes_loop_frame *frame,
                            uint64_t begin, uint64_t end);

/**
 * Run @p count elements of contiguous inputs in two pieces, and expect every output to be
 * wanted[0 .. output count), bit by bit, and nothing to be written behind it.
 */
void expect_values(const kernel *k, uint64_t count, void *const *inputs,
                   const void *const *wanted);

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
