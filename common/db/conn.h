#pragma once
/*
 * One PostgreSQL connection in pipeline mode: connecting, preparing every registered statement,
 * exchanging queries, reconnecting with backoff. Private to common/db.
 */
#include <libpq-fe.h>

#include "arena.h"
#include "co.h"
#include "db.h"
#include "hosts.h"
#include "list.h"
#include "loop.h"

struct trace_child;

struct conn;

/* A statement on its way. Lives on the stack of the waiting coroutine, or on the heap: freed when
 * complete (is_detached), or kept for who will look at its result (is_kept). */
struct query {
    struct list node;
    const struct db_stmt *stmt;
    struct co_wait wait;
    PGresult *result; /* owned by the waiter once woken; NULL when the connection was lost */
    bool is_sync;     /* a synchronisation point, not a statement */
    bool is_detached; /* nobody waits: freed when complete */
    bool is_kept;     /* nobody waits: only is_complete is set */
    bool is_complete;
    bool was_aborted; /* an earlier statement of the same batch failed; this one did not run */
    int64_t sent_at;
};

/* What the owner of connections is told. */
struct conn_events {
    void (*ready)(struct conn *c, void *arg); /* usable, or idle again after conn_finish */
    void (*lost)(struct conn *c, void *arg);  /* its queries have been failed already */
    /* With conn_params.listen: a notification. */
    void (*notified)(struct conn *c, void *arg, struct str payload);
};

struct conn_params {
    const char *const *keywords, *const *values; /* for PQconnectStartParams; borrowed */
    struct hosts *hosts;                         /* borrowed */
    int watchdog_ms;    /* an answer that takes longer means the server is gone */
    const char *listen; /* a channel to LISTEN on instead of preparing statements, or NULL */
};

struct conn *conn_new(struct loop *l, const struct conn_params *p, const struct conn_events *ev,
                      void *arg);
void conn_free(struct conn *c);
void conn_start(struct conn *c);
bool conn_is_ready(const struct conn *c);
/* Statements sent and not answered. */
int conn_in_flight(const struct conn *c);

/* Queues a statement; values have been checked. false when the connection is not usable. The answer
 * comes only after conn_sync. */
bool conn_send(struct conn *c, struct query *q, const struct db_value *values, size_t n);
/* Ends the batch: the statements since the last sync succeed or fail on their own. */
void conn_sync(struct conn *c);
/* The same at the end of this loop turn, once. */
void conn_sync_soon(struct conn *c);
/* Sends ROLLBACK with nobody waiting; the ready event follows when it is done. */
void conn_rollback(struct conn *c);

/* ---- what listen.c needs of the pool (pool.c) ---------------------------------------------- */

struct loop *db_loop(const struct db *db);
const struct conn_params *db_conn_params(const struct db *db);

/* ---- statements (stmt.c) ------------------------------------------------------------------- */

/* Prepared name of a registered statement; aborts for another one. */
const char *stmt_name(const struct db_stmt *s, char out[16]);
Oid stmt_param_type(char letter);
/* Aborts with a log line when the columns are not the declared ones. */
void stmt_check_columns(const struct db_stmt *s, const PGresult *r);
void stmt_observe(const struct db_stmt *s, int64_t duration_us);
/* The span of one execution, which ends now. */
void stmt_record(const struct db_stmt *s, const struct trace_child *span, enum err rc);

/* ---- values (value.c) ---------------------------------------------------------------------- */

struct encoded {
    const char **values;
    int *lengths, *formats;
};
/* Binary parameters in the arena; aborts when a value does not fit its letter. */
void value_encode(struct arena *a, const struct db_stmt *s, const struct db_value *values, size_t n,
                  struct encoded *out);

/* ---- results (result.c) -------------------------------------------------------------------- */

/* Takes the PGresult over; it is cleared with the arena. */
struct db_result *result_new(struct arena *a, const struct db_stmt *s, PGresult *r);
/* Maps an error result by SQLSTATE. */
enum err result_error(const PGresult *r);
