/* What lies in the queues "<queue>.dead", into the table. */
#include "collect.h"

#include <string.h>

#include "clock.h"
#include "dead_store.h"
#include "deadletter.h"
#include "fetch.h"
#include "log.h"

#define SUFFIX ".dead"
#define QUEUES_MAX 32
#define ROUND 100 /* messages of a transaction */
#define ROUND_BYTES (4 << 20)

struct round {
    struct service *service;
    struct arena *arena;
    struct mq_fetch *fetch;
    const char *queue;
    struct mq_message messages[ROUND];
    size_t count;
    enum err rc;
    char why[256];
};

/* Where it failed: as its mark says, else by the name of the queue it was found in. */
static struct str origin_of(const struct mq_message *m)
{
    struct str queue = mq_header_get(m, "x-tts-queue");
    if (queue.len && str_is_utf8(queue))
        return queue;
    queue = m->routing_key;
    return str_has_suffix(queue, STR(SUFFIX)) ? str_slice(queue, 0, queue.len - strlen(SUFFIX))
                                              : queue;
}

enum err deadletters_start(struct service *s)
{
    struct arena *a = arena_new();
    struct db_session session;
    struct str names[QUEUES_MAX];
    size_t count = 0, it = 0;
    db_session_init(&session, s->db, a);
    for (const char *name; count < QUEUES_MAX && (name = mq_next_consumed(s->mq, &it));)
        names[count++] = str_from(name);
    enum err rc = dead_store_add_queues(&session, names, count);
    arena_free(a);
    return rc;
}

/* ---- on a worker -------------------------------------------------------------------------- */

static void open_connection(void *arg)
{
    struct round *r = arg;
    const struct service_config *c = &r->service->config;
    r->fetch =
        mq_fetch_open(c->amqp_url, c->amqp_ca_file, r->service->desc->name, r->why, sizeof r->why);
    r->rc = r->fetch ? ERR_OK : ERR_QUEUE_CONNECTION_FAILED;
}

static void take(void *arg)
{
    struct round *r = arg;
    size_t bytes = 0;
    for (r->count = 0, r->rc = ERR_OK; r->count < ROUND && bytes < ROUND_BYTES; r->count++) {
        r->rc = mq_fetch_next(r->fetch, r->arena, r->queue, &r->messages[r->count]);
        if (r->rc)
            break;
        bytes += r->messages[r->count].body.len;
    }
    if (r->rc == ERR_NOT_FOUND)
        r->rc = ERR_OK;
}

static void acknowledge(void *arg)
{
    struct round *r = arg;
    r->rc = mq_fetch_ack(r->fetch);
}

static void close_connection(void *arg)
{
    struct round *r = arg;
    mq_fetch_close(r->fetch);
    r->fetch = NULL;
}

/* A command has no workers, and nothing else to do. */
static enum err CO_FN away(struct round *r, void (*fn)(void *arg))
{
    enum err rc = ERR_OK;
    if (r->service->offload)
        rc = offload_run(r->service->offload, fn, r);
    else
        fn(r);
    return rc ? rc : r->rc;
}

/* ---- on the loop -------------------------------------------------------------------------- */

static enum err CO_FN store(struct db_session *s, void *arg)
{
    struct round *r = arg;
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < r->count; i++)
        rc = dead_store_put(s, &r->messages[i], origin_of(&r->messages[i]), clock_wall_us());
    return rc;
}

static enum err CO_FN empty_queue(struct round *r)
{
    enum err rc;
    do {
        struct db_session session;
        r->arena = arena_new();
        db_session_init(&session, r->service->db, r->arena);
        rc = away(r, take);
        if (rc == ERR_OK && r->count)
            rc = db_transact(&session, store, r);
        if (rc == ERR_OK && r->count)
            rc = away(r, acknowledge);
        arena_free(r->arena);
    } while (rc == ERR_OK && r->count);
    return rc;
}

enum err deadletters_collect(struct service *s, struct db_session *session)
{
    struct round *r = ARENA_NEW(session->arena, struct round);
    const struct str *queues;
    size_t count;
    *r = (struct round){.service = s};
    enum err rc = dead_store_queues(session, &queues, &count);
    if (rc == ERR_OK)
        rc = away(r, open_connection);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        r->queue = arena_printf(session->arena, "%.*s" SUFFIX, STR_ARG(queues[i]));
        rc = empty_queue(r);
    }
    if (r->fetch)
        (void)away(r, close_connection);
    mq_fetch_close(r->fetch); /* no worker was free */
    if (rc)
        log_warn("dead letters are still with the broker",
                 LOG_CSTR("reason", r->why[0] ? r->why : err_text(rc)));
    return rc;
}
