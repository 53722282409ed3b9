/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_refused.c - what crashed or outran the compiler lately, and is not tried again.
 *
 * A client that loads such IR in a loop, or a hundred workers that all do, would keep a
 * CPU busy for ten seconds each time to learn what is known. So who asks the same is told
 * the same at once, for a while: not for ever, because the reason may have been a machine
 * that was short of memory or time.
 */
#include "server/server_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

struct lanes_server_refusal {
    lanes_digest key;
    uint64_t until_ns; /* 0: an empty place */
    lanes_error error;
};

/* Did the compile end in a way that costs much, or that a child does not survive? */
static bool is_worth_refusing(const lanes_compile_reply *reply)
{
    switch (reply->outcome) {
    case LANES_COMPILE_CRASHED:
    case LANES_COMPILE_CPU_LIMIT:
    case LANES_COMPILE_WALL_LIMIT:
    case LANES_COMPILE_MEMORY_LIMIT:
    case LANES_COMPILE_OUTPUT_LIMIT:
        return true;
    default:
        return false; /* an answer, or no child to find one */
    }
}

void lanes_server_refused_keep(lanes_server *server, const lanes_digest *key,
                               const lanes_compile_reply *reply, const lanes_error *error)
{
    if (is_worth_refusing(reply)) {
        lanes_server_refused_add(server, key, error);
    }
}

void lanes_server_refused_add(lanes_server *server, const lanes_digest *key,
                              const lanes_error *error)
{
    lanes_server_compiler *compiler = &server->compiler;
    if (compiler->refusals == NULL) {
        compiler->refusals =
            calloc(LANES_SERVER_REFUSALS_MAX, sizeof(*compiler->refusals));
    }
    if (compiler->refusals == NULL) {
        return; /* then it is tried again */
    }
    /* All stay equally long, so the oldest is the first to go anyway. */
    const uint32_t place = compiler->refusal_count++ % LANES_SERVER_REFUSALS_MAX;
    compiler->refusals[place] = (struct lanes_server_refusal){
        .key = *key,
        .until_ns = lanes_clock_ns() + server->options->refuse_ns,
        .error = *error,
    };
}

bool lanes_server_refused(const lanes_server *server, const lanes_server_job *job,
                          lanes_error *out_error)
{
    const lanes_server_compiler *compiler = &server->compiler;
    if (compiler->refusals == NULL) {
        return false;
    }
    const uint64_t now_ns = lanes_clock_ns();
    for (uint32_t i = 0; i < LANES_SERVER_REFUSALS_MAX; i++) {
        const struct lanes_server_refusal *refusal = &compiler->refusals[i];
        if (refusal->until_ns <= now_ns ||
            memcmp(&refusal->key, &job->key, sizeof(job->key)) != 0) {
            continue;
        }
        const uint64_t seconds =
            (refusal->until_ns - now_ns + NS_PER_SECOND - 1) / NS_PER_SECOND;
        LANES_IGNORE(lanes_error_set(out_error, refusal->error.code,
                                     "%.380s; the same is refused without another try "
                                     "for %" PRIu64 " s more, then load it again",
                                     refusal->error.message, seconds),
                     "it is what the caller wants");
        return true;
    }
    return false;
}

void lanes_server_refused_clear(lanes_server *server)
{
    free(server->compiler.refusals);
    server->compiler.refusals = NULL;
}
