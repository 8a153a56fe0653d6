#include "pool.h"

#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "mem.h"
#include "metrics.h"

/* How long a statement waits for the database to come back before it is refused. */
#define DOWN_GRACE_MS 500

static struct metric pool_wait = {
    .name = "db_pool_wait_seconds",
    .help = "Time until a pooled connection was had, 0 when one was idle.",
    .kind = METRIC_HISTOGRAM,
};

struct waiter {
    struct list node;
    struct co_wait wait;
    struct member *member; /* handed over by the releasing side */
};

struct db {
    struct loop *loop;
    struct member *members;
    int count, readers, next_reader;
    int acquire_timeout_ms;
    struct arena *arena; /* of all parameters of connections */
    struct hosts *hosts;
    struct conn_params params; /* of readers */
    struct list idle;          /* usable pool members */
    struct list waiters;       /* struct waiter */
    int in_use, waiting;
};

static void offer(struct db *db, struct member *m)
{
    struct list *n = list_pop(&db->waiters);
    if (n) {
        list_remove(&m->node);
        struct waiter *w = LIST_ENTRY(n, struct waiter, node);
        w->member = m;
        m->is_busy = true;
        db->in_use++;
        co_wake(&w->wait, ERR_OK);
        return;
    }
    if (list_is_empty(&m->node))
        list_prepend(&db->idle, &m->node);
}

static void on_ready(struct conn *c, void *arg)
{
    (void)c;
    struct member *m = arg;
    if (m->is_reader)
        return;
    if (!m->is_busy) /* new, or its detached rollback has ended */
        offer(m->db, m);
}

static void on_lost(struct conn *c, void *arg)
{
    (void)c;
    struct member *m = arg;
    list_remove(&m->node);
    if (m->holder)
        *m->holder = NULL;
    if (m->is_busy)
        m->db->in_use--;
    m->holder = NULL;
    m->is_busy = false;
}

/* dbname is the whole URL; the keywords behind it win over what the URL says. */
static struct conn_params connection_params(struct arena *a, const struct db_config *cfg,
                                            struct hosts *hosts, const char *more_options)
{
    static const char *const KEYWORDS[] = {"dbname",
                                           "application_name",
                                           "options",
                                           "client_encoding",
                                           "gssencmode",
                                           "keepalives_idle",
                                           "keepalives_interval",
                                           "keepalives_count",
                                           NULL};
    const char **values = ARENA_ARRAY(a, const char *, sizeof KEYWORDS / sizeof KEYWORDS[0]);
    struct buf options;
    buf_init(&options, a);
    /* Statements here take a millisecond or so: starting parallel workers or a compiler for one
     * costs more than it saves. */
    buf_printf(&options,
               "-c statement_timeout=%d -c max_parallel_workers_per_gather=0 -c jit=off%s",
               cfg->statement_timeout_ms, more_options);
    if (cfg->schema.len)
        buf_printf(&options, " -c search_path=%.*s,public", STR_ARG(cfg->schema));
    values[0] = str_cstr(a, cfg->url);
    values[1] = arena_strdup(a, cfg->app_name);
    values[2] = buf_cstr(&options);
    values[3] = "UTF8";
    values[4] = "disable";
    /* A connection that waits for notifications sends nothing by which it would notice its end. */
    values[5] = "15";
    values[6] = "5";
    values[7] = "3";
    return (struct conn_params){KEYWORDS, values, .hosts = hosts,
                                .watchdog_ms = cfg->statement_timeout_ms + 2000};
}

struct db *db_new(struct loop *l, const struct db_config *cfg)
{
    static const struct conn_events EVENTS = {on_ready, on_lost};
    struct db *db = MEM_NEW(struct db);
    db->loop = l;
    db->readers = cfg->read_connections;
    db->count = cfg->read_connections + cfg->pool_size;
    db->acquire_timeout_ms = cfg->acquire_timeout_ms;
    db->arena = arena_new();
    list_init(&db->idle);
    list_init(&db->waiters);
    db->members = mem_zalloc((size_t)db->count * sizeof *db->members);
    db->hosts = hosts_new(l, str_cstr(db->arena, cfg->url));
    db->params = connection_params(db->arena, cfg, db->hosts, "");
    const struct conn_params of_pool = connection_params(db->arena, cfg, db->hosts,
                                                         " -c plan_cache_mode=" POOL_PLAN_CACHE_MODE
                                                         " -c enable_seqscan=" POOL_SEQSCAN);
    for (int i = 0; i < db->count; i++) {
        struct member *m = &db->members[i];
        list_init(&m->node);
        m->db = db;
        m->is_reader = i < db->readers;
        m->conn = conn_new(l, m->is_reader ? &db->params : &of_pool, &EVENTS, m);
    }
    return db;
}

void db_start(struct db *db)
{
    for (int i = 0; i < db->count; i++)
        conn_start(db->members[i].conn);
}

void db_free(struct db *db)
{
    if (!db)
        return;
    for (int i = 0; i < db->count; i++)
        conn_free(db->members[i].conn);
    free(db->members);
    hosts_free(db->hosts);
    arena_free(db->arena);
    free(db);
}

struct loop *db_loop(const struct db *db)
{
    return db->loop;
}

const struct conn_params *db_conn_params(const struct db *db)
{
    return &db->params;
}

bool db_is_up(const struct db *db)
{
    for (int i = 0; i < db->count; i++)
        if (conn_is_ready(db->members[i].conn))
            return true;
    return false;
}

void db_stats(const struct db *db, struct db_stats *out)
{
    *out = (struct db_stats){.pool_size = db->count, .in_use = db->in_use, .waiting = db->waiting};
    for (int i = 0; i < db->count; i++)
        out->connected += conn_is_ready(db->members[i].conn);
}

void pool_release(struct member *m)
{
    m->holder = NULL;
    if (!m->is_busy)
        return;
    m->is_busy = false;
    m->db->in_use--;
    if (conn_is_ready(m->conn) && conn_in_flight(m->conn) == 0)
        offer(m->db, m);
}

enum err CO_FN pool_acquire(struct db *db, struct member **out)
{
    struct co *self = co_self();
    if (co_is_cancelled(self))
        return ERR_CANCELLED;
    struct list *n = list_pop(&db->idle);
    if (n) {
        *out = LIST_ENTRY(n, struct member, node);
        (*out)->is_busy = true;
        db->in_use++;
        metric_observe(metric_series(&pool_wait, NULL), 0);
        return ERR_OK;
    }
    struct waiter w = {0};
    int64_t began_us = clock_mono_us();
    co_wait_init(&w.wait);
    list_append(&db->waiters, &w.node);
    db->waiting++;
    enum err rc = co_wait(&w.wait, db_is_up(db) ? db->acquire_timeout_ms : DOWN_GRACE_MS);
    db->waiting--;
    metric_observe(metric_series(&pool_wait, NULL),
                   (double)(clock_mono_us() - began_us) / (double)US_PER_S);
    if (rc == ERR_OK) {
        *out = w.member;
        return conn_is_ready(w.member->conn) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
    }
    list_remove(&w.node);
    if (w.member) /* handed over after the time was up */
        pool_release(w.member);
    return rc == ERR_TIMEOUT ? ERR_SERVICE_UNAVAILABLE : rc;
}

void pool_abandon(struct member *m, bool has_begun, bool is_synced)
{
    m->holder = NULL;
    m->is_busy = false;
    m->db->in_use--;
    if (!conn_is_ready(m->conn))
        return;
    if (!is_synced) /* what fails of it would skip the rollback of the same batch */
        conn_sync(m->conn);
    if (has_begun)
        conn_rollback(m->conn); /* on_ready offers the connection */
    else
        offer(m->db, m);
}

struct member *pool_reader(struct db *db)
{
    struct member *best = NULL;
    for (int i = 0; i < db->readers; i++) {
        struct member *m = &db->members[(db->next_reader + i) % db->readers];
        if (conn_is_ready(m->conn) &&
            (!best || conn_in_flight(m->conn) < conn_in_flight(best->conn)))
            best = m;
    }
    db->next_reader++;
    return best;
}
