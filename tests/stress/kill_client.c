/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_client.c - a client that keeps books: every batch has one completion, and what the
 * arrays hold afterwards is what that says.
 *
 * There are two kinds of batch, each in a place of its own in a segment:
 *   apart     out = 2 * in + k       must be right whoever dies; `in` may be one number
 *   in place  x = x + k              once, or INDETERMINATE; never twice
 */
#include "stress/kill_client.h"

#include <lanes/lanes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"

#define PLACES       12
#define ELEMENTS_MAX 20000u
#define WAIT_NS      30000000000u
#define ATTEMPTS     20

struct place {
    uint64_t tag; /* of the batch that uses it; 0: none */
    uint32_t count;
    int is_in_place;
    int is_uniform; /* apart: the input is one number */
    double k;
};

struct work {
    kill_shared *shared;
    uint64_t random;
    uint64_t last_tag;
    lanes_session *session;
    lanes_segment *in;
    lanes_segment *out;
    lanes_kernel *apart;
    lanes_kernel *in_place;
    double k_apart;
    double k_in_place;
    struct place place[PLACES];
};

static uint32_t random_below(struct work *w, uint32_t limit)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->random >> 33) % limit;
}

static __attribute__((format(printf, 2, 3))) int fail(struct work *w, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->shared->failure, sizeof(w->shared->failure), format, arguments);
    va_end(arguments);
    return -1;
}

static void count(uint64_t *word)
{
    lanes_store_relaxed_u64(word, *word + 1);
}

static void step(struct work *w)
{
    count(&w->shared->steps);
    lanes_store_relaxed_u32(&w->shared->executor,
                            (uint32_t)lanes_executor_pid(w->session));
    lanes_store_relaxed_u64(&w->shared->reconnects, lanes_reconnects(w->session));
}

static double *elements_of(const lanes_segment *segment, uint32_t place)
{
    return (double *)lanes_segment_data(segment) + (size_t)place * ELEMENTS_MAX;
}

static double value_at(const struct place *p, uint32_t i)
{
    return (double)(((p->is_uniform ? 0 : i) * 7u + p->tag) % 1000u);
}

/* ---- Kernels ------------------------------------------------------------------------
 */

/* What two killed compilers had is refused; that is said, and the same is asked for in
 * other words. */
static int load(struct work *w, double factor, double k, lanes_kernel **out_kernel)
{
    int crashes = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        char ir[256];
        const int length = snprintf(ir, sizeof(ir),
                                    "define double @f%d(double %%x) {\n"
                                    "  %%y = fmul double %%x, %.1f\n"
                                    "  %%z = fadd double %%y, %.1f\n"
                                    "  ret double %%z\n}\n",
                                    crashes, factor, k);
        lanes_error err;
        const lanes_status status =
            lanes_kernel_load(w->session, ir, (size_t)length, NULL, out_kernel, &err);
        step(w);
        if (status == LANES_OK) {
            count(&w->shared->loads);
            return 0;
        }
        /* Nor is one that two executors died of, which here is chance. */
        if (status != LANES_E_COMPILE_CRASHED && status != LANES_E_POISON) {
            return fail(w, "load: %s: %.300s", lanes_status_name(status), err.message);
        }
        crashes += status == LANES_E_COMPILE_CRASHED;
        count(&w->shared->crashed);
    }
    return fail(w, "load: executor or compiler died %d times in a row", ATTEMPTS);
}

static int change_kernels(struct work *w)
{
    lanes_kernel_release(w->apart);
    lanes_kernel_release(w->in_place);
    w->apart = NULL;
    w->in_place = NULL;
    w->k_apart = 1 + random_below(w, 2000);
    w->k_in_place = 1 + random_below(w, 2000);
    if (load(w, 2, w->k_apart, &w->apart) < 0) {
        return -1;
    }
    return load(w, 1, w->k_in_place, &w->in_place);
}

/* ---- Batches ------------------------------------------------------------------------
 */

static int submit(struct work *w, uint32_t index)
{
    struct place *p = &w->place[index];
    *p = (struct place){.tag = ++w->last_tag,
                        .count = 1 + random_below(w, ELEMENTS_MAX),
                        .is_in_place = random_below(w, 2) == 0};
    p->is_uniform = !p->is_in_place && random_below(w, 4) == 0;
    p->k = p->is_in_place ? w->k_in_place : w->k_apart;
    double *in = elements_of(w->in, index);
    double *out = elements_of(w->out, index);
    for (uint32_t i = 0; i < p->count; i++) {
        in[i] = value_at(p, i);
        out[i] = -1;
    }
    const uint64_t shape[] = {p->count};
    const uint64_t offset = (uint64_t)index * ELEMENTS_MAX * sizeof(double);
    const lanes_operand output = {.segment = p->is_in_place ? w->in : w->out,
                                  .offset = offset,
                                  .stride = {8},
                                  .dtype = LANES_F8};
    lanes_operand input = output;
    input.segment = w->in;
    input.stride[0] = p->is_uniform ? 0 : 8;
    const lanes_operand operands[] = {input, output};
    const lanes_batch batch = {.kernel = p->is_in_place ? w->in_place : w->apart,
                               .dimensions = 1,
                               .operand_count = 2,
                               .shape = shape,
                               .operands = operands,
                               .tag = p->tag};
    lanes_error err;
    const lanes_status status = lanes_submit(w->session, &batch, &err);
    step(w);
    return status == LANES_OK
               ? 0
               : fail(w, "submit: %s: %.300s", lanes_status_name(status), err.message);
}

/* What may be in element i: done, or not begun; neither half nor twice. */
static int check_place(struct work *w, uint32_t index, lanes_status status)
{
    const struct place *p = &w->place[index];
    const double *got = elements_of(p->is_in_place ? w->in : w->out, index);
    const double factor = p->is_in_place ? 1 : 2;
    for (uint32_t i = 0; i < p->count; i++) {
        const double before = p->is_in_place ? value_at(p, i) : -1;
        const double after = factor * value_at(p, i) + p->k;
        if (got[i] != after && (status == LANES_OK || got[i] != before)) {
            return fail(w,
                        "tag %llu, %s, completed with %s: element %u of %u is %g, not %g",
                        (unsigned long long)p->tag, p->is_in_place ? "in place" : "apart",
                        lanes_status_name(status), i, p->count, got[i], after);
        }
    }
    return 0;
}

static int take(struct work *w)
{
    lanes_completion done;
    lanes_error err;
    const lanes_status status = lanes_wait(w->session, WAIT_NS, &done, &err);
    if (status < 0) {
        return fail(w, "wait: %s: %.300s", lanes_status_name(status), err.message);
    }
    step(w);
    uint32_t index = 0;
    while (index < PLACES && w->place[index].tag != done.tag) {
        index++;
    }
    if (index == PLACES || done.tag == 0) {
        return fail(w, "a completion for tag %llu, which has had its completion",
                    (unsigned long long)done.tag);
    }
    const int is_unknown =
        done.status == LANES_E_INDETERMINATE && w->place[index].is_in_place;
    /* One that waited for code which a compiler was making: it says so, and has not run.
     */
    const int is_without_code = done.status == LANES_E_COMPILE_CRASHED;
    if (done.status != LANES_OK && done.status != LANES_E_POISON && !is_unknown &&
        !is_without_code) {
        return fail(w, "tag %llu, %s: %s: %.300s", (unsigned long long)done.tag,
                    w->place[index].is_in_place ? "in place" : "apart",
                    lanes_status_name(done.status), done.message);
    }
    if (check_place(w, index, done.status) < 0) {
        return -1;
    }
    w->place[index].tag = 0;
    count(&w->shared->batches);
    if (is_unknown) {
        count(&w->shared->indeterminate);
    }
    if (is_without_code) {
        count(&w->shared->crashed);
    }
    if (done.status == LANES_E_POISON) {
        count(&w->shared->poisoned);
    }
    return 0;
}

static int drain(struct work *w)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        while (w->place[i].tag != 0) {
            if (take(w) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Some places get a batch, then some completions are taken. */
static int run_some(struct work *w)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        if (w->place[i].tag == 0 && random_below(w, 3) != 0 && submit(w, i) < 0) {
            return -1;
        }
    }
    for (uint32_t i = random_below(w, PLACES); i < PLACES; i++) {
        if (w->place[i].tag != 0 && take(w) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- Sessions -----------------------------------------------------------------------
 */

/* A request that two executors died of is not sent to a third; here that is chance. */
static int make_segment(struct work *w, uint64_t bytes, lanes_segment **out_segment)
{
    lanes_error err;
    lanes_status status = LANES_E_POISON;
    for (int attempt = 0; attempt < ATTEMPTS && status == LANES_E_POISON; attempt++) {
        status = lanes_segment_create(w->session, bytes, out_segment, &err);
        step(w);
    }
    return status == LANES_OK
               ? 0
               : fail(w, "segment: %s: %.300s", lanes_status_name(status), err.message);
}

static int make_segments(struct work *w)
{
    const uint64_t bytes = (uint64_t)PLACES * ELEMENTS_MAX * sizeof(double);
    if (make_segment(w, bytes, &w->in) < 0) {
        return -1;
    }
    return make_segment(w, bytes, &w->out);
}

static void release_segments(struct work *w)
{
    lanes_segment_release(w->in);
    lanes_segment_release(w->out);
    w->in = NULL;
    w->out = NULL;
}

static int is_stopped(const struct work *w)
{
    return lanes_load_relaxed_u32(&w->shared->stop) != 0;
}

static int work_in_session(struct work *w)
{
    if (make_segments(w) < 0 || change_kernels(w) < 0) {
        return -1;
    }
    const uint32_t rounds = 20 + random_below(w, 200);
    for (uint32_t i = 0; i < rounds && !is_stopped(w); i++) {
        if (run_some(w) < 0) {
            return -1;
        }
        if (random_below(w, 40) == 0 && (drain(w) < 0 || change_kernels(w) < 0)) {
            return -1;
        }
        if (random_below(w, 40) == 0) {
            if (drain(w) < 0) {
                return -1;
            }
            release_segments(w);
            if (make_segments(w) < 0) {
                return -1;
            }
        }
    }
    return drain(w);
}

static int run_session(struct work *w, const char *socket)
{
    lanes_open_options options;
    lanes_error err;
    lanes_open_options_default(&options);
    options.socket = socket;
    options.timeout_ms = 20000;
    lanes_status status = LANES_E_PEER_GONE;
    for (int attempt = 0; attempt < ATTEMPTS && status == LANES_E_PEER_GONE; attempt++) {
        status = lanes_open(&options, &w->session, &err);
    }
    if (status < 0) {
        return fail(w, "open: %s: %.300s", lanes_status_name(status), err.message);
    }
    step(w);
    const int result = work_in_session(w);
    lanes_close(w->session);
    w->session = NULL;
    w->in = NULL;
    w->out = NULL;
    w->apart = NULL;
    w->in_place = NULL;
    return result;
}

int kill_client_run(const char *socket, uint64_t seed, kill_shared *shared)
{
    struct work w = {.shared = shared, .random = seed * 2 + 1};
    int result = 0;
    while (result == 0 && !is_stopped(&w)) {
        result = run_session(&w, socket);
    }
    return result == 0 ? 0 : 1;
}
