/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_kernel_signature.c - any text as a signature: read, written and read again it is
 * the same one; or refused with a text.
 */
#include "fuzz.h"
#include "kernel/signature.h"

static void check_sane(const lanes_signature *signature)
{
    const uint32_t count = lanes_signature_operand_count(signature);
    FUZZ_CHECK(signature->input_count >= 1 && signature->output_count >= 1);
    FUZZ_CHECK(signature->input_count <= LANES_OPERANDS_MAX);
    FUZZ_CHECK(count <= LANES_OPERANDS_MAX);
    FUZZ_CHECK(signature->row_mask >> signature->input_count == 0);
    for (uint32_t i = 0; i < count; i++) {
        FUZZ_CHECK(lanes_dtype_bytes(signature->dtype[i]) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const fuzz_input input = {data, bytes};
    lanes_signature signature;
    lanes_error err = {.message = ""};
    char *text = fuzz_rest(&input, 1);
    const lanes_status status = lanes_signature_parse(text, &signature, &err);
    free(text);
    if (status < 0) {
        FUZZ_CHECK(status == LANES_E_IR_SIGNATURE && err.code == status);
        FUZZ_CHECK(err.message[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(status == LANES_OK);
    check_sane(&signature);
    lanes_signature again;
    char *written = malloc(LANES_SIGNATURE_TEXT_MAX);
    FUZZ_CHECK(written != NULL);
    lanes_signature_format(&signature, written);
    FUZZ_CHECK(lanes_signature_parse(written, &again, NULL) == LANES_OK);
    FUZZ_CHECK(lanes_signature_equal(&signature, &again));
    free(written);
    return 0;
}
