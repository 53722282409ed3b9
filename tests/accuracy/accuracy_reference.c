/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accuracy_reference.c - exact values by MPFR, and errors in ulp.
 */
#include "accuracy.h"

#include <float.h>
#include <math.h>

/* Bits of the reference. MPFR rounds correctly to them, so that an error in ulp is itself
 * wrong by 2^-40 (f4) or 2^-67 (f8) at most. */
#define BITS_F4 64
#define BITS_F8 120

/* MPFR's own range would have exp(1e5) as a number; a result beyond these exponents is
 * infinite or zero in both types. */
#define EXPONENT_MAX 65536

void accuracy_reference_init(accuracy_reference *reference, bool is_float)
{
    const mpfr_prec_t argument_bits = DBL_MANT_DIG;
    mpfr_set_emin(-EXPONENT_MAX);
    mpfr_set_emax(EXPONENT_MAX);
    reference->is_float = is_float;
    mpfr_init2(reference->value, is_float ? BITS_F4 : BITS_F8);
    mpfr_init2(reference->x, argument_bits);
    mpfr_init2(reference->y, argument_bits);
    mpfr_init2(reference->got, is_float ? BITS_F4 : BITS_F8);
}

void accuracy_reference_deinit(accuracy_reference *reference)
{
    mpfr_clears(reference->value, reference->x, reference->y, reference->got,
                (mpfr_ptr)NULL);
    mpfr_free_cache();
}

void accuracy_reference_at(accuracy_reference *reference,
                           const accuracy_function *function, double x, double y)
{
    mpfr_set_d(reference->x, x, MPFR_RNDN);
    if (function->arity == 2) {
        mpfr_set_d(reference->y, y, MPFR_RNDN);
        function->exact2(reference->value, reference->x, reference->y, MPFR_RNDN);
    } else {
        function->exact1(reference->value, reference->x, MPFR_RNDN);
    }
}

/* e of the binade [2^e, 2^(e+1)) whose ulp measures the value. */
static long binade(const accuracy_reference *reference)
{
    const long least = (reference->is_float ? FLT_MIN_EXP : DBL_MIN_EXP) - 1;
    const long most = (reference->is_float ? FLT_MAX_EXP : DBL_MAX_EXP) - 1;
    const long exponent = mpfr_get_exp(reference->value) - 1;
    return exponent < least ? least : exponent > most ? most : exponent;
}

double accuracy_error(accuracy_reference *reference, double got)
{
    mpfr_srcptr value = reference->value;
    const long most = reference->is_float ? FLT_MAX_EXP : DBL_MAX_EXP;
    if (mpfr_nan_p(value) || isnan(got)) {
        return mpfr_nan_p(value) && isnan(got) ? 0.0 : HUGE_VAL;
    }
    if ((mpfr_signbit(value) != 0) != (signbit(got) != 0) ||
        (mpfr_zero_p(value) && got != 0.0) || (mpfr_inf_p(value) && !isinf(got))) {
        return HUGE_VAL;
    }
    if (!mpfr_regular_p(value) || (isinf(got) && mpfr_get_exp(value) > most)) {
        return 0.0;
    }
    if (isinf(got)) {
        mpfr_set_si_2exp(reference->got, signbit(got) ? -1 : 1, most, MPFR_RNDN);
    } else {
        mpfr_set_d(reference->got, got, MPFR_RNDN);
    }
    const long ulp =
        binade(reference) - (reference->is_float ? FLT_MANT_DIG : DBL_MANT_DIG) + 1;
    mpfr_sub(reference->got, reference->got, value, MPFR_RNDN);
    mpfr_mul_2si(reference->got, reference->got, -ulp, MPFR_RNDN);
    return fabs(mpfr_get_d(reference->got, MPFR_RNDN));
}
