#pragma once
/* A notification's columns, for the statements of several stores. */
#include "store/notification_store.h"

#define NOTIFICATION_COLUMNS                                                                       \
    "n.id, n.user_id, n.type, n.title, n.message, n.ticket_id, n.ticket_number, n.channel,"        \
    " n.data, n.is_read, n.read_at, n.created_at"
#define NOTIFICATION_TYPES "iitttittjbzz"

/* Reads them, the first of a row. */
void notification_read_row(const struct db_result *r, size_t row, struct notification *out);
