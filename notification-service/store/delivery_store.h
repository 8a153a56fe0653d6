#pragma once
/* What is to be sent beyond the screen, and what became of it. All calls may suspend. */
#include "db.h"

struct delivery {
    int64_t id, notification_id;
    int64_t attempts; /* this one included */
    struct str channel;
    struct str type, title, message, ticket_number;
    struct str template, facts, language, event_group; /* absent: sent in words of its own */
    struct str address;                                /* where it goes; absent: not known yet */
    struct str name;                                   /* absent: not known */
    struct str target; /* what may hang, "": nothing in particular */
    int64_t user_id;   /* INT64_MIN: nobody known */
    int64_t device_id; /* INT64_MIN: none */
    bool is_inactive;  /* the person is not let in any more */
    int64_t created_at;
};

struct new_delivery {
    int64_t notification_id, user_id; /* user_id 0: nobody known */
    struct str channel;
    struct str recipient;     /* absent: the person's address when it is sent */
    struct str recipient_key; /* whose limits it counts for */
    struct str target;
    int64_t device_id; /* 0: none */
    bool is_collected; /* waits for a digest */
    int64_t not_before, now;
};
MUST_CHECK enum err CO_FN delivery_store_add(struct db_session *s, const struct new_delivery *d,
                                             int64_t *id);

struct pace {
    int64_t per_hour, per_day; /* 0: no limit */
};
/*
 * The first moment from at on when another delivery keeps within the limits. Exact for who holds
 * the recipient's lock (recipient_store.h).
 */
MUST_CHECK enum err CO_FN delivery_store_pace(struct db_session *s, struct str recipient_key,
                                              struct str channel, const struct pace *pace,
                                              int64_t at, int64_t *out);

/*
 * Takes one of the channel that is due and whose target is not among busy: counts the attempt and
 * hides it for lease_s seconds, so that a process that dies while sending delays it and loses none.
 */
struct claim {
    struct str channel;
    const struct str *busy;
    size_t busy_count;
    int64_t lease_s;
};
MUST_CHECK enum err CO_FN delivery_store_claim(struct db_session *s, const struct claim *c,
                                               int64_t now, struct delivery *out, bool *found);

/* What became of an attempt; a digest takes what it lists along. */
enum delivery_end { DELIVERY_SENT, DELIVERY_RETRIED, DELIVERY_FAILED, DELIVERY_SUPPRESSED };
struct delivery_outcome {
    int64_t id, attempt;
    enum delivery_end end;
    struct str why;   /* absent when it went out */
    int64_t retry_at; /* DELIVERY_RETRIED only */
};
/* Nothing happens when another attempt has begun meanwhile. */
MUST_CHECK enum err CO_FN delivery_store_record(struct db_session *s,
                                                const struct delivery_outcome *o, int64_t now);
