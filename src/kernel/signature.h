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
    uint32_t dtype[LANES_OPERANDS_MAX]; /* enum lanes_dtype */
} lanes_signature;

static inline uint32_t lanes_signature_operand_count(const lanes_signature *signature)
{
    return signature->input_count + signature->output_count;
}

/**
 * Parse "f8(f8,f8)" (spaces allowed): one output, any number of inputs >= 1.
 * @return LANES_OK or LANES_E_IR_SIGNATURE with a text that points at the character.
 */
LANES_NODISCARD lanes_status lanes_signature_parse(const char *text,
                                                   lanes_signature *out_signature,
                                                   lanes_error *err);

/** Write "f8(f8,f8)" with NUL into text[0..LANES_SIGNATURE_TEXT_MAX). */
void lanes_signature_format(const lanes_signature *signature,
                            char text[LANES_SIGNATURE_TEXT_MAX]);

/** True if both name the same operands. */
bool lanes_signature_equal(const lanes_signature *a, const lanes_signature *b);

#endif /* LANES_KERNEL_SIGNATURE_H */
