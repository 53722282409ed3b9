/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h - element types of a callback, spelled as NumPy and Numba do: "f8(f8,i4)".
 */
#ifndef LANES_KERNEL_SIGNATURE_H
#define LANES_KERNEL_SIGNATURE_H

#include "base/base.h"
#include "kernel/dtype.h"

/** Operand types: dtype[0 .. input_count) are inputs, the next output_count outputs. */
typedef struct lanes_signature {
    uint32_t input_count;
    uint32_t output_count;
    uint32_t row_mask; /* bit k: each element of input k is a row of dtype[k], "f8[:]" */
    uint32_t dtype[LANES_OPERANDS_MAX]; /* enum lanes_dtype */
} lanes_signature;

static inline uint32_t lanes_signature_operand_count(const lanes_signature *signature)
{
    return signature->input_count + signature->output_count;
}

/**
 * Parse a signature. Spaces are allowed everywhere, and NumPy's letters, Numba's and C's
 * names for every type:
 *
 *   f8(f8,f8)                     one output
 *   f8,i4(f8)   (f8,i4)(f8)       two outputs
 *   float64(float64[:])           the input is a row, a 1-D array for each element
 *   UniTuple(float64, 2)(float64)   Tuple((float64, int32))(float64)
 *   double(intc, CPointer(double), voidptr)   the length before a row and a params block
 *                                 are no operands and are dropped
 *   int64(datetime64[D])          datetime64 and timedelta64 of any unit are i8
 *
 * A void result is an error; tuple arguments are flattened.
 * @return LANES_OK or LANES_E_IR_SIGNATURE with a text that points at the character.
 */
LANES_NODISCARD lanes_status lanes_signature_parse(const char *text,
                                                   lanes_signature *out_signature,
                                                   lanes_error *err);

/** Write "f8,i4(f8,f8[:])" with NUL into text[0..LANES_SIGNATURE_TEXT_MAX). */
void lanes_signature_format(const lanes_signature *signature,
                            char text[LANES_SIGNATURE_TEXT_MAX]);

/** True if both name the same operands. */
bool lanes_signature_equal(const lanes_signature *a, const lanes_signature *b);

#endif /* LANES_KERNEL_SIGNATURE_H */
