#pragma once
/* The columns of a ticket in the order in which every statement selects them, and their reader. */
#include "db.h"
#include "domain/ticket.h"

#define TICKET_COL_TYPES "ittttttttbtitttitntizzzzztjT"
#define TICKET_COLS                                                                                \
    "t.id, t.number, t.subject, t.description, t.category, t.sub_category, t.department, "         \
    "t.priority::text, t.status::text, t.is_assigned, t.held_status::text, t.requester_id, "       \
    "t.requester_name, t.requester_email, t.requester_department, t.owner_id, t.owner_name, "      \
    "t.csat_rating, t.csat_feedback, t.version, t.created_at, t.updated_at, "                      \
    "t.first_response_at, t.completed_at, t.closed_at, t.approval::text, "                         \
    "t.custom_fields, t.tags"
#define TICKET_COL_COUNT 28

/* Reads them from column first on. Strings point into the result; nothing is known of who
 * asks and who watches. */
void ticket_from_row(const struct db_result *rows, size_t row, int first, struct ticket *out);
