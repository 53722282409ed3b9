/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_downgrade.c - see codegen_downgrade.h.
 *
 * Tokens are LLVM's (LLLexer.cpp), as far as they matter: a word of the language is told
 * from the same letters in a string, a comment, a name or a label. What to change is in
 * four tables: words, opcodes with flags, fields of debug metadata, intrinsics.
 *
 * Everything not changed is copied, so edits are made in ascending order of their place.
 */
#include "codegen/codegen_downgrade.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum token_kind {
    TOKEN_END = 0,
    TOKEN_WORD,   /* a keyword, type or number */
    TOKEN_LABEL,  /* "name:", without the colon */
    TOKEN_NAME,   /* with its sigil: %x @f !DILocation #0 */
    TOKEN_STRING, /* with its quotes */
    TOKEN_PUNCTUATION
};

struct token {
    enum token_kind kind;
    const char *start;
    size_t length;
};

struct reader {
    const char *at;
    const char *end;
};

struct filter {
    struct reader reader;
    FILE *out;
    const char *kept; /* input before this has been dealt with */
    bool is_declaration;
    bool is_edited;
    struct token node;        /* of debug metadata: the last one that has begun */
    const char *insertion_at; /* NULL: none is pending */
    char insertion_text[32];
};

/* ---- Tokens ---------------------------------------------------------------------------
 */

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '$' || c == '.' || c == '_' ||
           c == '\\';
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end) {
        if (*reader->at == ';') {
            const char *newline =
                memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
            reader->at = newline != NULL ? newline : reader->end;
        } else if (isspace((unsigned char)*reader->at) || *reader->at == '\0') {
            reader->at++;
        } else {
            return;
        }
    }
}

static void skip_string(struct reader *reader)
{
    const char *quote =
        memchr(reader->at + 1, '"', (size_t)(reader->end - reader->at - 1));
    reader->at = quote != NULL ? quote + 1 : reader->end;
}

static void skip_name(struct reader *reader)
{
    while (reader->at < reader->end && is_name_char(*reader->at)) {
        reader->at++;
    }
}

static struct token next_token(struct reader *reader)
{
    skip_space(reader);
    struct token token = {TOKEN_END, reader->at, 0};
    if (reader->at == reader->end) {
        return token;
    }
    const char first = *reader->at;
    if (first == '"') {
        skip_string(reader);
        token.kind = TOKEN_STRING;
    } else if (strchr("%@!#$^", first) != NULL) {
        reader->at++;
        if (reader->at < reader->end && *reader->at == '"') {
            skip_string(reader);
        } else {
            skip_name(reader);
        }
        token.kind = TOKEN_NAME;
    } else if (is_name_char(first)) {
        skip_name(reader);
        const bool is_label = reader->at < reader->end && *reader->at == ':';
        token.kind = is_label ? TOKEN_LABEL : TOKEN_WORD;
    } else {
        reader->at++;
        token.kind = TOKEN_PUNCTUATION;
    }
    token.length = (size_t)(reader->at - token.start);
    return token;
}

/* How far is looked ahead, in bytes: bounded, so that the whole takes linear time. */
#define ATTRIBUTE_BYTES_MAX 192
#define OPERANDS_BYTES_MAX  2048

/* A reader of what comes next, @p bytes at most; it sees the end behind them. */
static struct reader look_ahead(const struct filter *filter, ptrdiff_t bytes)
{
    struct reader ahead = filter->reader;
    if (ahead.end - ahead.at > bytes) {
        ahead.end = ahead.at + bytes;
    }
    return ahead;
}

static struct token peek_token(const struct filter *filter)
{
    struct reader ahead = filter->reader;
    return next_token(&ahead);
}

static bool is_text(struct token token, const char *text)
{
    return token.length == strlen(text) && memcmp(token.start, text, token.length) == 0;
}

static bool has_prefix(struct token token, const char *prefix)
{
    return token.length >= strlen(prefix) &&
           memcmp(token.start, prefix, strlen(prefix)) == 0;
}

static bool is_word(struct token token, const char *text)
{
    return token.kind == TOKEN_WORD && is_text(token, text);
}

static bool is_one_of(struct token token, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_text(token, texts[i])) {
            return true;
        }
    }
    return false;
}

static int depth_change(struct token token)
{
    if (token.kind != TOKEN_PUNCTUATION) {
        return 0;
    }
    return strchr("([{<", *token.start) != NULL   ? 1
           : strchr(")]}>", *token.start) != NULL ? -1
                                                  : 0;
}

/* ---- Edits ----------------------------------------------------------------------------
 */

/* Puts @p text in the place of [from, to). */
static void replace(struct filter *filter, const char *from, const char *to,
                    const char *text)
{
    LANES_ASSERT(from >= filter->kept && to >= from);
    fwrite(filter->kept, 1, (size_t)(from - filter->kept), filter->out);
    fputs(text, filter->out);
    filter->kept = to;
    filter->is_edited = true;
}

/* The end of "(...)" if that is next, else where the reader is. */
static const char *end_of_parentheses(const struct filter *filter)
{
    struct reader ahead = look_ahead(filter, ATTRIBUTE_BYTES_MAX);
    const struct token first = next_token(&ahead);
    if (first.kind != TOKEN_PUNCTUATION || *first.start != '(') {
        return filter->reader.at;
    }
    for (int depth = 1; depth > 0;) {
        const struct token token = next_token(&ahead);
        if (token.kind == TOKEN_END) {
            return filter->reader.at;
        }
        depth += depth_change(token);
    }
    return ahead.at;
}

/* Drops a word and what it has in parentheses. */
static void drop_with_parentheses(struct filter *filter, struct token word)
{
    filter->reader.at = end_of_parentheses(filter);
    replace(filter, word.start, filter->reader.at, "");
}

/* ---- Words ----------------------------------------------------------------------------
 */

/* Attributes, some with something in parentheses. */
static const char *const new_attributes[] = {"captures",
                                             "coro_elide_safe",
                                             "dead_on_return",
                                             "nocreateundeforpoison",
                                             "nodivergencesource",
                                             "noext",
                                             "sanitize_alloc_token",
                                             "sanitize_realtime",
                                             "sanitize_realtime_blocking",
                                             "sanitize_type"};

/* Kinds of memory in memory(...): without them nothing is known about what it touches. */
static const char *const new_memory[] = {"errnomem", "target_mem0", "target_mem1"};

/* Flags of floating-point arithmetic. Only LLVM 20 and later put them on conversions, and
 * on calls that return structs. */
static const char *const fast_flags[] = {"fast", "nnan", "ninf",     "nsz",
                                         "arcp", "afn",  "contract", "reassoc"};

static bool names_new_memory(const struct filter *filter, const char *end)
{
    struct reader inside = {filter->reader.at, end};
    for (;;) {
        const struct token token = next_token(&inside);
        if (token.kind == TOKEN_END) {
            return false;
        }
        if (is_one_of(token, new_memory, LANES_ARRAY_COUNT(new_memory))) {
            return true;
        }
    }
}

static void drop_fast_flags(struct filter *filter)
{
    for (;;) {
        const struct token flag = peek_token(filter);
        if (flag.kind != TOKEN_WORD ||
            !is_one_of(flag, fast_flags, LANES_ARRAY_COUNT(fast_flags))) {
            return;
        }
        filter->reader.at = flag.start + flag.length;
        replace(filter, flag.start, filter->reader.at, "");
    }
}

/* Among flags and attributes of a result: true if it is a struct. */
static bool returns_struct(const struct filter *filter)
{
    struct filter ahead = *filter;
    ahead.reader = look_ahead(filter, ATTRIBUTE_BYTES_MAX);
    struct token token;
    do {
        ahead.reader.at = end_of_parentheses(&ahead); /* of an attribute */
        token = next_token(&ahead.reader);
    } while (token.kind == TOKEN_WORD);
    return token.kind == TOKEN_PUNCTUATION && *token.start == '{';
}

static void on_word(struct filter *filter, struct token word, struct token before)
{
    if (is_one_of(word, new_attributes, LANES_ARRAY_COUNT(new_attributes))) {
        drop_with_parentheses(filter, word);
    } else if (is_text(word, "samesign") && is_word(before, "icmp")) {
        replace(filter, word.start, filter->reader.at, "");
    } else if (is_text(word, "ptrtoaddr")) {
        /* On x86 an address is all that a pointer holds. */
        replace(filter, word.start, filter->reader.at, "ptrtoint");
    } else if (is_text(word, "memory")) {
        if (names_new_memory(filter, end_of_parentheses(filter))) {
            drop_with_parentheses(filter, word);
        }
    } else if (is_text(word, "fpext") || is_text(word, "fptrunc")) {
        drop_fast_flags(filter);
    } else if (is_text(word, "nofpclass")) {
        if (returns_struct(filter)) {
            drop_with_parentheses(filter, word);
        }
    } else if (is_text(word, "declare")) {
        filter->is_declaration = true;
    } else if (is_text(word, "call")) {
        filter->is_declaration = false;
        if (returns_struct(filter)) {
            drop_fast_flags(filter);
        }
    }
}

/* ---- Fields of debug metadata ---------------------------------------------------------
 */

static const struct field {
    const char *node;
    const char *name;
    const char *instead; /* NULL: nothing, not even the comma */
} new_fields[] = {
    {"!DIBasicType", "dataSize", NULL},
    {"!DIBasicType", "numExtraInhabitants", NULL},
    {"!DICompileUnit", "sourceLanguageName", "language: DW_LANG_C99"},
    {"!DICompileUnit", "sourceLanguageVersion", NULL},
    {"!DICompositeType", "bitStride", NULL},
    {"!DICompositeType", "enumKind", NULL},
    {"!DICompositeType", "numExtraInhabitants", NULL},
    {"!DILabel", "column", NULL},
    {"!DILabel", "coroSuspendIdx", NULL},
    {"!DILabel", "isArtificial", NULL},
    {"!DILocation", "atomGroup", NULL},
    {"!DILocation", "atomRank", NULL},
    {"!DISubprogram", "keyInstructions", NULL},
};

static const struct field *find_field(struct token node, struct token label)
{
    for (size_t i = 0; i < LANES_ARRAY_COUNT(new_fields); i++) {
        if (is_text(node, new_fields[i].node) && is_text(label, new_fields[i].name)) {
            return &new_fields[i];
        }
    }
    return NULL;
}

/* Reads a field's colon and value; leaves the comma or parenthesis behind it. */
static void skip_value(struct filter *filter)
{
    int depth = 0;
    for (;;) {
        const struct token token = peek_token(filter);
        const int change = depth_change(token);
        const bool is_comma = token.kind == TOKEN_PUNCTUATION && *token.start == ',';
        if (token.kind == TOKEN_END || depth + change < 0 || (depth == 0 && is_comma)) {
            return;
        }
        depth += change;
        filter->reader.at = token.start + token.length;
    }
}

static void on_label(struct filter *filter, struct token label, struct token before)
{
    const struct field *field = find_field(filter->node, label);
    if (field == NULL) {
        return;
    }
    skip_value(filter);
    if (field->instead != NULL) {
        replace(filter, label.start, filter->reader.at, field->instead);
        return;
    }
    const bool has_comma = before.kind == TOKEN_PUNCTUATION && *before.start == ',';
    const char *from = label.start;
    if (has_comma && before.start >= filter->kept) {
        from = before.start;
    } else if (peek_token(filter).kind == TOKEN_PUNCTUATION &&
               *peek_token(filter).start == ',') {
        filter->reader.at = peek_token(filter).start + 1;
    }
    replace(filter, from, filter->reader.at, "");
}

/* ---- Intrinsics -----------------------------------------------------------------------
 */

/* LLVM 22 took the alignment out of their operands; it is an attribute of the pointer. */
static const struct masked {
    const char *prefix;
    unsigned operands; /* that are left */
    unsigned pointer;  /* which of them; the alignment stood behind it */
} masked_rows[] = {{"@llvm.masked.load.", 3, 0},
                   {"@llvm.masked.store.", 3, 1},
                   {"@llvm.masked.gather.", 3, 0},
                   {"@llvm.masked.scatter.", 3, 1}};

/* What the parentheses behind a masked intrinsic hold. */
struct operands {
    unsigned count;
    unsigned long alignment; /* of the pointer; 1 if not given */
    const char *pointer_end;
};

static bool read_operands(const struct filter *filter, unsigned pointer,
                          struct operands *out)
{
    struct reader ahead = look_ahead(filter, OPERANDS_BYTES_MAX);
    struct token token = next_token(&ahead);
    *out = (struct operands){.count = 1, .alignment = 1};
    if (token.kind != TOKEN_PUNCTUATION || *token.start != '(') {
        return false;
    }
    for (int depth = 1; depth > 0;) {
        const struct token before = token;
        token = next_token(&ahead);
        if (token.kind == TOKEN_END) {
            return false;
        }
        depth += depth_change(token);
        const bool is_comma =
            depth == 1 && token.kind == TOKEN_PUNCTUATION && *token.start == ',';
        if ((is_comma || depth == 0) && out->count == pointer + 1) {
            out->pointer_end = token.start;
        }
        if (out->count == pointer + 1 && is_word(before, "align")) {
            out->alignment = strtoul(token.start, NULL, 10);
        }
        out->count += is_comma ? 1 : 0;
    }
    return true;
}

static void on_masked(struct filter *filter, const struct masked *row)
{
    struct operands operands;
    if (!read_operands(filter, row->pointer, &operands) ||
        operands.count != row->operands || operands.pointer_end == NULL) {
        return; /* an old one */
    }
    filter->insertion_at = operands.pointer_end;
    if (filter->is_declaration) {
        snprintf(filter->insertion_text, sizeof(filter->insertion_text), ", i32");
    } else {
        snprintf(filter->insertion_text, sizeof(filter->insertion_text), ", i32 %lu",
                 operands.alignment);
    }
}

/* LLVM 22 took the size out of lifetime.start and .end; -1 is "all of it". */
static void on_lifetime(struct filter *filter)
{
    struct reader ahead = filter->reader;
    const struct token parenthesis = next_token(&ahead);
    if (parenthesis.kind == TOKEN_PUNCTUATION && *parenthesis.start == '(' &&
        is_word(next_token(&ahead), "ptr")) {
        filter->insertion_at = parenthesis.start + 1;
        snprintf(filter->insertion_text, sizeof(filter->insertion_text), "i64%s, ",
                 filter->is_declaration ? "" : " -1");
    }
}

static void on_name(struct filter *filter, struct token name)
{
    if (has_prefix(name, "!DI")) {
        filter->node = name;
    } else if (has_prefix(name, "@llvm.lifetime.")) {
        on_lifetime(filter);
    } else if (has_prefix(name, "@llvm.masked.")) {
        for (size_t i = 0; i < LANES_ARRAY_COUNT(masked_rows); i++) {
            if (has_prefix(name, masked_rows[i].prefix)) {
                on_masked(filter, &masked_rows[i]);
            }
        }
    }
}

static void run(struct filter *filter)
{
    struct token before = {TOKEN_END, filter->reader.at, 0};
    for (;;) {
        const struct token token = next_token(&filter->reader);
        if (filter->insertion_at != NULL && token.start >= filter->insertion_at) {
            if (filter->insertion_at >= filter->kept) { /* else it was in what is gone */
                replace(filter, filter->insertion_at, filter->insertion_at,
                        filter->insertion_text);
            }
            filter->insertion_at = NULL;
        }
        switch (token.kind) {
        case TOKEN_END:
            return;
        case TOKEN_WORD:
            on_word(filter, token, before);
            break;
        case TOKEN_LABEL:
            on_label(filter, token, before);
            break;
        case TOKEN_NAME:
            on_name(filter, token);
            break;
        case TOKEN_STRING:
        case TOKEN_PUNCTUATION:
            break;
        }
        before = token;
    }
}

char *lanes_codegen_downgrade(const char *text, size_t bytes, size_t *out_bytes)
{
    char *copy = NULL;
    size_t length = 0;
    struct filter filter = {.reader = {text, text + bytes},
                            .out = open_memstream(&copy, &length),
                            .kept = text};
    if (filter.out == NULL) {
        return NULL;
    }
    run(&filter);
    fwrite(filter.kept, 1, (size_t)(text + bytes - filter.kept), filter.out);
    const bool is_whole = ferror(filter.out) == 0;
    if (fclose(filter.out) != 0 || !is_whole || !filter.is_edited) {
        free(copy);
        return NULL;
    }
    *out_bytes = length;
    return copy;
}
