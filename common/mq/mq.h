#pragma once
/*
 * RabbitMQ (AMQP 0-9-1). One thread drives librabbitmq; it and the loop exchange messages and share
 * nothing else. Publishes are persistent, mandatory and confirmed, in windows; deliveries are
 * acknowledged after the handler's transaction has committed. Reconnects with backoff for ever.
 * There are two connections, the second one only for programs that consume: a broker short of
 * memory stops listening to a connection that publishes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "co.h"
#include "db.h"
#include "err.h"
#include "log.h"
#include "str.h"

struct loop;
struct mq;

struct mq_config {
    struct str url;     /* amqp[s]://user:password@host:port/vhost */
    struct str ca_file; /* amqps: PEM of who signs the broker's certificate; empty: the system's */
    const char *name;   /* connection name shown by the broker */
    int confirm_window; /* most unconfirmed publishes, 0: 256 */
    int heartbeat_s;    /* 0: 30 */
};

struct mq *mq_new(struct loop *l, const struct mq_config *cfg);
/* Declare everything, then start. */
void mq_start(struct mq *m);
/* Cancels the consumers, waits for running handlers (at most timeout_ms), closes. */
void CO_FN mq_stop(struct mq *m, int timeout_ms);
void mq_free(struct mq *m);
bool mq_is_up(const struct mq *m);

/* ---- messages ----------------------------------------------------------------------------- */

struct mq_header {
    struct str name, value; /* integers, booleans and nulls arrive as their text */
    enum { MQ_HEADER_STR, MQ_HEADER_INT, MQ_HEADER_NULL, MQ_HEADER_BOOL } kind;
};

struct mq_message {
    struct str exchange, routing_key;
    struct str message_id, correlation_id, type, content_type, content_encoding, reply_to;
    int64_t timestamp_s; /* 0: none */
    const struct mq_header *headers;
    size_t header_count;
    struct str body;
};
struct str mq_header_get(const struct mq_message *m, const char *name);

/*
 * Publishes and waits for the broker's confirm. ERR_QUEUE_CONNECTION_FAILED when the broker is
 * away, ERR_QUEUE_ERROR when it refused or could not route the message, ERR_TIMEOUT. After a
 * time-out or a lost connection the message may or may not have arrived.
 */
MUST_CHECK enum err CO_FN mq_publish(struct mq *m, const struct mq_message *msg);
/* The same for n messages in one window, in order. rc[i] tells of each. */
void CO_FN mq_publish_many(struct mq *m, const struct mq_message *msgs, size_t n, enum err *rc);

/* ---- topology ----------------------------------------------------------------------------- */

enum mq_queue_kind {
    MQ_CLASSIC,   /* durable, no arguments: what Celery declares; bound to a direct exchange of its
                     name */
    MQ_QUORUM,    /* own durable queues: delivery limit, dead letters to "<queue>.dead" */
    MQ_EXCLUSIVE, /* this process's own, gone with it; name is a prefix */
};

struct mq_binding {
    const char *exchange, *routing_key;
};

struct mq_queue {
    const char *name;
    enum mq_queue_kind kind;
    const struct mq_binding *bindings; /* .exchange == NULL ends; may be NULL */
};

#define MQ_EVENTS_EXCHANGE "tts.events" /* topic, durable; always declared */

/* Before mq_start. A queue one only publishes to is declared too, or publishing to it fails while
 * its consumer has never run. One that exists with other arguments is used as it is. */
void mq_declare_queue(struct mq *m, const struct mq_queue *q);

/* ---- consuming ---------------------------------------------------------------------------- */

struct mq_delivery {
    const struct mq_message *message;
    struct arena *arena;
    struct db_session *db; /* inside the transaction that holds the inbox row; NULL without a db */
    void *app;
    int attempt; /* 1 for the first */
    bool redelivered;
    struct log_context log; /* from the traceparent header */
    int64_t now;            /* wall µs, or the sender's overridden time */
    bool time_overridden;
    struct str reject_reason; /* set by the handler for the dead letter */
};

/* A handler's answer for what no later attempt could mend: to the dead letters without a retry. */
#define MQ_PARK ERR_COUNT

/*
 * ERR_OK: committed and acknowledged. Any other: rolled back and tried again after 1, 2, 4 and 8 s
 * (queues "<queue>.retry.1" to ".4"), then moved to "<queue>.dead" with the reason in the header
 * x-tts-reason, a stamp of its own in x-tts-dead. ERR_INVALID_PAYLOAD is retried likewise; MQ_PARK
 * moves at once. No attempt is counted when it was the database that went away: the handler then
 * runs again in place, so it must be repeatable. A delivery of an MQ_EXCLUSIVE queue is not retried
 * but dropped. May suspend. A retried delivery comes behind those of its key that arrived
 * meanwhile.
 */
typedef enum err (*mq_handler_fn)(struct mq_delivery *d);
/*
 * Several deliveries in one transaction, of different keys. ERR_OK: all are done. Any other: rolled
 * back, and each is given to the handler on its own. May suspend.
 */
typedef enum err (*mq_batch_fn)(struct mq_delivery *d, size_t n);
#define MQ_BATCH_MAX 64

struct mq_consumer {
    const char *queue; /* declared before */
    int prefetch;      /* unacknowledged deliveries, 0: 64 */
    int concurrency;   /* handlers at once, 0: 16. 1 keeps the queue's order */
    /* Deliveries with the same key are handled one after the other, in order; NULL: no ordering. */
    struct str (*order_key)(const struct mq_message *m);
    /* Record message_id (or the id of a Celery task) in the inbox, skip what it already holds.
     * Needs db. It also finds the message whose handling was begun five times but never ended,
     * because it kills the program, and moves it to the dead letters. */
    bool use_inbox;
    mq_handler_fn handler;
    /* For what waits while all places for handlers are taken, in one transaction: a handler of
     * several, or the handler for each in turn. Otherwise one transaction each. Needs use_inbox. */
    mq_batch_fn batch_handler;
    bool in_batches;
    /* How long the first one waits for others to be handled with; 0: not at all. */
    int linger_ms;
};
/* The queues whose failed deliveries end in "<queue>.dead" and are consumed here, one a call,
 * beginning with *it = 0; NULL at the end. */
const char *mq_next_consumed(const struct mq *m, size_t *it);

/* Before mq_start. db may be NULL for consumers that write nothing. */
void mq_consume(struct mq *m, const struct mq_consumer *c, struct db *db, void *app);
/* Calls fn(arg) on the loop, before the first delivery, each time consuming has begun on a new
 * connection: what was published meanwhile has passed exclusive queues by. One listener. */
void mq_on_consuming(struct mq *m, void (*fn)(void *arg), void *arg);

struct mq_stats {
    int64_t published, confirmed, returned, consumed, acked, retried, dead, redelivered;
    int connected;
};
void mq_stats(const struct mq *m, struct mq_stats *out);
