/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_mail.c - a locked list with a flag that can be read without the lock.
 */
#include "server/server_mail.h"

#include "base/atomic.h"

void lanes_server_mailbox_init(lanes_server_mailbox *box)
{
    *box = (lanes_server_mailbox){0};
    pthread_mutex_init(&box->mutex, NULL);
}

void lanes_server_mailbox_deinit(lanes_server_mailbox *box)
{
    pthread_mutex_destroy(&box->mutex);
}

void lanes_server_mailbox_post(lanes_server_mailbox *box, lanes_server_mail *mail,
                               enum lanes_server_mail_type type)
{
    mail->next = NULL;
    mail->type = type;
    pthread_mutex_lock(&box->mutex);
    if (box->last != NULL) {
        box->last->next = mail;
    } else {
        box->first = mail;
    }
    box->last = mail;
    lanes_store_seq_cst_u32(&box->has_mail, 1);
    pthread_mutex_unlock(&box->mutex);
}

bool lanes_server_mailbox_has_mail(const lanes_server_mailbox *box)
{
    return lanes_load_seq_cst_u32(&box->has_mail) != 0;
}

lanes_server_mail *lanes_server_mailbox_take(lanes_server_mailbox *box)
{
    pthread_mutex_lock(&box->mutex);
    lanes_server_mail *first = box->first;
    box->first = NULL;
    box->last = NULL;
    lanes_store_seq_cst_u32(&box->has_mail, 0);
    pthread_mutex_unlock(&box->mutex);
    return first;
}
