/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_sink.h - floating-point exceptions: what is shared by those who care for them,
 * codegen_confirm.c, codegen_raises.c and codegen_sink.c.
 */
#ifndef LANES_CODEGEN_SINK_H
#define LANES_CODEGEN_SINK_H

#include "codegen/codegen_internal.h"

/* codegen_confirm.c */

/** Take the function @p symbol out of cg->module into a module of its own, cg->confirm,
 * in which nothing is done that is not needed; NULL, and it is gone: it is no use. */
LANES_NODISCARD lanes_status lanes_codegen_split_confirm(lanes_codegen *cg,
                                                         const char *symbol);

/** Put it back, as it is. */
LANES_NODISCARD lanes_status lanes_codegen_join_confirm(lanes_codegen *cg);

/* codegen_sink.c */

/**
 * Let all that can raise floating-point exceptions in @p function be executed only where
 * its result is needed.
 *
 * @param[out] out_raises  something in it can
 * @return false: that is not possible, and the function is good for nothing any more
 */
bool lanes_codegen_sink(LLVMValueRef function, bool *out_raises);

/* codegen_raises.c */

/** True for what can raise by itself. */
bool lanes_codegen_can_raise(LLVMValueRef instruction);

/** True for what may be executed later than where it stands, or not at all. */
bool lanes_codegen_is_movable(LLVMValueRef instruction);

/** True for vectors that stand for choices, or in which some lanes may be nobody's. */
bool lanes_codegen_is_vector_choice(LLVMValueRef instruction);

/**
 * Replace in @p function what x86 does with instructions that raise where the result is
 * defined.
 * @return false: some of it is of a kind that this does not know
 */
bool lanes_codegen_write_out(LLVMValueRef function);

#endif /* LANES_CODEGEN_SINK_H */
