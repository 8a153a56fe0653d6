#pragma once
/* Who may read and write a conversation, and what a person may do to a message. */
#include <stdbool.h>
#include <stdint.h>

struct access {
    bool is_support;       /* it belongs to a ticket */
    bool takes_part;       /* the person is or was one of its people */
    bool is_current;       /* and still is */
    bool sees_all_tickets; /* PERM_TICKET_READ_ALL */
};

static inline bool access_may_read(const struct access *a)
{
    return a->takes_part || (a->is_support && a->sees_all_tickets);
}

static inline bool access_may_write(const struct access *a)
{
    return a->is_current || (a->is_support && a->sees_all_tickets);
}

/* A message seen by somebody who may read its conversation. */
struct message_access {
    bool may_write;    /* in its conversation */
    bool is_sender;    /* it is the person's own */
    bool is_moderator; /* an admin in a ticket's conversation, the owner of the group */
    bool is_gone;      /* deleted or unsent */
    int64_t age_us;    /* since it was sent */
};

static inline bool message_may_edit(const struct message_access *m)
{
    return m->is_sender && m->may_write;
}

/* Also by who reads on only: nobody has to leave his words behind. */
static inline bool message_may_delete(const struct message_access *m)
{
    return m->is_sender || m->is_moderator;
}

static inline bool message_is_in_window(const struct message_access *m, int64_t window_us)
{
    return m->age_us <= window_us;
}
