/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_types.c - dtypes, signatures and variant keys as text.
 */
#include "kernel/signature.h"
#include "kernel/variant.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct dtype_row {
    uint32_t code;
    uint32_t bytes;
    const char *name;
};

#define DTYPE_ROW(name, code, letters, bytes) {(code), (bytes), letters},
static const struct dtype_row dtype_rows[] = {LANES_DTYPE_TABLE(DTYPE_ROW)};
#undef DTYPE_ROW

static const struct dtype_row *dtype_find(uint32_t dtype)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtype_rows); i++) {
        if (dtype_rows[i].code == dtype) {
            return &dtype_rows[i];
        }
    }
    return NULL;
}

uint32_t lanes_dtype_bytes(uint32_t dtype)
{
    const struct dtype_row *row = dtype_find(dtype);
    return row != NULL ? row->bytes : 0;
}

const char *lanes_dtype_name(uint32_t dtype)
{
    const struct dtype_row *row = dtype_find(dtype);
    return row != NULL ? row->name : "?";
}

uint32_t lanes_dtype_parse(const char *text, size_t length)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(dtype_rows); i++) {
        if (strlen(dtype_rows[i].name) == length &&
            memcmp(dtype_rows[i].name, text, length) == 0) {
            return dtype_rows[i].code;
        }
    }
    return LANES_DTYPE_NONE;
}

bool lanes_dtype_is_float(uint32_t dtype)
{
    return dtype == LANES_F4 || dtype == LANES_F8;
}

const char *lanes_dtype_all_names(void)
{
#define DTYPE_TEXT(name, code, letters, bytes) " " letters
    return &LANES_DTYPE_TABLE(DTYPE_TEXT)[1];
#undef DTYPE_TEXT
}

static const char *skip_spaces(const char *at)
{
    while (isspace((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* Reads one dtype at *at and moves past it and the spaces behind. */
static lanes_status parse_dtype(const char *text, const char **at, uint32_t *out_dtype,
                                lanes_error *err)
{
    const char *start = skip_spaces(*at);
    const char *end = start;
    while (isalnum((unsigned char)*end) || *end == '?') {
        end++;
    }
    *out_dtype = lanes_dtype_parse(start, (size_t)(end - start));
    if (*out_dtype == LANES_DTYPE_NONE) {
        return lanes_error_set(err, LANES_E_IR_SIGNATURE,
                               "signature '%s': '%.*s' at character %d is not one of %s",
                               text, (int)(end - start), start, (int)(start - text) + 1,
                               lanes_dtype_all_names());
    }
    *at = skip_spaces(end);
    return LANES_OK;
}

static lanes_status parse_expect(const char *text, const char **at, char wanted,
                                 lanes_error *err)
{
    if (**at != wanted) {
        return lanes_error_set(err, LANES_E_IR_SIGNATURE,
                               "signature '%s': expected '%c' at character %d; "
                               "write it like f8(f8,f8)",
                               text, wanted, (int)(*at - text) + 1);
    }
    *at = skip_spaces(*at + 1);
    return LANES_OK;
}

lanes_status lanes_signature_parse(const char *text, lanes_signature *out_signature,
                                   lanes_error *err)
{
    lanes_signature signature = {.output_count = 1};
    const char *at = text;
    uint32_t output;
    LANES_TRY(parse_dtype(text, &at, &output, err));
    LANES_TRY(parse_expect(text, &at, '(', err));
    for (;;) {
        if (signature.input_count == LANES_OPERANDS_MAX - 1) {
            return lanes_error_set(err, LANES_E_IR_SIGNATURE,
                                   "signature '%s' has more than %d inputs", text,
                                   LANES_OPERANDS_MAX - 1);
        }
        LANES_TRY(parse_dtype(text, &at, &signature.dtype[signature.input_count], err));
        signature.input_count++;
        if (*at != ',') {
            break;
        }
        at++;
    }
    LANES_TRY(parse_expect(text, &at, ')', err));
    if (*at != '\0') {
        return lanes_error_set(err, LANES_E_IR_SIGNATURE,
                               "signature '%s': unexpected '%c' at character %d", text,
                               *at, (int)(at - text) + 1);
    }
    signature.dtype[signature.input_count] = output;
    *out_signature = signature;
    return LANES_OK;
}

void lanes_signature_format(const lanes_signature *signature,
                            char text[LANES_SIGNATURE_TEXT_MAX])
{
    size_t used = 0;
    const uint32_t total = lanes_signature_operand_count(signature);
    for (uint32_t i = signature->input_count; i < total; i++) {
        used += (size_t)snprintf(text + used, LANES_SIGNATURE_TEXT_MAX - used, "%s%s",
                                 i > signature->input_count ? "," : "",
                                 lanes_dtype_name(signature->dtype[i]));
    }
    for (uint32_t i = 0; i < signature->input_count; i++) {
        used +=
            (size_t)snprintf(text + used, LANES_SIGNATURE_TEXT_MAX - used, "%s%s",
                             i > 0 ? "," : "(", lanes_dtype_name(signature->dtype[i]));
    }
    snprintf(text + used, LANES_SIGNATURE_TEXT_MAX - used, ")");
}

bool lanes_signature_equal(const lanes_signature *a, const lanes_signature *b)
{
    if (a->input_count != b->input_count || a->output_count != b->output_count) {
        return false;
    }
    return memcmp(a->dtype, b->dtype,
                  lanes_signature_operand_count(a) * sizeof(a->dtype[0])) == 0;
}

void lanes_variant_key_contiguous(const lanes_signature *signature,
                                  lanes_variant_key *out_key)
{
    *out_key = (lanes_variant_key){{0}};
    memset(out_key->layout, LANES_LAYOUT_CONTIGUOUS,
           lanes_signature_operand_count(signature));
}

void lanes_variant_key_format(const lanes_variant_key *key, uint32_t operand_count,
                              char *text, size_t text_bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < operand_count && used < text_bytes; i++) {
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", i > 0 ? "," : "",
                                 key->layout[i] == LANES_LAYOUT_UNIFORM ? "uniform"
                                                                        : "contiguous");
    }
}
