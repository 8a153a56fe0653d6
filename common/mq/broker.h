#pragma once
/*
 * The broker thread, seen from the loop: it owns every connection and all of librabbitmq's state.
 * The loop puts mails into it; it posts mails back through the port.
 */
#include <stdatomic.h>

#include "mailbox.h"
#include "mq.h"
#include "url.h"

#define MQ_RETRY_COUNT 4 /* retry queues per consumed queue: 1, 2, 4 and 8 s */

/* ---- what both sides know; never changes once the thread runs ------------------------------ */

struct topology_queue {
    struct list node;
    const char *name;
    enum mq_queue_kind kind;
    const struct mq_binding *bindings; /* .exchange == NULL ends; never NULL */
    bool is_consumed;
};

struct topology_consumer {
    const struct topology_queue *queue;
    int prefetch;
};

struct broker_setup {
    struct str url;
    const char *ca_file; /* NULL: the system's */
    const char *name;
    int confirm_window, heartbeat_s;
    struct list queues; /* struct topology_queue */
    struct topology_consumer *consumers;
    int consumer_count;
};

/* ---- mails --------------------------------------------------------------------------------- */

enum publish_result {
    PUBLISH_PENDING,
    PUBLISH_CONFIRMED,
    PUBLISH_UNROUTABLE, /* returned: no queue takes it */
    PUBLISH_REFUSED,    /* by the broker, or it could not be encoded */
    PUBLISH_LOST,       /* the connection is away; it may or may not have arrived */
};

/* Messages to publish in order. Owned by whoever holds the mail; everything is in the arena. */
struct batch {
    struct mail mail;
    struct arena *arena; /* owned */
    struct mq_message *messages;
    enum publish_result *results;
    size_t count, sent, settled;
    struct co_wait *wait;     /* the loop's: NULL once the publisher has left */
    atomic_bool is_abandoned; /* the publisher has left: what is not sent yet never will be */
};

enum settle {
    SETTLE_ACK,
    SETTLE_RETRY, /* to the next retry queue */
    SETTLE_DEAD,
    SETTLE_DROP, /* no answer: the broker delivers it again on the next connection */
};

/* A delivery. The broker thread makes it, the loop handles it and sends it back settled. */
struct incoming {
    struct mail mail;
    struct mq_message message;
    int consumer;   /* index */
    uint64_t epoch; /* of the connection; an answer on another one is void */
    int failures;   /* attempts that failed before, from x-tts-attempt */
    bool redelivered;
    enum settle settle;
    char *reason;        /* owned: for the dead letter and the retry, may be NULL */
    struct lane *lane;   /* the loop's: deliveries of the same key */
    struct list waiting; /* the loop's: in a lane or in the consumer's backlog */
};

/* A connection came up or went down. */
struct link_news {
    struct mail mail;
    bool is_consuming; /* which of the two */
    bool is_up;
    uint64_t epoch;
};

/* ---- the thread ---------------------------------------------------------------------------- */

/* Called by the broker thread with each mail for the loop, which owns it from then on. */
typedef void (*broker_post_fn)(void *arg, struct mail *m);

struct broker;
/* setup is borrowed until broker_free. */
struct broker *broker_new(const struct broker_setup *setup, broker_post_fn post, void *post_arg);
void broker_start(struct broker *b);
void broker_put(struct broker *b, struct mail *m);
/* Breaks whatever network call the thread is blocked in. */
void broker_interrupt(struct broker *b);
/* Waits for the thread, which must have been told to shut down. */
void broker_free(struct broker *b);

/* Free mails that nobody wants any more. */
void batch_free(struct batch *b);
void incoming_free(struct incoming *in);
