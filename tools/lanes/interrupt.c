/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.c - a batch that Ctrl-C cancels.
 */
#include "interrupt.h"

#include <signal.h>

#include "cli.h"

/* How long the signal can go unnoticed. */
#define LOOK_NS 20000000u

static const int signals[] = {SIGINT, SIGTERM};

static volatile sig_atomic_t received; /* the signal; 0: none yet */

static void note(int signal_number)
{
    received = signal_number;
}

static void handle_with(void (*handler)(int signal_number))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CLI_COUNT_OF(signals); i++) {
        sigaction(signals[i], &action, NULL);
    }
}

static lanes_status wait_or_cancel(lanes_session *session, uint64_t tag,
                                   lanes_completion *out_completion, lanes_error *err)
{
    lanes_status status = LANES_E_TIMED_OUT;
    while (status == LANES_E_TIMED_OUT && received == 0) {
        status = lanes_wait(session, LOOK_NS, out_completion, err);
    }
    if (status != LANES_E_TIMED_OUT) {
        return status;
    }
    status = lanes_cancel(session, tag, err);
    return status == LANES_OK ? lanes_wait(session, UINT64_MAX, out_completion, err)
                              : status;
}

lanes_status interrupt_run(lanes_session *session, const lanes_batch *batch,
                           lanes_completion *out_completion, lanes_error *err)
{
    handle_with(note);
    lanes_status status = lanes_submit(session, batch, err);
    if (status == LANES_OK) {
        status = wait_or_cancel(session, batch->tag, out_completion, err);
    }
    if (status == LANES_OK && out_completion->status < 0) {
        status = out_completion->status;
        snprintf(err->message, sizeof(err->message), "%s", out_completion->message);
    }
    return status;
}

void interrupt_raise(void)
{
    const int signal_number = received;
    if (signal_number != 0) {
        handle_with(SIG_DFL);
        raise(signal_number);
    }
}
