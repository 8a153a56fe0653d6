#include "db.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "pool.h"
#include "trace.h"

#define MAX_TX_ATTEMPTS 3

struct commit_hook {
    struct commit_hook *next;
    void (*fn)(void *arg);
    void *arg;
};

struct write_hook {
    struct write_hook *next;
    db_tx_fn fn;
    void *arg;
};

/* A statement that nobody has waited for yet. */
struct along {
    struct along *next;
    struct query *query; /* owned */
};

struct db_tx {
    struct member *member; /* NULL once the connection is lost or released */
    struct db_session *session;
    struct commit_hook *hooks, **last_hook;
    struct write_hook *writes, **last_write; /* before the commit */
    struct along *along;                     /* what travels with the next statement */
    bool has_begun, has_failed;
};

/* ---- transactions ------------------------------------------------------------------------- */

DB_WRITE(db_commit_stmt, "", "", "COMMIT");
DB_WRITE(db_begin_stmt, "", "", "BEGIN");
DB_WRITE(db_plan_anew_stmt, "", "tt",
         "SELECT set_config('plan_cache_mode', 'auto', false),"
         " set_config('enable_seqscan', 'on', false)");
DB_WRITE(db_plan_once_stmt, "", "tt",
         "SELECT set_config('plan_cache_mode', '" POOL_PLAN_CACHE_MODE "', false),"
         " set_config('enable_seqscan', '" POOL_SEQSCAN "', false)");
DB_READ(db_ping_stmt, "", "n", "SELECT 1");

void db_session_init(struct db_session *s, struct db *db, struct arena *a)
{
    *s = (struct db_session){.db = db, .arena = a};
}

static void drop(struct query *q)
{
    if (q->is_complete) {
        PQclear(q->result);
        free(q);
        return;
    }
    q->is_kept = false;
    q->is_detached = true;
}

static void drop_along(struct db_tx *tx)
{
    for (struct along *a = tx->along; a; a = a->next)
        drop(a->query);
    tx->along = NULL;
}

/* Gives the connection back; an open transaction is rolled back in the background. */
static void abandon(struct db_tx *tx)
{
    struct member *m = tx->member;
    bool is_synced = !tx->along;
    drop_along(tx);
    tx->member = NULL;
    if (m)
        pool_abandon(m, tx->has_begun, is_synced);
}

static void on_arena_freed(void *arg)
{
    abandon(arg);
}

enum err db_begin(struct db_session *s)
{
    if (s->tx)
        return ERR_INTERNAL_ERROR;
    struct member *m;
    enum err rc = pool_acquire(s->db, &m);
    if (rc)
        return rc;
    struct db_tx *tx = ARENA_NEW(s->arena, struct db_tx);
    tx->member = m;
    tx->session = s;
    tx->last_hook = &tx->hooks;
    tx->last_write = &tx->writes;
    m->holder = &tx->member;
    s->tx = tx;
    arena_defer(s->arena, on_arena_freed, tx);
    return ERR_OK;
}

void db_rollback(struct db_session *s)
{
    if (!s->tx)
        return;
    abandon(s->tx);
    s->tx = NULL;
}

void db_on_commit(struct db_session *s, void (*fn)(void *arg), void *arg)
{
    if (!s->tx) {
        fn(arg);
        return;
    }
    struct commit_hook *h = ARENA_NEW(s->arena, struct commit_hook);
    *h = (struct commit_hook){NULL, fn, arg};
    *s->tx->last_hook = h;
    s->tx->last_hook = &h->next;
}

void db_before_commit(struct db_session *s, db_tx_fn fn, void *arg)
{
    struct write_hook *h = ARENA_NEW(s->arena, struct write_hook);
    *h = (struct write_hook){NULL, fn, arg};
    *s->tx->last_write = h;
    s->tx->last_write = &h->next;
}

void *db_before_commit_arg(const struct db_session *s, db_tx_fn fn)
{
    for (const struct write_hook *h = s->tx->writes; h; h = h->next)
        if (h->fn == fn)
            return h->arg;
    return NULL;
}

/* ---- running ------------------------------------------------------------------------------ */

static void remember_error(struct db_session *s, const struct db_stmt *stmt, const PGresult *r,
                           enum err rc)
{
    const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    s->error_constraint = str_dup(s->arena, str_from(constraint));
    s->error_detail = str_dup(s->arena, str_from(message));
    if (rc == ERR_DATABASE_ERROR || rc == ERR_TIMEOUT)
        log_error("statement failed", LOG_CSTR("stmt", stmt->name),
                  LOG_CSTR("sqlstate", PQresultErrorField(r, PG_DIAG_SQLSTATE)),
                  LOG_CSTR("reason", message));
}

/* Turns the answer of q into an error or a result. */
static enum err finish(struct db_session *s, struct query *q, struct db_result **out)
{
    PGresult *r = q->result;
    if (!r)
        return ERR_SERVICE_UNAVAILABLE;
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (q->stmt->cols[0])
            stmt_check_columns(q->stmt, r);
        struct db_result *result = result_new(s->arena, q->stmt, r);
        if (out)
            *out = result;
        return ERR_OK;
    }
    enum err rc = result_error(r);
    remember_error(s, q->stmt, r, rc);
    PQclear(r);
    return rc;
}

static enum err CO_FN run_on_reader(struct db_session *s, struct member *m,
                                    const struct db_stmt *stmt, struct db_result **out,
                                    const struct db_value *values, size_t n)
{
    struct query q;
    do {
        q = (struct query){.stmt = stmt};
        co_wait_init(&q.wait);
        if (!conn_send(m->conn, &q, values, n))
            return ERR_SERVICE_UNAVAILABLE;
        conn_sync_soon(m->conn);
        co_wait_uncancellable(&q.wait);
        if (q.was_aborted)
            PQclear(q.result);
    } while (q.was_aborted);
    return finish(s, &q, out);
}

/* Nobody waits for its answer. */
static bool send_detached(struct conn *c, const struct db_stmt *stmt)
{
    struct query *q = MEM_NEW(struct query);
    q->stmt = stmt;
    q->is_detached = true;
    if (conn_send(c, q, NULL, 0))
        return true;
    free(q);
    return false;
}

/* To a pooled connection. A failure takes the change of the mode back with everything else. */
static bool send_pooled(struct conn *c, struct query *q, const struct db_value *values, size_t n)
{
    if (!q->stmt->is_planned_anew)
        return conn_send(c, q, values, n);
    return send_detached(c, &db_plan_anew_stmt) && conn_send(c, q, values, n) &&
           send_detached(c, &db_plan_once_stmt);
}

static enum err CO_FN run_alone(struct db_session *s, const struct db_stmt *stmt,
                                struct db_result **out, const struct db_value *values, size_t n)
{
    struct member *m;
    enum err rc = pool_acquire(s->db, &m);
    if (rc)
        return rc;
    struct query q = {.stmt = stmt};
    co_wait_init(&q.wait);
    if (!send_pooled(m->conn, &q, values, n)) {
        pool_release(m);
        return ERR_SERVICE_UNAVAILABLE;
    }
    conn_sync(m->conn);
    co_wait_uncancellable(&q.wait);
    pool_release(m);
    return finish(s, &q, out);
}

/* Hands a statement of the transaction to its connection, BEGIN before the first one. */
static enum err send_in_tx(struct db_tx *tx, struct query *q, const struct db_value *values,
                           size_t n)
{
    if (!tx->member)
        return ERR_SERVICE_UNAVAILABLE;
    if (tx->has_failed)
        return ERR_DATABASE_ERROR;
    struct conn *c = tx->member->conn;
    if (!tx->has_begun && !send_detached(c, &db_begin_stmt))
        return ERR_SERVICE_UNAVAILABLE;
    tx->has_begun = true;
    return send_pooled(c, q, values, n) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

/* What the statements sent along came to: the first failure. */
static enum err finish_along(struct db_session *s)
{
    enum err rc = ERR_OK;
    struct along *a = s->tx->along;
    s->tx->along = NULL;
    for (; a; a = a->next) {
        if (rc == ERR_OK) {
            rc = finish(s, a->query, NULL);
            a->query->result = NULL;
        }
        drop(a->query);
    }
    return rc;
}

static enum err CO_FN run_in_tx(struct db_session *s, const struct db_stmt *stmt,
                                struct db_result **out, const struct db_value *values, size_t n)
{
    struct db_tx *tx = s->tx;
    struct query q = {.stmt = stmt};
    co_wait_init(&q.wait);
    enum err rc = send_in_tx(tx, &q, values, n);
    if (rc)
        return rc;
    conn_sync(tx->member->conn);
    co_wait_uncancellable(&q.wait);
    rc = finish_along(s);
    if (rc == ERR_OK)
        rc = finish(s, &q, out);
    else
        PQclear(q.result);
    if (rc)
        tx->has_failed = true;
    return rc;
}

static enum err CO_FN send_along(struct db_session *s, const struct db_stmt *stmt,
                                 const struct db_value *values, size_t n)
{
    struct query *q = MEM_NEW(struct query);
    q->stmt = stmt;
    q->is_kept = true;
    enum err rc = send_in_tx(s->tx, q, values, n);
    if (rc) {
        free(q);
        return rc;
    }
    struct along **last = &s->tx->along;
    while (*last)
        last = &(*last)->next;
    *last = ARENA_NEW(s->arena, struct along);
    **last = (struct along){NULL, q};
    return ERR_OK;
}

static enum err CO_FN run(struct db_session *s, const struct db_stmt *stmt, struct db_result **out,
                          const struct db_value *values, size_t n)
{
    if (co_is_cancelled(co_self()))
        return ERR_CANCELLED;
    if (co_deadline(co_self()) && clock_mono_us() > co_deadline(co_self()))
        return ERR_TIMEOUT;
    if (s->tx)
        return run_in_tx(s, stmt, out, values, n);
    struct member *reader = stmt->is_read ? pool_reader(s->db) : NULL;
    return reader ? run_on_reader(s, reader, stmt, out, values, n)
                  : run_alone(s, stmt, out, values, n);
}

enum err db_run(struct db_session *s, const struct db_stmt *stmt, struct db_result **out,
                const struct db_value *values, size_t n)
{
    const struct log_context *log = co_local();
    if (!trace_wants(log))
        return run(s, stmt, out, values, n);
    struct trace_child span;
    trace_child_begin(&span, log);
    enum err rc = run(s, stmt, out, values, n);
    stmt_record(stmt, &span, rc);
    return rc;
}

enum err db_run_along(struct db_session *s, const struct db_stmt *stmt,
                      const struct db_value *values, size_t n)
{
    return s->tx && !trace_wants(co_local()) ? send_along(s, stmt, values, n)
                                             : db_run(s, stmt, NULL, values, n);
}

enum err db_commit(struct db_session *s)
{
    struct db_tx *tx = s->tx;
    if (!tx)
        return ERR_INTERNAL_ERROR;
    enum err rc = ERR_OK;
    for (struct write_hook *h = tx->writes; rc == ERR_OK && h; h = h->next)
        rc = h->fn(s, h->arg);
    if (rc == ERR_OK && (tx->has_failed || !tx->member))
        rc = tx->member ? ERR_DATABASE_ERROR : ERR_SERVICE_UNAVAILABLE;
    if (rc) {
        db_rollback(s);
        return rc;
    }
    rc = tx->has_begun ? run_in_tx(s, &db_commit_stmt, NULL, NULL, 0) : ERR_OK;
    if (rc) {
        db_rollback(s);
        return rc;
    }
    struct member *m = tx->member;
    tx->member = NULL;
    s->tx = NULL;
    if (m)
        pool_release(m);
    for (struct commit_hook *h = tx->hooks; h; h = h->next)
        h->fn(h->arg);
    return ERR_OK;
}

enum err db_transact(struct db_session *s, db_tx_fn fn, void *arg)
{
    enum err rc = ERR_OK;
    for (int attempt = 0; attempt < MAX_TX_ATTEMPTS; attempt++) {
        rc = db_begin(s);
        if (rc)
            return rc;
        rc = fn(s, arg);
        if (rc == ERR_OK)
            rc = db_commit(s);
        else
            db_rollback(s);
        if (rc != ERR_SERIALIZATION)
            return rc;
    }
    return rc;
}

enum err db_ping(struct db *db)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, db, a);
    enum err rc = run_alone(&s, &db_ping_stmt, NULL, NULL, 0);
    arena_free(a);
    return rc;
}
