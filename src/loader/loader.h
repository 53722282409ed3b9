/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h - object file in, callable loop out, and memory back on unload; ORC only here.
 *
 * Symbols come from two closed tables (loader_symbols.c: libm, libmvec; runtime: Numba's
 * helpers), never from the whole process. Every loaded object has its own resource
 * tracker, so unloading frees its code. One loader belongs to one thread; the code it
 * loads runs on any.
 */
#ifndef LANES_LOADER_H
#define LANES_LOADER_H

#include "base/base.h"
#include "kernel/loop.h"

typedef struct lanes_loader lanes_loader;
typedef struct lanes_loaded lanes_loaded;

LANES_NODISCARD lanes_status lanes_loader_create(lanes_loader **out_loader,
                                                 lanes_error *err);

/** Every loaded object must have been unloaded. NULL is allowed. */
void lanes_loader_destroy(lanes_loader *loader);

/**
 * Link @p object (borrowed for the call) and look up @p symbol in it. Every loaded object
 * needs a symbol of its own (lanes-compiler derives it from the request's id).
 *
 * @return LANES_OK, or LANES_E_LINK with LLVM's text
 */
LANES_NODISCARD lanes_status lanes_loader_load(lanes_loader *loader, const void *object,
                                               size_t object_bytes, const char *symbol,
                                               lanes_loaded **out_loaded,
                                               lanes_error *err);

/** The function; valid until unloaded. */
lanes_loop_fn lanes_loaded_function(const lanes_loaded *loaded);

/**
 * Address of another symbol that the same object defines; valid as long. NULL if there is
 * none: what the symbol tables provide is not the object's.
 */
void *lanes_loader_find(lanes_loader *loader, lanes_loaded *loaded, const char *symbol);

/** Memory that the code takes while it is loaded, in whole pages. */
uint64_t lanes_loaded_bytes(const lanes_loaded *loaded);

/** Free the code. No thread may be inside it. NULL is allowed. */
void lanes_loader_unload(lanes_loader *loader, lanes_loaded *loaded);

#endif /* LANES_LOADER_H */
