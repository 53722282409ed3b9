/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measure itself: errors in ulp at the borders of binades, of denormal numbers and of
 * overflow, results of the wrong kind; and that MPFR agrees with Annex F.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "accuracy.h"

/* Error of `got` where the value is value + rest. */
static double error_of(bool is_float, double got, double value, double rest)
{
    accuracy_reference reference;
    accuracy_reference_init(&reference, is_float);
    mpfr_set_d(reference.value, value, MPFR_RNDN);
    mpfr_add_d(reference.value, reference.value, rest, MPFR_RNDN);
    const double error = accuracy_error(&reference, got);
    accuracy_reference_deinit(&reference);
    return error;
}

Test(accuracy_reference, neighbours_are_one_ulp_apart)
{
    cr_expect_eq(error_of(false, 1.5 + DBL_EPSILON, 1.5, 0), 1);
    cr_expect_eq(error_of(false, -1.5 - DBL_EPSILON, -1.5, 0), 1);
    cr_expect_eq(error_of(true, 1.5 + 2 * (double)FLT_EPSILON, 1.5, 0), 2);
    cr_expect_eq(error_of(false, 1.5, 1.5, DBL_EPSILON / 2), 0.5);
    cr_expect_eq(error_of(true, 1.5, 1.5, (double)FLT_EPSILON / 4), 0.25);
}

Test(accuracy_reference, ulp_is_that_of_the_values_binade)
{
    /* Below 1 numbers are half as far apart, but 1 is of the binade above. */
    cr_expect_eq(error_of(false, 1 - DBL_EPSILON / 2, 1, 0), 0.5);
    cr_expect_eq(error_of(false, 1, 1, -DBL_EPSILON / 4), 0.5);
    cr_expect_eq(error_of(true, 1, 1, -(double)FLT_EPSILON / 2), 1);
}

Test(accuracy_reference, denormal_results_are_measured_in_their_spacing)
{
    cr_expect_eq(error_of(false, 0, DBL_TRUE_MIN, 0), 1);
    cr_expect_eq(error_of(false, 3 * DBL_TRUE_MIN, DBL_TRUE_MIN, 0), 2);
    cr_expect_eq(error_of(false, DBL_MIN - DBL_TRUE_MIN, DBL_MIN, 0), 1);
    cr_expect_eq(error_of(true, 0, (double)FLT_TRUE_MIN, -0x1p-151), 0.75);
}

Test(accuracy_reference, infinity_is_the_number_behind_the_largest)
{
    const double ulp = 0x1p971;
    cr_expect_eq(error_of(false, HUGE_VAL, DBL_MAX, 0), 1);
    cr_expect_eq(error_of(false, HUGE_VAL, DBL_MAX, ulp / 2), 0.5);
    cr_expect_eq(error_of(false, HUGE_VAL, DBL_MAX, DBL_MAX), 0);
    cr_expect_eq(error_of(false, DBL_MAX, DBL_MAX, 2 * ulp), 2);
    cr_expect_eq(error_of(true, HUGE_VAL, 0x1p128, 0), 0);
    cr_expect_eq(error_of(true, -HUGE_VAL, -(double)FLT_MAX, 0), 1);
}

Test(accuracy_reference, results_of_another_kind_have_no_error_in_ulp)
{
    cr_expect_eq(error_of(false, ACCURACY_NAN, 1, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, 1, ACCURACY_NAN, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, ACCURACY_NAN, ACCURACY_NAN, 0), 0);
    cr_expect_eq(error_of(false, DBL_MAX, HUGE_VAL, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, -HUGE_VAL, HUGE_VAL, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, DBL_TRUE_MIN, 0.0, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, -0.0, DBL_TRUE_MIN, 0), HUGE_VAL);
    cr_expect_eq(error_of(false, -DBL_TRUE_MIN, DBL_TRUE_MIN, 0), HUGE_VAL);
}

Test(accuracy_reference, mpfr_agrees_with_annex_f)
{
    accuracy_reference reference;
    accuracy_reference_init(&reference, false);
    for (size_t i = 0; i < accuracy_rule_count; i++) {
        const accuracy_rule *rule = &accuracy_rules[i];
        const accuracy_function *function = accuracy_find(rule->name);
        cr_assert_not_null(function, "%s", rule->name);
        accuracy_reference_at(&reference, function, rule->x, rule->y);
        const double exact = mpfr_get_d(reference.value, MPFR_RNDN);
        cr_expect(accuracy_is_same(exact, rule->wanted), "%s(%a, %a): %a, not %a",
                  rule->name, rule->x, rule->y, exact, rule->wanted);
    }
    accuracy_reference_deinit(&reference);
}

Test(accuracy_reference, every_function_has_rules)
{
    for (size_t f = 0; f < accuracy_function_count; f++) {
        size_t count = 0;
        for (size_t i = 0; i < accuracy_rule_count; i++) {
            count += strcmp(accuracy_rules[i].name, accuracy_functions[f].name) == 0;
        }
        cr_expect_geq(count, 3, "%s", accuracy_functions[f].name);
    }
}
