# SPDX-License-Identifier: Apache-2.0
#
# Run DUMP, write its output to FRESH and fail unless it equals GOLDEN.
execute_process(COMMAND "${DUMP}" OUTPUT_FILE "${FRESH}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND diff -u "${GOLDEN}" "${FRESH}" RESULT_VARIABLE differs)
if(differs)
    message(FATAL_ERROR "the layout of abi.h has changed. If that is meant, raise "
        "LANES_ABI_VERSION and copy ${FRESH} over ${GOLDEN}")
endif()
