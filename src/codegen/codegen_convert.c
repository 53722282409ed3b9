/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_convert.c - a number of one dtype as a number of another, in the loop.
 *
 * As NumPy's astype() where that is defined: floats are rounded to nearest or cut to
 * integers, integers keep their low bits, whatever is not 0 is true. A float that the
 * integer cannot hold becomes its nearest (NumPy: undefined), NaN becomes 0; a bare
 * fptosi would be poison, which may spread to other elements.
 */
#include "codegen/codegen_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernel/dtype.h"

/* "sitofp", or "" if both are stored the same way. */
static const char *operation(uint32_t from, uint32_t to)
{
    const uint32_t from_bytes = lanes_dtype_bytes(from);
    const uint32_t to_bytes = lanes_dtype_bytes(to);
    if (lanes_dtype_is_float(from) && lanes_dtype_is_float(to)) {
        return from_bytes == to_bytes ? "" : from_bytes < to_bytes ? "fpext" : "fptrunc";
    }
    if (lanes_dtype_is_float(to)) {
        return lanes_dtype_is_signed(from) ? "sitofp" : "uitofp";
    }
    if (from_bytes == to_bytes) {
        return "";
    }
    return from_bytes > to_bytes         ? "trunc"
           : lanes_dtype_is_signed(from) ? "sext"
                                         : "zext";
}

static void put_truth(FILE *out, const char *to_name, const char *from_name,
                      uint32_t from)
{
    fprintf(out, "  %%%s.true = %s %s %%%s, %s\n  %%%s = zext i1 %%%s.true to i8\n",
            to_name, lanes_dtype_is_float(from) ? "fcmp une" : "icmp ne",
            lanes_codegen_storage(from), from_name,
            lanes_dtype_is_float(from) ? "0.0" : "0", to_name, to_name);
}

/* A constant of either float type, as LLVM reads it: the bits of a double. */
static unsigned long long bits_of(double value)
{
    unsigned long long bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/*
 * An integer from a float: what the integer cannot hold is moved into its range while it
 * is a float. The largest integer may be none of the floats; then numbers beyond it are
 * moved to the largest float below, and get the integer that they should have afterwards.
 *
 * LLVM has llvm.fptosi.sat for that, but takes vectors apart for it (x86, LLVM 19 to 22).
 * Narrow integers go by way of 32 bits, because that is what x86 converts to.
 */
static void put_cut(FILE *out, const char *to_name, const char *from_name, uint32_t from,
                    uint32_t to)
{
    const char *real = lanes_codegen_storage(from);
    const char *whole = lanes_codegen_storage(to);
    const uint32_t to_bits = 8 * lanes_dtype_bytes(to);
    const uint32_t value_bits = to_bits - (lanes_dtype_is_signed(to) ? 1 : 0);
    const uint32_t mantissa = lanes_dtype_bytes(from) == 4 ? 24 : 53;
    const double beyond = ldexp(1, (int)value_bits); /* one more than the largest */
    const bool is_exact = value_bits <= mantissa;
    const double highest =
        beyond - (is_exact ? 1 : ldexp(1, (int)(value_bits - mantissa)));
    const bool is_narrow = to_bits < 32;
    const char *n = to_name;
    fprintf(out,
            "  %%%s.is = fcmp ord %s %%%s, 0.0\n"
            "  %%%s.num = select i1 %%%s.is, %s %%%s, %s 0.0\n",
            n, real, from_name, n, n, real, from_name, real);
    fprintf(out,
            "  %%%s.up = fcmp ogt %s %%%s.num, 0x%016llX\n"
            "  %%%s.low = select i1 %%%s.up, %s %%%s.num, %s 0x%016llX\n",
            n, real, n, bits_of(lanes_dtype_is_signed(to) ? -beyond : 0.0), n, n, real, n,
            real, bits_of(lanes_dtype_is_signed(to) ? -beyond : 0.0));
    fprintf(out,
            "  %%%s.down = fcmp olt %s %%%s.low, 0x%016llX\n"
            "  %%%s.fit = select i1 %%%s.down, %s %%%s.low, %s 0x%016llX\n",
            n, real, n, bits_of(highest), n, n, real, n, real, bits_of(highest));
    fprintf(out, "  %%%s.int = fpto%s %s %%%s.fit to %s\n", n,
            lanes_dtype_is_signed(to) || is_narrow ? "si" : "ui", real, n,
            is_narrow ? "i32" : whole);
    if (is_narrow) {
        fprintf(out, "  %%%s = trunc i32 %%%s.int to %s\n", n, n, whole);
    } else if (is_exact) {
        fprintf(out, "  %%%s = bitcast %s %%%s.int to %s\n", n, whole, n, whole);
    } else {
        fprintf(out,
                "  %%%s.over = fcmp oge %s %%%s.num, 0x%016llX\n"
                "  %%%s = select i1 %%%s.over, %s %lld, %s %%%s.int\n",
                n, real, n, bits_of(beyond), n, n, whole,
                lanes_dtype_is_signed(to) ? (long long)(UINT64_MAX >> (65 - to_bits))
                                          : -1LL,
                whole, n);
    }
}

void lanes_codegen_put_conversion(FILE *out, const char *to_name, const char *from_name,
                                  uint32_t from, uint32_t to)
{
    const char *from_type = lanes_codegen_storage(from);
    const char *to_type = lanes_codegen_storage(to);
    if (from == to) {
        fprintf(out, "  %%%s = bitcast %s %%%s to %s\n", to_name, from_type, from_name,
                from_type);
    } else if (to == LANES_BOOL) {
        put_truth(out, to_name, from_name, from);
    } else if (from == LANES_BOOL) { /* a byte that is not 0 is true, that is 1 */
        char byte[48];
        snprintf(byte, sizeof(byte), "%s.byte", to_name);
        put_truth(out, byte, from_name, from);
        lanes_codegen_put_conversion(out, to_name, byte, LANES_U1, to);
    } else if (lanes_dtype_is_float(from) && !lanes_dtype_is_float(to)) {
        put_cut(out, to_name, from_name, from, to);
    } else if (operation(from, to)[0] == '\0') {
        fprintf(out, "  %%%s = bitcast %s %%%s to %s\n", to_name, from_type, from_name,
                to_type);
    } else {
        fprintf(out, "  %%%s = %s %s %%%s to %s\n", to_name, operation(from, to),
                from_type, from_name, to_type);
    }
}
