/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_npy_header.c - any bytes as a .npy file: refused with a sentence, or all its data
 * is there; and a header that lanes writes for it says the same.
 *
 *   data_bytes u16 (zeros behind the rest), then the file
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "fuzz.h"
#include "kernel/dtype.h"
#include "npy.h"

static lanes_status read_file(const void *bytes, size_t count, size_t zeros,
                              npy_header *out_header, lanes_error *err)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("npy", MFD_CLOEXEC);
        FUZZ_CHECK(fd >= 0);
    }
    FUZZ_CHECK(ftruncate(fd, 0) == 0);
    FUZZ_CHECK(pwrite(fd, bytes, count, 0) == (ssize_t)count);
    FUZZ_CHECK(ftruncate(fd, (off_t)(count + zeros)) == 0);
    return npy_header_read(fd, out_header, err);
}

static void check_strides(const npy_header *header)
{
    int64_t stride[LANES_DIMENSIONS_MAX];
    const uint64_t size = lanes_dtype_bytes(header->dtype);
    uint64_t last = 0;
    npy_strides(header->dimensions, header->shape, header->is_fortran, size, stride);
    for (uint32_t d = 0; header->count > 0 && d < header->dimensions; d++) {
        last += (header->shape[d] - 1) * (uint64_t)stride[d];
    }
    FUZZ_CHECK(header->count == 0 || last + size == header->count * size);
}

/* Without order and units of time, which lanes does not write. */
static void check_same(const npy_header *header)
{
    char text[NPY_HEADER_BYTES_MAX];
    npy_header again;
    lanes_error err = {.message = ""};
    const size_t bytes =
        npy_header_format(header->dtype, header->dimensions, header->shape, text);
    FUZZ_CHECK(bytes <= sizeof(text) && bytes % NPY_ALIGNMENT == 0);
    const size_t data_bytes = header->count * lanes_dtype_bytes(header->dtype);
    FUZZ_CHECK(read_file(text, bytes, data_bytes, &again, &err) == LANES_OK);
    FUZZ_CHECK(again.dtype == header->dtype && again.dimensions == header->dimensions);
    FUZZ_CHECK(again.count == header->count && again.data_offset == bytes);
    FUZZ_CHECK(memcmp(again.shape, header->shape,
                      header->dimensions * sizeof(header->shape[0])) == 0);
    FUZZ_CHECK(!again.is_fortran && !again.is_time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_input input = {data, bytes};
    const uint16_t zeros = fuzz_u16(&input);
    npy_header header;
    lanes_error err = {.message = ""};
    const lanes_status status = read_file(input.at, input.bytes, zeros, &header, &err);
    if (status < 0) {
        FUZZ_CHECK(status == LANES_E_FORMAT && err.code == status);
        FUZZ_CHECK(err.message[0] != '\0');
        return 0;
    }
    uint64_t product = 1;
    for (uint32_t d = 0; d < header.dimensions; d++) {
        product *= header.shape[d];
    }
    const uint64_t size = lanes_dtype_bytes(header.dtype);
    const fuzz_u128 end = (fuzz_u128)header.data_offset + (fuzz_u128)header.count * size;
    FUZZ_CHECK(status == LANES_OK && size != 0 && product == header.count);
    FUZZ_CHECK(header.dimensions <= LANES_DIMENSIONS_MAX);
    FUZZ_CHECK(end <= input.bytes + zeros);
    check_strides(&header);
    check_same(&header);
    return 0;
}
