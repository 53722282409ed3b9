/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_queue.c - batches that wait: lists of them, the queues of a session, and those
 * that end while they wait.
 */
#include "server/server_queue.h"

/* ---- Lists --------------------------------------------------------------------------
 */

void lanes_server_batches_push(lanes_server_batches *list, lanes_server_batch *batch)
{
    batch->next = NULL;
    if (list->last != NULL) {
        list->last->next = batch;
    } else {
        list->first = batch;
    }
    list->last = batch;
}

lanes_server_batch *lanes_server_batches_pop(lanes_server_batches *list)
{
    lanes_server_batch *batch = list->first;
    if (batch != NULL) {
        list->first = batch->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
    }
    return batch;
}

/* ---- Queues -------------------------------------------------------------------------
 */

void lanes_server_queue_settle(lanes_server *server, lanes_server_queue *queue)
{
    const lanes_server_session *session = queue->session;
    lanes_server_turns *turns = &server->dispatch.turns;
    if (queue->batches.first != NULL && !session->is_corrupt && !session->is_removed) {
        lanes_server_turn_join(turns, &queue->turn);
    } else {
        lanes_server_turn_leave(turns, &queue->turn);
    }
}

void lanes_server_queues_settle(lanes_server *server, lanes_server_session *session)
{
    for (uint32_t i = 0; i < LANES_PRIORITIES; i++) {
        lanes_server_queue_settle(server, &session->queue[i]);
    }
}

void lanes_server_queue_put(lanes_server *server, lanes_server_batch *batch)
{
    lanes_server_queue *queue = &batch->session->queue[batch->priority];
    lanes_server_batches_push(&queue->batches, batch);
    lanes_server_queue_settle(server, queue);
}

void lanes_server_queue_put_back(lanes_server_queue *queue, lanes_server_batch *batch)
{
    lanes_server_batches *list = &queue->batches;
    batch->next = list->first;
    list->first = batch;
    if (list->last == NULL) {
        list->last = batch;
    }
}

/* ---- Ends ---------------------------------------------------------------------------
 */

/* Takes those out of a list that match: the deadline is over, or else the tag. */
static void end_matching(lanes_server *server, lanes_server_batches *list,
                         const uint64_t *tag, uint64_t *earliest_ns)
{
    const uint64_t now_ns = lanes_clock_ns();
    lanes_server_batches rest = {NULL, NULL};
    lanes_server_batch *batch;
    while ((batch = lanes_server_batches_pop(list)) != NULL) {
        const bool is_over = batch->deadline_ns != 0 && now_ns >= batch->deadline_ns;
        if (tag != NULL ? batch->tag == *tag : is_over) {
            lanes_server_batch_end(server, batch);
            continue;
        }
        if (batch->deadline_ns != 0) {
            *earliest_ns = lanes_min_u64(*earliest_ns, batch->deadline_ns);
        }
        lanes_server_batches_push(&rest, batch);
    }
    *list = rest;
}

/* The same for all that wait in a session. */
static void end_waiting(lanes_server *server, lanes_server_session *session,
                        const uint64_t *tag, uint64_t *earliest_ns)
{
    for (uint32_t i = 0; i < LANES_PRIORITIES; i++) {
        end_matching(server, &session->queue[i].batches, tag, earliest_ns);
    }
    end_matching(server, &session->parked, tag, earliest_ns);
    lanes_server_queues_settle(server, session);
    lanes_server_batch_publish(session);
}

void lanes_server_batch_cancel_tag(lanes_server *server, lanes_server_session *session,
                                   uint64_t tag)
{
    uint64_t earliest_ns = UINT64_MAX;
    end_waiting(server, session, &tag, &earliest_ns);
}

uint64_t lanes_server_batch_expire(lanes_server *server)
{
    uint64_t earliest_ns = UINT64_MAX;
    for (lanes_server_session *s = server->dispatch.sessions; s != NULL;
         s = s->dispatch_next) {
        end_waiting(server, s, NULL, &earliest_ns);
    }
    return earliest_ns;
}

static void cancel_all(lanes_server *server, lanes_server_batches *list, const char *text)
{
    lanes_server_batch *batch;
    while ((batch = lanes_server_batches_pop(list)) != NULL) {
        lanes_server_complete(server, batch, LANES_E_CANCELLED, text);
    }
}

void lanes_server_batch_cancel_all(lanes_server *server, lanes_server_session *session,
                                   const char *text)
{
    for (uint32_t i = 0; i < LANES_PRIORITIES; i++) {
        cancel_all(server, &session->queue[i].batches, text);
    }
    cancel_all(server, &session->parked, text);
    lanes_server_queues_settle(server, session);
    lanes_server_batch_publish(session);
}
