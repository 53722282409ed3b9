/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_stats_fixture.h - a client with two segments, another that looks at it, and what
 * it is told.
 */
#ifndef LANES_TESTS_SERVER_STATS_FIXTURE_H
#define LANES_TESTS_SERVER_STATS_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "base/atomic.h"
#include "os/os_memory.h"
#include "server_ask.h"
#include "server_fixture.h"

#define ELEMENTS    10000u
#define MILLISECOND UINT64_C(1000000)

static fixture f;
static client c;
static client watcher; /* asks, and has nothing of its own */
static segment in;
static segment out;

static inline void setup(void)
{
    fixture_init(&f, 3);
    fixture_start(&f);
    client_open_ok(&c, &f);
    client_open_ok(&watcher, &f);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &in), LANES_OK);
    cr_assert_eq(client_segment(&c, ELEMENTS * sizeof(double), &out), LANES_OK);
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        in.data[i] = i;
    }
}

static inline void teardown(void)
{
    client_close(&c);
    client_close(&watcher);
    fixture_stop(&f);
}

/* ---- Asking -------------------------------------------------------------------------
 */

/* The session that is, or is not, the one that asks. */
static inline json_t *find_session(const json_t *stats, bool is_own)
{
    size_t i;
    json_t *session;
    json_array_foreach(json_object_get(stats, "session"), i, session)
    {
        if (json_is_true(json_object_get(session, "is_own")) == is_own) {
            return session;
        }
    }
    return NULL;
}

static inline long long number_of(const json_t *session, const char *name)
{
    const json_t *value = json_object_get(session, name);
    cr_assert(json_is_integer(value), "%s", name);
    return json_integer_value(value);
}

static inline lanes_abi_kernel load(const char *command)
{
    lanes_abi_kernel kernel;
    cr_assert_eq(client_load(&c, command, &kernel), LANES_OK, "%s", c.text);
    return kernel;
}

static inline void run(const batch *b, lanes_status wanted)
{
    const lanes_status status = client_run(&c, b).status;
    cr_assert_eq(status, wanted, "%s: %s", lanes_status_name(status), c.text);
}

/* Submits three that do not return; the first is in its callback when this returns. */
static inline json_t *hold_three(uint64_t first_tag)
{
    const lanes_abi_kernel kernel = load("endless");
    batch b = batch_of(&kernel, &in, &out, 2000);
    run(&b, LANES_OK);
    in.data[1999] = -2;
    for (uint64_t i = 0; i < 3; i++) {
        client_submit(&c, &b, first_tag + i);
    }
    json_t *stats = NULL;
    for (uint32_t i = 0; i < 1000; i++) {
        stats = ask(&watcher);
        const json_t *current = json_object_get(find_session(stats, false), "batch");
        if (json_is_true(json_object_get(current, "is_running"))) {
            break;
        }
        json_decref(stats);
        sleep_ms(5);
    }
    return stats;
}

#endif /* LANES_TESTS_SERVER_STATS_FIXTURE_H */
