/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_signature.c - signatures as text, in the words of NumPy, Numba and C.
 *
 * The grammar; spaces may stand between any two tokens:
 *
 *   signature := items '(' items ')'
 *   items     := item {',' item}
 *   item      := type | group | "Tuple" group | "UniTuple" '(' item (',' | 'x') n ')'
 *   group     := '(' items [','] ')' | '[' items [','] ']'
 *   type      := name ['*' | "[:]" | "[::1]"] | "CPointer" '(' name ')' | "voidptr"
 *   name      := {module '.'} word, several words of C, or a time with its unit
 *
 * Groups only nest, so they are flattened while they are read. They are the one recursion
 * here, at most GROUP_DEPTH_MAX deep. Texts come from clients: errors quote printable
 * ASCII only, and no more of a long text than is around the character they point at.
 */
#include "kernel/signature.h"

#include <stdio.h>
#include <string.h>

#include "kernel/kernel_internal.h"

#define GROUP_DEPTH_MAX 8u

/* Longest part of a signature that an error quotes. */
#define QUOTE_BYTES 80

struct operand_list {
    uint32_t count;
    uint32_t row_mask;
    uint32_t dtype[LANES_OPERANDS_MAX];
};

struct parser {
    const char *text;
    const char *at;
    bool is_in_inputs; /* behind the parenthesis */
    bool has_params;
    bool ends_with_i4; /* the last item is an int32: the length of a row that follows */
    uint32_t depth;    /* of groups */
    struct operand_list outputs;
    struct operand_list inputs;
    lanes_error *err;
};

struct word {
    const char *start;
    size_t length;
};

enum type_form { TYPE_VALUE, TYPE_ROW, TYPE_POINTER };

struct type {
    const char *start;
    uint32_t dtype; /* LANES_DTYPE_NONE: void */
    enum type_form form;
};

/* What may stand before a name, with a point. */
static const char *const modules[] = {"types", "numba", "nb", "numpy", "np"};

/* The names of times, which have a unit. */
static const char *const time_names[] = {"datetime64", "timedelta64", "M8",
                                         "m8",         "NPDatetime",  "NPTimedelta"};

/* Units of NumPy's times; "" is generic too. */
static const char *const time_units[] = {"generic", "Y",  "M",  "W",  "D",  "h",  "m",
                                         "s",       "ms", "us", "ns", "ps", "fs", "as"};

/* ---- Errors ---------------------------------------------------------------------- */

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

/* Copies what is around `at`, with "..." where the text goes on. */
static void quote_text(const char *text, const char *at, char quote[QUOTE_BYTES + 8])
{
    const size_t length = strlen(text);
    size_t begin = 0;
    size_t end = length;
    if (length > QUOTE_BYTES) {
        const size_t position = (size_t)(at - text);
        begin = position > QUOTE_BYTES / 2 ? position - QUOTE_BYTES / 2 : 0;
        end = length - begin > QUOTE_BYTES ? begin + QUOTE_BYTES : length;
    }
    size_t used = 0;
    if (begin > 0) {
        memcpy(quote, "...", 3);
        used = 3;
    }
    for (size_t i = begin; i < end; i++) {
        quote[used++] = is_printable(text[i]) ? text[i] : '?';
    }
    if (end < length) {
        memcpy(quote + used, "...", 3);
        used += 3;
    }
    quote[used] = '\0';
}

static lanes_status refuse(const struct parser *parser, const char *at,
                           const char *format, ...) LANES_PRINTF(3, 4);

static lanes_status refuse(const struct parser *parser, const char *at,
                           const char *format, ...)
{
    char quote[QUOTE_BYTES + 8];
    char reason[LANES_ERROR_TEXT_BYTES / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    quote_text(parser->text, at, quote);
    return lanes_error_set(parser->err, LANES_E_IR_SIGNATURE,
                           "signature '%s', character %zu: %s", quote,
                           (size_t)(at - parser->text) + 1, reason);
}

/* Refuses what is next. `wanted` is for people: "'(' and the inputs". */
static lanes_status refuse_next(const struct parser *parser, const char *wanted)
{
    const char next = *parser->at;
    if (next == '\0') {
        return refuse(parser, parser->at, "expected %s, but the text ends", wanted);
    }
    return refuse(parser, parser->at, "expected %s, not '%c'", wanted,
                  is_printable(next) ? next : '?');
}

/* ---- Tokens ---------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static void skip_spaces(struct parser *parser)
{
    while (*parser->at == ' ' || (*parser->at >= '\t' && *parser->at <= '\r')) {
        parser->at++;
    }
}

/* Skips spaces; moves past `c` if it is next. */
static bool accept(struct parser *parser, char c)
{
    skip_spaces(parser);
    if (*parser->at != c) {
        return false;
    }
    parser->at++;
    return true;
}

static lanes_status expect(struct parser *parser, char c, const char *wanted)
{
    return accept(parser, c) ? LANES_OK : refuse_next(parser, wanted);
}

/* The next word, which may be empty; "?" is a word. Skips the spaces before it. */
static struct word peek_word(struct parser *parser)
{
    skip_spaces(parser);
    struct word word = {.start = parser->at};
    if (*word.start == '?') {
        word.length = 1;
    }
    while (is_word_char(word.start[word.length]) && *word.start != '?') {
        word.length++;
    }
    return word;
}

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

static bool accept_word(struct parser *parser, const char *text)
{
    const struct word word = peek_word(parser);
    if (!word_is(word, text)) {
        return false;
    }
    parser->at += word.length;
    return true;
}

/* Moves past "types." and "const". */
static void skip_prefixes(struct parser *parser)
{
    for (;;) {
        const struct word word = peek_word(parser);
        bool is_prefix = accept_word(parser, "const");
        for (size_t i = 0; i < LANES_ARRAY_COUNT(modules) && !is_prefix; i++) {
            is_prefix = word_is(word, modules[i]) && word.start[word.length] == '.';
            parser->at += is_prefix ? word.length + 1 : 0;
        }
        if (!is_prefix) {
            return;
        }
    }
}

/* ---- Types ----------------------------------------------------------------------- */

/*
 * Reads a name into `name`: one word, or as many of C's as there are. Of a longer one
 * that is no type the beginning.
 */
static void read_name(struct parser *parser, char name[LANES_KERNEL_NAME_MAX])
{
    struct word word = peek_word(parser);
    const bool is_c = lanes_kernel_name_is_c_word(word.start, word.length);
    size_t used = 0;
    do {
        const size_t length =
            word.length < LANES_KERNEL_NAME_MAX ? word.length : LANES_KERNEL_NAME_MAX;
        used += (size_t)snprintf(name + used, LANES_KERNEL_NAME_MAX - used, "%s%.*s",
                                 used > 0 ? " " : "", (int)length, word.start);
        parser->at = word.start + word.length;
        word = peek_word(parser);
    } while (is_c && used < LANES_KERNEL_NAME_MAX &&
             lanes_kernel_name_is_c_word(word.start, word.length));
}

/* Reads the unit of a time, such as "25s", and `close`. */
static lanes_status parse_unit(struct parser *parser, char close)
{
    const char *start = peek_word(parser).start;
    while (is_digit(*parser->at)) {
        parser->at++;
    }
    const struct word unit = peek_word(parser);
    bool is_known = unit.length == 0;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(time_units) && !is_known; i++) {
        is_known = word_is(unit, time_units[i]);
    }
    parser->at += unit.length;
    if (!is_known || !accept(parser, close)) {
        return refuse(parser, start,
                      "expected a unit of time and '%c'; units are Y M W D h m s ms us "
                      "ns ps fs as",
                      close);
    }
    return LANES_OK;
}

/* Reads what belongs to a name of a time: ('D') for Numba's classes, else maybe [D]. */
static lanes_status parse_time(struct parser *parser, const char *name)
{
    if (name[0] == 'N') {
        LANES_TRY(expect(parser, '(', "'(' and a unit, as in NPDatetime('D')"));
        const char quote = accept(parser, '"') ? '"' : '\'';
        if (quote == '\'') {
            LANES_TRY(expect(parser, '\'', "a unit in quotes, as in NPDatetime('D')"));
        }
        LANES_TRY(parse_unit(parser, quote));
        return expect(parser, ')', "')'");
    }
    const char *start = parser->at;
    if (accept(parser, '[') && peek_word(parser).start[0] != ':') {
        return parse_unit(parser, ']');
    }
    parser->at = start; /* "[:]" is a row of times */
    return LANES_OK;
}

static bool is_time(const char *name)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(time_names); i++) {
        if (strcmp(time_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads a scalar type or void. */
static lanes_status parse_scalar(struct parser *parser, struct type *type)
{
    char name[LANES_KERNEL_NAME_MAX];
    skip_prefixes(parser);
    type->start = parser->at;
    if (peek_word(parser).length == 0) {
        return refuse_next(parser, "a type such as f8");
    }
    read_name(parser, name);
    if (lanes_kernel_name_find(name, &type->dtype)) {
        return is_time(name) ? parse_time(parser, name) : LANES_OK;
    }
    const char *meanings = lanes_kernel_name_meanings(name);
    if (meanings != NULL) {
        return refuse(parser, type->start, "'%s' is %s; write one of these", name,
                      meanings);
    }
    return refuse(parser, type->start,
                  "'%s' is not one of %s, nor NumPy's, Numba's or C's name of one", name,
                  lanes_dtype_all_names());
}

/* Reads "[:]" or "[::1]", whose '[' is next. */
static lanes_status parse_row(struct parser *parser)
{
    const char *start = parser->at;
    bool is_row = accept(parser, '[') && accept(parser, ':');
    if (is_row && accept(parser, ':')) {
        is_row = accept(parser, '1');
    }
    if (!is_row || !accept(parser, ']')) {
        return refuse(parser, start,
                      "a row is written T[:] or T[::1]; it has one dimension");
    }
    return LANES_OK;
}

/* Reads a type behind its prefixes. */
static lanes_status parse_type(struct parser *parser, struct type *type)
{
    const char *start = parser->at;
    *type = (struct type){.start = start};
    if (accept_word(parser, "voidptr")) {
        type->form = TYPE_POINTER;
        return LANES_OK;
    }
    if (accept_word(parser, "CPointer")) {
        LANES_TRY(expect(parser, '(', "'(' and a type, as in CPointer(f8)"));
        LANES_TRY(parse_scalar(parser, type));
        LANES_TRY(expect(parser, ')', "')'"));
        type->form = TYPE_POINTER;
        type->start = start;
        return LANES_OK;
    }
    LANES_TRY(parse_scalar(parser, type));
    LANES_IGNORE(accept_word(parser, "const"), "as in `double const *`");
    if (accept(parser, '*')) {
        type->form = TYPE_POINTER;
    } else if (*parser->at == '[') {
        type->form = TYPE_ROW;
        return parse_row(parser);
    }
    return LANES_OK;
}

/* ---- Operands -------------------------------------------------------------------- */

static lanes_status append(struct parser *parser, const char *at, uint32_t dtype,
                           bool is_row)
{
    struct operand_list *list = parser->is_in_inputs ? &parser->inputs : &parser->outputs;
    if (!parser->is_in_inputs && list->count == LANES_OPERANDS_MAX - 1) {
        return refuse(parser, at,
                      "more than %d outputs; a kernel has at most %d operands",
                      LANES_OPERANDS_MAX - 1, LANES_OPERANDS_MAX);
    }
    if (list->count + parser->outputs.count == LANES_OPERANDS_MAX &&
        parser->is_in_inputs) {
        return refuse(parser, at,
                      "more than %u inputs; a kernel has at most %d operands, and here "
                      "%u are outputs",
                      list->count, LANES_OPERANDS_MAX, parser->outputs.count);
    }
    list->row_mask |= is_row ? 1u << list->count : 0;
    list->dtype[list->count++] = dtype;
    return LANES_OK;
}

static lanes_status add_output(struct parser *parser, const struct type *type)
{
    if (type->form != TYPE_VALUE) {
        return refuse(parser, type->start,
                      "an output is a value, not a row or a pointer; name the types of "
                      "its elements, as in f8(f8) or f8,i4(f8)");
    }
    if (type->dtype == LANES_DTYPE_NONE) {
        return refuse(parser, type->start,
                      "a callback must return a value; if it writes its outputs through "
                      "pointers, name them before the parenthesis, as in f8,i4(f8)");
    }
    return append(parser, type->start, type->dtype, false);
}

static lanes_status add_params(struct parser *parser, const struct type *type)
{
    if (parser->depth > 0) {
        return refuse(parser, type->start, "a params block cannot be in a tuple");
    }
    if (parser->has_params) {
        return refuse(parser, type->start,
                      "a second params block; a callback takes at most one");
    }
    parser->has_params = true;
    return LANES_OK;
}

static lanes_status add_input(struct parser *parser, const struct type *type)
{
    const bool follows_i4 = parser->ends_with_i4 && parser->depth == 0;
    parser->ends_with_i4 = false;
    if (type->dtype == LANES_DTYPE_NONE) {
        if (type->form == TYPE_POINTER) {
            return add_params(parser, type);
        }
        return refuse(parser, type->start,
                      "void is not an input; a kernel has at least 1, and a params block "
                      "is void*");
    }
    if (type->form == TYPE_POINTER && follows_i4) {
        /* The int32 is the row's length: the row takes its place. */
        const uint32_t index = parser->inputs.count - 1;
        parser->inputs.dtype[index] = type->dtype;
        parser->inputs.row_mask |= 1u << index;
        return LANES_OK;
    }
    parser->ends_with_i4 =
        type->dtype == LANES_I4 && type->form == TYPE_VALUE && parser->depth == 0;
    return append(parser, type->start, type->dtype, type->form != TYPE_VALUE);
}

/* ---- Items ----------------------------------------------------------------------- */

static lanes_status parse_item(struct parser *parser);

static lanes_status enter_group(struct parser *parser, const char *at)
{
    if (parser->depth == GROUP_DEPTH_MAX) {
        return refuse(parser, at, "tuples are nested more than %u deep", GROUP_DEPTH_MAX);
    }
    parser->depth++;
    return LANES_OK;
}

/* Reads a group, whose bracket is next. */
static lanes_status parse_group(struct parser *parser)
{
    const char close = *parser->at == '[' ? ']' : ')';
    LANES_TRY(enter_group(parser, parser->at));
    parser->at++;
    do {
        LANES_TRY(parse_item(parser));
    } while (accept(parser, ',') && *peek_word(parser).start != close);
    parser->depth--;
    return expect(parser, close, close == ')' ? "',' or ')'" : "',' or ']'");
}

/* Reads the number of elements of a UniTuple. */
static lanes_status parse_tuple_length(struct parser *parser, uint32_t *out_length)
{
    const char *start = peek_word(parser).start;
    uint32_t length = 0;
    while (is_digit(*parser->at) && length <= LANES_OPERANDS_MAX) {
        length = length * 10 + (uint32_t)(*parser->at - '0');
        parser->at++;
    }
    if (length == 0 || length > LANES_OPERANDS_MAX) {
        return refuse(parser, start, "the length of a tuple is 1 .. %d",
                      LANES_OPERANDS_MAX);
    }
    *out_length = length;
    return LANES_OK;
}

/* Reads "(T, n)", as Numba takes it, or "(T x n)", as Numba prints it. */
static lanes_status parse_uni_tuple(struct parser *parser)
{
    const struct operand_list *list =
        parser->is_in_inputs ? &parser->inputs : &parser->outputs;
    const char *start = parser->at;
    const uint32_t first = list->count;
    uint32_t length = 0;
    LANES_TRY(expect(parser, '(', "'(' and a type, as in UniTuple(f8,2)"));
    LANES_TRY(enter_group(parser, start));
    LANES_TRY(parse_item(parser));
    if (!accept(parser, 'x')) {
        LANES_TRY(expect(parser, ',', "',' and a length, as in UniTuple(f8,2)"));
    }
    LANES_TRY(parse_tuple_length(parser, &length));
    LANES_TRY(expect(parser, ')', "')'"));
    const uint32_t end = list->count;
    for (uint32_t copy = 1; copy < length; copy++) {
        for (uint32_t i = first; i < end; i++) {
            LANES_TRY(
                append(parser, start, list->dtype[i], (list->row_mask >> i & 1u) != 0));
        }
    }
    parser->depth--;
    return LANES_OK;
}

static lanes_status parse_item(struct parser *parser)
{
    skip_prefixes(parser);
    if (*parser->at == '(' || *parser->at == '[') {
        return parse_group(parser);
    }
    if (accept_word(parser, "Tuple")) {
        skip_spaces(parser);
        return *parser->at == '('
                   ? parse_group(parser)
                   : refuse_next(parser, "'(' and types, as in Tuple((f8,i4))");
    }
    if (accept_word(parser, "UniTuple")) {
        return parse_uni_tuple(parser);
    }
    struct type type;
    LANES_TRY(parse_type(parser, &type));
    return parser->is_in_inputs ? add_input(parser, &type) : add_output(parser, &type);
}

static lanes_status parse_items(struct parser *parser)
{
    do {
        LANES_TRY(parse_item(parser));
    } while (accept(parser, ','));
    return LANES_OK;
}

/* ---- The room's functions -------------------------------------------------------- */

lanes_status lanes_signature_parse(const char *text, lanes_signature *out_signature,
                                   lanes_error *err)
{
    struct parser parser = {.text = text, .at = text, .err = err};
    LANES_TRY(parse_items(&parser));
    LANES_TRY(expect(&parser, '(', "',' or '(' and the inputs, as in f8(f8,f8)"));
    parser.is_in_inputs = true;
    if (*peek_word(&parser).start != ')') {
        LANES_TRY(parse_items(&parser));
    }
    if (parser.inputs.count == 0 && *parser.at == ')') {
        return refuse(&parser, parser.at,
                      "the callback takes no inputs; a kernel has at least 1%s",
                      parser.has_params ? ", and a params block is none" : "");
    }
    LANES_TRY(expect(&parser, ')', "',' or ')'"));
    skip_spaces(&parser);
    if (*parser.at != '\0') {
        return refuse_next(&parser, "the end: outputs stand first, as in f8(f8,f8)");
    }
    lanes_signature signature = {
        .input_count = parser.inputs.count,
        .output_count = parser.outputs.count,
        .row_mask = parser.inputs.row_mask,
    };
    for (uint32_t i = 0; i < parser.inputs.count; i++) {
        signature.dtype[i] = parser.inputs.dtype[i];
    }
    for (uint32_t i = 0; i < parser.outputs.count; i++) {
        signature.dtype[parser.inputs.count + i] = parser.outputs.dtype[i];
    }
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
        used += (size_t)snprintf(text + used, LANES_SIGNATURE_TEXT_MAX - used, "%s%s%s",
                                 i > 0 ? "," : "(", lanes_dtype_name(signature->dtype[i]),
                                 (signature->row_mask >> i & 1u) != 0 ? "[:]" : "");
    }
    snprintf(text + used, LANES_SIGNATURE_TEXT_MAX - used, ")");
}

bool lanes_signature_equal(const lanes_signature *a, const lanes_signature *b)
{
    if (a->input_count != b->input_count || a->output_count != b->output_count ||
        a->row_mask != b->row_mask) {
        return false;
    }
    return memcmp(a->dtype, b->dtype,
                  lanes_signature_operand_count(a) * sizeof(a->dtype[0])) == 0;
}
