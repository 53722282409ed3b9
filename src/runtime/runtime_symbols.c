/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_symbols.c - addresses of what compiled code may call here: LANES_RUNTIME_TABLE.
 */
#include "kernel/symbols.h"
#include "runtime/runtime_internal.h"

#define ROW(name) {#name, (void (*)(void))name},
static const lanes_runtime_symbol symbols[] = {LANES_RUNTIME_TABLE(ROW)};

const lanes_runtime_symbol *lanes_runtime_symbols(size_t *out_count)
{
    *out_count = LANES_ARRAY_COUNT(symbols);
    return symbols;
}
