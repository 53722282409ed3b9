/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_size.c - how much memory an object takes once it is loaded.
 *
 * JITLink does not tell. It puts sections together by what may be done with them (read,
 * write, execute), rounds each such segment up to pages, and adds a table of addresses to
 * the read-only one and stubs to the executable one.
 */
#include <elf.h>
#include <string.h>

#include "base/base.h"
#include "loader/loader_internal.h"

#define PAGE_BYTES UINT64_C(4096)

/* Bytes of address and stub for a symbol of the tables; most objects have a few. */
#define EXTERNALS_BYTES 256u

enum segment { SEGMENT_READ, SEGMENT_WRITE, SEGMENT_EXECUTE, SEGMENT_COUNT };

static enum segment segment_of(uint64_t flags)
{
    return (flags & SHF_EXECINSTR) != 0 ? SEGMENT_EXECUTE
           : (flags & SHF_WRITE) != 0   ? SEGMENT_WRITE
                                        : SEGMENT_READ;
}

uint64_t lanes_loader_object_memory(const void *object, size_t object_bytes)
{
    Elf64_Ehdr head;
    uint64_t bytes[SEGMENT_COUNT] = {EXTERNALS_BYTES, 0, EXTERNALS_BYTES};
    if (object_bytes < sizeof(head)) {
        return object_bytes;
    }
    memcpy(&head, object, sizeof(head));
    for (uint32_t i = 0; i < head.e_shnum; i++) {
        Elf64_Shdr section;
        uint64_t end = 0;
        const uint64_t offset = (uint64_t)i * sizeof(section);
        if (!lanes_add_u64(head.e_shoff, offset + sizeof(section), &end) ||
            end > object_bytes) {
            break;
        }
        memcpy(&section, (const char *)object + head.e_shoff + offset, sizeof(section));
        if ((section.sh_flags & SHF_ALLOC) != 0) {
            bytes[segment_of(section.sh_flags)] += section.sh_size;
        }
    }
    uint64_t total = 0;
    for (unsigned s = 0; s < SEGMENT_COUNT; s++) {
        total += (bytes[s] + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    }
    return total;
}
