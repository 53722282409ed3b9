/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_client_stats.c - asking for statistics, and cancelling another's batches.
 */
#include "unit/client/client_fixture.h"

TestSuite(client_stats, .timeout = 60);

Test(client_stats, the_text_is_the_callers)
{
    open_honest();
    char *json = NULL;
    cr_assert_eq(lanes_stats(session, &json, &err), LANES_OK);
    cr_assert_str_eq(json, "{\"a\":12}");
    free(json);
    close_all();
}

Test(client_stats, a_text_of_another_size_is_refused)
{
    const struct {
        uint64_t bytes;
        lanes_status wanted;
    } cases[] = {{9, LANES_E_FORMAT}, {UINT64_MAX, LANES_E_PROTOCOL}};
    for (size_t i = 0; i < LANES_ARRAY_COUNT(cases); i++) {
        open_with((fake_plan){.lie = FAKE_OTHER_SIZE,
                              .type = LANES_ABI_STATS,
                              .stats_bytes = cases[i].bytes});
        char *json = NULL;
        cr_assert_eq(lanes_stats(session, &json, &err), cases[i].wanted);
        cr_assert_null(json);
        close_all();
    }
}

Test(client_stats, one_tag_or_all_are_cancelled)
{
    open_honest();
    const uint64_t tag = UINT64_MAX;
    uint32_t in_flight = 0;
    cr_assert_eq(lanes_cancel_session(session, 7, &tag, &in_flight, &err), LANES_OK);
    cr_assert_eq(in_flight, 3);
    cr_assert_eq(fake.session_cancel.session, 7);
    cr_assert_eq(fake.session_cancel.tag, UINT64_MAX);
    cr_assert_eq(fake.session_cancel.flags, 0);
    cr_assert_eq(lanes_cancel_session(session, 8, NULL, NULL, NULL), LANES_OK);
    cr_assert_eq(fake.session_cancel.session, 8);
    cr_assert_eq(fake.session_cancel.tag, 0);
    cr_assert_eq(fake.session_cancel.flags, LANES_ABI_CANCEL_ALL);
    close_all();
}
