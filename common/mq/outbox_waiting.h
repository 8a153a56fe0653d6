#pragma once
/* What waits in the outbox, for those who operate it. The relay deletes what it has published. */
#include "db.h"

struct outbox_lane {
    struct str exchange, routing_key; /* both absent: all lanes together */
    int64_t waiting, failed;          /* failed: put off after an attempt, among those that wait */
    double oldest_s;                  /* 0 when nothing waits */
};

/* By destination, the fullest first; all together at the end. */
MUST_CHECK enum err CO_FN outbox_waiting(struct db_session *s, struct outbox_lane **out,
                                         size_t *count);

struct outbox_choice {
    struct str routing_key; /* absent: any */
    int64_t id;             /* INT64_MIN: any */
};

struct outbox_failed {
    int64_t id;
    struct str message_id, exchange, routing_key, type, key, error;
    int64_t attempts, held; /* held: those that wait behind it, counted up to 10,000 */
    int64_t created_at, retry_at;
};

/* Those that failed with an id behind after, in order. */
MUST_CHECK enum err CO_FN outbox_failed(struct db_session *s, const struct outbox_choice *c,
                                        int64_t after, int64_t limit, struct outbox_failed **out,
                                        size_t *count);
/* Lets the failed ones that are put off be tried at once: the next look of the relay does. */
MUST_CHECK enum err CO_FN outbox_retry(struct db_session *s, const struct outbox_choice *c,
                                       int64_t *count);
