/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_turn.c - whose batches run next.
 *
 * The clock of a priority is what the turn chosen last had used before it was; those that
 * have waited for long have used that much or more. Who comes back begins a quantum
 * before it at most: that is before all others, but makes up for no more than a quantum
 * of the time in which it had no work. This is start-time fair queueing. It needs to know
 * what a slice costs only when that has been measured.
 */
#include "server/server_turn.h"

#define PASSED_NS (LANES_SERVER_HIGH_QUANTA * LANES_SERVER_QUANTUM_NS)

static bool has_waiting(const lanes_server_turns *turns, enum lanes_priority priority)
{
    return turns->list[priority].first != NULL;
}

static void append(lanes_server_turn_list *list, lanes_server_turn *turn)
{
    turn->previous = list->last;
    turn->next = NULL;
    if (list->last != NULL) {
        list->last->next = turn;
    } else {
        list->first = turn;
    }
    list->last = turn;
}

static void unlink_turn(lanes_server_turn_list *list, lanes_server_turn *turn)
{
    if (turn->previous != NULL) {
        turn->previous->next = turn->next;
    } else {
        list->first = turn->next;
    }
    if (turn->next != NULL) {
        turn->next->previous = turn->previous;
    } else {
        list->last = turn->previous;
    }
}

/* Where a turn is, or would be if it came now. */
static uint64_t place_of(const lanes_server_turn_list *list,
                         const lanes_server_turn *turn)
{
    const uint64_t floor_ns =
        list->clock_ns - lanes_min_u64(list->clock_ns, LANES_SERVER_QUANTUM_NS);
    const bool is_behind = !turn->is_waiting && turn->used_ns < floor_ns;
    return is_behind ? floor_ns : turn->used_ns;
}

void lanes_server_turn_join(lanes_server_turns *turns, lanes_server_turn *turn)
{
    lanes_server_turn_list *list = &turns->list[turn->priority];
    if (!turn->is_waiting) {
        turn->used_ns = place_of(list, turn);
        turn->is_waiting = true;
        append(list, turn);
    }
}

void lanes_server_turn_leave(lanes_server_turns *turns, lanes_server_turn *turn)
{
    lanes_server_turn_list *list = &turns->list[turn->priority];
    if (!turn->is_waiting) {
        return;
    }
    turn->is_waiting = false;
    unlink_turn(list, turn);
    if (!has_waiting(turns, LANES_PRIORITY_NORMAL)) {
        turns->passed_ns = 0;
    }
}

/* The priority whose turn it is; that of a list that may be empty. */
static enum lanes_priority choose_priority(const lanes_server_turns *turns)
{
    const bool has_normal = has_waiting(turns, LANES_PRIORITY_NORMAL);
    if (has_waiting(turns, LANES_PRIORITY_HIGH) &&
        !(has_normal && turns->passed_ns >= PASSED_NS)) {
        return LANES_PRIORITY_HIGH;
    }
    return has_normal ? LANES_PRIORITY_NORMAL : LANES_PRIORITY_LOW;
}

lanes_server_turn *lanes_server_turns_next(lanes_server_turns *turns)
{
    lanes_server_turn_list *list = &turns->list[choose_priority(turns)];
    lanes_server_turn *chosen = list->first;
    for (lanes_server_turn *turn = chosen; turn != NULL; turn = turn->next) {
        if (turn->used_ns < chosen->used_ns) {
            chosen = turn;
        }
    }
    if (chosen != NULL) {
        if (chosen->used_ns > list->clock_ns) {
            list->clock_ns = chosen->used_ns;
        }
        unlink_turn(list, chosen); /* last among those that have used as much */
        append(list, chosen);
    }
    return chosen;
}

bool lanes_server_turn_may_go(const lanes_server_turns *turns,
                              const lanes_server_turn *turn)
{
    const bool has_high = has_waiting(turns, LANES_PRIORITY_HIGH);
    const bool has_normal = has_waiting(turns, LANES_PRIORITY_NORMAL);
    if ((turn->priority != LANES_PRIORITY_HIGH && has_high) ||
        (turn->priority == LANES_PRIORITY_LOW && has_normal)) {
        return false;
    }
    const lanes_server_turn_list *list = &turns->list[turn->priority];
    return list->first == NULL ||
           place_of(list, turn) < list->clock_ns + LANES_SERVER_QUANTUM_NS;
}

/* High ones had the team while normal ones waited; or these had, and are not owed as much
 * any more. */
static void count_passed(lanes_server_turns *turns, const lanes_server_turn *turn,
                         uint64_t used_ns)
{
    if (turn->priority == LANES_PRIORITY_HIGH) {
        turns->passed_ns += has_waiting(turns, LANES_PRIORITY_NORMAL) ? used_ns : 0;
    } else if (turn->priority == LANES_PRIORITY_NORMAL) {
        turns->passed_ns -=
            lanes_min_u64(turns->passed_ns, used_ns * LANES_SERVER_HIGH_QUANTA);
    }
}

void lanes_server_turn_charge(lanes_server_turns *turns, lanes_server_turn *turn,
                              uint64_t used_ns)
{
    lanes_server_turn_list *list = &turns->list[turn->priority];
    const uint64_t place_ns = place_of(list, turn);
    const bool is_only =
        list->first == NULL || (list->first == turn && list->last == turn);
    if (is_only && place_ns > list->clock_ns) {
        list->clock_ns = place_ns;
    }
    turn->used_ns = place_ns + used_ns;
    if (turn->used_ns > list->highest_ns) {
        list->highest_ns = turn->used_ns;
    }
    count_passed(turns, turn, used_ns);
}

void lanes_server_turns_forget(lanes_server_turns *turns)
{
    for (uint32_t i = 0; i < LANES_PRIORITIES; i++) {
        turns->list[i].clock_ns = turns->list[i].highest_ns + LANES_SERVER_QUANTUM_NS;
    }
    turns->passed_ns = 0;
}
