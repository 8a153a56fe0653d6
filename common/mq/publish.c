/* Publishing, from the loop: copy, hand over, wait for the confirms. */
#include <string.h>

#include "mq_internal.h"
#include "rand.h"

#define PUBLISH_TIMEOUT_MS 15000

static struct str non_empty_id(struct arena *a, struct str id)
{
    if (id.len)
        return str_dup(a, id);
    char text[UUID_TEXT_SIZE];
    rand_uuid(text);
    return str_dup(a, str_from(text));
}

static void copy_message(struct arena *a, const struct mq_message *from, struct mq_message *to)
{
    *to = *from;
    to->exchange = str_dup(a, from->exchange);
    to->routing_key = str_dup(a, from->routing_key);
    /* A returned message is recognised by its id. */
    to->message_id = non_empty_id(a, from->message_id);
    to->correlation_id = str_dup(a, from->correlation_id);
    to->type = str_dup(a, from->type);
    to->content_type = str_dup(a, from->content_type);
    to->content_encoding = str_dup(a, from->content_encoding);
    to->reply_to = str_dup(a, from->reply_to);
    to->body = str_dup(a, from->body);
    struct mq_header *headers = ARENA_ARRAY(a, struct mq_header, from->header_count);
    for (size_t i = 0; i < from->header_count; i++) {
        headers[i] = from->headers[i];
        headers[i].name = str_dup(a, from->headers[i].name);
        headers[i].value = str_dup(a, from->headers[i].value);
    }
    to->headers = headers;
}

static struct batch *batch_new(const struct mq_message *msgs, size_t n, struct co_wait *w)
{
    struct arena *a = arena_new();
    struct batch *b = ARENA_NEW(a, struct batch);
    b->arena = a;
    b->mail.kind = MAIL_PUBLISH;
    b->messages = ARENA_ARRAY(a, struct mq_message, n);
    b->results = ARENA_ARRAY(a, enum publish_result, n);
    b->count = n;
    b->wait = w;
    atomic_init(&b->is_abandoned, false);
    for (size_t i = 0; i < n; i++)
        copy_message(a, &msgs[i], &b->messages[i]);
    return b;
}

static enum err err_of(enum publish_result r, enum err unsettled)
{
    switch (r) {
    case PUBLISH_CONFIRMED:
        return ERR_OK;
    case PUBLISH_UNROUTABLE:
    case PUBLISH_REFUSED:
        return ERR_QUEUE_ERROR;
    case PUBLISH_LOST:
        return ERR_QUEUE_CONNECTION_FAILED;
    case PUBLISH_PENDING:
        return unsettled;
    }
    return unsettled;
}

/* What the waiting publisher and publish_done share: both run on the loop. */
struct publisher {
    struct co_wait wait; /* first: publish_done finds the rest through it */
    enum publish_result *results;
    bool is_settled; /* unlike wait.done, not set by a time-out */
};

static void count_results(struct mq *m, const enum publish_result *results, size_t n)
{
    static const char *const NAMES[] = {"pending", "confirmed", "unroutable", "refused", "lost"};
    int64_t counts[sizeof NAMES / sizeof NAMES[0]] = {0};
    for (size_t i = 0; i < n; i++)
        counts[results[i]]++;
    for (size_t r = 0; r < sizeof NAMES / sizeof NAMES[0]; r++) {
        const struct str label = str_from(NAMES[r]);
        if (counts[r])
            metric_add(metric_series(&MQ_PUBLISHED, &label), (double)counts[r]);
    }
    m->stats.confirmed += counts[PUBLISH_CONFIRMED];
    m->stats.returned += counts[PUBLISH_UNROUTABLE];
}

void publish_done(struct mq *m, struct batch *b)
{
    count_results(m, b->results, b->count);
    if (b->wait) {
        struct publisher *p = (struct publisher *)(void *)b->wait;
        memcpy(p->results, b->results, b->count * sizeof *p->results);
        p->is_settled = true;
        co_wake(&p->wait, ERR_OK);
    }
    batch_free(b);
}

void mq_publish_results(struct mq *m, const struct mq_message *msgs, size_t n,
                        enum publish_result *results, enum err *rc)
{
    for (size_t i = 0; i < n; i++) {
        results[i] = PUBLISH_PENDING;
        rc[i] = ERR_QUEUE_CONNECTION_FAILED;
    }
    if (n == 0 || !m->is_publisher_up)
        return;
    struct publisher p = {.results = results};
    co_wait_init(&p.wait);
    struct batch *b = batch_new(msgs, n, &p.wait);
    m->stats.published += (int64_t)n;
    broker_put(m->broker, &b->mail);
    enum err unsettled = co_wait(&p.wait, PUBLISH_TIMEOUT_MS);
    if (!p.is_settled) {
        b->wait = NULL;
        atomic_store(&b->is_abandoned, true);
    }
    for (size_t i = 0; i < n; i++)
        rc[i] = err_of(results[i], unsettled);
}

void mq_publish_many(struct mq *m, const struct mq_message *msgs, size_t n, enum err *rc)
{
    struct arena *a = arena_new();
    mq_publish_results(m, msgs, n, ARENA_ARRAY(a, enum publish_result, n), rc);
    arena_free(a);
}

enum err mq_publish(struct mq *m, const struct mq_message *msg)
{
    enum publish_result result;
    enum err rc;
    mq_publish_results(m, msg, 1, &result, &rc);
    return rc;
}
