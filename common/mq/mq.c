#include "mq.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "mq_internal.h"

#define DEFAULT_WINDOW 256
#define DEFAULT_HEARTBEAT_S 30
#define DEFAULT_PREFETCH 64
#define DEFAULT_CONCURRENCY 16
#define STOP_LIMIT_MS 4000 /* for an orderly close; then the sockets are shut */

/* ---- mails from the broker thread ---------------------------------------------------------- */

static struct consumer *consumer_at(struct mq *m, int index)
{
    LIST_EACH(n, &m->consumers)
    {
        struct consumer *c = LIST_ENTRY(n, struct consumer, node);
        if (c->index == index)
            return c;
    }
    abort();
}

static void on_link_news(struct mq *m, struct link_news *news)
{
    if (news->is_consuming) {
        m->is_consumer_up = news->is_up;
        m->consumer_epoch = news->is_up ? news->epoch : 0;
        if (!news->is_up)
            LIST_EACH(n, &m->consumers)
        consumer_drop_backlog(LIST_ENTRY(n, struct consumer, node));
        if (news->is_up && m->on_consuming)
            m->on_consuming(m->on_consuming_arg);
    } else {
        m->is_publisher_up = news->is_up;
        m->publisher_epoch = news->epoch;
    }
    metric_set(metric_series(&MQ_CONNECTED, NULL), mq_is_up(m));
    free(news);
}

static void on_mail(struct mq *m, struct mail *mail)
{
    switch (mail->kind) {
    case MAIL_LINK:
        on_link_news(m, LIST_ENTRY(mail, struct link_news, mail));
        return;
    case MAIL_DELIVERY: {
        struct incoming *in = LIST_ENTRY(mail, struct incoming, mail);
        consumer_take(consumer_at(m, in->consumer), in);
        return;
    }
    case MAIL_PUBLISHED:
        publish_done(m, LIST_ENTRY(mail, struct batch, mail));
        return;
    case MAIL_STOPPED:
        free(mail);
        m->is_stopped = true;
        if (m->stopped_wait)
            co_wake(m->stopped_wait, ERR_OK);
        return;
    case MAIL_PUBLISH:
    case MAIL_SETTLE:
    case MAIL_CANCEL:
    case MAIL_SHUTDOWN:
        abort();
    }
}

static void discard_mail(struct mail *m)
{
    if (m->kind == MAIL_DELIVERY)
        incoming_free(LIST_ENTRY(m, struct incoming, mail));
    else if (m->kind == MAIL_PUBLISHED)
        batch_free(LIST_ENTRY(m, struct batch, mail));
    else
        free(m);
}

static void port_free(struct port *p)
{
    mailbox_release(&p->box);
    free(p);
}

static void port_drain(void *arg)
{
    struct port *p = arg;
    struct list mails;
    list_init(&mails);
    mailbox_take(&p->box, &mails);
    struct mq *m = p->mq;
    for (struct list *n; (n = list_pop(&mails));) {
        struct mail *mail = LIST_ENTRY(n, struct mail, node);
        if (m)
            on_mail(m, mail);
        else
            discard_mail(mail);
    }
    if (!m)
        port_free(p);
}

/* Runs on the broker thread. */
static void post(void *arg, struct mail *mail)
{
    struct port *p = arg;
    if (mailbox_put(&p->box, mail))
        loop_post(p->loop, port_drain, p);
}

/* ---- life cycle ---------------------------------------------------------------------------- */

static int or_default(int value, int fallback)
{
    return value > 0 ? value : fallback;
}

struct mq *mq_new(struct loop *l, const struct mq_config *cfg)
{
    struct mq *m = MEM_NEW(struct mq);
    m->loop = l;
    m->arena = arena_new();
    list_init(&m->consumers);
    list_init(&m->setup.queues);
    m->setup.url = str_dup(m->arena, cfg->url);
    m->setup.ca_file = cfg->ca_file.len ? str_cstr(m->arena, cfg->ca_file) : NULL;
    m->setup.name = arena_strdup(m->arena, cfg->name);
    m->setup.confirm_window = or_default(cfg->confirm_window, DEFAULT_WINDOW);
    m->setup.heartbeat_s = or_default(cfg->heartbeat_s, DEFAULT_HEARTBEAT_S);
    m->port = MEM_NEW(struct port);
    m->port->loop = l;
    m->port->mq = m;
    mailbox_init(&m->port->box);
    return m;
}

void mq_start(struct mq *m)
{
    m->setup.consumers =
        ARENA_ARRAY(m->arena, struct topology_consumer, (size_t)m->setup.consumer_count);
    LIST_EACH(n, &m->consumers)
    {
        const struct consumer *c = LIST_ENTRY(n, struct consumer, node);
        m->setup.consumers[c->index] = (struct topology_consumer){c->queue, c->config.prefetch};
    }
    m->broker = broker_new(&m->setup, post, m->port);
    broker_start(m->broker);
}

static void send_order(struct mq *m, enum mail_kind kind)
{
    struct mail *mail = MEM_NEW(struct mail);
    mail->kind = kind;
    broker_put(m->broker, mail);
}

static void cancel_handlers(struct mq *m)
{
    LIST_EACH(n, &m->consumers)
    {
        struct consumer *c = LIST_ENTRY(n, struct consumer, node);
        LIST_EACH(r, &c->running)
        co_cancel(LIST_ENTRY(r, struct handling, node)->co);
    }
}

static void CO_FN wait_for_handlers(struct mq *m, int timeout_ms)
{
    if (m->running == 0)
        return;
    struct co_wait w;
    co_wait_init(&w);
    m->idle_wait = &w;
    enum err rc = co_wait(&w, timeout_ms);
    if (rc && m->running > 0) {
        log_warn("handlers cancelled at shutdown", LOG_I("count", m->running));
        cancel_handlers(m);
    }
    while (m->running > 0) {
        co_wait_init(&w);
        co_wait_uncancellable(&w);
    }
    m->idle_wait = NULL;
}

static void CO_FN wait_for_thread(struct mq *m)
{
    struct co_wait w;
    co_wait_init(&w);
    m->stopped_wait = &w;
    enum err rc = co_wait(&w, STOP_LIMIT_MS);
    if (rc && !m->is_stopped)
        broker_interrupt(m->broker);
    while (!m->is_stopped) {
        co_wait_init(&w);
        co_wait_uncancellable(&w);
    }
    m->stopped_wait = NULL;
}

void mq_stop(struct mq *m, int timeout_ms)
{
    if (!m->broker || m->is_stopping)
        return;
    m->is_stopping = true;
    send_order(m, MAIL_CANCEL);
    LIST_EACH(n, &m->consumers)
    consumer_drop_backlog(LIST_ENTRY(n, struct consumer, node));
    wait_for_handlers(m, timeout_ms);
    send_order(m, MAIL_SHUTDOWN);
    wait_for_thread(m);
    broker_free(m->broker);
    m->broker = NULL;
    m->is_publisher_up = m->is_consumer_up = false;
}

void mq_free(struct mq *m)
{
    if (!m)
        return;
    if (m->broker) {
        send_order(m, MAIL_SHUTDOWN);
        broker_free(m->broker);
    }
    while (!list_is_empty(&m->consumers))
        consumer_free(LIST_ENTRY(m->consumers.next, struct consumer, node));
    /* A mail in the box means that a call of port_drain is on its way. */
    bool is_expected = !list_is_empty(&m->port->box.mails);
    m->port->mq = NULL;
    if (!is_expected)
        port_free(m->port);
    arena_free(m->arena);
    free(m);
}

void mq_on_consuming(struct mq *m, void (*fn)(void *arg), void *arg)
{
    m->on_consuming = fn;
    m->on_consuming_arg = arg;
}

bool mq_is_up(const struct mq *m)
{
    return m->is_publisher_up && (m->is_consumer_up || m->setup.consumer_count == 0);
}

void mq_stats(const struct mq *m, struct mq_stats *out)
{
    *out = m->stats;
    out->connected = mq_is_up(m);
}

struct str mq_header_get(const struct mq_message *m, const char *name)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].kind != MQ_HEADER_NULL && str_eq(m->headers[i].name, str_from(name)))
            return m->headers[i].value;
    return STR_NULL;
}

/* ---- declarations -------------------------------------------------------------------------- */

static const struct mq_binding *copy_bindings(struct arena *a, const struct mq_binding *b)
{
    size_t n = 0;
    while (b && b[n].exchange)
        n++;
    struct mq_binding *copy = ARENA_ARRAY(a, struct mq_binding, n + 1);
    for (size_t i = 0; i < n; i++) {
        copy[i].exchange = arena_strdup(a, b[i].exchange);
        copy[i].routing_key = arena_strdup(a, b[i].routing_key);
    }
    return copy;
}

static struct topology_queue *queue_named(struct mq *m, const char *name)
{
    LIST_EACH(n, &m->setup.queues)
    {
        struct topology_queue *q = LIST_ENTRY(n, struct topology_queue, node);
        if (str_eq(str_from(q->name), str_from(name)))
            return q;
    }
    return NULL;
}

void mq_declare_queue(struct mq *m, const struct mq_queue *q)
{
    if (m->broker || queue_named(m, q->name))
        abort();
    struct topology_queue *t = ARENA_NEW(m->arena, struct topology_queue);
    t->name = arena_strdup(m->arena, q->name);
    t->kind = q->kind;
    t->bindings = copy_bindings(m->arena, q->bindings);
    list_append(&m->setup.queues, &t->node);
}

const char *mq_next_consumed(const struct mq *m, size_t *it)
{
    size_t i = 0;
    LIST_EACH(n, &m->setup.queues)
    {
        const struct topology_queue *q = LIST_ENTRY(n, struct topology_queue, node);
        if (!q->is_consumed || q->kind == MQ_EXCLUSIVE || i++ < *it)
            continue;
        ++*it;
        return q->name;
    }
    return NULL;
}

void mq_consume(struct mq *m, const struct mq_consumer *config, struct db *db, void *app)
{
    struct topology_queue *queue = queue_named(m, config->queue);
    if (m->broker || !queue || !config->handler)
        abort();
    queue->is_consumed = true;
    struct consumer *c = MEM_NEW(struct consumer);
    c->mq = m;
    c->config = *config;
    c->config.queue = queue->name;
    c->config.prefetch = or_default(config->prefetch, DEFAULT_PREFETCH);
    c->config.concurrency = or_default(config->concurrency, DEFAULT_CONCURRENCY);
    /* Every process has its own copy of the message, but the inbox is shared. */
    c->config.use_inbox = config->use_inbox && queue->kind != MQ_EXCLUSIVE;
    c->queue = queue;
    c->db = db;
    c->app = app;
    c->index = m->setup.consumer_count++;
    list_init(&c->backlog);
    list_init(&c->suspects);
    list_init(&c->running);
    c->lanes = strmap_new();
    const struct str label = str_from(queue->name);
    c->duration = metric_series(&MQ_DURATION, &label);
    c->consumed = metric_series(&MQ_CONSUMED, &label);
    list_append(&m->consumers, &c->node);
}
