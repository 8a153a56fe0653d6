#pragma once
/*
 * Transactional outbox: a message is a row written in the transaction that caused it. The relay
 * publishes rows in order of id, deletes those the broker confirmed, and is safe to run in every
 * replica (one at a time works, by advisory lock). Tables: mq/migrations.
 *
 * A row that is refused or that no queue takes is put off (1, 2, 4, 8, then every 15 s); later rows
 * of the same key and destination (exchange, or queue on the default exchange) wait behind it,
 * others pass. An event that still has no subscriber 10 s after the broker was reached is dropped.
 * Order among transactions is that of their ids: lock what the key stands for before putting.
 */
#include "migrate.h"
#include "mq.h"

struct outbox_entry {
    struct str exchange, routing_key;
    struct str message_id;     /* absent: a new UUID */
    struct str correlation_id; /* absent: none */
    struct str type, content_type;
    struct str headers_json; /* flat JSON object of AMQP headers, absent: none */
    struct str body;
    struct str key; /* ordering key, e.g. the ticket number; absent: no order */
};

/*
 * Inside a transaction (ERR_INTERNAL_ERROR otherwise). The rows of a transaction are written
 * together, when it commits, which also kicks the relay: the texts must live until then. They come
 * behind rows that a statement of the transaction has written itself (OUTBOX_CTE).
 */
MUST_CHECK enum err outbox_put(struct db_session *s, const struct outbox_entry *e);

/* ---- rows in a statement of one's own ----------------------------------------------------- */

/*
 * A statement that writes what causes the messages can write their rows as well, which saves a
 * transaction its round trips: OUTBOX_CTE("$5") is a common table expression for a text[] parameter
 * (T), outbox_rows its value. Call outbox_written when the statement has run. How many rows there
 * may be is a constant, for the planner: were it to expect many, it would plan each execution anew.
 */
#define OUTBOX_CTE(param) OUTBOX_CTE_OF(param, "unnest('{1,10,19,28}'::int[])")
#define OUTBOX_CTE_OF(param, starts)                                                               \
    "outbox_rows AS (INSERT INTO outbox (message_id, exchange, routing_key, correlation_id, "      \
    "type, content_type, headers, body, key) SELECT v[i], COALESCE(v[i + 1], ''), v[i + 2], "      \
    "NULLIF(v[i + 3], ''), NULLIF(v[i + 4], ''), COALESCE(v[i + 5], 'application/json'), "         \
    "NULLIF(v[i + 6], '')::jsonb, COALESCE(v[i + 7], ''), NULLIF(v[i + 8], '') "                   \
    "FROM (SELECT " param "::text[] AS v) p, " starts " AS i "                                     \
    "WHERE i < cardinality(v) ORDER BY i)"
#define OUTBOX_ROWS_MAX 4
/* The entries, at most OUTBOX_ROWS_MAX, need a message_id and a content_type. */
struct db_value outbox_rows(struct arena *a, const struct outbox_entry *entries, size_t n);
/* Kicks the relay: on commit, or at once outside a transaction. */
void outbox_written(struct db_session *s);

/* ---- the relay ---------------------------------------------------------------------------- */

struct outbox_relay;
struct outbox_relay *outbox_relay_start(struct loop *l, struct db *db, struct mq *m);
/* Stops after the batch in hand. */
void CO_FN outbox_relay_stop(struct outbox_relay *r);
/* Rows waiting and the age of the oldest in seconds, as of the last look. */
void outbox_relay_stats(const struct outbox_relay *r, int64_t *pending, double *oldest_s);
/* Looks now instead of at the next poll. */
void outbox_kick(void);

extern const struct db_migration MQ_MIGRATIONS[];
extern const size_t MQ_MIGRATIONS_COUNT;
