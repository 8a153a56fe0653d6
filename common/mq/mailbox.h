#pragma once
/* A locked queue of messages between the loop and the broker thread. Whoever takes a mail owns it.
 */
#include <pthread.h>
#include <stdbool.h>

#include "list.h"

enum mail_kind {
    /* to the broker thread */
    MAIL_PUBLISH, /* struct batch */
    MAIL_SETTLE,  /* struct incoming */
    MAIL_CANCEL,  /* stop consuming */
    MAIL_SHUTDOWN,
    /* to the loop */
    MAIL_LINK,      /* struct link_news */
    MAIL_DELIVERY,  /* struct incoming */
    MAIL_PUBLISHED, /* struct batch */
    MAIL_STOPPED,
};

struct mail {
    struct list node;
    enum mail_kind kind;
};

struct mailbox {
    pthread_mutex_t lock;
    struct list mails;
};

void mailbox_init(struct mailbox *b);
void mailbox_release(struct mailbox *b); /* must be empty */
/* True when the box was empty: the receiver has to be woken. */
bool mailbox_put(struct mailbox *b, struct mail *m);
/* Moves everything to the end of out. */
void mailbox_take(struct mailbox *b, struct list *out);
