/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_internal.h - the closed symbol table; what an object takes.
 */
#ifndef LANES_LOADER_INTERNAL_H
#define LANES_LOADER_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

typedef struct lanes_loader_symbol {
    const char *name;
    void (*address)(void); /* of whatever type it really is */
} lanes_loader_symbol;

/** Every symbol that loaded code may refer to; static memory. */
const lanes_loader_symbol *lanes_loader_symbols(size_t *out_count);

/**
 * Bytes of memory that JITLink puts the sections of an ELF object into. An object that is
 * malformed, which it will not link, gives any number.
 */
uint64_t lanes_loader_object_memory(const void *object, size_t object_bytes);

#endif /* LANES_LOADER_INTERNAL_H */
