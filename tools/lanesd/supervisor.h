/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - lanesd as a parent: it holds the socket and starts the executor again.
 */
#ifndef LANESD_SUPERVISOR_H
#define LANESD_SUPERVISOR_H

#include "options.h"

/* Descriptors of a supervised executor. */
#define LANESD_LISTEN_FD 3 /* the socket */
#define LANESD_READY_FD  4 /* an eventfd: signalled once clients are served */
#define LANESD_COUNT_FD  5 /* a memfd: a uint32_t, the batches that it has */

/* What is in there until an executor says how many. */
#define LANESD_COUNT_UNKNOWN UINT32_MAX

/**
 * Supervise executors until SIGTERM or SIGINT, or until one does not start at all.
 *
 * @param argv  this program's command line, which executors are given too
 * @return the exit status
 */
int lanesd_supervise(const struct lanesd_options *options, int argc, char **argv);

#endif /* LANESD_SUPERVISOR_H */
