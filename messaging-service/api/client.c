#include "api/client.h"

#include <stdlib.h>
#include <string.h>

#include "api/view.h"
#include "mem.h"
#include "ws.h"

#define PAGE 50
/* A replay waits while the peer has not taken so much. */
#define BACKLOG_HIGH (64 * 1024)
#define BACKLOG_WAIT_MS 10

/* ---- the socket --------------------------------------------------------------------------- */

/* The socket outlives the request, and with it the identity. */
struct client *client_new(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct str trace = r->log.trace_id;
    struct client *c = mem_zalloc(sizeof *c + who.name.len + trace.len);
    c->service = req_service(r);
    c->person.expires_s = r->actor->expires_s;
    c->who = who;
    c->who.name = str_n(c->text, who.name.len);
    c->log = (struct log_context){.trace_id = str_n(c->text + who.name.len, trace.len),
                                  .user_id = who.user_id};
    if (who.name.len)
        memcpy(c->text, who.name.p, who.name.len);
    if (trace.len)
        memcpy(c->text + who.name.len, trace.p, trace.len);
    list_init(&c->threads);
    return c;
}

void client_free(struct client *c)
{
    ws_hub_leave(&c->person);
    LIST_EACH(n, &c->threads)
    {
        struct thread *t = LIST_ENTRY(n, struct thread, node);
        ws_hub_leave(&t->subscription);
        free(t);
    }
    free(c);
}

/* ---- its conversations -------------------------------------------------------------------- */

struct thread *client_thread(struct client *c, int64_t conversation_id)
{
    LIST_EACH(n, &c->threads)
    {
        struct thread *t = LIST_ENTRY(n, struct thread, node);
        if (t->conversation_id == conversation_id) {
            list_remove(n);
            list_prepend(&c->threads, n);
            return t;
        }
    }
    struct thread *t = MEM_NEW(struct thread);
    t->client = c;
    t->conversation_id = conversation_id;
    list_prepend(&c->threads, &t->node);
    return t;
}

bool thread_subscribe(struct thread *t)
{
    struct client *c = t->client;
    if (t->subscription.group)
        return true;
    if (c->subscriptions == MAX_SUBSCRIPTIONS)
        return false;
    c->subscriptions++;
    ws_hub_join(messaging_state(c->service)->conversations, t->conversation_id, &t->subscription,
                c->ws);
    return true;
}

void thread_push(struct thread *t, int64_t id, struct ws_frame *f)
{
    if (t->is_replaying) {
        t->held = id > t->held ? id : t->held;
        return;
    }
    if (id <= t->last)
        return;
    if (t->first == 0)
        t->first = id;
    t->last = id;
    ws_send_frame(t->client->ws, f);
}

/* ---- replay ------------------------------------------------------------------------------- */

/* Sends one page between the bounds and moves *after to its end. */
static enum err CO_FN send_page(struct thread *t, const struct conversation *c, int64_t *after,
                                int64_t before, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    struct message_list page;
    db_session_init(&db, t->client->service->db, a);
    enum err rc = message_store_after(&db, c->id, *after, before, PAGE, &page);
    for (size_t i = 0; rc == ERR_OK && i < page.count; i++) {
        ws_send_text(t->client->ws, view_message_frame(a, &page.items[i], c->ticket_number));
        *after = page.items[i].id;
    }
    *is_last = rc == ERR_OK && page.count < PAGE;
    arena_free(a);
    return rc;
}

static enum err CO_FN send_range(struct thread *t, const struct conversation *c, int64_t *after,
                                 int64_t before)
{
    enum err rc;
    bool is_last;
    do {
        rc = send_page(t, c, after, before, &is_last);
        while (rc == ERR_OK && ws_backlog(t->client->ws) > BACKLOG_HIGH)
            rc = co_sleep_ms(BACKLOG_WAIT_MS);
    } while (rc == ERR_OK && !is_last);
    return rc;
}

static enum err CO_FN replay(struct thread *t, const struct conversation *c, int64_t after)
{
    enum err rc = ERR_OK;
    if (t->first && after < t->first - 1) {
        int64_t sent = after;
        rc = send_range(t, c, &sent, t->first);
        t->first = after + 1;
    } else if (!t->first) {
        t->first = after + 1;
        t->last = after;
    }
    do {
        if (rc == ERR_OK)
            rc = send_range(t, c, &t->last, INT64_MAX);
    } while (rc == ERR_OK && t->held > t->last);
    return rc;
}

enum err thread_replay(struct thread *t, const struct conversation *c, int64_t after)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, t->client->service->db, a);
    t->is_replaying = true;
    t->held = 0;
    /* A client cannot have seen what has not been said. */
    enum err rc = message_store_newest(&db, c->id, &newest);
    arena_free(a);
    if (rc == ERR_OK)
        rc = replay(t, c, after < 0 ? 0 : after < newest ? after : newest);
    t->is_replaying = false;
    return rc;
}
