/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_variant.c - keys of variants.
 */
#include "kernel/variant.h"

#include "kernel/reduce.h"

#include <stdio.h>

void lanes_variant_key_contiguous(const lanes_signature *signature,
                                  lanes_variant_key *out_key)
{
    *out_key = (lanes_variant_key){.streams = 0};
    const uint32_t count = lanes_signature_operand_count(signature);
    for (uint32_t i = 0; i < LANES_OPERANDS_MAX && i < count; i++) {
        const bool is_row =
            i < signature->input_count && (signature->row_mask >> i & 1u) != 0;
        out_key->layout[i] = is_row ? LANES_LAYOUT_ROWS : LANES_LAYOUT_CONTIGUOUS;
    }
}

static const char *layout_name(uint8_t layout)
{
    if (layout == LANES_LAYOUT_UNIFORM) {
        return "uniform";
    }
    return layout == LANES_LAYOUT_ROWS ? "rows" : "contiguous";
}

void lanes_variant_key_format(const lanes_variant_key *key, uint32_t operand_count,
                              char *text, size_t text_bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < operand_count && used < text_bytes; i++) {
        const bool is_other = key->dtype[i] != 0;
        used +=
            (size_t)snprintf(text + used, text_bytes - used, "%s%s%s%s", i > 0 ? "," : "",
                             layout_name(key->layout[i]), is_other ? ":" : "",
                             is_other ? lanes_dtype_name(key->dtype[i]) : "");
    }
    if (used < text_bytes) {
        snprintf(text + used, text_bytes - used, "%s%s%s%s%s",
                 key->has_where != 0 ? "+where" : "", key->streams != 0 ? "+streams" : "",
                 key->reduce != 0 ? "+" : "",
                 key->reduce != 0 ? lanes_reduce_name(key->reduce) : "",
                 key->folds != 0 ? "+folds" : "");
    }
}
