/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_tiles.h - who runs which tile: one contiguous share per thread, and stealing.
 *
 * A share is the pair (begin, end) of tile numbers nobody has taken yet, packed into one
 * word. Its owner takes from the front, thieves take from the far end, both by
 * compare-exchange of the whole pair. So the owner walks its memory forwards and meets
 * the thieves only when little is left.
 *
 * Why every tile is taken exactly once: within one job a pair only ever shrinks (begin
 * grows or end falls, never back), so no value of the word comes twice and a
 * compare-exchange succeeds only if nobody changed the pair since it was read. Each
 * success removes exactly one tile, at one edge, and hands it to the one thread that
 * succeeded. A pair is empty iff begin == end, and stays so until the next division;
 * lanes_team_shares_divide() is called only while no thread is in the job (team_crew.h).
 */
#ifndef LANES_TEAM_TILES_H
#define LANES_TEAM_TILES_H

#include "base/base.h"

/** Most tiles of a job; longer jobs get larger tiles. */
#define LANES_TEAM_TILES_MAX (1u << 31)

/** One thread's tiles of the current job. A cache line, so that owners do not collide. */
typedef struct lanes_team_share {
    _Alignas(LANES_CACHE_LINE) uint64_t remaining; /* begin | end << 32; all threads */
    uint64_t tiles; /* tiles its owner ran in this job; the owner, then the leader */
} lanes_team_share;

_Static_assert(sizeof(lanes_team_share) == LANES_CACHE_LINE, "one line a share");

/** Cut tiles [0, tile_count) into @p share_count contiguous shares that differ by at
 * most 1. */
void lanes_team_shares_divide(lanes_team_share *shares, uint32_t share_count,
                              uint32_t tile_count);

/** Threads [begin, end), whose memory is the same. */
typedef struct lanes_team_group {
    uint32_t begin;
    uint32_t end;
} lanes_team_group;

/**
 * Take a tile for thread @p own, which is of @p group: the front of its share, else the
 * far end of the next share of its group that has one, else of the next of all. False
 * when every share is empty.
 *
 * @param group  may reach beyond @p share_count
 */
bool lanes_team_shares_take(lanes_team_share *shares, uint32_t share_count,
                            lanes_team_group group, uint32_t own, uint32_t *out_tile);

#endif /* LANES_TEAM_TILES_H */
