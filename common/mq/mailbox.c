#include "mailbox.h"

void mailbox_init(struct mailbox *b)
{
    pthread_mutex_init(&b->lock, NULL);
    list_init(&b->mails);
}

void mailbox_release(struct mailbox *b)
{
    pthread_mutex_destroy(&b->lock);
}

bool mailbox_put(struct mailbox *b, struct mail *m)
{
    pthread_mutex_lock(&b->lock);
    bool was_empty = list_is_empty(&b->mails);
    list_append(&b->mails, &m->node);
    pthread_mutex_unlock(&b->lock);
    return was_empty;
}

void mailbox_take(struct mailbox *b, struct list *out)
{
    pthread_mutex_lock(&b->lock);
    for (struct list *n; (n = list_pop(&b->mails));)
        list_append(out, n);
    pthread_mutex_unlock(&b->lock);
}
