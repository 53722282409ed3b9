/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena_tree.c - extents by size, then address: a splay tree (Sleator and Tarjan 1985).
 *
 * What was used last is at the root, so a program that allocates and frees one size finds
 * its extent at once; and no tree needs more than two pointers in each extent.
 */
#include "arena/arena_internal.h"

typedef struct key {
    uint64_t pages;
    uintptr_t address;
} key;

static key key_of(const lanes_arena_extent *extent)
{
    /* Addresses of chunks differ by more than their pages are many. */
    return (key){.pages = extent->pages,
                 .address = (uintptr_t)extent->chunk->facts.data + extent->page};
}

static bool is_less(key a, key b)
{
    return a.pages < b.pages || (a.pages == b.pages && a.address < b.address);
}

/**
 * Bring the extent with @p wanted to the root, or else one of the two that it would be
 * between. Top-down: what is passed becomes two trees, which are put below the new root.
 */
static lanes_arena_extent *splay(lanes_arena_extent *root, key wanted)
{
    lanes_arena_extent *less = NULL;
    lanes_arena_extent *more = NULL;
    lanes_arena_extent **less_end = &less;
    lanes_arena_extent **more_end = &more;
    for (;;) {
        if (is_less(wanted, key_of(root))) {
            lanes_arena_extent *child = root->left;
            if (child != NULL && is_less(wanted, key_of(child))) {
                root->left = child->right;
                child->right = root;
                root = child;
                child = root->left;
            }
            if (child == NULL) {
                break;
            }
            *more_end = root;
            more_end = &root->left;
            root = child;
        } else if (is_less(key_of(root), wanted)) {
            lanes_arena_extent *child = root->right;
            if (child != NULL && is_less(key_of(child), wanted)) {
                root->right = child->left;
                child->left = root;
                root = child;
                child = root->right;
            }
            if (child == NULL) {
                break;
            }
            *less_end = root;
            less_end = &root->right;
            root = child;
        } else {
            break;
        }
    }
    *less_end = root->left;
    *more_end = root->right;
    root->left = less;
    root->right = more;
    return root;
}

void lanes_arena_tree_insert(lanes_arena_extent **root, lanes_arena_extent *extent)
{
    extent->left = NULL;
    extent->right = NULL;
    if (*root != NULL) {
        lanes_arena_extent *near = splay(*root, key_of(extent));
        if (is_less(key_of(near), key_of(extent))) {
            extent->left = near;
            extent->right = near->right;
            near->right = NULL;
        } else {
            extent->right = near;
            extent->left = near->left;
            near->left = NULL;
        }
    }
    *root = extent;
}

void lanes_arena_tree_remove(lanes_arena_extent **root, lanes_arena_extent *extent)
{
    lanes_arena_extent *found = splay(*root, key_of(extent));
    LANES_ASSERT(found == extent);
    if (extent->left == NULL) {
        *root = extent->right;
        return;
    }
    /* All on the left are less, so the largest of them has nothing on its right. */
    *root = splay(extent->left, key_of(extent));
    (*root)->right = extent->right;
}

/** The first extent whose key is not less than @p wanted. */
static lanes_arena_extent *first_from(lanes_arena_extent **root, key wanted)
{
    if (*root == NULL) {
        return NULL;
    }
    *root = splay(*root, wanted);
    if (!is_less(key_of(*root), wanted)) {
        return *root;
    }
    if ((*root)->right == NULL) {
        return NULL;
    }
    (*root)->right = splay((*root)->right, wanted); /* its least: all there are more */
    return (*root)->right;
}

lanes_arena_extent *lanes_arena_tree_fit(lanes_arena_extent **root, uint64_t pages)
{
    return first_from(root, (key){.pages = pages, .address = 0});
}

lanes_arena_extent *lanes_arena_tree_next(lanes_arena_extent **root,
                                          const lanes_arena_extent *extent)
{
    key behind = key_of(extent);
    behind.address++;
    return first_from(root, behind);
}
