#pragma once
/* Inside the broker thread: its state, and what its files call of each other. */
#include <stdatomic.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "broker.h"
#include "rand.h"

#define CONTROL_CHANNEL 1 /* topology; publishing and confirms */
#define FIRST_CONSUMER_CHANNEL 2
#define CONSUMER_TAG "tts" /* one consumer a channel */
#define RPC_TIMEOUT_S 10

/* A basic.deliver or basic.return being put together from its frames, in memory of its own. */
struct content {
    struct list unacked; /* deliveries: in the channel's list */
    struct list moving;  /* in broker.moves */
    amqp_pool_t pool;
    amqp_method_number_t method;
    uint64_t delivery_tag;
    bool redelivered;
    amqp_bytes_t exchange, routing_key;
    amqp_basic_properties_t properties;
    size_t properties_size; /* encoded */
    amqp_bytes_t body;
    size_t body_received;
    bool is_done;               /* the delivery may be acknowledged */
    bool is_dropped;            /* it never will be */
    int64_t move_at;            /* mono µs: when to move it to a retry or dead-letter queue */
    char stamp[UUID_TEXT_SIZE]; /* of the copy among the dead letters */
    struct incoming incoming;   /* what the loop sees of a delivery */
};

struct channel {
    struct content *partial;
    struct list unacked; /* in the order of delivery tags */
    bool has_done;
};

/* One connection. Two of them, because a broker short of memory or disk stops reading from those
 * that publish, and acknowledgements must not wait behind that. */
struct link {
    struct broker *broker;
    const char *purpose;
    bool is_consuming;
    amqp_connection_state_t conn; /* NULL while down */
    atomic_int fd;                /* for broker_interrupt, -1 while down */
    struct channel *channels;     /* by channel number */
    int channel_count;
    uint64_t epoch;
    bool is_blocked;
    int64_t retry_at, up_since, backoff_ms;
    char error[256]; /* last one logged, so that an outage is logged once */
};

/* An unconfirmed publish: of a batch, or of a delivery on its way to another queue. */
struct confirm {
    struct batch *batch;
    size_t index;
    struct content *move;
    bool is_open;
    enum publish_result result; /* UNROUTABLE once returned; the confirm follows */
};

struct window {
    struct confirm *slots;
    uint64_t size, next, low; /* tags; low is the oldest that may be open */
};

struct broker {
    const struct broker_setup *setup;
    struct arena *arena; /* the parsed URL */
    struct mq_url url;
    const char *url_problem;
    broker_post_fn post;
    void *post_arg;
    struct mailbox inbox;
    int wake_fd;
    pthread_t thread;
    bool is_started;
    struct link publisher, consumer;
    struct window window;
    struct list batches; /* not wholly sent */
    struct list moves;   /* struct content, by moving: deliveries to republish */
    bool is_cancelled, is_stopping;
};

/* link.c */
void link_init(struct link *l, struct broker *b, bool is_consuming);
void link_release(struct link *l);
/* Connects and declares; on failure the next attempt is scheduled. Blocks for at most seconds. */
void link_open(struct link *l);
/* Logs why, closes, and schedules the next attempt. Everything in flight on it is lost. */
void link_fail(struct link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Closes in order. */
void link_close(struct link *l);
/* Handles the frames that have arrived; true when more may be buffered. */
bool link_read(struct link *l);
/* Text of a failed call, in a buffer of the caller. */
const char *link_reply_text(amqp_rpc_reply_t reply, char *out, size_t size);

/* topology.c */
/* Declares everything on the link, and starts its consumers. False: the connection is unusable. */
MUST_CHECK bool topology_declare(struct link *l, char *why, size_t why_size);

/* content.c */
struct content *content_new(const amqp_method_t *m);
void content_free(struct content *c);
void content_set_header(struct content *c, const amqp_frame_t *f);
void content_add_body(struct content *c, amqp_bytes_t fragment);
bool content_is_complete(const struct content *c);
/* Fills incoming.message and what else the loop wants to know. */
void content_describe(struct content *c);

/* properties.c */
struct str str_from_bytes(amqp_bytes_t b);
amqp_bytes_t bytes_from_str(struct str s);
/* The message's properties; headers are allocated in its batch's arena. */
void properties_of_message(struct arena *a, const struct mq_message *m,
                           amqp_basic_properties_t *out);
/* Whether the message can be put on the wire at all. */
bool message_is_encodable(const struct mq_message *m);
/* Header fields of a table as text; nested ones are left out. */
const struct mq_header *headers_of_table(const amqp_table_t *t, amqp_pool_t *pool, size_t *count);
/* The properties of a delivery for its copy in another queue, with the marks of the retry. */
void properties_of_move(struct content *c, const char *queue, amqp_basic_properties_t *out);

/* confirm.c */
void window_init(struct window *w, int size);
void window_release(struct window *w);
void window_reset(struct window *w);
bool window_is_empty(const struct window *w);
bool window_is_full(const struct window *w);
/* Publishes what waits, as far as the window and the socket allow. */
void publish_pump(struct broker *b);
void publish_on_confirm(struct broker *b, uint64_t tag, bool multiple, enum publish_result result);
void publish_on_return(struct broker *b, const struct content *c);
/* Reports everything in flight or waiting as lost. */
void publish_fail_all(struct broker *b);
/* Mono µs of the next thing to publish later, 0 for none. */
int64_t publish_next_due(const struct broker *b);

/* receive.c */
void receive_delivery(struct link *l, int channel, struct content *c);
void receive_settled(struct broker *b, struct incoming *in);
/* The copy of a moved delivery has been confirmed, or not. */
void receive_moved(struct broker *b, struct content *c, enum publish_result result);
/* Sends the acknowledgements of this turn. */
void receive_flush(struct broker *b);
/* The connection is gone: what was delivered on it will come again. */
void receive_forget(struct broker *b);
void receive_cancel(struct broker *b);
