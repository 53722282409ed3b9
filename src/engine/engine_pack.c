/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_pack.c - see engine_pack.h.
 *
 * Elements are taken by boxes of the two innermost dimensions, so that an array of three
 * columns costs two loops, not a call for each row (engine_copy.c).
 */
#include "engine/engine_pack.h"

#include "engine/engine_copy.h"

/* Where a walk through an operand is. */
struct walk {
    const lanes_engine_space *space;
    const int64_t *stride;
    char *at;
    lanes_engine_place place;
};

static void begin_walk(struct walk *walk, const lanes_engine_source *source,
                       const lanes_engine_place *begin)
{
    walk->space = source->space;
    walk->stride = source->space->stride[source->operand];
    walk->at =
        source->first + lanes_engine_space_offset(source->space, source->operand, begin);
    for (uint32_t d = 0; d < source->space->dimensions; d++) {
        walk->place.index[d] = begin->index[d];
    }
}

/* Goes @p steps further in dimension @p d, and back to 0 in those further in. */
static void advance(struct walk *walk, uint32_t d, uint64_t steps)
{
    walk->place.index[d] += steps;
    walk->at += (int64_t)steps * walk->stride[d];
    while (d > 0 && walk->place.index[d] == walk->space->shape[d]) {
        walk->at -= (int64_t)walk->place.index[d] * walk->stride[d];
        walk->place.index[d] = 0;
        d--;
        walk->place.index[d]++;
        walk->at += walk->stride[d];
    }
}

/* The next box of at most @p count elements, which is at least 1; returns how many. */
static uint64_t next_box(struct walk *walk, uint64_t count, lanes_engine_box *box)
{
    LANES_ASSERT(walk->space->dimensions > 0);
    const uint32_t inner = walk->space->dimensions - 1;
    const uint64_t length = walk->space->shape[inner];
    box->at = walk->at;
    box->column_stride = walk->stride[inner];
    if (inner > 0 && walk->place.index[inner] == 0 && count >= length) {
        const uint64_t left =
            walk->space->shape[inner - 1] - walk->place.index[inner - 1];
        box->rows = count >= left * length ? left : count / length; /* seldom divides */
        box->columns = length;
        box->row_stride = walk->stride[inner - 1];
        advance(walk, inner - 1, box->rows);
    } else {
        box->rows = 1;
        box->columns = lanes_min_u64(length - walk->place.index[inner], count);
        box->row_stride = 0;
        advance(walk, inner, box->columns);
    }
    return box->rows * box->columns;
}

void lanes_engine_pack(const lanes_engine_source *source, const lanes_engine_place *begin,
                       uint64_t count, void *run)
{
    struct walk walk;
    lanes_engine_box box;
    const lanes_engine_copy_fn gather =
        lanes_engine_gather(lanes_engine_copy_level(), source->element_bytes);
    char *at = run;
    begin_walk(&walk, source, begin);
    while (count > 0) {
        const uint64_t taken = next_box(&walk, count, &box);
        gather(&box, at);
        at += taken * source->element_bytes;
        count -= taken;
    }
}

void lanes_engine_unpack(const lanes_engine_source *source,
                         const lanes_engine_place *begin, uint64_t count, const void *run)
{
    struct walk walk;
    lanes_engine_box box;
    const lanes_engine_copy_fn scatter =
        lanes_engine_scatter(lanes_engine_copy_level(), source->element_bytes);
    char *at = (char *)(uintptr_t)run; /* which is only read */
    begin_walk(&walk, source, begin);
    while (count > 0) {
        const uint64_t taken = next_box(&walk, count, &box);
        scatter(&box, at);
        at += taken * source->element_bytes;
        count -= taken;
    }
}

static lanes_engine_box box_of(const lanes_engine_source *source,
                               const lanes_engine_place *begin, uint64_t rows,
                               uint64_t columns)
{
    const lanes_engine_space *space = source->space;
    const uint32_t inner = space->dimensions - 1;
    LANES_ASSERT(inner > 0 && begin->index[inner - 1] + rows <= space->shape[inner - 1] &&
                 begin->index[inner] + columns <= space->shape[inner]);
    return (lanes_engine_box){
        .at = source->first + lanes_engine_space_offset(space, source->operand, begin),
        .rows = rows,
        .columns = columns,
        .row_stride = space->stride[source->operand][inner - 1],
        .column_stride = space->stride[source->operand][inner],
    };
}

void lanes_engine_pack_rows(const lanes_engine_source *source,
                            const lanes_engine_place *begin, uint64_t rows,
                            uint64_t columns, void *run)
{
    const lanes_engine_box box = box_of(source, begin, rows, columns);
    lanes_engine_gather(lanes_engine_copy_level(), source->element_bytes)(&box, run);
}

void lanes_engine_unpack_rows(const lanes_engine_source *source,
                              const lanes_engine_place *begin, uint64_t rows,
                              uint64_t columns, const void *run)
{
    const lanes_engine_box box = box_of(source, begin, rows, columns);
    lanes_engine_scatter(lanes_engine_copy_level(), source->element_bytes)(
        &box, (void *)(uintptr_t)run); /* which is only read */
}
