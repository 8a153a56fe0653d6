/* The outbox relay: one coroutine that moves rows to the broker. */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "headers.h"
#include "inbox.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "mq_internal.h"
#include "outbox_store.h"
#include "rand.h"
#include "spans.h"

#define BATCH_ROWS 256
#define POLL_MS 250
#define BUSY_MIN_MS 5 /* another process is relaying, and done in a moment */
#define FAILED_MAX_MS 5000
/* After the broker is reached, subscribers may still be declaring their queues; later an event
 * that no queue takes is one nobody wants. */
#define SUBSCRIBE_GRACE_US (10 * US_PER_S)
#define PRUNE_INTERVAL_US (600 * US_PER_S)
#define PRUNE_ROWS 5000
#define PRUNE_ROUNDS 20
#define INBOX_DAYS 7

struct outbox_relay {
    struct list node; /* in relays */
    struct db *db;
    struct mq *mq;
    struct co_wait *nap, *stop_wait;
    bool is_kicked, is_stopping, has_ended;
    int64_t pending, nap_ms;
    double oldest_s;
    uint64_t publisher_epoch;
    int64_t grace_until, prune_at; /* mono µs */
};

/* What one look at the table led to. */
enum look {
    LOOK_IDLE,
    LOOK_MORE,   /* the batch was full */
    LOOK_BUSY,   /* another process relays */
    LOOK_FAILED, /* the database or the broker is away */
};

static struct list relays = {&relays, &relays};

static struct metric OUTBOX_PENDING = {
    .name = "outbox_pending", .help = "Messages waiting in the outbox", .kind = METRIC_GAUGE};
static struct metric OUTBOX_OLDEST = {.name = "outbox_oldest_seconds",
                                      .help = "Age of the oldest message in the outbox",
                                      .kind = METRIC_GAUGE};
static struct metric OUTBOX_RELAYED = {.name = "outbox_relayed_total",
                                       .help = "Outbox rows handed to the broker, by outcome",
                                       .kind = METRIC_COUNTER,
                                       .labels = "result"};

/* ---- putting ------------------------------------------------------------------------------- */

static void on_commit(void *arg)
{
    (void)arg;
    outbox_kick();
}

struct db_value outbox_rows(struct arena *a, const struct outbox_entry *entries, size_t n)
{
    if (n > OUTBOX_ROWS_MAX)
        abort();
    return outbox_columns(a, entries, n);
}

void outbox_written(struct db_session *s)
{
    db_on_commit(s, on_commit, NULL);
}

struct put {
    struct put *next;
    struct outbox_entry entry;
};

/* What a transaction has put so far. */
struct puts {
    struct put *first, **last;
};

static enum err CO_FN write_puts(struct db_session *s, void *arg)
{
    const struct puts *all = arg;
    struct outbox_entry *entries =
        ARENA_ARRAY(s->arena, struct outbox_entry, OUTBOX_STORE_INSERT_MAX);
    enum err rc = ERR_OK;
    for (const struct put *p = all->first; rc == ERR_OK && p;) {
        size_t n = 0;
        for (; p && n < OUTBOX_STORE_INSERT_MAX; p = p->next)
            entries[n++] = p->entry;
        rc = outbox_store_insert(s, entries, n);
    }
    outbox_written(s);
    return rc;
}

enum err outbox_put(struct db_session *s, const struct outbox_entry *e)
{
    if (!s->tx)
        return ERR_INTERNAL_ERROR;
    struct puts *all = db_before_commit_arg(s, write_puts);
    if (!all) {
        all = ARENA_NEW(s->arena, struct puts);
        all->last = &all->first;
        db_before_commit(s, write_puts, all);
    }
    struct put *p = ARENA_NEW(s->arena, struct put);
    p->entry = *e;
    if (p->entry.message_id.len == 0) {
        char *id = arena_alloc(s->arena, UUID_TEXT_SIZE);
        rand_uuid(id);
        p->entry.message_id = str_from(id);
    }
    *all->last = p;
    all->last = &p->next;
    return ERR_OK;
}

void outbox_kick(void)
{
    LIST_EACH(n, &relays)
    {
        struct outbox_relay *r = LIST_ENTRY(n, struct outbox_relay, node);
        r->is_kicked = true;
        if (r->nap)
            co_wake(r->nap, ERR_OK);
    }
}

/* ---- one batch ----------------------------------------------------------------------------- */

enum row_state { ROW_WAITING, ROW_SENT, ROW_FAILED, ROW_HELD };

struct task {
    struct outbox_row *row;
    struct mq_message message;
    ptrdiff_t before; /* the previous row of the same key and destination, -1: none */
    uint64_t lane;    /* hash of key and destination */
    enum row_state state;
    const char *error;
    struct trace_child span; /* of the sending */
};

struct batch_work {
    struct arena *arena;
    struct task *tasks;
    size_t count;
    bool is_broken; /* the broker went away meanwhile */
};

static uint64_t lane_of(struct arena *a, const struct outbox_entry *e)
{
    struct str routing_key = e->exchange.len ? STR_NULL : e->routing_key;
    struct str text = str_printf(a, "%zu:%.*s%zu:%.*s%.*s", e->key.len, STR_ARG(e->key),
                                 e->exchange.len, STR_ARG(e->exchange), STR_ARG(routing_key));
    return hash_bytes(text.p, text.len);
}

static void prepare_task(struct batch_work *w, size_t i, struct outbox_row *row)
{
    struct task *t = &w->tasks[i];
    const struct outbox_entry *e = &row->entry;
    t->row = row;
    t->message =
        (struct mq_message){.exchange = e->exchange,
                            .routing_key = e->routing_key,
                            .message_id = e->message_id,
                            .correlation_id = e->correlation_id,
                            .type = e->type,
                            .content_type = e->content_type,
                            .content_encoding = row->raw.p ? row->content_encoding : STR("utf-8"),
                            .timestamp_s = row->created_s,
                            .body = row->raw.p ? row->raw : e->body};
    t->before = -1;
    if (headers_from_json(w->arena, e->headers_json, &t->message.headers, &t->message.header_count,
                          &t->error) != ERR_OK)
        t->state = ROW_FAILED;
    if (!e->key.p)
        return;
    t->lane = lane_of(w->arena, e);
    for (size_t j = i; j-- > 0;)
        if (w->tasks[j].row->entry.key.p && w->tasks[j].lane == t->lane) {
            t->before = (ptrdiff_t)j;
            return;
        }
}

/* Whether the row may be published now; rows behind a failed one are held back. */
static bool is_ready(struct batch_work *w, struct task *t)
{
    if (t->state != ROW_WAITING)
        return false;
    if (t->before < 0)
        return true;
    switch (w->tasks[t->before].state) {
    case ROW_SENT:
        return true;
    case ROW_FAILED:
    case ROW_HELD:
        t->state = ROW_HELD;
        return false;
    case ROW_WAITING:
        return false;
    }
    return false;
}

static void settle_task(struct outbox_relay *r, struct batch_work *w, struct task *t,
                        enum publish_result result, enum err rc)
{
    const char *outcome = NULL;
    switch (result) {
    case PUBLISH_CONFIRMED:
        t->state = ROW_SENT;
        outcome = "confirmed";
        break;
    case PUBLISH_UNROUTABLE:
        t->state = ROW_FAILED;
        t->error = "no queue takes it";
        outcome = "unroutable";
        if (t->message.exchange.len && clock_mono_us() > r->grace_until) {
            t->state = ROW_SENT;
            outcome = "unwanted";
        }
        break;
    case PUBLISH_REFUSED:
        t->state = ROW_FAILED;
        t->error = "refused by the broker";
        outcome = "refused";
        break;
    case PUBLISH_PENDING:
    case PUBLISH_LOST:
        w->is_broken = true;
        log_debug("publishing interrupted", LOG_CSTR("code", err_code(rc)));
        return;
    }
    const struct str label = str_from(outcome);
    metric_add(metric_series(&OUTBOX_RELAYED, &label), 1);
}

/* Publishes every row that nothing unpublished of its key precedes. False when there is none. */
static bool CO_FN publish_wave(struct outbox_relay *r, struct batch_work *w)
{
    struct arena *a = w->arena;
    struct task **chosen = ARENA_ARRAY(a, struct task *, w->count);
    struct mq_message *messages = ARENA_ARRAY(a, struct mq_message, w->count);
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++)
        if (is_ready(w, &w->tasks[i])) {
            chosen[n] = &w->tasks[i];
            span_send_begin(a, &w->tasks[i].message, &w->tasks[i].span);
            messages[n++] = w->tasks[i].message;
        }
    if (n == 0)
        return false;
    enum publish_result *results = ARENA_ARRAY(a, enum publish_result, n);
    enum err *rc = ARENA_ARRAY(a, enum err, n);
    mq_publish_results(r->mq, messages, n, results, rc);
    for (size_t i = 0; i < n; i++) {
        settle_task(r, w, chosen[i], results[i], rc[i]);
        span_send_end(&messages[i], &chosen[i]->span, rc[i] ? err_code(rc[i]) : NULL);
    }
    return true;
}

static enum err CO_FN record_outcome(struct db_session *s, const struct batch_work *w)
{
    int64_t *sent = ARENA_ARRAY(w->arena, int64_t, w->count);
    int64_t *failed = ARENA_ARRAY(w->arena, int64_t, w->count);
    struct str *errors = ARENA_ARRAY(w->arena, struct str, w->count);
    size_t sent_count = 0, failed_count = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct task *t = &w->tasks[i];
        if (t->state == ROW_SENT) {
            sent[sent_count++] = t->row->id;
        } else if (t->state == ROW_FAILED) {
            errors[failed_count] = str_from(t->error);
            failed[failed_count++] = t->row->id;
            log_warn("outbox row put off", LOG_STR("message_id", t->row->entry.message_id),
                     LOG_STR("exchange", t->row->entry.exchange),
                     LOG_STR("routing_key", t->row->entry.routing_key),
                     LOG_I("attempts", t->row->attempts + 1), LOG_CSTR("reason", t->error));
        }
    }
    enum err rc = ERR_OK;
    if (sent_count)
        rc = outbox_store_delete(s, sent, sent_count);
    if (rc == ERR_OK && failed_count)
        rc = outbox_store_put_off(s, failed, errors, failed_count);
    return rc;
}

/* Inside the transaction that holds the lock. */
static enum look CO_FN relay_rows(struct outbox_relay *r, struct db_session *s)
{
    bool is_mine = false;
    struct outbox_row *rows;
    struct batch_work w = {.arena = s->arena};
    if (outbox_store_lock(s, &is_mine) != ERR_OK)
        return LOOK_FAILED;
    if (!is_mine)
        return LOOK_BUSY;
    if (outbox_store_batch(s, BATCH_ROWS, &rows, &w.count) != ERR_OK)
        return LOOK_FAILED;
    if (w.count == 0)
        return LOOK_IDLE;
    w.tasks = ARENA_ARRAY(s->arena, struct task, w.count);
    for (size_t i = 0; i < w.count; i++)
        prepare_task(&w, i, &rows[i]);
    while (!w.is_broken && publish_wave(r, &w)) {
    }
    if (record_outcome(s, &w) != ERR_OK || db_commit(s) != ERR_OK || w.is_broken)
        return LOOK_FAILED;
    return w.count == BATCH_ROWS ? LOOK_MORE : LOOK_IDLE;
}

static enum look CO_FN relay_batch(struct outbox_relay *r)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, r->db, a);
    enum look look = db_begin(&s) == ERR_OK ? relay_rows(r, &s) : LOOK_FAILED;
    db_rollback(&s);
    arena_free(a);
    return look;
}

/* ---- the coroutine ------------------------------------------------------------------------- */

static enum err CO_FN measure(struct outbox_relay *r)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, r->db, a);
    enum err rc = outbox_store_backlog(&s, &r->pending, &r->oldest_s);
    arena_free(a);
    if (rc)
        return rc;
    metric_set(metric_series(&OUTBOX_PENDING, NULL), (double)r->pending);
    metric_set(metric_series(&OUTBOX_OLDEST, NULL), r->oldest_s);
    return ERR_OK;
}

static void CO_FN prune_inbox(struct outbox_relay *r)
{
    if (clock_mono_us() < r->prune_at)
        return;
    r->prune_at = clock_mono_us() + PRUNE_INTERVAL_US;
    struct arena *a = arena_new();
    for (int i = 0; i < PRUNE_ROUNDS && !r->is_stopping; i++) {
        struct db_session s;
        int64_t pruned = 0;
        arena_reset(a);
        db_session_init(&s, r->db, a);
        if (inbox_prune(&s, INBOX_DAYS, PRUNE_ROWS, &pruned) != ERR_OK || pruned < PRUNE_ROWS)
            break;
    }
    arena_free(a);
}

static void watch_broker(struct outbox_relay *r)
{
    if (r->mq->publisher_epoch == r->publisher_epoch)
        return;
    r->publisher_epoch = r->mq->publisher_epoch;
    r->grace_until = clock_mono_us() + SUBSCRIBE_GRACE_US;
}

/* was_kicked: rows have just been committed, so there is no need to count first. */
static enum look CO_FN look(struct outbox_relay *r, bool was_kicked)
{
    watch_broker(r);
    if (!was_kicked && measure(r) != ERR_OK)
        return LOOK_FAILED;
    if (!was_kicked && r->pending == 0) {
        prune_inbox(r);
        return LOOK_IDLE;
    }
    return r->mq->is_publisher_up ? relay_batch(r) : LOOK_IDLE;
}

static void CO_FN nap(struct outbox_relay *r, int64_t ms)
{
    if (r->is_kicked || r->is_stopping)
        return;
    struct co_wait w;
    co_wait_init(&w);
    r->nap = &w;
    (void)!co_wait(&w, ms);
    r->nap = NULL;
}

/* A kick cuts the nap short, except when looking again at once would only fail again. */
static void CO_FN rest(struct outbox_relay *r, enum look outcome)
{
    int64_t jitter = (int64_t)(rand_u64() % BUSY_MIN_MS);
    switch (outcome) {
    case LOOK_MORE:
        r->nap_ms = 0;
        r->is_kicked = true;
        return;
    case LOOK_IDLE:
        r->nap_ms = 0;
        nap(r, POLL_MS);
        return;
    case LOOK_BUSY:
        r->nap_ms = r->nap_ms ? r->nap_ms * 2 : BUSY_MIN_MS;
        if (r->nap_ms > POLL_MS)
            r->nap_ms = POLL_MS;
        (void)!co_sleep_ms(r->nap_ms + jitter);
        /* The holder may have looked before the rows of the kick were there. */
        r->is_kicked |= r->nap_ms < POLL_MS;
        return;
    case LOOK_FAILED:
        r->nap_ms = r->nap_ms ? r->nap_ms * 2 : POLL_MS;
        if (r->nap_ms > FAILED_MAX_MS)
            r->nap_ms = FAILED_MAX_MS;
        r->is_kicked = false;
        nap(r, r->nap_ms);
        return;
    }
}

static void CO_FN run(void *arg)
{
    struct outbox_relay *r = arg;
    while (!r->is_stopping && !co_is_cancelled(co_self())) {
        bool was_kicked = r->is_kicked;
        r->is_kicked = false;
        rest(r, look(r, was_kicked));
    }
    r->has_ended = true;
    if (r->stop_wait)
        co_wake(r->stop_wait, ERR_OK);
}

struct outbox_relay *outbox_relay_start(struct loop *l, struct db *db, struct mq *m)
{
    struct outbox_relay *r = MEM_NEW(struct outbox_relay);
    r->db = db;
    r->mq = m;
    r->prune_at = clock_mono_us() + (int64_t)(rand_u64() % (uint64_t)PRUNE_INTERVAL_US);
    list_append(&relays, &r->node);
    co_start(l, run, r, "outbox relay");
    return r;
}

void outbox_relay_stop(struct outbox_relay *r)
{
    if (!r)
        return;
    r->is_stopping = true;
    if (r->nap)
        co_wake(r->nap, ERR_OK);
    while (!r->has_ended) {
        struct co_wait w;
        co_wait_init(&w);
        r->stop_wait = &w;
        co_wait_uncancellable(&w);
        r->stop_wait = NULL;
    }
    list_remove(&r->node);
    free(r);
}

void outbox_relay_stats(const struct outbox_relay *r, int64_t *pending, double *oldest_s)
{
    *pending = r->pending;
    *oldest_s = r->oldest_s;
}
