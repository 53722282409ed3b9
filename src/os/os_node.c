/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_node.c - NUMA nodes of memory, by the kernel's own calls: liblanes.so has neither
 * hwloc nor libnuma.
 */
#include "os/os_memory.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As many as kernels are built for, at most. */
#define NODES_MAX 1024u
#define WORD_BITS (8 * sizeof(unsigned long))

typedef struct node_set {
    unsigned long word[NODES_MAX / WORD_BITS];
} node_set;

/** Nodes that this thread may use; none where the kernel knows no nodes. */
static uint32_t allowed_nodes(node_set *out_set)
{
    uint32_t count = 0;
    *out_set = (node_set){.word = {0}};
    if (syscall(SYS_get_mempolicy, NULL, out_set->word, (unsigned long)NODES_MAX, NULL,
                (unsigned long)MPOL_F_MEMS_ALLOWED) != 0) {
        return 0;
    }
    for (uint32_t i = 0; i < LANES_ARRAY_COUNT(out_set->word); i++) {
        count += (uint32_t)__builtin_popcountl(out_set->word[i]);
    }
    return count;
}

uint32_t lanes_os_node_count(void)
{
    node_set set;
    const uint32_t count = allowed_nodes(&set);
    return count == 0 ? 1 : count;
}

void lanes_os_interleave(void *data, uint64_t bytes)
{
    node_set set;
    if (allowed_nodes(&set) == 0) {
        return;
    }
    /* The kernel takes one bit less than it is told of. */
    LANES_IGNORE(syscall(SYS_mbind, data, (unsigned long)bytes,
                         (unsigned long)MPOL_INTERLEAVE, set.word,
                         (unsigned long)NODES_MAX + 1, 0ul) != 0,
                 "pages come from anywhere then");
}
