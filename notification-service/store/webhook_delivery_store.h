#pragma once
/* Messages of webhooks, what of them has gone to whom, and every attempt. */
#include "db.h"

/* ---- messages ----------------------------------------------------------------------------- */

/*
 * Begins telling of an event: whether any endpoint has subscribed to it, and the number of the
 * message among those of its subject (0 without a subject). Inside a transaction.
 */
MUST_CHECK enum err CO_FN webhook_store_subscribed(struct db_session *s, const struct str *patterns,
                                                   size_t count, struct str subject,
                                                   bool *is_wanted, int64_t *seq);

struct webhook_message {
    struct str message_id, type, body;
    const struct str *patterns;
    size_t pattern_count;
    int64_t now;
};
/* With a delivery to every enabled endpoint that has subscribed. */
MUST_CHECK enum err CO_FN webhook_store_tell(struct db_session *s, const struct webhook_message *m);
/* With one delivery, to that endpoint; *id is the delivery's. */
MUST_CHECK enum err CO_FN webhook_store_tell_one(struct db_session *s, int64_t webhook_id,
                                                 const struct webhook_message *m, int64_t *id);

/* ---- sending ------------------------------------------------------------------------------ */

/* Enabled endpoints that something is due for. */
MUST_CHECK enum err CO_FN webhook_store_due(struct db_session *s, int64_t now, const int64_t **out,
                                            size_t *count);

struct webhook_due {
    int64_t id, webhook_id, attempt; /* attempt: 1 for the first */
    int64_t failures;                /* of the endpoint, in a row */
    struct str message_id, body, url;
    struct str secret, previous_secret, headers; /* sealed; previous_secret absent unless valid */
};
/* The endpoint's next one, due again after the lease unless its outcome is recorded;
 * ERR_NOT_FOUND when nothing is due. */
MUST_CHECK enum err CO_FN webhook_store_claim(struct db_session *s, int64_t webhook_id, int64_t now,
                                              int64_t lease_s, struct webhook_due *out);

struct webhook_attempt {
    int64_t id, started_at, duration_ms;
    int64_t status;   /* INT64_MIN: there was no answer */
    struct str error; /* absent: it succeeded */
    struct str reply; /* absent: none */
};
/* Records an attempt at the claimed delivery. next_at: INT64_MIN when there is to be none. A
 * delivery that somebody has touched since is left as it is. */
MUST_CHECK enum err CO_FN webhook_store_record(struct db_session *s, const struct webhook_due *d,
                                               const struct webhook_attempt *a, int64_t next_at);

/* ---- the log ------------------------------------------------------------------------------ */

struct webhook_delivery {
    int64_t id, webhook_id, attempts, created_at;
    struct str message_id, type, status;
    struct str body;                                    /* only when a single one is read */
    int64_t next_attempt_at, last_status, delivered_at; /* INT64_MIN: none */
    struct str last_error;                              /* absent: none */
};
struct webhook_delivery_filter {
    int64_t webhook_id;
    struct str status, type; /* absent: any */
    int64_t before;          /* only ids below it; INT64_MIN: all */
    int64_t skip, limit;
};
struct webhook_delivery_list {
    const struct webhook_delivery *items;
    size_t count;
    int64_t total; /* up to 10,001; of a page without before */
};
MUST_CHECK enum err CO_FN webhook_store_deliveries(struct db_session *s,
                                                   const struct webhook_delivery_filter *f,
                                                   struct webhook_delivery_list *out);
/* ERR_NOT_FOUND, also for one of another endpoint. */
MUST_CHECK enum err CO_FN webhook_store_delivery(struct db_session *s, int64_t webhook_id,
                                                 int64_t id, struct webhook_delivery *out);
/* Its newest attempts, at most 100, oldest first. */
MUST_CHECK enum err CO_FN webhook_store_attempts(struct db_session *s, int64_t id,
                                                 const struct webhook_attempt **out, size_t *count);

/* ---- once more ---------------------------------------------------------------------------- */

/* ERR_NOT_FOUND; ERR_CONFLICT for one that is pending anyway. */
MUST_CHECK enum err CO_FN webhook_store_replay(struct db_session *s, int64_t webhook_id, int64_t id,
                                               int64_t now);
/* Those of the time that have failed, and what the endpoint was not told because it was disabled:
 * the oldest first, at most limit of each. */
struct webhook_replay {
    int64_t webhook_id, since, until, limit, now;
    const struct str *event_types;
    size_t event_type_count;
};
MUST_CHECK enum err CO_FN webhook_store_replay_range(struct db_session *s,
                                                     const struct webhook_replay *r,
                                                     int64_t *count);

/* Forgets messages from before a time, at most limit, with all that became of them. */
MUST_CHECK enum err CO_FN webhook_store_purge(struct db_session *s, int64_t before, int64_t limit,
                                              int64_t *count);
