/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_team_tiles.c - the hand-out of tiles, on one thread; stress_team shares it on
 * many.
 */
#include <criterion/criterion.h>

#include "team/team_crew.h"
#include "team/team_tiles.h"

static const lanes_team_group all = {.begin = 0, .end = LANES_PLACES_MAX};

Test(team_tiles, division_covers_everything_evenly)
{
    for (uint32_t share_count = 1; share_count <= 7; share_count++) {
        for (uint32_t tiles = 0; tiles <= 40; tiles++) {
            lanes_team_share shares[7];
            lanes_team_shares_divide(shares, share_count, tiles);
            uint32_t next = 0;
            for (uint32_t i = 0; i < share_count; i++) {
                const uint32_t begin = (uint32_t)shares[i].remaining;
                const uint32_t end = (uint32_t)(shares[i].remaining >> 32);
                cr_assert_eq(begin, next);
                cr_assert_geq(end - begin, tiles / share_count);
                cr_assert_leq(end - begin, tiles / share_count + 1);
                next = end;
            }
            cr_assert_eq(next, tiles);
        }
    }
}

Test(team_tiles, owner_walks_forwards_then_steals_far_ends)
{
    lanes_team_share shares[3];
    lanes_team_shares_divide(shares, 3, 6); /* [0,2) [2,4) [4,6) */
    const uint32_t expected[] = {2, 3, 5, 4, 1, 0};
    uint32_t tile;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(expected); i++) {
        cr_assert(lanes_team_shares_take(shares, 3, all, 1, &tile));
        cr_assert_eq(tile, expected[i], "tile %zu is %u", i, tile);
    }
    cr_assert_not(lanes_team_shares_take(shares, 3, all, 1, &tile));
}

Test(team_tiles, a_thief_leaves_the_front_to_the_owner)
{
    lanes_team_share shares[2];
    lanes_team_shares_divide(shares, 2, 8);
    uint32_t tile;
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert(lanes_team_shares_take(shares, 2, all, 1, &tile));
    }
    cr_assert(lanes_team_shares_take(shares, 2, all, 1, &tile));
    cr_assert_eq(tile, 3);
    cr_assert(lanes_team_shares_take(shares, 2, all, 0, &tile));
    cr_assert_eq(tile, 0);
}

Test(team_tiles, the_largest_job_fits)
{
    lanes_team_share shares[2];
    lanes_team_shares_divide(shares, 2, LANES_TEAM_TILES_MAX);
    uint32_t tile;
    cr_assert(lanes_team_shares_take(shares, 2, all, 1, &tile));
    cr_assert_eq(tile, LANES_TEAM_TILES_MAX / 2);
    cr_assert_eq((uint32_t)(shares[1].remaining >> 32), LANES_TEAM_TILES_MAX);
}

Test(team_tiles, thieves_go_to_their_own_group_first)
{
    static const struct {
        lanes_team_group group;
        uint32_t own;
        uint32_t share_count;
        uint32_t expected[6]; /* shares are of one tile, whose number is theirs */
    } rows[] = {
        {{0, 3}, 1, 6, {1, 2, 0, 3, 4, 5}},
        {{3, 6}, 5, 6, {5, 3, 4, 0, 1, 2}},
        {{3, 6}, 3, 6, {3, 4, 5, 0, 1, 2}},
        {{3, 6}, 3, 5, {3, 4, 0, 1, 2}}, /* a limit of threads cuts the group */
        {{2, 3}, 2, 4, {2, 3, 0, 1}},
        {{0, 4}, 2, 4, {2, 3, 0, 1}},
    };
    for (size_t row = 0; row < LANES_ARRAY_COUNT(rows); row++) {
        lanes_team_share shares[6];
        const uint32_t count = rows[row].share_count;
        lanes_team_shares_divide(shares, count, count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t tile;
            cr_assert(lanes_team_shares_take(shares, count, rows[row].group,
                                             rows[row].own, &tile));
            cr_assert_eq(tile, rows[row].expected[i], "row %zu: take %u is %u", row, i,
                         tile);
        }
        uint32_t none;
        cr_assert_not(
            lanes_team_shares_take(shares, count, rows[row].group, rows[row].own, &none));
    }
}
