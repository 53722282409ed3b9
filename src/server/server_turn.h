/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_turn.h - whose batches run next: priorities, and fairness between sessions.
 *
 * Each session has a turn for each priority. A turn waits while its session has batches
 * of that priority that are ready to run. The next turn is one of the highest priority
 * that waits, and of these the one whose session has used the team for the shortest time,
 * as measured. Who comes back from having had nothing begins just before the others: time
 * that was not used is not saved.
 *
 * Numbers only: this knows neither batches nor clocks. One thread, dispatch.
 */
#ifndef LANES_SERVER_TURN_H
#define LANES_SERVER_TURN_H

#include <lanes/types.h>

#include "base/base.h"

/** Numbers of enum lanes_priority. */
#define LANES_PRIORITIES 3u

/** How long a turn holds the team, about: the wanted duration of a slice. */
#define LANES_SERVER_QUANTUM_NS UINT64_C(2000000)

/**
 * While batches of priority high wait all the time, normal ones that wait, too, get the
 * team for a quantum whenever high ones have had it for so many.
 */
#define LANES_SERVER_HIGH_QUANTA 8u

/** What a session has waiting with one priority, and how much it has had. Zeroes, and the
 * priority, are a turn that does not wait. */
typedef struct lanes_server_turn {
    struct lanes_server_turn *previous; /* of those that wait, the longest first */
    struct lanes_server_turn *next;
    uint64_t used_ns;  /* on the clock of its priority */
    uint32_t priority; /* enum lanes_priority */
    bool is_waiting;
} lanes_server_turn;

/** The turns that wait with one priority. */
typedef struct lanes_server_turn_list {
    lanes_server_turn *first;
    lanes_server_turn *last;
    uint64_t clock_ns;   /* what the one chosen last had used; never goes back */
    uint64_t highest_ns; /* no turn has used more */
} lanes_server_turn_list;

/** All turns that wait. Zeroes are none. */
typedef struct lanes_server_turns {
    lanes_server_turn_list list[LANES_PRIORITIES]; /* by enum lanes_priority */
    uint64_t passed_ns; /* that high ones have had while normal ones waited */
} lanes_server_turns;

/** @p turn waits from now on; nothing happens if it does. */
void lanes_server_turn_join(lanes_server_turns *turns, lanes_server_turn *turn);

/** It does not any more. */
void lanes_server_turn_leave(lanes_server_turns *turns, lanes_server_turn *turn);

/** Whose turn it is; NULL if none waits. It goes on waiting until it leaves. */
lanes_server_turn *lanes_server_turns_next(lanes_server_turns *turns);

/**
 * True if something short of @p turn, which does not wait, may run at once, before who
 * waits: nobody of a higher priority does, and it has not had more than a quantum more
 * than who waits with the same.
 */
bool lanes_server_turn_may_go(const lanes_server_turns *turns,
                              const lanes_server_turn *turn);

/** @p turn has had the team for @p used_ns, whether it waits or not. */
void lanes_server_turn_charge(lanes_server_turns *turns, lanes_server_turn *turn,
                              uint64_t used_ns);

/** Nobody has anything to do: who comes next, all are equal. */
void lanes_server_turns_forget(lanes_server_turns *turns);

#endif /* LANES_SERVER_TURN_H */
