/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - from what the user calls a kernel to LLVM IR.
 */
#ifndef LANES_CLI_SOURCE_H
#define LANES_CLI_SOURCE_H

#include "cli.h"

/** IR text or bitcode; NUL-terminated behind the last byte. */
typedef struct source {
    char *text; /* owned; ended by source_release() */
    size_t bytes;
    char *signature; /* owned; as Numba has it; NULL: the user's, or found from the IR */
} source;

/** CLI_OK if @p kernel is of a known form and names a file that can be read. */
int source_check(const char *kernel, cli_error *err);

/**
 * Read or make the IR of @p kernel: file.ll and file.bc are read, file.c is compiled by
 * clang, file.py:function is exported by Numba. The compilers' messages go to stderr.
 *
 * @param signature  the user's, for a plain Python function; may be NULL
 */
int source_load(const char *kernel, const char *signature, source *out_source,
                cli_error *err);

void source_release(source *ir);

#endif /* LANES_CLI_SOURCE_H */
