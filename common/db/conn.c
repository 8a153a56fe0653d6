#include "conn.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "rand.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000
#define CONNECT_TIMEOUT_MS 5000
#define WATCH_INTERVAL_MS 1000

#define PARAMS_MAX 12

enum conn_state { CONN_DOWN, CONN_RESOLVING, CONN_CONNECTING, CONN_PREPARING, CONN_READY };

struct conn {
    struct loop *loop;
    struct conn_params params;
    struct conn_events events;
    void *arg;
    PGconn *pg;
    enum conn_state state;
    struct hosts_ask *asking; /* RESOLVING */
    struct event *reading, *writing;
    struct timer timer; /* DOWN: when to try again; READY: watchdog; else: give up */
    int backoff_ms;
    struct list queries; /* struct query, in the order sent */
    int in_flight;       /* statements among them */
    bool sync_is_due, has_failed_before;
    struct arena *scratch; /* addresses of one attempt, encoded parameters of one send */
};

static void on_socket(evutil_socket_t fd, short what, void *arg);

static void drop_events(struct conn *c)
{
    if (c->reading)
        event_free(c->reading);
    if (c->writing)
        event_free(c->writing);
    c->reading = c->writing = NULL;
}

static void complete(struct conn *c, struct query *q)
{
    list_remove(&q->node);
    if (!q->is_sync)
        c->in_flight--;
    if (q->is_detached || q->is_sync) {
        PQclear(q->result);
        free(q);
        return;
    }
    q->is_complete = true;
    if (!q->is_kept)
        co_wake(&q->wait, ERR_OK);
}

static void fail_queries(struct conn *c)
{
    while (!list_is_empty(&c->queries)) {
        struct query *q = LIST_ENTRY(c->queries.next, struct query, node);
        PQclear(q->result);
        q->result = NULL;
        complete(c, q);
    }
}

static void go_down(struct conn *c, const char *why)
{
    bool was_ready = c->state == CONN_READY;
    if (!c->has_failed_before || was_ready) {
        const char *end = strchr(why, '\n');
        log_warn("database connection lost",
                 LOG_STR("reason", str_n(why, end ? (size_t)(end - why) : strlen(why))));
    }
    c->has_failed_before = true;
    hosts_forget(c->asking);
    c->asking = NULL;
    drop_events(c);
    c->state = CONN_DOWN;
    fail_queries(c);
    PQfinish(c->pg);
    c->pg = NULL;
    c->sync_is_due = false;
    c->backoff_ms = c->backoff_ms ? c->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (c->backoff_ms > BACKOFF_MAX_MS)
        c->backoff_ms = BACKOFF_MAX_MS;
    timer_start(&c->timer, c->backoff_ms / 2 + (int)(rand_u64() % (unsigned)c->backoff_ms));
    if (was_ready && c->events.lost)
        c->events.lost(c, c->arg);
}

static void watch(struct conn *c, bool for_write)
{
    struct event_base *base = loop_base(c->loop);
    int fd = PQsocket(c->pg);
    if (!c->reading) {
        c->reading = event_new(base, fd, EV_READ | EV_PERSIST, on_socket, c);
        c->writing = event_new(base, fd, EV_WRITE | EV_PERSIST, on_socket, c);
        event_add(c->reading, NULL);
    }
    if (for_write)
        event_add(c->writing, NULL);
    else
        event_del(c->writing);
}

static void flush(struct conn *c)
{
    int rc = PQflush(c->pg);
    if (rc < 0)
        go_down(c, PQerrorMessage(c->pg));
    else
        watch(c, rc > 0);
}

void conn_sync(struct conn *c)
{
    struct query *q = MEM_NEW(struct query);
    q->is_sync = true;
    list_append(&c->queries, &q->node);
    c->sync_is_due = false;
    if (!PQpipelineSync(c->pg))
        go_down(c, PQerrorMessage(c->pg));
    else
        flush(c);
}

static void sync_now(void *arg)
{
    struct conn *c = arg;
    if (c->sync_is_due && c->state == CONN_READY)
        conn_sync(c);
}

void conn_sync_soon(struct conn *c)
{
    if (c->sync_is_due)
        return;
    c->sync_is_due = true;
    loop_defer(c->loop, sync_now, c);
}

bool conn_send(struct conn *c, struct query *q, const struct db_value *values, size_t n)
{
    if (c->state != CONN_READY)
        return false;
    char name[16];
    struct encoded e;
    arena_reset(c->scratch);
    value_encode(c->scratch, q->stmt, values, n, &e);
    if (!PQsendQueryPrepared(c->pg, stmt_name(q->stmt, name), (int)n, e.values, e.lengths,
                             e.formats, 1)) {
        go_down(c, PQerrorMessage(c->pg));
        return false;
    }
    q->sent_at = clock_mono_us();
    q->result = NULL;
    q->was_aborted = false;
    list_append(&c->queries, &q->node);
    c->in_flight++;
    return true;
}

DB_WRITE(conn_rollback_stmt, "", "", "ROLLBACK");

void conn_rollback(struct conn *c)
{
    struct query *q = MEM_NEW(struct query);
    q->stmt = &conn_rollback_stmt;
    q->is_detached = true;
    list_init(&q->node);
    if (!conn_send(c, q, NULL, 0)) {
        free(q);
        return;
    }
    conn_sync(c);
}

static void become_ready(struct conn *c)
{
    c->state = CONN_READY;
    c->backoff_ms = 0;
    if (c->has_failed_before)
        log_info("database connection restored");
    c->has_failed_before = false;
    timer_start(&c->timer, WATCH_INTERVAL_MS);
    c->events.ready(c, c->arg);
}

/* One answer of the pipeline; false when the connection went down meanwhile. */
static bool take_result(struct conn *c, PGresult *r)
{
    struct query *q = LIST_ENTRY(c->queries.next, struct query, node);
    if (!r) {
        if (!q->is_sync) {
            if (c->state == CONN_READY)
                stmt_observe(q->stmt, clock_mono_us() - q->sent_at);
            complete(c, q);
        }
        return true;
    }
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(r);
        complete(c, q);
        if (c->state == CONN_PREPARING && list_is_empty(&c->queries))
            become_ready(c);
        else if (list_is_empty(&c->queries))
            c->events.ready(c, c->arg);
        return c->state == CONN_READY;
    }
    if (c->state == CONN_PREPARING && status != PGRES_COMMAND_OK) {
        log_error("statement cannot be prepared", LOG_CSTR("stmt", q->stmt->name),
                  LOG_CSTR("reason", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)));
        PQclear(r);
        go_down(c, "statements cannot be prepared");
        return false;
    }
    q->was_aborted = status == PGRES_PIPELINE_ABORTED;
    PQclear(q->result);
    q->result = r;
    return true;
}

static void read_notifications(struct conn *c)
{
    PGnotify *n;
    while (c->pg && (n = PQnotifies(c->pg))) {
        c->events.notified(c, c->arg, str_from(n->extra));
        PQfreemem(n);
    }
}

static void read_results(struct conn *c)
{
    if (!PQconsumeInput(c->pg)) {
        go_down(c, PQerrorMessage(c->pg));
        return;
    }
    while (!list_is_empty(&c->queries) && !PQisBusy(c->pg))
        if (!take_result(c, PQgetResult(c->pg)))
            break;
    if (c->pg && PQstatus(c->pg) == CONNECTION_BAD)
        go_down(c, PQerrorMessage(c->pg));
    else if (c->params.listen && c->state == CONN_READY)
        read_notifications(c);
}

static void expect_answer(struct conn *c, const struct db_stmt *stmt)
{
    struct query *q = MEM_NEW(struct query);
    q->stmt = stmt;
    q->is_detached = true;
    list_append(&c->queries, &q->node);
    c->in_flight++;
}

static void begin_listening(struct conn *c)
{
    static const struct db_stmt LISTEN = {.name = "listen"};
    char *channel = PQescapeIdentifier(c->pg, c->params.listen, strlen(c->params.listen));
    arena_reset(c->scratch);
    const char *sql = arena_printf(c->scratch, "LISTEN %s", channel ? channel : "");
    PQfreemem(channel);
    expect_answer(c, &LISTEN);
    if (!PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0))
        go_down(c, PQerrorMessage(c->pg));
    else
        conn_sync(c);
}

static void prepare_all(struct conn *c)
{
    size_t n;
    const struct db_stmt *const *all = db_statements(&n);
    for (size_t i = 0; i < n; i++) {
        char name[16];
        Oid types[64];
        size_t params = strlen(all[i]->params);
        if (params > sizeof types / sizeof types[0])
            abort();
        for (size_t k = 0; k < params; k++)
            types[k] = stmt_param_type(all[i]->params[k]);
        expect_answer(c, all[i]);
        if (!PQsendPrepare(c->pg, stmt_name(all[i], name), all[i]->sql, (int)params, types)) {
            go_down(c, PQerrorMessage(c->pg));
            return;
        }
    }
    conn_sync(c);
}

static void prepare(struct conn *c)
{
    c->state = CONN_PREPARING;
    PQsetnonblocking(c->pg, 1);
    PQenterPipelineMode(c->pg);
    if (c->params.listen)
        begin_listening(c);
    else
        prepare_all(c);
}

static void poll_connect(struct conn *c)
{
    PostgresPollingStatusType s = PQconnectPoll(c->pg);
    /* libpq may have opened another socket. */
    drop_events(c);
    switch (s) {
    case PGRES_POLLING_READING:
        watch(c, false);
        break;
    case PGRES_POLLING_WRITING:
        watch(c, true);
        event_del(c->reading);
        break;
    case PGRES_POLLING_OK:
        watch(c, false);
        prepare(c);
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
        go_down(c, PQerrorMessage(c->pg));
        break;
    }
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct conn *c = arg;
    if (c->state == CONN_CONNECTING) {
        poll_connect(c);
        return;
    }
    if (what & EV_READ)
        read_results(c);
    if ((what & EV_WRITE) && c->state != CONN_DOWN)
        flush(c);
}

static void on_notice(void *arg, const PGresult *r)
{
    (void)arg;
    log_debug("database notice", LOG_CSTR("text", PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)));
}

/* found: NULL: where the URL says. */
static PGconn *connect_to(const struct conn *c, const struct hosts_found *found)
{
    const char *keywords[PARAMS_MAX + 4] = {NULL}, *values[PARAMS_MAX + 4] = {NULL};
    size_t n = 0;
    for (; c->params.keywords[n]; n++) {
        if (n == PARAMS_MAX)
            abort();
        keywords[n] = c->params.keywords[n];
        values[n] = c->params.values[n];
    }
    if (found) {
        keywords[n] = "host", values[n++] = found->host;
        keywords[n] = "hostaddr", values[n++] = found->hostaddr;
        keywords[n] = "port", values[n] = found->port;
    }
    return PQconnectStartParams(keywords, values, 1);
}

static void start_connecting(struct conn *c, const struct hosts_found *found)
{
    c->pg = connect_to(c, found);
    if (!c->pg)
        abort();
    c->state = CONN_CONNECTING;
    if (PQstatus(c->pg) == CONNECTION_BAD) {
        go_down(c, PQerrorMessage(c->pg));
        return;
    }
    PQsetNoticeReceiver(c->pg, on_notice, NULL);
    timer_start(&c->timer, CONNECT_TIMEOUT_MS);
    watch(c, true);
    event_del(c->reading);
}

static void on_found(void *arg, const struct hosts_found *found, const char *why)
{
    struct conn *c = arg;
    c->asking = NULL;
    if (found)
        start_connecting(c, found);
    else
        go_down(c, why);
}

static void start(struct conn *c)
{
    if (!hosts_have_names(c->params.hosts)) {
        start_connecting(c, NULL);
        return;
    }
    c->state = CONN_RESOLVING;
    timer_start(&c->timer, CONNECT_TIMEOUT_MS);
    arena_reset(c->scratch);
    c->asking = hosts_ask(c->params.hosts, c->scratch, on_found, c);
}

static bool is_overdue(const struct conn *c)
{
    if (list_is_empty(&c->queries))
        return false;
    const struct query *q = LIST_ENTRY(c->queries.next, struct query, node);
    return q->sent_at && clock_mono_us() - q->sent_at > c->params.watchdog_ms * US_PER_MS;
}

static void on_timer(void *arg)
{
    struct conn *c = arg;
    switch (c->state) {
    case CONN_DOWN:
        start(c);
        break;
    case CONN_RESOLVING:
    case CONN_CONNECTING:
    case CONN_PREPARING:
        go_down(c, "connecting took too long");
        break;
    case CONN_READY:
        if (is_overdue(c))
            go_down(c, "no answer from the server");
        else
            timer_start(&c->timer, WATCH_INTERVAL_MS);
        break;
    }
}

struct conn *conn_new(struct loop *l, const struct conn_params *p, const struct conn_events *ev,
                      void *arg)
{
    struct conn *c = MEM_NEW(struct conn);
    c->loop = l;
    c->params = *p;
    c->events = *ev;
    c->arg = arg;
    c->scratch = arena_new();
    list_init(&c->queries);
    timer_init(&c->timer, l, on_timer, c);
    return c;
}

void conn_start(struct conn *c)
{
    if (c->state == CONN_DOWN && !timer_is_active(&c->timer))
        start(c);
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    hosts_forget(c->asking);
    drop_events(c);
    timer_release(&c->timer);
    fail_queries(c);
    if (c->pg)
        PQfinish(c->pg);
    arena_free(c->scratch);
    free(c);
}

bool conn_is_ready(const struct conn *c)
{
    return c->state == CONN_READY;
}

int conn_in_flight(const struct conn *c)
{
    return c->in_flight;
}
