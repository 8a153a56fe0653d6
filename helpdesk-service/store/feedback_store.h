#pragma once
/* Ratings of tickets, at most one a person and ticket. The requester's is the ticket's CSAT. */
#include "db.h"

struct feedback {
    int64_t id, ticket_id, user_id, rating;
    struct str comment;
    int64_t created_at;
};

/* Replaces the person's earlier one; sets id. */
MUST_CHECK enum err CO_FN feedback_store_put(struct db_session *s, struct feedback *f);
/* ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN feedback_store_by_id(struct db_session *s, int64_t id,
                                               struct feedback *out);
MUST_CHECK enum err CO_FN feedback_store_delete(struct db_session *s, int64_t id);
/* Newest first. */
MUST_CHECK enum err CO_FN feedback_store_of_ticket(struct db_session *s, int64_t ticket_id,
                                                   struct feedback **out, size_t *count);
MUST_CHECK enum err CO_FN feedback_store_of_user(struct db_session *s, int64_t user_id,
                                                 struct feedback **out, size_t *count);
