#pragma once
/* Lists of turns: the items of everybody, or of the roles that a person holds, whoever has them. */
#include "store/task_store.h"

struct turn_filter {
    int64_t person_id;          /* holds the role whose turn it is; NO_PERSON: all items */
    struct str role;            /* whose turn it is, in any case; absent: any */
    const struct str *statuses; /* of the items, at least one */
    size_t status_count;
    struct str search; /* words of the subject, or how the ticket number begins; absent: any */
    int64_t before_id; /* INT64_MIN: from the newest */
    int64_t limit, skip;
};

/* Newest first. total: up to 10,001; not counted behind a position. A search looks at the newest
 * three hundred tickets that it finds. */
MUST_CHECK enum err CO_FN turn_store_list(struct db_session *s, const struct turn_filter *f,
                                          struct item_page *out);
