/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_npy_raised.c - exceptions out of sentences.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "raised.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TAIL            " for 1 of 10 elements, first at index 3"

Test(npy_raised, class_and_arguments_are_found)
{
    static const struct {
        const char *sentence;
        const char *type;
        const char *message;
    } rows[] = {
        {"callback raised ValueError('negative', -2.0)" TAIL, "ValueError",
         "'negative', -2.0"},
        {"callback raised ZeroDivisionError('division by zero')" TAIL,
         "ZeroDivisionError", "'division by zero'"},
        {"callback raised StopIteration()" TAIL, "StopIteration", ""},
        {"callback raised my.module.Bad_1(1)" TAIL, "my.module.Bad_1", "1"},
        {"callback raised E((1, (2, 3)), 'a')" TAIL, "E", "(1, (2, 3)), 'a'"},
        {"callback raised E(') for 2 of', \"it's (\")" TAIL, "E",
         "') for 2 of', \"it's (\""},
        {"callback raised E('quote \\' and ) and \\\\')" TAIL, "E",
         "'quote \\' and ) and \\\\'"},
        {"callback raised E('says raised X(1)')" TAIL, "E", "'says raised X(1)'"},
        {"k.ll: callback raised E(b'\\x00)')" TAIL, "E", "b'\\x00)'"},
        /* Cut. */
        {"callback raised E('long text with (", "E", "'long text with ("},
        {"callback raised E(1, 2...", "E", "1, 2..."},
        {"callback raised E(1, '...', ((...", "E", "1, '...', ((..."},
        {"callback raised E('n for 2..." TAIL, "E", "'n for 2..."},
        {"callback raised E('a... for 1', ('b..." TAIL, "E", "'a... for 1', ('b..."},
        {"callback raised E('long...)" TAIL, "E", "'long..."},
        {"callback raised E('ends in \\", "E", "'ends in \\"},
        {"callback raised E(", "E", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        raised_exception got;
        cr_expect(raised_parse(rows[i].sentence, &got), "%s", rows[i].sentence);
        cr_expect(zero(int, strcmp(got.type, rows[i].type)), "%s", got.type);
        cr_expect(zero(int, strcmp(got.message, rows[i].message)), "%s", got.message);
    }
}

Test(npy_raised, sentences_without_a_class_are_not_understood)
{
    static const char *const sentences[] = {
        "",
        "callback failed for 1 of 10 elements, first at index 3",
        "callback raised an exception (unknown) for 1 of 10 elements",
        "callback raised (1) for 1 of 10 elements",
        "callback raised 1E(2)",
        "callback raised ",
        "raised ValueError(1)",
        "callback raised ValueError for 1 of 10 elements",
    };
    for (size_t i = 0; i < COUNT_OF(sentences); i++) {
        raised_exception got;
        cr_expect(not(raised_parse(sentences[i], &got)), "%s", sentences[i]);
    }
}

Test(npy_raised, long_names_are_cut)
{
    char sentence[512] = "callback raised ";
    raised_exception got;
    memset(sentence + 16, 'E', 300);
    sentence[316] = '(';
    cr_assert(raised_parse(sentence, &got));
    cr_expect(eq(sz, strlen(got.type), sizeof(got.type) - 1));
}
