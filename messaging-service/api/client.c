#include "api/client.h"

#include <stdlib.h>
#include <string.h>

#include "api/presence.h"
#include "api/typing.h"
#include "clock.h"
#include "mem.h"
#include "ws.h"
#include "ws_json.h"

#define PAGE 50
/* A replay waits while the peer has not taken so much. */
#define BACKLOG_HIGH (64 * 1024)
#define BACKLOG_WAIT_MS 10
#define CLOSE_NO_ACCESS 4403

/* ---- the socket --------------------------------------------------------------------------- */

static struct str keep(char **at, struct str s)
{
    struct str kept = {*at, s.len};
    if (s.len)
        memcpy(*at, s.p, s.len);
    *at += s.len;
    return kept;
}

/* The socket outlives the request, and with it the identity. */
struct client *client_new(struct req *r, enum tongue tongue)
{
    const struct speaker who = speaker_of(r->actor);
    struct client *c = mem_zalloc(sizeof *c + who.name.len + who.role_system.len + who.role.len);
    char *at = c->text;
    c->service = req_service(r);
    c->tongue = tongue;
    c->person.expires_s = r->actor->expires_s;
    c->who = who;
    c->who.name = keep(&at, who.name);
    c->who.role_system = keep(&at, who.role_system);
    c->who.role = keep(&at, who.role);
    list_init(&c->threads);
    return c;
}

void client_free(struct client *c)
{
    struct messaging_state *state = messaging_state(c->service);
    bool was_joined = c->person.group != NULL;
    ws_hub_leave(&c->person);
    if (was_joined)
        presence_gone(state->presence, c->who.user_id);
    typing_forget(state->typists, c);
    LIST_EACH(n, &c->threads)
    {
        struct thread *t = LIST_ENTRY(n, struct thread, node);
        thread_watch(t, false);
        ws_hub_leave(&t->subscription);
        free(t);
    }
    free(c);
}

struct occasion client_occasion(const struct client *c)
{
    return (struct occasion){.who = &c->who, .now = clock_wall_us(), .log = ws_json_context()};
}

/* ---- its conversations -------------------------------------------------------------------- */

struct thread *client_thread(struct client *c, int64_t conversation_id)
{
    if (c->only && c->only != conversation_id)
        return NULL;
    LIST_EACH(n, &c->threads)
    {
        struct thread *t = LIST_ENTRY(n, struct thread, node);
        if (t->conversation_id != conversation_id)
            continue;
        if (n != c->threads.next) {
            list_remove(n);
            list_prepend(&c->threads, n);
        }
        return t;
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
    t->is_lost = false;
    if (t->subscription.group)
        return true;
    if (c->subscriptions == MAX_SUBSCRIPTIONS)
        return false;
    c->subscriptions++;
    ws_hub_join(messaging_state(c->service)->conversations, t->conversation_id, &t->subscription,
                c->ws);
    return true;
}

void thread_unsubscribe(struct thread *t)
{
    thread_watch(t, false);
    if (!t->subscription.group)
        return;
    t->client->subscriptions--;
    ws_hub_leave(&t->subscription);
}

void thread_watch(struct thread *t, bool is_watching)
{
    struct presence *p = messaging_state(t->client->service)->presence;
    if (is_watching && !t->is_watching)
        presence_watch(p, t->conversation_id);
    if (!is_watching && t->is_watching)
        presence_unwatch(p, t->conversation_id);
    t->is_watching = is_watching;
}

void thread_lose(struct thread *t)
{
    thread_unsubscribe(t);
    t->is_lost = true;
    if (t->client->only)
        ws_close(t->client->ws, CLOSE_NO_ACCESS, STR("no access any more"));
}

bool thread_take(struct thread *t, int64_t change_id)
{
    if (t->is_lost)
        return false;
    if (t->is_replaying) {
        t->held = change_id > t->held ? change_id : t->held;
        return false;
    }
    if (change_id <= t->last)
        return false;
    if (t->first == 0)
        t->first = change_id;
    t->last = change_id;
    return true;
}

/* ---- replay ------------------------------------------------------------------------------- */

/* Sends one page between the bounds and moves *after to its end. */
static enum err CO_FN send_page(struct thread *t, int64_t *after, int64_t before, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    struct change_list page;
    db_session_init(&db, t->client->service->db, a);
    enum err rc = change_store_between(&db, t->conversation_id, *after, before, PAGE, &page);
    if (rc == ERR_OK && t->is_lost)
        rc = ERR_FORBIDDEN;
    for (size_t i = 0; rc == ERR_OK && i < page.count; i++) {
        struct str text = frame_text(a, &page.items[i], t->client->tongue);
        if (text.p)
            ws_send_text(t->client->ws, text);
        *after = page.items[i].id;
    }
    *is_last = rc == ERR_OK && page.count < PAGE;
    arena_free(a);
    return rc;
}

static enum err CO_FN send_range(struct thread *t, int64_t *after, int64_t before)
{
    enum err rc;
    bool is_last;
    do {
        rc = send_page(t, after, before, &is_last);
        while (rc == ERR_OK && ws_backlog(t->client->ws) > BACKLOG_HIGH)
            rc = co_sleep_ms(BACKLOG_WAIT_MS);
    } while (rc == ERR_OK && !is_last);
    return rc;
}

static enum err CO_FN replay(struct thread *t, int64_t after)
{
    enum err rc = ERR_OK;
    if (t->first && after < t->first - 1) {
        int64_t sent = after;
        rc = send_range(t, &sent, t->first);
        t->first = after + 1;
    } else if (!t->first) {
        t->first = after + 1;
        t->last = after;
    }
    do {
        if (rc == ERR_OK)
            rc = send_range(t, &t->last, INT64_MAX);
    } while (rc == ERR_OK && t->held > t->last);
    return rc;
}

enum err thread_replay(struct thread *t, int64_t after)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, t->client->service->db, a);
    t->is_replaying = true;
    t->held = 0;
    /* A client cannot have seen what has not happened. */
    enum err rc = change_store_newest_in(&db, t->conversation_id, &newest);
    arena_free(a);
    if (rc == ERR_OK)
        rc = replay(t, after < 0 ? 0 : after < newest ? after : newest);
    t->is_replaying = false;
    return rc;
}
