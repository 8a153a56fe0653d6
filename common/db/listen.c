/* A connection that only waits for notifications. */
#include <stdlib.h>

#include "conn.h"
#include "mem.h"

struct db_listener {
    struct conn *conn;
    char *channel;
    db_notified_fn fn;
    void *arg;
};

static void on_ready(struct conn *c, void *arg)
{
    (void)c;
    struct db_listener *l = arg;
    l->fn(l->arg, STR_NULL);
}

static void on_notified(struct conn *c, void *arg, struct str payload)
{
    (void)c;
    struct db_listener *l = arg;
    l->fn(l->arg, payload);
}

struct db_listener *db_listener_new(struct db *db, const char *channel, db_notified_fn fn,
                                    void *arg)
{
    static const struct conn_events EVENTS = {.ready = on_ready, .notified = on_notified};
    struct db_listener *l = MEM_NEW(struct db_listener);
    struct conn_params params = *db_conn_params(db);
    l->channel = mem_strdup(channel);
    l->fn = fn;
    l->arg = arg;
    params.listen = l->channel;
    l->conn = conn_new(db_loop(db), &params, &EVENTS, l);
    conn_start(l->conn);
    return l;
}

bool db_listener_is_up(const struct db_listener *l)
{
    return conn_is_ready(l->conn);
}

void db_listener_free(struct db_listener *l)
{
    if (!l)
        return;
    conn_free(l->conn);
    free(l->channel);
    free(l);
}
