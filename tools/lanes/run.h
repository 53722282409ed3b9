/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - how `lanes run` tells what became of a batch.
 */
#ifndef LANES_CLI_RUN_H
#define LANES_CLI_RUN_H

#include "cli.h"
#include "value.h"

#define RUN_COMMAND "run"

/** One element of an output file. */
typedef struct run_value {
    uint32_t dtype; /* enum lanes_dtype */
    unsigned char element[VALUE_BYTES_MAX];
} run_value;

/** What a run has to tell, filled as far as it got. */
typedef struct run_result {
    lanes_completion done;
    uint64_t compile_ns;  /* of the kernel and its variant */
    uint64_t array_bytes; /* of all files that it reads and writes, each once */
    uint32_t casting;     /* enum lanes_casting */
    const char *where;    /* NULL: all elements */
    uint32_t reduce;      /* enum lanes_reduce */
    uint32_t value_count; /* results of a reduction if each is one number, else 0 */
    run_value value[LANES_OPERANDS_MAX];
    cli_error err; /* also, with exit code CLI_OK, of elements that may fail */
} run_result;

/**
 * Fill result->err, leaving its exit code, with the exception of the first element that
 * failed, out of the completion's sentence.
 */
void run_describe_failure(run_result *result);

/** Say on stderr what happened: errors, and unless @p is_json a summary. */
void run_print_text(const run_result *result, bool is_json);

/** Print results that are one number, a line for each. @return CLI_OK or CLI_INTERNAL */
int run_print_values(const run_result *result);

/** Print the JSON document. @return CLI_OK or CLI_INTERNAL */
int run_print_json(const run_result *result);

#endif /* LANES_CLI_RUN_H */
