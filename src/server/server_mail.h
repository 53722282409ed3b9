/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_mail.h - messages between the control thread and the dispatch thread.
 *
 * A mail is a node inside the object it is about, and each node is in at most one
 * box at a time: posting cannot fail and allocates nothing. What a mail carries belongs
 * to the receiver from the moment it is posted. Mails of one box are taken in the order
 * they were posted; several conclusions in README.md rest on that.
 */
#ifndef LANES_SERVER_MAIL_H
#define LANES_SERVER_MAIL_H

#include <pthread.h>

#include "base/base.h"

enum lanes_server_mail_type {
    /* Control to dispatch. */
    LANES_MAIL_SESSION_ADD = 1,
    LANES_MAIL_SESSION_REMOVE,
    LANES_MAIL_VIEW_ADD,
    LANES_MAIL_VIEW_REMOVE,
    LANES_MAIL_KERNEL_ADD,
    LANES_MAIL_KERNEL_REMOVE,
    LANES_MAIL_VARIANT_DONE,
    LANES_MAIL_STOP,       /* take no more entries, finish what was taken */
    LANES_MAIL_CANCEL_ALL, /* the time for that is over */
    LANES_MAIL_CANCEL,     /* a session's batches of some tags */
    LANES_MAIL_EXPIRE,     /* batches whose deadline is over */
    LANES_MAIL_PLAN,       /* enter another team */
    /* Dispatch to control. */
    LANES_MAIL_STARTED,
    LANES_MAIL_STOPPED,
    LANES_MAIL_SESSION_CORRUPT,
    LANES_MAIL_SESSION_GONE,
    LANES_MAIL_VIEW_FREE,
    LANES_MAIL_KERNEL_FREE,
    LANES_MAIL_VARIANT_WANTED,
    LANES_MAIL_EXPIRED,
    LANES_MAIL_PLAN_TAKEN, /* it has, or has gone back to the one it had */
    LANES_MAIL_LOOK        /* there is work: has what the team may use changed? */
};

typedef struct lanes_server_mail {
    struct lanes_server_mail *next;
    enum lanes_server_mail_type type;
} lanes_server_mail;

/** One direction. */
typedef struct lanes_server_mailbox {
    _Alignas(LANES_CACHE_LINE) uint32_t has_mail; /* seq_cst; see the dispatch's sleep */
    pthread_mutex_t mutex;
    lanes_server_mail *first;
    lanes_server_mail *last;
} lanes_server_mailbox;

void lanes_server_mailbox_init(lanes_server_mailbox *box);
void lanes_server_mailbox_deinit(lanes_server_mailbox *box);

/** Append @p mail; stores made before are visible to whoever takes it. */
void lanes_server_mailbox_post(lanes_server_mailbox *box, lanes_server_mail *mail,
                               enum lanes_server_mail_type type);

/** Cheap look: one load. */
bool lanes_server_mailbox_has_mail(const lanes_server_mailbox *box);

/** Take everything, oldest first; NULL if there is nothing. */
lanes_server_mail *lanes_server_mailbox_take(lanes_server_mailbox *box);

#endif /* LANES_SERVER_MAIL_H */
