/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_report.c - findings and tables.
 */
#include "accuracy.h"

#include <stdio.h>

static const char *type_name(const accuracy_row *row)
{
    return row->is_float ? "f4" : "f8";
}

/* "(x)" or "(x, y)" in hexadecimal, which names a number exactly. */
static void print_arguments(const accuracy_row *row, const accuracy_case *seen)
{
    if (row->function->arity == 2) {
        printf("(%a, %a)", seen->x, seen->y);
    } else {
        printf("(%a)", seen->x);
    }
}

static void print_finding(const accuracy_row *row, enum accuracy_column column,
                          const accuracy_case *seen, const char *what)
{
    printf("%s %s", row->function->name, type_name(row));
    print_arguments(row, seen);
    printf(" by %s is %a (exactly %.17g): %s\n", accuracy_column_name(column), seen->got,
           seen->exact, what);
}

/* Scalar libm is only measured: its errors are not lanes'. */
static size_t report_cell(const accuracy_row *row, enum accuracy_column column)
{
    const accuracy_cell *cell = &row->result->cell[column];
    size_t findings = 0;
    char text[96];
    if (column != ACCURACY_EXACT && cell->worst.ulp > ACCURACY_LIMIT_ULP) {
        snprintf(text, sizeof(text), "%.2f ulp, more than %.0f", cell->worst.ulp,
                 ACCURACY_LIMIT_ULP);
        print_finding(row, column, &cell->worst, text);
        findings++;
    }
    if (cell->wrong_count > 0) {
        snprintf(text, sizeof(text), "wrong, as %llu in all",
                 (unsigned long long)cell->wrong_count);
        print_finding(row, column, &cell->wrong, text);
        findings++;
    }
    if (cell->strange_count > 0) {
        snprintf(text, sizeof(text), "not scalar libm's result, as %llu in all",
                 (unsigned long long)cell->strange_count);
        print_finding(row, column, &cell->strange, text);
        findings++;
    }
    return findings;
}

size_t accuracy_report_findings(const accuracy_row *rows, size_t count)
{
    size_t findings = 0;
    for (size_t i = 0; i < count; i++) {
        const accuracy_row *row = &rows[i];
        if (row->result->is_done == 0 || row->result->error.code != LANES_OK) {
            printf("%s %s was not measured: %s\n", row->function->name, type_name(row),
                   row->result->is_done != 0 ? row->result->error.message
                                             : "the process died that did it");
            findings++;
            continue;
        }
        for (int c = 0; c < ACCURACY_COLUMNS; c++) {
            findings += report_cell(row, (enum accuracy_column)c);
        }
    }
    return findings;
}

void accuracy_report_lines(const accuracy_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%-6s %s", rows[i].function->name, type_name(&rows[i]));
        for (int c = 0; c < ACCURACY_COLUMNS; c++) {
            const accuracy_cell *cell = &rows[i].result->cell[c];
            if (accuracy_column_runs((enum accuracy_column)c)) {
                printf("  %s %.2f", accuracy_column_name((enum accuracy_column)c),
                       cell->worst.ulp);
            }
        }
        printf("  %llu points\n", (unsigned long long)rows[i].result->points);
    }
}

static void print_markdown_cell(const accuracy_row *row, const accuracy_case *seen)
{
    printf(" %.2f | `", seen->ulp);
    print_arguments(row, seen);
    printf("` |");
}

static void print_markdown_table(const accuracy_row *rows, size_t count, bool is_float)
{
    static const enum accuracy_column order[] = {ACCURACY_SSE, ACCURACY_AVX2,
                                                 ACCURACY_AVX512, ACCURACY_EXACT};
    printf("| function | points |");
    for (size_t c = 0; c < LANES_ARRAY_COUNT(order); c++) {
        if (accuracy_column_runs(order[c])) {
            printf(" %s | at |", accuracy_column_name(order[c]));
        }
    }
    printf("\n|---|---|");
    for (size_t c = 0; c < LANES_ARRAY_COUNT(order); c++) {
        printf("%s", accuracy_column_runs(order[c]) ? "---|---|" : "");
    }
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        if (rows[i].is_float != is_float) {
            continue;
        }
        printf("| %s | %llu |", rows[i].function->name,
               (unsigned long long)rows[i].result->points);
        for (size_t c = 0; c < LANES_ARRAY_COUNT(order); c++) {
            if (accuracy_column_runs(order[c])) {
                print_markdown_cell(&rows[i], &rows[i].result->cell[order[c]].worst);
            }
        }
        printf("\n");
    }
}

/* What the exceptions exclude from the tables. */
static void print_markdown_exceptions(const accuracy_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int c = 0; c < ACCURACY_COLUMNS; c++) {
            const accuracy_case *seen = &rows[i].result->cell[c].excepted;
            if (seen->ulp > ACCURACY_LIMIT_ULP) {
                printf("* `%s", rows[i].function->name);
                print_arguments(&rows[i], seen);
                printf("` by %s: %.4g ulp\n",
                       accuracy_column_name((enum accuracy_column)c), seen->ulp);
            }
        }
    }
}

void accuracy_report_markdown(const accuracy_row *rows, size_t count)
{
    printf("### f8\n\n");
    print_markdown_table(rows, count, false);
    printf("\n### f4\n\n");
    print_markdown_table(rows, count, true);
    printf("\n### Exceptions\n\n");
    print_markdown_exceptions(rows, count);
}
