#pragma once
/* Who watches a ticket: may see it, and is told of what happens to it. */
#include "db.h"

struct watcher {
    int64_t user_id;
    struct str name, email;
};

/* By name. */
MUST_CHECK enum err CO_FN watcher_store_list(struct db_session *s, int64_t ticket_id,
                                             struct watcher **out, size_t *count);
/* *changed is false when the person watched it before. */
MUST_CHECK enum err CO_FN watcher_store_add(struct db_session *s, int64_t ticket_id,
                                            int64_t user_id, bool *changed);
/* ERR_NOT_FOUND when the person does not watch it. */
MUST_CHECK enum err CO_FN watcher_store_remove(struct db_session *s, int64_t ticket_id,
                                               int64_t user_id);
