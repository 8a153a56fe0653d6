#pragma once
/* The loop's side: struct mq, and what its files call of each other. */
#include "broker.h"
#include "metrics.h"
#include "strmap.h"

/* Deliveries of one key: the first is in hand or in the backlog, the others wait here. */
struct lane {
    struct list waiting; /* struct incoming */
    size_t key_len;
    char key[];
};

struct consumer {
    struct list node;
    struct mq *mq;
    struct mq_consumer config;
    const struct topology_queue *queue;
    struct db *db;
    void *app;
    int index;
    struct list backlog;  /* struct incoming: may be handled now */
    struct list suspects; /* those delivered before without an answer: one at a time */
    struct list running;  /* struct handling */
    struct strmap *lanes;
    int running_count;
    bool is_suspect_running, is_pumping;
    struct metric_series *duration, *consumed;
};

/* Deliveries in hand, on their coroutine's stack. */
struct handling {
    struct list node;
    struct consumer *consumer;
    struct incoming *ins[MQ_BATCH_MAX];
    size_t count; /* more than one: together */
    struct co *co;
    bool is_suspect;
};

/* Where the broker thread leaves mails for the loop. Outlives the mq while a call is posted. */
struct port {
    struct mailbox box;
    struct loop *loop;
    struct mq *mq; /* NULL once freed */
};

struct mq {
    struct loop *loop;
    struct arena *arena;
    struct broker_setup setup;
    struct broker *broker; /* NULL before mq_start and after mq_stop */
    struct port *port;
    struct list consumers;
    bool is_publisher_up, is_consumer_up, is_stopping, is_stopped;
    uint64_t consumer_epoch, publisher_epoch;
    int running; /* handlers of all consumers */
    struct co_wait *idle_wait, *stopped_wait;
    void (*on_consuming)(void *arg);
    void *on_consuming_arg;
    struct mq_stats stats;
};

/* publish.c */
/* The same as mq_publish_many, telling unroutable from refused. */
void CO_FN mq_publish_results(struct mq *m, const struct mq_message *msgs, size_t n,
                              enum publish_result *results, enum err *rc);
void publish_done(struct mq *m, struct batch *b);

/* consume.c */
void consumer_free(struct consumer *c);
void consumer_take(struct consumer *c, struct incoming *in);
/* Drops what waits, because the connection is gone or the program stops. */
void consumer_drop_backlog(struct consumer *c);
/* Whether the delivery can still be answered. */
bool consumer_may_answer(const struct consumer *c, const struct incoming *in);

/* deliver.c */
/* Runs the handler in its transaction, as often as the database makes it necessary. *reason is
 * allocated in the arena, for SETTLE_RETRY and SETTLE_DEAD. */
enum settle CO_FN deliver(struct consumer *c, const struct incoming *in, struct arena *a,
                          bool is_suspect, struct str *reason);

/* All of them in one transaction, once. False: nothing was done. */
bool CO_FN deliver_together(struct consumer *c, struct incoming *const *ins, size_t n,
                            struct arena *a);

/* metrics.c */
extern struct metric MQ_CONNECTED, MQ_PUBLISHED, MQ_CONSUMED, MQ_HANDLED, MQ_DURATION;
