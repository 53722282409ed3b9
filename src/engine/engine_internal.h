/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_internal.h - the parts of explaining a failure.
 */
#ifndef LANES_ENGINE_INTERNAL_H
#define LANES_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "kernel/repr.h"

/* engine_raised.c */

/**
 * Find out which exception the callback that has just run on this thread left at
 * @p excinfo, and fill @p out_raised.
 *
 * @return the exception's texts; NULL, and nothing written, if it is none of the
 *   kernel's, or if what it points to is not as the kernel's tables say
 */
const lanes_payload *lanes_engine_read_raised(const lanes_engine_exceptions *exceptions,
                                              const void *excinfo,
                                              lanes_abi_raised *out_raised);

/* engine_text.c */

/** Write "ValueError('negative', -2.0) in f (file.py:12)". */
void lanes_engine_write_raised(lanes_repr *repr, const lanes_payload *payload,
                               const lanes_abi_raised *raised);

#endif /* LANES_ENGINE_INTERNAL_H */
