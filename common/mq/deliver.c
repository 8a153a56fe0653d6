/* One delivery: transaction, inbox, handler, and what becomes of the message. */
#include "clock.h"
#include "inbox.h"
#include "log.h"
#include "mq_internal.h"
#include "spans.h"

#define MAX_STARTS 5           /* begun but never ended: the message kills the program */
#define MAX_CONFLICTS 3        /* serialization failures in a row */
#define MAX_LOST_CONNECTIONS 5 /* the handler may be what ends the connection */
#define DB_WAIT_MIN_MS 100
#define DB_WAIT_MAX_MS 2000

/* How an attempt ended, apart from the handler's opinion. */
struct outcome {
    enum err rc;
    bool is_db_away;   /* the message was not to blame */
    bool was_begun;    /* the transaction had been begun when the database went away */
    bool is_duplicate; /* the inbox knew the message; nothing was done */
};

/* ---- what the handler is told -------------------------------------------------------------- */

static void describe(struct mq_delivery *d, const struct consumer *c, const struct incoming *in,
                     struct arena *a)
{
    *d = (struct mq_delivery){.message = &in->message,
                              .arena = a,
                              .app = c->app,
                              .attempt = in->failures + 1,
                              .redelivered = in->redelivered,
                              .now = clock_wall_us()};
    span_handle_begin(d);
    int64_t overridden;
    if (time_parse(mq_header_get(&in->message, "x-tts-time"), &overridden)) {
        d->now = overridden;
        d->time_overridden = true;
    }
}

static const char *code_of(enum err rc)
{
    return rc == MQ_PARK ? "PARKED" : err_code(rc);
}

/* ---- one attempt --------------------------------------------------------------------------- */

static struct outcome of_db(enum err rc, bool was_begun)
{
    return (struct outcome){
        .rc = rc, .is_db_away = rc == ERR_SERVICE_UNAVAILABLE, .was_begun = was_begun};
}

static struct outcome CO_FN run_in_transaction(struct consumer *c, struct mq_delivery *d,
                                               struct db_session *s)
{
    db_session_init(s, c->db, d->arena);
    enum err rc = db_begin(s);
    if (rc)
        return of_db(rc, false);
    struct str id = c->config.use_inbox ? inbox_message_id(d->arena, d->message) : STR_NULL;
    bool is_new = true;
    if (id.len)
        rc = inbox_record(s, c->config.queue, id, &is_new);
    if (rc || !is_new) {
        db_rollback(s);
        struct outcome o = of_db(rc, true);
        o.is_duplicate = rc == ERR_OK;
        return o;
    }
    d->db = s;
    rc = c->config.handler(d);
    if (rc == ERR_OK) {
        rc = db_commit(s);
        db_rollback(s);
        return of_db(rc, true);
    }
    /* A handler that says "unavailable" may mean the database or somebody else. */
    bool is_db_away = rc == ERR_SERVICE_UNAVAILABLE && inbox_probe(s) != ERR_OK;
    db_rollback(s);
    return (struct outcome){.rc = rc, .is_db_away = is_db_away, .was_begun = true};
}

static struct outcome CO_FN attempt(struct consumer *c, struct mq_delivery *d, struct db_session *s)
{
    int64_t started = clock_mono_us();
    struct outcome o = c->db ? run_in_transaction(c, d, s)
                             : (struct outcome){.rc = c->config.handler(d), .was_begun = true};
    int64_t took_us = clock_mono_us() - started;
    metric_observe(c->duration, (double)took_us / US_PER_S);
    span_handle_end(d, c->config.queue, took_us, o.rc ? code_of(o.rc) : NULL);
    return o;
}

/* ---- the decision -------------------------------------------------------------------------- */

static void count(const struct consumer *c, const char *result, enum err rc)
{
    const struct str labels[] = {str_from(c->config.queue), str_from(result),
                                 str_from(rc ? code_of(rc) : "OK")};
    metric_add(metric_series(&MQ_HANDLED, labels), 1);
}

static enum settle give_up(struct consumer *c, const struct mq_delivery *d, enum err rc,
                           struct str *reason)
{
    const char *code = code_of(rc);
    *reason = d->reject_reason.len
                  ? str_printf(d->arena, "%s: %.*s", code, STR_ARG(d->reject_reason))
                  : str_from(code);
    bool is_last = rc == MQ_PARK || d->attempt > MQ_RETRY_COUNT;
    /* What lives only as long as this process is not worth keeping. */
    bool is_lost = c->queue->kind == MQ_EXCLUSIVE;
    const char *result = is_lost ? "dropped" : is_last ? "dead" : "retry";
    LOG_AT(is_last ? LOG_ERROR : LOG_WARN, "delivery failed", LOG_CSTR("code", code),
           LOG_CSTR("queue", c->config.queue), LOG_STR("message_id", d->message->message_id),
           LOG_I("attempt", d->attempt), LOG_CSTR("result", result), LOG_STR("reason", *reason));
    count(c, result, rc);
    if (is_lost)
        return SETTLE_ACK;
    return is_last ? SETTLE_DEAD : SETTLE_RETRY;
}

/* Notes that handling a suspect begins; MQ_PARK when it has killed the program too often. */
static enum err CO_FN count_start(struct consumer *c, const struct incoming *in, struct arena *a)
{
    struct str id = inbox_message_id(a, &in->message);
    if (id.len == 0)
        return ERR_OK;
    struct db_session s;
    int64_t starts = 0;
    db_session_init(&s, c->db, a);
    enum err rc = inbox_count_start(&s, c->config.queue, id, &starts);
    return rc == ERR_OK && starts > MAX_STARTS ? MQ_PARK : rc;
}

/* Waits a while for the database. False when the delivery cannot be answered any more. */
static bool CO_FN wait_for_database(const struct consumer *c, const struct incoming *in,
                                    int64_t *wait_ms)
{
    enum err rc = co_sleep_ms(*wait_ms);
    *wait_ms = *wait_ms * 2 < DB_WAIT_MAX_MS ? *wait_ms * 2 : DB_WAIT_MAX_MS;
    return rc == ERR_OK && consumer_may_answer(c, in);
}

enum settle deliver(struct consumer *c, const struct incoming *in, struct arena *a, bool is_suspect,
                    struct str *reason)
{
    struct mq_delivery d;
    struct db_session session;
    int conflicts = 0, lost = 0;
    int64_t wait_ms = DB_WAIT_MIN_MS;
    for (;;) {
        arena_reset(a);
        describe(&d, c, in, a);
        co_set_local(&d.log);
        enum err start = is_suspect ? count_start(c, in, a) : ERR_OK;
        if (start == MQ_PARK) {
            d.reject_reason = STR("handling it was begun several times and never ended");
            return give_up(c, &d, MQ_PARK, reason);
        }
        struct outcome o = start ? of_db(start, false) : attempt(c, &d, &session);
        is_suspect = start != ERR_OK; /* counted once */
        if (o.rc == ERR_OK) {
            count(c, o.is_duplicate ? "duplicate" : "done", ERR_OK);
            return SETTLE_ACK;
        }
        if (o.rc == ERR_CANCELLED)
            return SETTLE_DROP;
        if (o.rc == ERR_SERIALIZATION && ++conflicts < MAX_CONFLICTS)
            continue;
        lost += o.is_db_away && o.was_begun;
        if (!o.is_db_away || lost > MAX_LOST_CONNECTIONS)
            return give_up(c, &d, o.rc, reason);
        if (!wait_for_database(c, in, &wait_ms))
            return SETTLE_DROP;
    }
}

/* ---- several at once ----------------------------------------------------------------------- */

/* The ids, each once; those without one, and doubles, are left to be handled alone. */
static bool have_distinct_ids(struct arena *a, struct incoming *const *ins, size_t n,
                              struct str *ids)
{
    for (size_t i = 0; i < n; i++) {
        ids[i] = inbox_message_id(a, &ins[i]->message);
        if (ids[i].len == 0)
            return false;
        for (size_t k = 0; k < i; k++)
            if (str_eq(ids[k], ids[i]))
                return false;
    }
    return true;
}

/* Those of a batch that the inbox does not know. */
struct fresh {
    struct mq_delivery items[MQ_BATCH_MAX];
    size_t count;
};

static enum err CO_FN handle_new(struct consumer *c, struct db_session *s,
                                 struct incoming *const *ins, size_t n, const bool *are_new,
                                 struct fresh *fresh)
{
    for (size_t i = 0; i < n; i++) {
        if (!are_new[i])
            continue;
        struct mq_delivery *d = &fresh->items[fresh->count++];
        describe(d, c, ins[i], s->arena);
        d->db = s;
    }
    if (fresh->count && c->config.batch_handler)
        return c->config.batch_handler(fresh->items, fresh->count);
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < fresh->count; i++) {
        co_set_local(&fresh->items[i].log);
        rc = c->config.handler(&fresh->items[i]);
    }
    return rc;
}

bool deliver_together(struct consumer *c, struct incoming *const *ins, size_t n, struct arena *a)
{
    bool are_new[MQ_BATCH_MAX];
    struct str ids[MQ_BATCH_MAX];
    struct db_session s;
    struct fresh *fresh = ARENA_NEW(a, struct fresh);
    int64_t started = clock_mono_us();
    if (!have_distinct_ids(a, ins, n, ids))
        return false;
    db_session_init(&s, c->db, a);
    enum err rc = db_begin(&s);
    if (rc == ERR_OK)
        rc = inbox_record_all(&s, c->config.queue, ids, n, are_new);
    if (rc == ERR_OK)
        rc = handle_new(c, &s, ins, n, are_new, fresh);
    if (rc == ERR_OK)
        rc = db_commit(&s);
    db_rollback(&s);
    if (rc)
        return false;
    int64_t took_us = clock_mono_us() - started;
    for (size_t i = 0; i < n; i++) {
        count(c, are_new[i] ? "done" : "duplicate", ERR_OK);
        metric_observe(c->duration, (double)took_us / US_PER_S / (double)n);
    }
    for (size_t i = 0; i < fresh->count; i++)
        span_handle_end(&fresh->items[i], c->config.queue, took_us, NULL);
    return true;
}
