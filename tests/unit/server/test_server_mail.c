/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_server_mail.c - the mailboxes between the two threads.
 */
#include <criterion/criterion.h>
#include <pthread.h>

#include "server/server_mail.h"

#define MAILS 20000

Test(server_mail, order_is_kept_and_taking_empties)
{
    lanes_server_mailbox box;
    lanes_server_mailbox_init(&box);
    cr_assert_not(lanes_server_mailbox_has_mail(&box));
    cr_assert_null(lanes_server_mailbox_take(&box));
    lanes_server_mail mails[3];
    lanes_server_mailbox_post(&box, &mails[0], LANES_MAIL_STOP);
    lanes_server_mailbox_post(&box, &mails[1], LANES_MAIL_STARTED);
    cr_assert(lanes_server_mailbox_has_mail(&box));
    cr_assert_eq(lanes_server_mailbox_take(&box), &mails[0]);
    cr_assert_eq(mails[0].next, &mails[1]);
    cr_assert_eq(mails[1].type, LANES_MAIL_STARTED);
    cr_assert_null(mails[1].next);
    cr_assert_not(lanes_server_mailbox_has_mail(&box));
    lanes_server_mailbox_post(&box, &mails[2], LANES_MAIL_STOP);
    cr_assert_eq(lanes_server_mailbox_take(&box), &mails[2]);
    lanes_server_mailbox_deinit(&box);
}

static lanes_server_mail mails[MAILS];

static void *post_all(void *ctx)
{
    for (int i = 0; i < MAILS; i++) {
        lanes_server_mailbox_post(ctx, &mails[i], LANES_MAIL_STOP);
    }
    return NULL;
}

Test(server_mail, nothing_is_lost_between_threads, .timeout = 30)
{
    lanes_server_mailbox box;
    lanes_server_mailbox_init(&box);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, post_all, &box), 0);
    int expected = 0;
    while (expected < MAILS) {
        lanes_server_mail *mail = lanes_server_mailbox_take(&box);
        for (; mail != NULL; mail = mail->next) {
            cr_assert_eq(mail, &mails[expected]);
            expected++;
        }
    }
    pthread_join(thread, NULL);
    lanes_server_mailbox_deinit(&box);
}
