/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_failpoint.c - which failpoint is wanted, and what happens there.
 */
#include "os/os_failpoint.h"

#ifdef LANES_DEBUG

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/base.h"

#define ROOM "failpoint"

uint32_t lanes_failpoint_wanted = LANES_FAILPOINTS;

static uint64_t wanted_hits = 1;
static uint64_t hits;
static const char *file; /* of the environment, or NULL */

static const char *const names[] = {
#define NAME_ROW(constant, name) name,
    LANES_FAILPOINT_TABLE(NAME_ROW)
#undef NAME_ROW
};

static uint32_t find(const char *text, size_t length)
{
    uint32_t point = 0;
    while (point < LANES_FAILPOINTS &&
           (strlen(names[point]) != length || memcmp(names[point], text, length) != 0)) {
        point++;
    }
    return point;
}

/* A name that nobody knows is a test that tests nothing: it ends the process. */
static __attribute__((constructor)) void read_environment(void)
{
    const char *text = secure_getenv("LANES_FAILPOINT");
    if (text == NULL || text[0] == '\0') {
        return;
    }
    const size_t length = strcspn(text, ":");
    lanes_failpoint_wanted = find(text, length);
    if (lanes_failpoint_wanted == LANES_FAILPOINTS) {
        lanes_log(LANES_LOG_ERROR, ROOM, "LANES_FAILPOINT=%s names none", text);
        abort();
    }
    if (text[length] == ':') {
        char *end;
        wanted_hits = strtoull(text + length + 1, &end, 10);
        file = *end == ':' ? end + 1 : NULL;
    }
}

void lanes_failpoint_reach(void)
{
    if (lanes_fetch_add_relaxed_u64(&hits, 1) + 1 == wanted_hits &&
        (file == NULL || unlink(file) == 0)) {
        LANES_IGNORE(raise(SIGKILL) != 0, "it does not return");
    }
}

#else
typedef int lanes_failpoint_none; /* a translation unit may not be empty */
#endif
