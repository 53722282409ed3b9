/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argument types out of names as Numba 0.50 to 0.68 made them, and out of names that
 * nobody made: refused or read, but never beyond their end.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "codegen/codegen_mangle.h"
#include "kernel/dtype.h"

/* "f8 f8* void* <Array>" */
static void describe(const char *name, char *text, size_t text_bytes)
{
    lanes_mangle_argument arguments[LANES_MANGLE_ARGUMENTS_MAX];
    uint32_t count = 99;
    if (!lanes_mangle_arguments(name, arguments, &count)) {
        snprintf(text, text_bytes, "none of Numba's");
        return;
    }
    cr_assert_leq(count, LANES_MANGLE_ARGUMENTS_MAX);
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const lanes_mangle_argument *a = &arguments[i];
        char other[96] = "";
        if (a->kind == LANES_MANGLE_OTHER) {
            lanes_mangle_unescape(a->text, a->text_length, other, sizeof(other));
        }
        const bool is_other = a->kind == LANES_MANGLE_OTHER;
        const bool is_void = a->kind == LANES_MANGLE_VOID_POINTER;
        const bool is_pointer = is_void || a->kind == LANES_MANGLE_POINTER;
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%s%s%s%s",
                                 i > 0 ? " " : "", is_other ? "<" : "",
                                 is_other  ? other
                                 : is_void ? "void"
                                           : lanes_dtype_name(a->dtype),
                                 is_other ? ">" : "", is_pointer ? "*" : "");
        cr_assert_lt(used, text_bytes);
    }
}

/* What stands before the types: module, function, version, flags. */
#define PART_56 "_ZN9callbacks4axpyB2v4B44c8tJTIcFHzwl2ILiXkcBV0KBSiNiHkkANTZhEkUQPZoAE"
#define PART_68                                                                          \
    "_ZN9callbacks11make_scaler12_3clocals_3e5scaleB2v4B52c8tJTIeFIjxB2IKSgI4CrvQClUYkA" \
    "CQB1EiFSRRB9GgCAA_3d_3dE"

static const struct {
    const char *types;
    const char *wanted;
} types[] = {
    {"", ""},
    {"bahstijxyfd", "? i1 u1 i2 u2 i4 u4 i8 u8 f4 f8"},
    {"9complex649complex64", "c8 c8"},
    {"10complex12810complex128", "c16 c16"},
    {"17datetime64_5bs_5d18timedelta64_5bD_5d", "i8 i8"},
    {"19timedelta64_5bms_5dx", "i8 i8"},
    {"16datetime64_5b_5d17timedelta64_5b_5d", "i8 i8"},
    {"8UniTupleIdLi3EE", "f8 f8 f8"},
    {"5TupleIfaEd", "f4 i1 f8"},
    {"5TupleI8UniTupleIbLi2EE10complex128Ed", "? ? c16 f8"},
    {"8UniTupleI5TupleIdbELi2EE", "f8 ? f8 ?"},
    {"i10float64_2a", "i4 f8*"},
    {"d7void_2a", "f8 void*"},
    {"10float64_2ax10float64_2a7void_2a", "f8* i8 f8* void*"},
    {"8int32_2a10float32_2a7bool_2a13complex128_2a", "i4* f4* ?* c16*"},
    {"11int64_2a_2a", "<int64**>"},
    /* Before 0.56 */
    {"10float64$2ad7void$2a", "f8* f8 void*"},
    {"18datetime64$5bns$5d17timedelta64$5b$5d", "i8 i8"},
    {"25Literal$5bstr$5d$28abc$29d", "<Literal[str](abc)> f8"},
    {"22P$28float64$20x$202$29", "<P(float64 x 2)>"},
    /* No numbers */
    {"5ArrayIdLi1E1C7mutable7alignedEd", "<Array> f8"},
    {"x5ArrayIiLi2E1A7mutable7alignedE", "i8 <Array>"},
    {"12unicode_typed", "<unicode_type> f8"},
    {"vd", "<none> f8"},
    {"Dhd", "<float16> f8"},
    {"25OptionalType_28float64_29", "<OptionalType(float64)>"},
    /* The value 3.0 is cut at its point */
    {"dN21omitted_28default_3d35_0_29E", "f8 <omitted(default=3>"},
    {"6RecordILi774EEd", "<Record> f8"},
    {"32list_28float64_29_3civ_3dNone_3e", "<list(float64)<iv=None>>"},
    {"25P_28float64_2c_20int64_29d", "<P(float64, int64)> f8"},
    {"9list_data", "<list_data>"},
    {"5Tupled", "<Tuple> f8"},
    {"38FunctionType_5bfloat64_28float64_29_5d", "<FunctionType[float64(float64)]>"},
};

Test(codegen_mangle, types_of_all_versions_are_read)
{
    static const char *const parts[] = {"_ZN1fE", PART_56, PART_68,
                                        "_ZN8__main__9axpy$2410B2v4E"};
    for (size_t p = 0; p < LANES_ARRAY_COUNT(parts); p++) {
        for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
            char name[256];
            char text[256];
            snprintf(name, sizeof(name), "%s%s", parts[p], types[t].types);
            describe(name, text, sizeof(text));
            cr_expect_str_eq(text, types[t].wanted, "%s: '%s', not '%s'", name, text,
                             types[t].wanted);
        }
    }
}

Test(codegen_mangle, other_names_are_none)
{
    static const char *const names[] = {
        "",
        "f",
        "_Z",
        "_ZN",
        "_ZNE1",
        "_Z1fd",
        "cfunc._ZN1fEd",
        "_ZN1f",
        "_ZN1fB2v",
        "_ZN0fEd",
        "_ZN99999999999999999999999fEd",
        "_ZN2ns1fEPdS0_",
        "_ZN1fEq",
        "_ZN1fED",
        "_ZN1fE3ab",
        "_ZN1fE8UniTupleIdLi0EE",
        "_ZN1fE8UniTupleIdLi3E",
        "_ZN1fE8UniTupleIdLi3xE",
        "_ZN1fE8UniTupleId",
        "_ZN1fE8UniTupleI",
        "_ZN1fE8UniTupleIdLi65EE",
        "_ZN1fE8UniTupleIdLi-1EE",
        "_ZN1fE5TupleId",
        "_ZN1fE5ArrayIdLi1E",
        "_ZN1fEN3abc",
        "_ZN1fEN",
        "_ZN4core3ptr17h0123456789abcdefE17h0123456789abcde",
    };
    for (size_t i = 0; i < LANES_ARRAY_COUNT(names); i++) {
        char text[256];
        describe(names[i], text, sizeof(text));
        cr_expect_str_eq(text, "none of Numba's", "%s: '%s'", names[i], text);
    }
}

Test(codegen_mangle, argument_count_is_limited)
{
    char name[256] = "_ZN1fE";
    char text[512];
    for (int i = 0; i < LANES_MANGLE_ARGUMENTS_MAX; i++) {
        strncat(name, "d", sizeof(name) - strlen(name) - 1);
    }
    describe(name, text, sizeof(text));
    cr_expect_eq(strlen(text), 3 * LANES_MANGLE_ARGUMENTS_MAX - 1);
    strncat(name, "d", sizeof(name) - strlen(name) - 1);
    describe(name, text, sizeof(text));
    cr_expect_str_eq(text, "none of Numba's");
}

/* Numba has no such tuples; a name that says so is read in no time all the same. */
Test(codegen_mangle, huge_tuples_end_at_once, .timeout = 10)
{
    char text[256];
    describe("_ZN1fE8UniTupleI8UniTupleIdLi0EELi18446744073709551615EE", text,
             sizeof(text));
    cr_expect_str_eq(text, "none of Numba's");
    describe("_ZN1fE8UniTupleI5TupleIELi18446744073709551615EEd", text, sizeof(text));
    cr_expect_str_eq(text, "f8");
    /* Deeper than anyone nests */
    char name[512] = "_ZN1fE";
    for (int i = 0; i < 40; i++) {
        strncat(name, "5TupleI", sizeof(name) - strlen(name) - 1);
    }
    describe(name, text, sizeof(text));
    cr_expect_str_eq(text, "none of Numba's");
}

/* A name whose last byte is the last before memory that cannot be read. */
static void read_at_the_edge(char *page, size_t page_bytes, const char *name,
                             size_t length)
{
    lanes_mangle_argument arguments[LANES_MANGLE_ARGUMENTS_MAX];
    uint32_t count;
    char *at = page + page_bytes - length - 1;
    memcpy(at, name, length);
    at[length] = '\0';
    if (lanes_mangle_arguments(at, arguments, &count)) {
        for (uint32_t i = 0; i < count; i++) {
            char other[16];
            if (arguments[i].kind == LANES_MANGLE_OTHER) {
                lanes_mangle_unescape(arguments[i].text, arguments[i].text_length, other,
                                      sizeof(other));
            }
        }
    }
}

Test(codegen_mangle, damaged_names_are_not_read_beyond_their_end)
{
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, 2 * page_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(page, MAP_FAILED);
    cr_assert_eq(mprotect(page + page_bytes, page_bytes, PROT_NONE), 0);
    static const char replacements[] = "0129BDEILNUx_$\xff";
    for (size_t t = 0; t < LANES_ARRAY_COUNT(types); t++) {
        char name[256];
        const int length =
            snprintf(name, sizeof(name), "_ZN2ab1cB2v1E%s", types[t].types);
        for (int end = 0; end <= length; end++) {
            read_at_the_edge(page, page_bytes, name, (size_t)end);
        }
        for (int i = 0; i < length; i++) {
            const char before = name[i];
            for (size_t r = 0; r + 1 < sizeof(replacements); r++) {
                name[i] = replacements[r];
                read_at_the_edge(page, page_bytes, name, (size_t)length);
            }
            name[i] = before;
        }
    }
    munmap(page, 2 * page_bytes);
}

Test(codegen_mangle, escapes_are_undone_into_any_room)
{
    char text[8];
    lanes_mangle_unescape("a_28b$29", 8, text, sizeof(text));
    cr_expect_str_eq(text, "a(b)");
    lanes_mangle_unescape("_28_28_28_28_28_28_28_28", 24, text, sizeof(text));
    cr_expect_str_eq(text, "(((((((");
    /* Cut off, no hexadecimal digits, no punctuation */
    lanes_mangle_unescape("x_2", 3, text, sizeof(text));
    cr_expect_str_eq(text, "x_2");
    lanes_mangle_unescape("_zz_41", 6, text, sizeof(text));
    cr_expect_str_eq(text, "_zz_41");
    lanes_mangle_unescape("abc", 0, text, sizeof(text));
    cr_expect_str_eq(text, "");
}
