/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_survey.h - what one element costs, and what keeps its loop from being faster.
 */
#ifndef LANES_CODEGEN_SURVEY_H
#define LANES_CODEGEN_SURVEY_H

#include <jansson.h>
#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct lanes_codegen;

/** What one element does, in numbers, and what in it no vectorizer can take. */
typedef struct lanes_codegen_survey {
    bool is_made;
    uint32_t flops;          /* + - * / sqrt min max; a fused multiply-add is two */
    uint32_t integers;       /* operations on integers */
    uint32_t divisions;      /* of either, by what is no constant */
    uint32_t long_divisions; /* of 64-bit integers among them */
    uint32_t huge_divisions; /* of wider ones */
    uint32_t square_roots;
    uint32_t remainders; /* of floats */
    uint32_t loads;      /* of rows, tables, the params block */
    uint32_t branches;
    uint32_t selections;
    uint32_t loops;
    json_t *calls; /* object: function -> how often */
    bool is_recursive;
    bool calls_indirectly;
    bool has_local_memory; /* that is indexed, or whose address is passed on */
    bool is_volatile;
    bool uses_long_double;
    bool uses_powers; /* x ** n with an integer n that is no constant */
    bool widens;      /* f4 becomes f8 */
    bool narrows;     /* f8 becomes f4 */
} lanes_codegen_survey;

/* codegen_survey.c */

uint32_t lanes_codegen_instruction_count(LLVMValueRef function);

/** Count in a simplified copy of @p element: sets cg->survey, unless it is huge. */
LANES_NODISCARD lanes_status lanes_codegen_survey_element(struct lanes_codegen *cg,
                                                          LLVMValueRef element);

/* codegen_advice.c */

/** What keeps the finished loop from being faster, and what to change: an array of
 * {topic, reason, change}; new reference. */
json_t *lanes_codegen_advise(const struct lanes_codegen *cg);

/** The numbers of cg->survey; null if there are none. New reference. */
json_t *lanes_codegen_describe_element(const struct lanes_codegen *cg);

#endif /* LANES_CODEGEN_SURVEY_H */
