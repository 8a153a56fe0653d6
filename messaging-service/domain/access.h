#pragma once
/* Who may read and write a conversation. */
#include <stdbool.h>

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
