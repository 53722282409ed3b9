/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npy.h - the header of NumPy's .npy files: read strictly, written as version 1.0.
 *
 * Only what lanes can map and run is accepted: little-endian, one of lanes' dtypes or
 * datetime64 or timedelta64, which are read as i8, at most LANES_DIMENSIONS_MAX
 * dimensions, all data present. Every refusal says what the file has and, where there is
 * one, the NumPy call that changes it. Messages call the file "it": callers put its name
 * in front.
 */
#ifndef LANES_CLI_NPY_H
#define LANES_CLI_NPY_H

#include <stdbool.h>

#include <lanes/abi.h>

/** Data starts at a multiple of this in files that lanes writes. */
#define NPY_ALIGNMENT 64u

/** Room for any header that npy_header_format() writes. */
#define NPY_HEADER_BYTES_MAX 320u

typedef struct npy_header {
    uint32_t dtype; /* enum lanes_dtype */
    uint32_t dimensions;
    uint64_t shape[LANES_DIMENSIONS_MAX];
    uint64_t count;       /* elements: the product of shape */
    uint64_t data_offset; /* bytes from the start of the file */
    bool is_fortran; /* the first axis is innermost; false if that is no difference */
    bool is_time;    /* datetime64 or timedelta64; dtype is LANES_I8 */
} npy_header;

/**
 * Read the header of the file @p fd is open on and check that its data is all there.
 *
 * @return LANES_OK, LANES_E_FORMAT (refused; the text says why), -errno
 */
LANES_NODISCARD lanes_status npy_header_read(int fd, npy_header *out_header,
                                             lanes_error *err);

/**
 * Bytes from element to element along each axis of an array without gaps, whose elements
 * have @p element_bytes. Fortran order has the first axis innermost, C order the last.
 */
void npy_strides(uint32_t dimensions, const uint64_t *shape, bool is_fortran,
                 uint64_t element_bytes, int64_t *out_strides);

/** Format a header for @p dtype and @p shape. @return its bytes, a multiple of 64 */
size_t npy_header_format(uint32_t dtype, uint32_t dimensions, const uint64_t *shape,
                         char text[NPY_HEADER_BYTES_MAX]);

/** Write "(3, 4)" as Python does; @p text is always terminated. */
void npy_shape_format(uint32_t dimensions, const uint64_t *shape, char *text,
                      size_t text_bytes);

#endif /* LANES_CLI_NPY_H */
