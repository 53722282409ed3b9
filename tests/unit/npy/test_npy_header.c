/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_npy_header.c - reading and writing .npy headers.
 *
 * Files are made from text here; tests/e2e reads and writes them with NumPy as well.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "npy.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A file of @p head, a dictionary and @p data_bytes zeros. */
static int make_file(const void *head, size_t head_bytes, const char *dict,
                     size_t data_bytes)
{
    const int fd = memfd_create("npy", MFD_CLOEXEC);
    const size_t dict_bytes = strlen(dict);
    cr_assert(ge(int, fd, 0));
    cr_assert(eq(long, pwrite(fd, head, head_bytes, 0), (long)head_bytes));
    cr_assert(
        eq(long, pwrite(fd, dict, dict_bytes, (off_t)head_bytes), (long)dict_bytes));
    cr_assert(eq(int, ftruncate(fd, (off_t)(head_bytes + dict_bytes + data_bytes)), 0));
    return fd;
}

/* A version 1.0 file whose length field is right. */
static int make_v1(const char *dict, size_t data_bytes)
{
    char head[10] = "\x93NUMPY\x01";
    head[8] = (char)(strlen(dict) & 0xff);
    head[9] = (char)(strlen(dict) >> 8);
    return make_file(head, sizeof(head), dict, data_bytes);
}

static lanes_status read_and_close(int fd, npy_header *header, lanes_error *err)
{
    const lanes_status status = npy_header_read(fd, header, err);
    close(fd);
    return status;
}

static void expect_refusal(int fd, const char *fragment)
{
    npy_header header;
    lanes_error err = {.message = ""};
    cr_expect(eq(int, read_and_close(fd, &header, &err), LANES_E_FORMAT), "%s", fragment);
    cr_expect(ne(ptr, strstr(err.message, fragment), NULL), "'%s' lacks '%s'",
              err.message, fragment);
}

Test(npy_header, header_as_numpy_writes_it_is_read)
{
    npy_header header;
    lanes_error err;
    const int fd = make_v1(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }      \n", 96);
    cr_assert(eq(int, read_and_close(fd, &header, &err), LANES_OK));
    cr_expect(eq(u32, header.dtype, LANES_F8));
    cr_expect(eq(u32, header.dimensions, 2));
    cr_expect(eq(u64, header.shape[0], 3));
    cr_expect(eq(u64, header.shape[1], 4));
    cr_expect(eq(u64, header.count, 12));
    cr_expect(eq(u64, header.data_offset, 10 + 66));
}

Test(npy_header, versions_2_and_3_have_a_longer_length)
{
    for (char version = 2; version <= 3; version++) {
        const char *dict = "{'descr': '<i4', 'fortran_order': False, 'shape': (5,), }\n";
        char head[12] = "\x93NUMPY";
        npy_header header;
        lanes_error err;
        head[6] = version;
        head[8] = (char)strlen(dict);
        const int fd = make_file(head, sizeof(head), dict, 20);
        cr_assert(eq(int, read_and_close(fd, &header, &err), LANES_OK), "%s",
                  err.message);
        cr_expect(eq(u32, header.dtype, LANES_I4));
        cr_expect(eq(u64, header.count, 5));
        cr_expect(eq(u64, header.data_offset, 12 + strlen(dict)));
    }
}

Test(npy_header, spelling_of_the_dictionary_is_free)
{
    static const char *const dicts[] = {
        "{'shape':(2,3),'descr':'<i8','fortran_order':False}",
        " { \"descr\" : \"<i8\" ,'shape' : ( 2 , 3 , ) , 'fortran_order' : False , } \n",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (2L, 3L), }\n",
        "{'fortran_order': False,\t'shape': (6,),\r\n'descr': '<i8'}",
    };
    for (size_t i = 0; i < COUNT_OF(dicts); i++) {
        npy_header header;
        lanes_error err = {.message = ""};
        const lanes_status status = read_and_close(make_v1(dicts[i], 48), &header, &err);
        cr_expect(eq(int, status, LANES_OK), "%s: %s", dicts[i], err.message);
        cr_expect(eq(u32, header.dtype, LANES_I8));
        cr_expect(eq(u64, header.count, 6));
    }
}

Test(npy_header, zero_dimensions_are_one_element_and_zero_extents_none)
{
    npy_header header;
    lanes_error err;
    cr_assert(eq(int,
                 read_and_close(
                     make_v1("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4),
                     &header, &err),
                 LANES_OK));
    cr_expect(eq(u32, header.dimensions, 0));
    cr_expect(eq(u64, header.count, 1));
    /* The product of the other extents would overflow. */
    cr_assert(
        eq(int,
           read_and_close(make_v1("{'descr': '<f4', 'fortran_order': False, 'shape': "
                                  "(9223372036854775807, 9223372036854775807, 0)}",
                                  0),
                          &header, &err),
           LANES_OK));
    cr_expect(eq(u64, header.count, 0));
}

Test(npy_header, bytes_behind_the_data_are_ignored)
{
    npy_header header;
    lanes_error err;
    const int fd =
        make_v1("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 1000);
    cr_expect(eq(int, read_and_close(fd, &header, &err), LANES_OK));
}

Test(npy_header, every_dtype_is_read_and_written_as_numpy_spells_it)
{
    static const struct {
        const char *descr;
        uint32_t dtype;
    } rows[] = {
        {"|b1", LANES_BOOL}, {"|i1", LANES_I1}, {"|u1", LANES_U1}, {"<i2", LANES_I2},
        {"<u2", LANES_U2},   {"<i4", LANES_I4}, {"<u4", LANES_U4}, {"<i8", LANES_I8},
        {"<u8", LANES_U8},   {"<f4", LANES_F4}, {"<f8", LANES_F8}, {"<c8", LANES_C8},
        {"<c16", LANES_C16},
    };
    static const uint64_t shape[] = {2};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char dict[128];
        char written[NPY_HEADER_BYTES_MAX];
        npy_header header;
        lanes_error err = {.message = ""};
        snprintf(dict, sizeof(dict),
                 "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", rows[i].descr);
        cr_assert(eq(int, read_and_close(make_v1(dict, 32), &header, &err), LANES_OK),
                  "%s: %s", rows[i].descr, err.message);
        cr_expect(eq(u32, header.dtype, rows[i].dtype));
        npy_header_format(rows[i].dtype, 1, shape, written);
        dict[strlen("{'descr': '") + strlen(rows[i].descr) + 1] = '\0';
        cr_expect(eq(int, memcmp(written + 10, dict, strlen(dict)), 0), "%s", dict);
    }
}

Test(npy_header, times_are_read_as_integers)
{
    static const char *const descrs[] = {"<M8[ns]", "<M8[D]", "<m8[25us]", "<m8", "<M8"};
    for (size_t i = 0; i < COUNT_OF(descrs); i++) {
        char dict[128];
        npy_header header;
        lanes_error err = {.message = ""};
        snprintf(dict, sizeof(dict),
                 "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", descrs[i]);
        cr_assert(eq(int, read_and_close(make_v1(dict, 16), &header, &err), LANES_OK),
                  "%s: %s", descrs[i], err.message);
        cr_expect(eq(u32, header.dtype, LANES_I8));
        cr_expect(header.is_time);
    }
}

Test(npy_header, fortran_order_is_told_where_it_makes_a_difference)
{
    static const struct {
        const char *rest;
        bool is_fortran;
    } rows[] = {
        {"True, 'shape': (2, 3)}", true},       {"False, 'shape': (2, 3)}", false},
        {"True, 'shape': (1, 2, 1, 3)}", true}, {"True, 'shape': (6,)}", false},
        {"True, 'shape': (1, 6, 1)}", false},   {"True, 'shape': (2, 0, 3)}", false},
        {"True, 'shape': ()}", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char dict[128];
        npy_header header;
        lanes_error err = {.message = ""};
        snprintf(dict, sizeof(dict), "{'descr': '<f8', 'fortran_order': %s",
                 rows[i].rest);
        cr_assert(eq(int, read_and_close(make_v1(dict, 48), &header, &err), LANES_OK),
                  "%s: %s", dict, err.message);
        cr_expect(eq(int, header.is_fortran, rows[i].is_fortran), "%s", dict);
        cr_expect(not(header.is_time));
    }
}

Test(npy_header, strides_of_both_orders)
{
    static const uint64_t shape[] = {2, 3, 5};
    static const int64_t c_order[] = {15 * 8, 5 * 8, 8};
    static const int64_t fortran[] = {8, 2 * 8, 6 * 8};
    int64_t strides[3];
    npy_strides(3, shape, false, 8, strides);
    cr_expect(eq(int, memcmp(strides, c_order, sizeof(strides)), 0));
    npy_strides(3, shape, true, 8, strides);
    cr_expect(eq(int, memcmp(strides, fortran, sizeof(strides)), 0));
}

Test(npy_header, every_unusable_dictionary_is_refused_with_its_reason)
{
#define ORDER "'fortran_order': False, "
#define SHAPE "'shape': (2,)}"
#define LONG  "<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8<f8"
    static const struct {
        const char *dict;
        const char *fragment;
    } rows[] = {
        {"{'descr': '>f8', " ORDER SHAPE, "big-endian"},
        {"{'descr': '|O', " ORDER SHAPE, "Python objects"},
        {"{'descr': '|V16', " ORDER SHAPE, "structured"},
        {"{'descr': [('a', '<f8'), ('b', '<i4')], " ORDER SHAPE, "structured"},
        {"{'descr': '<c32', " ORDER SHAPE, "'<c32' is not one of ? i1 u1"},
        {"{'descr': '<f2', " ORDER SHAPE, "a.astype('f4')"},
        {"{'descr': '<u1', " ORDER SHAPE, "'<u1' is not one of"},
        {"{'descr': '|f8', " ORDER SHAPE, "'|f8' is not one of"},
        {"{'descr': '|?', " ORDER SHAPE, "'|?' is not one of"},
        {"{'descr': '<b1', " ORDER SHAPE, "'<b1' is not one of"},
        {"{'descr': '|S5', " ORDER SHAPE, "'|S5' is not one of"},
        {"{'descr': '<U3', " ORDER SHAPE, "'<U3' is not one of"},
        {"{'descr': '<M8[ns', " ORDER SHAPE, "'<M8[ns' is not one of"},
        {"{'descr': '>M8[ns]', " ORDER SHAPE, "big-endian"},
        {"{'descr': '', " ORDER SHAPE, "'' is not one of"},
        {"{'descr': '" LONG "', " ORDER SHAPE, "or is longer than"},
        {"{'" LONG "': '<f8', " ORDER SHAPE, "or is longer than 31 characters"},
        {"{'descr': '<f80', " ORDER SHAPE, "'<f80' is not one of"},
        {"{'descr': 'f8', " ORDER SHAPE, "'f8' is not one of"},
        {"{'descr': '<f8', 'fortran_order': true, " SHAPE, "where 'False' belongs"},
        {"{'descr': '<f8', 'fortran_order': 0, " SHAPE, "where 'False' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': (-2,)}", "negative extent"},
        {"{'descr': '<f8', " ORDER "'shape': (2)}", "where ',' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': 2}", "where '(' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': (2.0,)}", "where ',' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': (x,)}", "where 'a number' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': (1, 2 3)}", "where ')' belongs"},
        {"{'descr': '<f8', " ORDER "'shape': (1,1,1,1,1,1,1,1,1)}", "8 dimensions"},
        {"{'descr': '<f8', " ORDER "'shape': (18446744073709551616,)}", "beyond 64 bits"},
        {"{'descr': '<f8', " ORDER "'shape': (99999999999999999999,)}", "beyond 64 bits"},
        {"{'descr': '<f8', " ORDER "'shape': (4294967296, 4294967296)}", "64 bits count"},
        {"{'descr': '<f8', " ORDER "'shape': (4611686018427387904,)}", "63 bits count"},
        {"{'descr': '<f8', " ORDER "'shape': (1152921504606846976,)}", "63 bits count"},
        {"{'descr': '<f8', " ORDER "}", "lacks the key 'shape'"},
        {"{'descr': '<f8', 'shape': (2,)}", "lacks the key 'fortran_order'"},
        {"{" ORDER SHAPE, "lacks the key 'descr'"},
        {"{'descr': '<f8', 'descr': '<f8', " ORDER SHAPE, "'descr' twice"},
        {"{'descr': '<f8', 'extra': 1, " ORDER SHAPE, "'extra' that no"},
        {"{'descr': '<f8', " ORDER SHAPE "}", "behind its dictionary"},
        {"{'descr': '<f8', " ORDER "'shape': (2,)", "where '}' belongs"},
        {"{'descr': '<f8", "does not end"},
        {"{'descr", "does not end"},
        {"{", "where ''' belongs"},
        {"", "where '{' belongs"},
        {"[]", "where '{' belongs"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_refusal(make_v1(rows[i].dict, 64), rows[i].fragment);
    }
}

Test(npy_header, nul_bytes_in_the_header_are_not_spaces)
{
    char head[10 + 4] = "\x93NUMPY\x01";
    head[8] = 4;
    expect_refusal(make_file(head, sizeof(head), "", 0), "where '{' belongs");
}

Test(npy_header, missing_data_is_refused_with_both_sizes)
{
    const char *dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (10,)}";
    expect_refusal(make_v1(dict, 79), "truncated: there are 79 of 80 data bytes");
    expect_refusal(make_v1(dict, 0), "0 of 80");
    npy_header header;
    lanes_error err;
    cr_expect(eq(int, read_and_close(make_v1(dict, 80), &header, &err), LANES_OK));
}

Test(npy_header, files_cut_inside_the_header_are_refused)
{
    const char *dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (10,)}";
    const off_t whole = 10 + (off_t)strlen(dict);
    for (off_t cut = 0; cut < whole; cut++) {
        npy_header header;
        lanes_error err;
        const int fd = make_v1(dict, 80);
        cr_assert(eq(int, ftruncate(fd, cut), 0));
        cr_expect(eq(int, read_and_close(fd, &header, &err), LANES_E_FORMAT),
                  "cut at %ld", (long)cut);
        cr_expect(ne(ptr,
                     strstr(err.message, cut < 6   ? "not a .npy file"
                                         : cut < 7 ? ".npy version"
                                                   : "truncated inside its header"),
                     NULL),
                  "cut at %ld: %s", (long)cut, err.message);
    }
}

Test(npy_header, foreign_files_and_versions_are_refused)
{
    expect_refusal(make_file("PK\x03\x04 a zip file", 16, "", 100), "not a .npy file");
    expect_refusal(make_file("\x93NUMPY\x04\x00\x10\x00", 10, "", 100), "version 4.0");
    expect_refusal(make_file("\x93NUMPY\x01\x01\x10\x00", 10, "", 100), "version 1.1");
    expect_refusal(make_file("\x93NUMPY\x00\x00\x10\x00", 10, "", 100), "version 0.0");
    expect_refusal(make_file("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, "", 100),
                   "header of 4294967295 bytes");
}

Test(npy_header, written_headers_are_read_back)
{
    static const uint64_t shape[LANES_DIMENSIONS_MAX] = {1, 2, 3, 1, 2, 1, 4, 1};
    static const uint32_t dtypes[] = {LANES_BOOL, LANES_I4, LANES_F8, LANES_C16};
    for (uint32_t dimensions = 0; dimensions <= LANES_DIMENSIONS_MAX; dimensions++) {
        for (size_t i = 0; i < COUNT_OF(dtypes); i++) {
            char text[NPY_HEADER_BYTES_MAX];
            const size_t bytes = npy_header_format(dtypes[i], dimensions, shape, text);
            cr_assert(le(sz, bytes, sizeof(text)));
            cr_expect(eq(sz, bytes % NPY_ALIGNMENT, 0));
            cr_expect(eq(chr, text[bytes - 1], '\n'));
            npy_header header;
            lanes_error err = {.message = ""};
            const int fd = make_file(text, bytes, "", 48 * 16);
            cr_assert(eq(int, read_and_close(fd, &header, &err), LANES_OK), "%s",
                      err.message);
            cr_expect(eq(u32, header.dtype, dtypes[i]));
            cr_expect(eq(u32, header.dimensions, dimensions));
            cr_expect(eq(u64, header.data_offset, bytes));
            const size_t shape_bytes = dimensions * sizeof(shape[0]);
            cr_expect(eq(int, memcmp(header.shape, shape, shape_bytes), 0));
        }
    }
}

Test(npy_header, largest_shape_fits_its_buffer)
{
    uint64_t shape[LANES_DIMENSIONS_MAX];
    char text[NPY_HEADER_BYTES_MAX];
    for (size_t i = 0; i < LANES_DIMENSIONS_MAX; i++) {
        shape[i] = UINT64_MAX;
    }
    cr_expect(le(sz, npy_header_format(LANES_F8, LANES_DIMENSIONS_MAX, shape, text),
                 sizeof(text)));
}
