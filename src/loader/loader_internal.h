/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_internal.h - the closed symbol table.
 */
#ifndef LANES_LOADER_INTERNAL_H
#define LANES_LOADER_INTERNAL_H

#include <stddef.h>

typedef struct lanes_loader_symbol {
    const char *name;
    void (*address)(void); /* of whatever type it really is */
} lanes_loader_symbol;

/** Every symbol that loaded code may refer to; static memory. */
const lanes_loader_symbol *lanes_loader_symbols(size_t *out_count);

#endif /* LANES_LOADER_INTERNAL_H */
