#pragma once
/* Table dead_letter. */
#include "mq.h"

#define DEAD_SHOWN_BYTES 4096 /* of a body */
#define DEAD_ROUND 500        /* letters that one transaction replays or purges */

/* The queues of this program, by name. */
MUST_CHECK enum err CO_FN dead_store_add_queues(struct db_session *s, const struct str *names,
                                                size_t count);
MUST_CHECK enum err CO_FN dead_store_queues(struct db_session *s, const struct str **names,
                                            size_t *count);

/* Stores a delivery of "<queue>.dead"; one that is stored already is left as it is. */
MUST_CHECK enum err CO_FN dead_store_put(struct db_session *s, const struct mq_message *m,
                                         struct str queue, int64_t now);

struct dead_letter {
    int64_t id;
    struct str queue, message_id, correlation_id, kind, content_type, headers, reason;
    struct str body; /* its beginning, made well-formed UTF-8 */
    int64_t body_size, attempts, failed_at;
};

/* Latest first. total: up to 10,001; not counted behind a position (before_id, else INT64_MIN). */
MUST_CHECK enum err CO_FN dead_store_list(struct db_session *s, struct str queue, int64_t before_id,
                                          int64_t limit, int64_t skip, struct dead_letter **out,
                                          size_t *count, int64_t *total);

/* Which letters: those of the ids, else those of the queue, else all. */
struct dead_choice {
    const int64_t *ids;
    size_t id_count;
    struct str queue; /* absent: of any */
};

/* At most DEAD_ROUND of them, oldest first, back to their queues. In a transaction. */
MUST_CHECK enum err CO_FN dead_store_replay(struct db_session *s, const struct dead_choice *c,
                                            int64_t *count);
/* At most DEAD_ROUND of them, for good. */
MUST_CHECK enum err CO_FN dead_store_purge(struct db_session *s, const struct dead_choice *c,
                                           int64_t *count);
/* How many there are, up to 10,000. */
MUST_CHECK enum err CO_FN dead_store_left(struct db_session *s, const struct dead_choice *c,
                                          int64_t *count);
