/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_build.c - which builds of which programs and libraries this process consists of.
 */
#include "base/base.h"

#include <elf.h>
#include <link.h>
#include <string.h>

struct walk {
    lanes_build_id_fn each;
    void *ctx;
};

/* Reports the build id among the notes at @p at, if there is one. */
static bool read_notes(const struct walk *walk, const char *at, size_t bytes,
                       size_t alignment)
{
    while (bytes >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof(note));
        uint64_t name_bytes = 0;
        uint64_t id_bytes = 0;
        if (!lanes_align_up_u64(note.n_namesz, alignment, &name_bytes) ||
            !lanes_align_up_u64(note.n_descsz, alignment, &id_bytes) ||
            name_bytes + id_bytes > bytes - sizeof(note)) {
            return false;
        }
        const char *name = at + sizeof(note);
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
            memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0) {
            walk->each(walk->ctx, name + name_bytes, note.n_descsz);
            return true;
        }
        at = name + name_bytes + id_bytes;
        bytes -= sizeof(note) + name_bytes + id_bytes;
    }
    return false;
}

static int read_object(struct dl_phdr_info *object, size_t bytes, void *ctx)
{
    (void)bytes;
    const struct walk *walk = ctx;
    /* The kernel's, which changes with the kernel and has nothing to do with us. */
    if (strncmp(object->dlpi_name, "linux-vdso", strlen("linux-vdso")) == 0) {
        return 0;
    }
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const uintptr_t address = object->dlpi_addr + segment->p_vaddr;
        const char *notes;
        memcpy(&notes, &address, sizeof(notes));
        if (segment->p_type == PT_NOTE &&
            read_notes(walk, notes, segment->p_memsz, segment->p_align == 8 ? 8 : 4)) {
            return 0;
        }
    }
    walk->each(walk->ctx, object->dlpi_name, strlen(object->dlpi_name));
    return 0;
}

void lanes_build_ids(lanes_build_id_fn each, void *ctx)
{
    struct walk walk = {.each = each, .ctx = ctx};
    dl_iterate_phdr(read_object, &walk);
}
