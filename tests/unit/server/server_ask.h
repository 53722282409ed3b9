/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_ask.h - what a server of the fixture tells of itself.
 */
#ifndef LANES_TESTS_SERVER_ASK_H
#define LANES_TESTS_SERVER_ASK_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include <jansson.h>

#include "os/os_file.h"
#include "os/os_memory.h"
#include "server_fixture.h"

/** Its statistics; the caller's. */
static inline json_t *ask(client *who)
{
    lanes_abi_header request;
    lanes_abi_stats reply;
    int fd = -1;
    cr_assert_eq(client_request(who, LANES_ABI_STATS, &request, sizeof(request), -1,
                                &reply, sizeof(reply), &fd),
                 LANES_OK, "%s", who->text);
    char *text = calloc(1, reply.bytes + 1);
    cr_assert_eq(lanes_os_read_at(fd, text, reply.bytes, 0, NULL), LANES_OK);
    lanes_os_close(&fd);
    json_t *stats = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(stats, "%s", text);
    free(text);
    return stats;
}

static inline json_t *at(const json_t *stats, const char *part, const char *name)
{
    json_t *value = json_object_get(json_object_get(stats, part), name);
    cr_assert_not_null(value, "%s.%s", part, name);
    return value;
}

static inline void expect(const json_t *stats, const char *part, const char *name,
                          long long wanted)
{
    const long long got = json_integer_value(at(stats, part, name));
    cr_assert_eq(got, wanted, "%s.%s is %lld, not %lld", part, name, got, wanted);
}

#endif /* LANES_TESTS_SERVER_ASK_H */
