/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_kernel_signature.c - signatures as text: what every spelling means, what is
 * refused and with which words, and that what is written is read back.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/signature.h"

static lanes_error err;

/* A spelling and the canonical text of what it means. */
struct meaning {
    const char *text;
    const char *canonical;
};

static void expect_meanings(const struct meaning *meanings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lanes_signature signature;
        char text[LANES_SIGNATURE_TEXT_MAX] = "";
        const lanes_status status =
            lanes_signature_parse(meanings[i].text, &signature, &err);
        cr_expect_eq(status, LANES_OK, "%s: %s", meanings[i].text,
                     status < 0 ? err.message : "");
        if (status == LANES_OK) {
            lanes_signature_format(&signature, text);
        }
        cr_expect_str_eq(text, meanings[i].canonical, "%s is '%s', not '%s'",
                         meanings[i].text, text, meanings[i].canonical);
    }
}

#define EXPECT_MEANINGS(meanings) expect_meanings((meanings), LANES_ARRAY_COUNT(meanings))

/* A text and what its error must say behind "signature '...', ". */
struct refusal {
    const char *text;
    const char *fragment;
};

static void expect_refusals(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lanes_signature signature = {.input_count = 77};
        cr_expect_eq(lanes_signature_parse(refusals[i].text, &signature, &err),
                     LANES_E_IR_SIGNATURE, "%s", refusals[i].text);
        cr_expect_eq(err.code, LANES_E_IR_SIGNATURE);
        cr_expect_not_null(strstr(err.message, refusals[i].fragment), "'%s' lacks '%s'",
                           err.message, refusals[i].fragment);
        cr_expect_eq(signature.input_count, 77, "written only on success");
        cr_expect_eq(lanes_signature_parse(refusals[i].text, &signature, NULL),
                     LANES_E_IR_SIGNATURE);
    }
}

#define EXPECT_REFUSALS(refusals) expect_refusals((refusals), LANES_ARRAY_COUNT(refusals))

Test(kernel_signature, canonical_texts_round_trip)
{
    static const struct meaning meanings[] = {
        {"f8(f8)", "f8(f8)"},
        {"f4(f4,i4)", "f4(f4,i4)"},
        {"i8(?,i1,u1,i2,u2,i4,u4,i8,u8,f4,f8,c8,c16)",
         "i8(?,i1,u1,i2,u2,i4,u4,i8,u8,f4,f8,c8,c16)"},
        {"f8,i4(f8,f8[:])", "f8,i4(f8,f8[:])"},
        {"?,c16,u1(c8[:],?[:])", "?,c16,u1(c8[:],?[:])"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, fields_of_a_signature)
{
    lanes_signature signature;
    memset(&signature, 0xff, sizeof(signature));
    cr_assert_eq(lanes_signature_parse("f8,i4(f4,u1[:],c8[:])", &signature, &err),
                 LANES_OK);
    const lanes_signature expected = {
        .input_count = 3,
        .output_count = 2,
        .row_mask = 0x6,
        .dtype = {LANES_F4, LANES_U1, LANES_C8, LANES_F8, LANES_I4},
    };
    cr_expect_eq(memcmp(&signature, &expected, sizeof(expected)), 0);
    cr_expect_eq(lanes_signature_operand_count(&signature), 5);
}

Test(kernel_signature, spaces_are_allowed_everywhere)
{
    static const struct meaning meanings[] = {
        {" f8 ( f8 , i4 ) ", "f8(f8,i4)"},
        {"\tf8\n,\r\ni4 ( f8 [ : : 1 ] , f8 [ : ] )", "f8,i4(f8[:],f8[:])"},
        {" UniTuple ( f8 , 2 ) ( Tuple ( ( f8 , i4 ) ) , CPointer ( f8 ) , double * )",
         "f8,f8(f8,i4,f8[:],f8[:])"},
        {"i8( M8 [ ns ] , NPDatetime ( 'D' ) , void * , unsigned  int )", "i8(i8,i8,u4)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, numbas_and_numpys_names)
{
    static const struct meaning meanings[] = {
        {"boolean(bool_,bool,b1,?)", "?(?,?,?,?)"},
        {"int8(uint8,int16,uint16,int32,uint32,int64,uint64)",
         "i1(u1,i2,u2,i4,u4,i8,u8)"},
        {"float32(float64,complex64,complex128)", "f4(f8,c8,c16)"},
        {"intc(uintc,intp,uintp)", "i4(u4,i8,u8)"},
        {"uchar(ushort,ulong,ulonglong,longlong,ubyte)", "u1(u2,u8,u8,i8,u1)"},
        {"int_(long_,char,short,size_t,ssize_t)", "i8(i8,i1,i2,u8,i8)"},
        {"single(double,csingle,cdouble)", "f4(f8,c8,c16)"},
        {"types.float64(types.int32,numba.types.boolean,np.float32,nb.f8,numpy.u1)",
         "f8(i4,?,f4,f8,u1)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, names_of_c)
{
    static const struct meaning meanings[] = {
        {"double(float,char,short,int,long,long long)", "f8(f4,i1,i2,i4,i8,i8)"},
        {"_Bool(unsigned char,unsigned short,unsigned int,unsigned long,"
         "unsigned long long,unsigned)",
         "?(u1,u2,u4,u8,u8,u4)"},
        {"double(signed char,signed,signed int,short int,long int,long long int)",
         "f8(i1,i4,i4,i2,i8,i8)"},
        {"double(long unsigned int,short unsigned int,unsigned long long int)",
         "f8(u8,u2,u8)"},
        {"int8_t(uint8_t,int16_t,uint16_t,int32_t,uint32_t,int64_t,uint64_t)",
         "i1(u1,i2,u2,i4,u4,i8,u8)"},
        {"float(intptr_t,uintptr_t,ptrdiff_t,npy_intp)", "f4(i8,u8,i8,i8)"},
        {"double complex(float complex,double _Complex,_Complex float,complex double)",
         "c16(c8,c16,c8,c16)"},
        {"const double(const int,int const)", "f8(i4,i4)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, times_are_i8)
{
    static const struct meaning meanings[] = {
        {"int64(datetime64[D],timedelta64[ns])", "i8(i8,i8)"},
        {"M8[us](M8[us],m8[25s],M8[10D])", "i8(i8,i8,i8)"},
        {"datetime64(timedelta64,M8,m8,M8[generic])", "i8(i8,i8,i8,i8)"},
        {"NPTimedelta('ms')(NPDatetime('D'),types.NPDatetime(\"s\"),NPDatetime(''))",
         "i8(i8,i8,i8)"},
        {"?(datetime64[:],M8[h][:],m8[m][::1],NPDatetime('Y')[:])",
         "?(i8[:],i8[:],i8[:],i8[:])"},
        {"i8(M8[Y],M8[M],M8[W],M8[D],M8[h],M8[m],M8[s],M8[ms],M8[us],M8[ns],M8[ps],"
         "M8[fs],M8[as])",
         "i8(i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8,i8)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, rows_have_four_spellings)
{
    static const struct meaning meanings[] = {
        {"f8(f8[:],float64[::1],CPointer(float64),float64*)",
         "f8(f8[:],f8[:],f8[:],f8[:])"},
        {"f8(types.CPointer(types.float32),const double *,unsigned char*)",
         "f8(f4[:],f8[:],u1[:])"},
        {"f8(double const *)", "f8(f8[:])"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, a_params_block_is_no_operand)
{
    static const struct meaning meanings[] = {
        {"f8(f8,voidptr)", "f8(f8)"},
        {"f8(f8,void*)", "f8(f8)"},
        {"f8(f8,CPointer(void))", "f8(f8)"},
        {"f8(f8,types.voidptr)", "f8(f8)"},
        {"f8(const void *,f8)", "f8(f8)"},
        {"f8(types.CPointer(types.none),f8)", "f8(f8)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, an_int32_before_a_pointer_is_its_length)
{
    static const struct meaning meanings[] = {
        {"double(intc,CPointer(double),voidptr)", "f8(f8[:])"},
        {"f8(i4,f8*)", "f8(f8[:])"},
        {"f8(int,f8*,int32,i4*)", "f8(f8[:],i4[:])"},
        {"f8(f8,int32_t,f8*,f8)", "f8(f8,f8[:],f8)"},
        {"f8(i4,i4,f8*)", "f8(i4,f8[:])"},
        {"f8(i4,f8[:])", "f8(i4,f8[:])"},       /* an array knows its length */
        {"f8(i8,f8*)", "f8(i8,f8[:])"},         /* not an int32 */
        {"f8(u4,f8*)", "f8(u4,f8[:])"},         /* nor this */
        {"f8(i4,f8,f8*)", "f8(i4,f8,f8[:])"},   /* not directly before it */
        {"f8(i4,voidptr,f8*)", "f8(i4,f8[:])"}, /* nor here */
        {"f8(i4*,f8*)", "f8(i4[:],f8[:])"},     /* a row is no length */
        {"f8((f8,i4),f8*)", "f8(f8,i4,f8[:])"}, /* part of a tuple */
        {"f8(i4,(f8*,f8))", "f8(i4,f8[:],f8)"},
        {"i4,f8(f8*)", "i4,f8(f8[:])"}, /* an output */
        {"f8,i4(f8*)", "f8,i4(f8[:])"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, several_outputs)
{
    static const struct meaning meanings[] = {
        {"(f8,i4)(f8)", "f8,i4(f8)"},
        {"(f8)(f8)", "f8(f8)"},
        {"(f8,)(f8)", "f8(f8)"},
        {"UniTuple(float64,2)(float64)", "f8,f8(f8)"},
        {"UniTuple(float64 x 3)(float64)", "f8,f8,f8(f8)"},
        {"types.Tuple((types.float64,types.int32))(f8)", "f8,i4(f8)"},
        {"Tuple([f8,i4])(f8)", "f8,i4(f8)"},
        {"Tuple(float64, int32)(f8)", "f8,i4(f8)"},
        {"Tuple((f8,))(f8)", "f8(f8)"},
        {"Tuple((f8,UniTuple(i4,2),(u1,c8)))(f8)", "f8,i4,i4,u1,c8(f8)"},
        {"UniTuple(Tuple((f8,i4)),2)(f8)", "f8,i4,f8,i4(f8)"},
        {"UniTuple(f8,1)(f8)", "f8(f8)"},
        {"UniTuple(f8,10)(f8)", "f8,f8,f8,f8,f8,f8,f8,f8,f8,f8(f8)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, tuple_arguments_are_flattened)
{
    static const struct meaning meanings[] = {
        {"f8(UniTuple(f8,3))", "f8(f8,f8,f8)"},
        {"f8(i4,Tuple((f8,UniTuple(u1,2))),f4)", "f8(i4,f8,u1,u1,f4)"},
        {"f8((f8,[i4,i8]),f4)", "f8(f8,i4,i8,f4)"},
        {"f8(f8,UniTuple((f8[:],i4),2))", "f8(f8,f8[:],i4,f8[:],i4)"},
        {"f8((((((((f8))))))))", "f8(f8)"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, most_operands)
{
    static const struct meaning meanings[] = {
        {"f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)",
         "f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)"},
        {"UniTuple(f8,15)(f8)", "f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8(f8)"},
        {"f8,f8(UniTuple(c16[:],14))",
         "f8,f8(c16[:],c16[:],c16[:],c16[:],c16[:],c16[:],c16[:],c16[:],c16[:],c16[:],"
         "c16[:],c16[:],c16[:],c16[:])"},
        /* Lengths and params blocks do not count. */
        {"f8(UniTuple(f8,14),int,double*,void*)",
         "f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8[:])"},
    };
    EXPECT_MEANINGS(meanings);
}

Test(kernel_signature, too_many_operands)
{
    static const struct refusal refusals[] = {
        {"f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)",
         "character 49: more than 15 inputs; a kernel has at most 16 operands, and here "
         "1 are outputs"},
        {"f8,f8(UniTuple(f8,15))", "character 15: more than 14 inputs"},
        {"f8,f8(UniTuple((f8,f8),8))", "more than 14 inputs"},
        {"UniTuple(f8,16)(f8)",
         "character 9: more than 15 outputs; a kernel has at most 16 operands"},
        {"f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,i4(f8)",
         "character 46: more than 15 outputs"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, refusals_point_at_the_character)
{
    static const struct refusal refusals[] = {
        {"", "character 1: expected a type such as f8, but the text ends"},
        {"f8", "character 3: expected ',' or '(' and the inputs, as in f8(f8,f8)"},
        {"f8(", "character 4: expected a type such as f8, but the text ends"},
        {"f8(f8", "character 6: expected ',' or ')', but the text ends"},
        {"f8(f8,)", "character 7: expected a type such as f8, not ')'"},
        {"f8(f8)x", "character 7: expected the end: outputs stand first, as in"},
        {"f8(f8) )", "character 8: expected the end"},
        {"(f8,f8) -> f8", "character 9: expected ',' or '(' and the inputs, as in"},
        {"(f8 f8)", "character 5: expected ',' or ')', not 'f'"},
        {"[f8 f8]", "character 5: expected ',' or ']', not 'f'"},
        {"()(f8)", "character 2: expected a type such as f8, not ')'"},
        {"f8,(f8)", "character 8: expected ',' or '(' and the inputs"},
        {"f8;(f8)", "character 3: expected ',' or '(' and the inputs, as in f8(f8,f8), "
                    "not ';'"},
        {"f8(f8\x01)", "signature 'f8(f8?)', character 6: expected ',' or ')', not '?'"},
        {"f8(f8~ \x7f)",
         "signature 'f8(f8~ ?)', character 6: expected ',' or ')', not '~'"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, unknown_names_list_what_is_possible)
{
    static const struct refusal refusals[] = {
        {"f9(f8)", "character 1: 'f9' is not one of ? i1 u1 i2 u2 i4 u4 i8 u8 f4 f8 c8 "
                   "c16, nor NumPy's, Numba's or C's name of one"},
        {"f8(types.str)", "character 10: 'str' is not one of ?"},
        {"long  double(f8)", "character 1: 'long double' is not"},
        {"f8(unsigned float)", "character 4: 'unsigned float' is not"},
        {"f8(signed double)", "'signed double' is not"},
        {"f8(long long long)", "'long long long' is not"},
        {"f8(signed unsigned)", "'signed unsigned' is not"},
        {"f8(complex)", "'complex' is not"},
        {"f8(unsigned int8)", "character 13: expected ',' or ')', not 'i'"},
        {"f8(float16)", "'float16' is not"},
        {"f8(_AZaz09)", "'_AZaz09' is not"},
        {"f8(optional(f8))", "'optional' is not"},
        {"f8(types)", "'types' is not"},
        {"f8(const)", "character 9: expected a type such as f8, not ')'"},
        {"f8(anamethatislongerthanallthatthereare)",
         "'anamethatislongerthanallthatthe' is not"},
        {"f8(signed signed signed signed signed signed signed)",
         "'signed signed signed signed sig' is not"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, ambiguous_names_say_what_they_mean)
{
    static const struct refusal refusals[] = {
        {"f8(byte)", "character 4: 'byte' is i1 in NumPy and u1 in Numba; write one of"},
        {"f8(uint)", "'uint' is u8 in NumPy and Numba and u4 in C"},
        {"types.float_(f8)", "character 7: 'float_' is f8 in NumPy and f4 in Numba"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, results_that_are_no_values)
{
    static const struct refusal refusals[] = {
        {"void(f8,f8*)", "character 1: a callback must return a value; if it writes its "
                         "outputs through pointers, name them before the parenthesis, as "
                         "in f8,i4(f8)"},
        {"None(f8)", "a callback must return a value"},
        {"f8,types.none(f8)", "character 10: a callback must return a value"},
        {"Tuple((f8,void))(f8)", "a callback must return a value"},
        {"f8[:](f8)", "character 1: an output is a value, not a row or a pointer"},
        {"f8,CPointer(f8)(f8)", "character 4: an output is a value, not a row"},
        {"double*(f8)", "an output is a value, not a row"},
        {"voidptr(f8)", "an output is a value, not a row"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, a_callback_without_inputs)
{
    static const struct refusal refusals[] = {
        {"f8()", "character 4: the callback takes no inputs; a kernel has at least 1"},
        {"f8( )", "character 5: the callback takes no inputs"},
        {"f8(void*)", "the callback takes no inputs; a kernel has at least 1, and a "
                      "params block is none"},
        {"f8(void)", "character 4: void is not an input; a kernel has at least 1"},
        {"f8(f8,none)", "character 7: void is not an input"},
        {"f8(void[:])", "character 4: void is not an input"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, rows_and_pointers_of_other_shapes)
{
    static const struct refusal refusals[] = {
        {"f8(f8[:,:])", "character 6: a row is written T[:] or T[::1]; it has one"},
        {"f8(f8[])", "character 6: a row is written"},
        {"f8(f8[3])", "character 6: a row is written"},
        {"f8(f8[::2])", "a row is written"},
        {"f8(f8[:)", "a row is written"},
        {"f8(f8[:][:])", "character 9: expected ',' or ')', not '['"},
        {"f8(f8**)", "character 7: expected ',' or ')', not '*'"},
        {"f8(CPointer(f8*))", "character 15: expected ')', not '*'"},
        {"f8(CPointer(CPointer(f8)))", "'CPointer' is not one of"},
        {"f8(CPointer(f8)[:])", "expected ',' or ')', not '['"},
        {"f8(CPointer)", "character 12: expected '(' and a type, as in CPointer(f8)"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, params_blocks_out_of_place)
{
    static const struct refusal refusals[] = {
        {"f8(f8,void*,voidptr)", "character 13: a second params block; a callback takes "
                                 "at most one"},
        {"f8((f8,voidptr))", "character 8: a params block cannot be in a tuple"},
        {"f8(f8,UniTuple(voidptr,2))", "a params block cannot be in a tuple"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, times_with_impossible_units)
{
    static const struct refusal refusals[] = {
        {"i8(M8[d])", "character 7: expected a unit of time and ']'; units are Y M W D h "
                      "m s ms us ns ps fs as"},
        {"i8(datetime64[D)", "character 15: expected a unit of time and ']'"},
        {"i8(NPDatetime('x'))", "character 16: expected a unit of time and '''"},
        {"i8(NPDatetime(\"D'))", "expected a unit of time and '\"'"},
        {"i8(NPDatetime(D))", "character 15: expected a unit in quotes"},
        {"i8(NPTimedelta)", "character 15: expected '(' and a unit, as in"},
        {"i8(NPTimedelta('D']", "character 19: expected ')', not ']'"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, tuples_of_wrong_form)
{
    static const struct refusal refusals[] = {
        {"UniTuple(f8)(f8)", "character 12: expected ',' and a length, as in"},
        {"UniTuple(f8,0)(f8)", "character 13: the length of a tuple is 1 .. 16"},
        {"UniTuple(f8,17)(f8)", "character 13: the length of a tuple is 1 .. 16"},
        {"UniTuple(f8,99999999999999999999)(f8)", "the length of a tuple is 1 .. 16"},
        {"UniTuple(f8,n)(f8)", "the length of a tuple is 1 .. 16"},
        {"UniTuple(f8,-1)(f8)", "the length of a tuple is 1 .. 16"},
        {"UniTuple(f8,2(f8)", "character 14: expected ')', not '('"},
        {"UniTuple f8", "character 10: expected '(' and a type, as in UniTuple(f8,2)"},
        {"Tuple[f8](f8)", "character 6: expected '(' and types, as in Tuple((f8,i4))"},
        {"Tuple((f8,i4)(f8)", "character 14: expected ',' or ')', not '('"},
        {"Tuple([f8,i4))(f8)", "character 13: expected ',' or ']', not ')'"},
        {"(,)(f8)", "character 2: expected a type"},
    };
    EXPECT_REFUSALS(refusals);
}

Test(kernel_signature, deep_nesting_is_refused)
{
    static const struct refusal refusals[] = {
        {"f8((((((((((f8))))))))))", "character 12: tuples are nested more than 8 deep"},
        {"f8(Tuple((Tuple((Tuple((Tuple((Tuple((f8", "tuples are nested more than 8"},
        {"f8(UniTuple(UniTuple(UniTuple(UniTuple(UniTuple(UniTuple(UniTuple(UniTuple("
         "UniTuple(f8,1",
         "tuples are nested more than 8"},
    };
    EXPECT_REFUSALS(refusals);
    enum { DEPTH = 1 << 22 };
    char *text = malloc(DEPTH + 1);
    cr_assert_not_null(text);
    memset(text, '(', DEPTH);
    text[DEPTH] = '\0';
    expect_refusals(&(struct refusal){text, "character 9: tuples are nested"}, 1);
    free(text);
}

Test(kernel_signature, long_texts_are_quoted_around_the_character)
{
    char text[1200];
    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "f8(f8", 5);
    memcpy(text + 600, "wrong", 5);
    memcpy(text + 1000, "tail", 4);
    expect_refusals(
        &(struct refusal){text, "character 601: expected ',' or ')', not 'w'"}, 1);
    cr_expect_not_null(strstr(err.message, "signature '... "));
    cr_expect_not_null(strstr(err.message, " wrong "));
    cr_expect_not_null(strstr(err.message, " ...', character"));
    cr_expect_null(strstr(err.message, "tail"));
    memcpy(text, "f9(f8", 5);
    expect_refusals(&(struct refusal){text, "signature 'f9(f8   "}, 1);
}

Test(kernel_signature, different_signatures_are_not_equal)
{
    static const char *const texts[] = {
        "f8(f8)",
        "f8(f4)",
        "f4(f8)",
        "f8(f8,f8)",
        "f8,f8(f8)",
        "?(f8)",
        "f8(f8[:])",
        "f8(c8[:])",
        "f8(f8,f8[:])",
        "f8(f8[:],f8)",
        "f8(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)",
        "f4(f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8,f8)",
    };
    lanes_signature signature[LANES_ARRAY_COUNT(texts)];
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        cr_assert_eq(lanes_signature_parse(texts[i], &signature[i], &err), LANES_OK);
    }
    for (size_t i = 0; i < LANES_ARRAY_COUNT(texts); i++) {
        for (size_t j = 0; j < LANES_ARRAY_COUNT(texts); j++) {
            cr_expect_eq(lanes_signature_equal(&signature[i], &signature[j]), i == j,
                         "%s, %s", texts[i], texts[j]);
        }
    }
}

/* ---- Properties ------------------------------------------------------------------- */

static uint64_t random_state = 20240229;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % limit;
}

static lanes_signature random_signature(void)
{
#define DTYPE_CODE(name, code, letters, bytes) (code),
    static const uint32_t dtypes[] = {LANES_DTYPE_TABLE(DTYPE_CODE)};
#undef DTYPE_CODE
    lanes_signature signature = {.output_count = 1 + random_below(15)};
    signature.input_count = 1 + random_below(16 - signature.output_count);
    signature.row_mask = random_below(1u << signature.input_count);
    for (uint32_t i = 0; i < lanes_signature_operand_count(&signature); i++) {
        signature.dtype[i] = dtypes[random_below(LANES_ARRAY_COUNT(dtypes))];
    }
    return signature;
}

Test(kernel_signature, what_is_written_is_read_back)
{
    for (uint32_t i = 0; i < 20000; i++) {
        const lanes_signature signature = random_signature();
        lanes_signature again;
        char text[LANES_SIGNATURE_TEXT_MAX];
        lanes_signature_format(&signature, text);
        cr_assert_eq(lanes_signature_parse(text, &again, &err), LANES_OK, "%s", text);
        cr_assert(lanes_signature_equal(&signature, &again), "%s", text);
        cr_assert_eq(memcmp(&signature, &again, sizeof(again)), 0, "%s", text);
    }
}

/* Any text is refused, or means something that can be written and read back. */
Test(kernel_signature, any_text_ends_well)
{
    static const char *const pieces[] = {
        "f8",   "i4",       "?",         "c16",         "(",       ")",        "(",
        ")",    ",",        ",",         "[:]",         "[::1]",   "*",        " ",
        "void", "voidptr",  "CPointer(", "Tuple(",      "Tuple((", "UniTuple", ",2)",
        "x2",   "unsigned", "long",      "int",         "double",  "types.",   "M8",
        "[ns]", "[",        "]",         "NPDatetime(", "'D')",    "const ",   "byte",
        "\x80", "f8(f8)",   "1",         ":",           "f8,f8",
    };
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < 300000; i++) {
        char text[LANES_SIGNATURE_TEXT_MAX] = "f8(";
        size_t used = random_below(4) > 0 ? 3 : 0;
        for (uint32_t n = 1 + random_below(6); n > 0; n--) {
            const char *piece = pieces[random_below(LANES_ARRAY_COUNT(pieces))];
            memcpy(text + used, piece, strlen(piece));
            used += strlen(piece);
        }
        if (random_below(2) > 0) {
            text[used++] = ')';
        }
        text[used] = '\0';
        lanes_signature signature;
        if (lanes_signature_parse(text, &signature, &err) < 0) {
            cr_assert_not_null(strstr(err.message, "', character "));
            continue;
        }
        accepted++;
        lanes_signature again;
        cr_assert_leq(lanes_signature_operand_count(&signature), LANES_OPERANDS_MAX);
        cr_assert(signature.input_count >= 1 && signature.output_count >= 1);
        cr_assert_eq(signature.row_mask >> signature.input_count, 0);
        lanes_signature_format(&signature, text);
        cr_assert_eq(lanes_signature_parse(text, &again, &err), LANES_OK, "%s", text);
        cr_assert(lanes_signature_equal(&signature, &again), "%s", text);
    }
    cr_assert_gt(accepted, 5000);
}
