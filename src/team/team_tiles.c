/* SPDX-License-Identifier: Apache-2.0 */
/*
 * team_tiles.c - dividing, taking and stealing tiles; the argument is in team_tiles.h.
 */
#include "team/team_tiles.h"

#include "base/atomic.h"

static uint64_t pack(uint32_t begin, uint32_t end)
{
    return begin | (uint64_t)end << 32;
}

static uint32_t begin_of(uint64_t pair)
{
    return (uint32_t)pair;
}

static uint32_t end_of(uint64_t pair)
{
    return (uint32_t)(pair >> 32);
}

void lanes_team_shares_divide(lanes_team_share *shares, uint32_t share_count,
                              uint32_t tile_count)
{
    LANES_ASSERT(tile_count <= LANES_TEAM_TILES_MAX);
    uint32_t begin = 0;
    for (uint32_t i = 0; i < share_count; i++) {
        const uint32_t end = (uint32_t)((uint64_t)tile_count * (i + 1) / share_count);
        /* Relaxed: published by the release store that opens the job. */
        lanes_store_relaxed_u64(&shares[i].remaining, pack(begin, end));
        shares[i].tiles = 0;
        begin = end;
    }
}

static bool take_front(lanes_team_share *share, uint32_t *out_tile)
{
    uint64_t pair = lanes_load_relaxed_u64(&share->remaining);
    while (begin_of(pair) != end_of(pair)) {
        const uint64_t rest = pack(begin_of(pair) + 1, end_of(pair));
        if (lanes_compare_exchange_acq_rel_u64(&share->remaining, &pair, rest)) {
            *out_tile = begin_of(pair);
            return true;
        }
    }
    return false;
}

static bool take_back(lanes_team_share *share, uint32_t *out_tile)
{
    uint64_t pair = lanes_load_relaxed_u64(&share->remaining);
    while (begin_of(pair) != end_of(pair)) {
        const uint64_t rest = pack(begin_of(pair), end_of(pair) - 1);
        if (lanes_compare_exchange_acq_rel_u64(&share->remaining, &pair, rest)) {
            *out_tile = end_of(pair) - 1;
            return true;
        }
    }
    return false;
}

/* The far end of the next share behind @p own, round and round, of [begin, end). */
static bool steal(lanes_team_share *shares, uint32_t begin, uint32_t end, uint32_t own,
                  uint32_t *out_tile)
{
    const uint32_t count = end - begin;
    for (uint32_t i = 1; i < count; i++) {
        const uint32_t victim = own + i < end ? own + i : own + i - count;
        if (take_back(&shares[victim], out_tile)) {
            return true;
        }
    }
    return false;
}

bool lanes_team_shares_take(lanes_team_share *shares, uint32_t share_count,
                            lanes_team_group group, uint32_t own, uint32_t *out_tile)
{
    if (take_front(&shares[own], out_tile)) {
        return true;
    }
    /* Neighbours first: they share caches more often than not. */
    const uint32_t group_end = group.end < share_count ? group.end : share_count;
    if (steal(shares, group.begin, group_end, own, out_tile)) {
        return true;
    }
    return group_end - group.begin < share_count &&
           steal(shares, 0, share_count, own, out_tile);
}
