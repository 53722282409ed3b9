/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_object.c - what the finished object needs from outside.
 *
 * Admission looks at the calls in the IR. LLVM adds calls of its own for what the CPU has
 * no instruction for: fmodl() for a remainder of long doubles, __addtf3 for a sum of
 * fp128. Where the loader has no such function, the user learns it here, by name.
 */
#include "codegen/codegen_internal.h"

#include <elf.h>
#include <string.h>

/* The object is LLVM's own work, so its tables are taken at their word. */
static const Elf64_Shdr *find_symbols(const Elf64_Ehdr *object)
{
    const Elf64_Shdr *section =
        (const Elf64_Shdr *)(const void *)((const char *)object + object->e_shoff);
    for (uint32_t i = 0; i < object->e_shnum; i++) {
        if (section[i].sh_type == SHT_SYMTAB) {
            return &section[i];
        }
    }
    return NULL;
}

static bool is_served(const char *name)
{
    lanes_codegen_math math;
    return *name == '\0' || strncmp(name, "_ZGV", 4) == 0 ||
           strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0 ||
           lanes_codegen_find_external(name, &math);
}

/* The widths of libgcc's and libm's names: long double, fp128, half, bfloat. */
static const char *explain(const char *name)
{
    static const struct {
        const char *part;
        const char *text;
    } rows[] = {
        {"tf", "it computes with 128-bit floats; use f8 (double)"},
        {"xf", "it computes with long double (80 bits); use f8 (double)"},
        {"hf", "it computes with half precision, which this CPU has no instruction for; "
               "use f4 (float)"},
        {"bf", "it computes with bfloat, which this CPU has no instruction for; use f4 "
               "(float)"},
        {"ti", "it computes with 128-bit integers; use int64"},
    };
    const size_t length = strlen(name);
    for (size_t i = 0; strncmp(name, "__", 2) == 0 && i < LANES_ARRAY_COUNT(rows); i++) {
        if (strstr(name, rows[i].part) != NULL) {
            return rows[i].text;
        }
    }
    return length > 1 && name[length - 1] == 'l'
               ? "it computes with long double; use f8 (double)"
               : lanes_codegen_explain_external(name);
}

lanes_status lanes_codegen_check_object(lanes_codegen *cg)
{
    const char *start = LLVMGetBufferStart(cg->object);
    const Elf64_Ehdr *object = (const Elf64_Ehdr *)(const void *)start;
    const Elf64_Shdr *symbols = find_symbols(object);
    if (symbols == NULL) {
        return LANES_OK;
    }
    const Elf64_Shdr *sections =
        (const Elf64_Shdr *)(const void *)(start + object->e_shoff);
    const char *names = start + sections[symbols->sh_link].sh_offset;
    const Elf64_Sym *symbol =
        (const Elf64_Sym *)(const void *)(start + symbols->sh_offset);
    for (uint64_t i = 0; i < symbols->sh_size / sizeof(*symbol); i++) {
        const char *name = names + symbol[i].st_name;
        if (symbol[i].st_shndx == SHN_UNDEF && !is_served(name)) {
            return lanes_error_set(&cg->error, LANES_E_IR_SYMBOL,
                                   "the callback needs '%.160s', a function that lanes "
                                   "does not provide: %s",
                                   name, explain(name));
        }
    }
    return LANES_OK;
}
