/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.h - a batch that Ctrl-C cancels.
 */
#ifndef LANES_CLI_INTERRUPT_H
#define LANES_CLI_INTERRUPT_H

#include <lanes/lanes.h>

/**
 * As lanes_run(), but SIGINT and SIGTERM end the batch (LANES_E_CANCELLED) instead of the
 * program. Once per process: afterwards they do nothing until interrupt_raise().
 */
lanes_status interrupt_run(lanes_session *session, const lanes_batch *batch,
                           lanes_completion *out_completion, lanes_error *err);

/**
 * When everything is cleaned up: end the program by the signal that there was, so that
 * whoever started it knows; returns if there was none.
 */
void interrupt_raise(void);

#endif /* LANES_CLI_INTERRUPT_H */
