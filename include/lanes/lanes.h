/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lanes.h - everything a client needs: sessions, segments, arenas, kernels, batches, and
 * a look at the executor.
 *
 * Start with client.h; batch.h shows what a program does in the end.
 */
#ifndef LANES_LANES_H
#define LANES_LANES_H

#include <lanes/arena.h>
#include <lanes/batch.h>
#include <lanes/client.h>
#include <lanes/error.h>
#include <lanes/executor.h>
#include <lanes/kernel.h>
#include <lanes/segment.h>

#endif /* LANES_LANES_H */
