/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of addresses has the rows of LANES_RUNTIME_TABLE, each once, with the
 * function of that name. tests/unit/loader calls them from compiled code.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/symbols.h"
#include "runtime/runtime_internal.h"

#define NAME(name) #name,
static const char *const names[] = {LANES_RUNTIME_TABLE(NAME)};

/* 0 if there is no such row. */
static uintptr_t find(const char *name)
{
    size_t count;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(symbols[i].name, name) == 0) {
            return (uintptr_t)symbols[i].address;
        }
    }
    return 0;
}

Test(runtime_symbols, each_name_has_one_address)
{
    size_t count;
    const lanes_runtime_symbol *symbols = lanes_runtime_symbols(&count);
    cr_assert_eq(count, LANES_ARRAY_COUNT(names));
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(symbols[i].name, names[i]);
        cr_expect_neq(find(names[i]), 0, "%s", names[i]);
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(find(names[i]), find(names[k]), "%s and %s", names[i],
                          names[k]);
        }
    }
}

Test(runtime_symbols, addresses_are_those_of_the_functions)
{
    cr_expect_eq(find("NRT_Allocate"), (uintptr_t)NRT_Allocate);
    cr_expect_eq(find("NRT_MemInfo_release"), (uintptr_t)NRT_MemInfo_release);
    cr_expect_eq(find("lanes_runtime_begin"), (uintptr_t)lanes_runtime_begin);
    cr_expect_eq(find("npy_spacingf"), (uintptr_t)npy_spacingf);
    cr_expect_eq(find("numba_xxgemm"), (uintptr_t)numba_xxgemm);
    cr_expect_eq(find("system"), 0);
}
