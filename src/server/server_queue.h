/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_queue.h - batches that wait, and those that end while they wait. Dispatch only.
 */
#ifndef LANES_SERVER_QUEUE_H
#define LANES_SERVER_QUEUE_H

#include "server/server_internal.h"

/** Append to, and take the first of; NULL if there is none. */
void lanes_server_batches_push(lanes_server_batches *list, lanes_server_batch *batch);
lanes_server_batch *lanes_server_batches_pop(lanes_server_batches *list);

/** Put a batch that is ready to run into its session's queue, as the last one. */
void lanes_server_queue_put(lanes_server *server, lanes_server_batch *batch);

/** Put back what lanes_server_batches_pop() gave: batches of a queue run in order. */
void lanes_server_queue_put_back(lanes_server_queue *queue, lanes_server_batch *batch);

/** Its batches may have changed: it waits if there are any. */
void lanes_server_queue_settle(lanes_server *server, lanes_server_queue *queue);

/** The same for all queues of @p session. */
void lanes_server_queues_settle(lanes_server *server, lanes_server_session *session);

/** Complete batches of @p session that wait: those with @p tag as cancelled. */
void lanes_server_batch_cancel_tag(lanes_server *server, lanes_server_session *session,
                                   uint64_t tag);

/** Complete batches of all sessions that wait and whose deadline is over; returns the
 * earliest of the others, UINT64_MAX if there is none. */
uint64_t lanes_server_batch_expire(lanes_server *server);

/** Complete every batch of @p session with LANES_E_CANCELLED and @p text. */
void lanes_server_batch_cancel_all(lanes_server *server, lanes_server_session *session,
                                   const char *text);

#endif /* LANES_SERVER_QUEUE_H */
