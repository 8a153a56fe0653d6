#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/hub.h"
#include "clock.h"
#include "config.h"
#include "events/consume.h"
#include "list.h"
#include "mem.h"
#include "store/notification_store.h"
#include "strmap.h"
#include "ws.h"

struct hub {
    struct service *service;
    struct strmap *people; /* decimal user id → struct audience */
};

/* The sockets of one person. */
struct audience {
    struct list sockets; /* struct client */
    char key[24];
};

struct client {
    struct list node;
    struct hub *hub;
    struct audience *audience;
    struct ws *ws;
    int64_t user_id;
};

struct hub *hub_new(struct service *s)
{
    struct hub *h = MEM_NEW(struct hub);
    h->service = s;
    h->people = strmap_new();
    return h;
}

void hub_free(struct hub *h)
{
    if (!h)
        return;
    strmap_free(h->people);
    free(h);
}

static struct str key_of(char out[24], int64_t user_id)
{
    return (struct str){out, (size_t)snprintf(out, 24, "%lld", (long long)user_id)};
}

static void join(struct hub *h, struct client *c)
{
    char text[24];
    struct str key = key_of(text, c->user_id);
    struct audience *a = strmap_get(h->people, key);
    if (!a) {
        a = MEM_NEW(struct audience);
        list_init(&a->sockets);
        memcpy(a->key, text, sizeof a->key);
        strmap_set(h->people, key, a);
    }
    c->audience = a;
    list_append(&a->sockets, &c->node);
}

static void leave(struct client *c)
{
    struct audience *a = c->audience;
    list_remove(&c->node);
    if (list_is_empty(&a->sockets)) {
        strmap_remove(c->hub->people, str_from(a->key));
        free(a);
    }
    free(c);
}

/* ---- frames ------------------------------------------------------------------------------- */

static struct json_writer *begin_frame(struct arena *a, const char *type)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer *w = ARENA_NEW(a, struct json_writer);
    buf_init(b, a);
    jw_init(w, b);
    jw_object(w);
    JW_STR(w, "type", str_from(type));
    return w;
}

static struct str end_frame(struct json_writer *w)
{
    jw_end_object(w);
    return buf_str(w->out);
}

static struct str count_frame(struct arena *a, int64_t unread)
{
    struct json_writer *w = begin_frame(a, "count_update");
    JW_INT(w, "unread_count", unread);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return end_frame(w);
}

static struct str notification_frame(struct arena *a, const struct event_notification *n)
{
    struct json_writer *w = begin_frame(a, "notification_update");
    JW_STR(w, "action", STR("created"));
    JW_KEY(w, "notification");
    jw_object(w);
    JW_INT(w, "id", n->id);
    JW_INT(w, "user_id", n->user_id);
    JW_STR(w, "type", n->type);
    JW_STR(w, "title", n->title);
    JW_STR(w, "message", n->message);
    JW_STR(w, "ticket_number", n->ticket_number);
    JW_BOOL(w, "is_read", false);
    JW_TIME(w, "created_at", n->created_at);
    jw_end_object(w);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return end_frame(w);
}

static void send_error(struct ws *ws, struct arena *a, enum err e, const char *text)
{
    struct json_writer *w = begin_frame(a, "error");
    JW_STR(w, "code", str_from(err_code(e)));
    JW_STR(w, "message", str_from(text ? text : err_text(e)));
    ws_send_text(ws, end_frame(w));
}

static void send_to_all(struct audience *a, struct str text)
{
    struct ws_frame *f = ws_frame_text(text);
    LIST_EACH(n, &a->sockets)
    ws_send_frame(LIST_ENTRY(n, struct client, node)->ws, f);
    ws_frame_unref(f);
}

enum err hub_push(struct hub *h, struct arena *a, const struct event_notification *n,
                  int64_t user_id)
{
    char text[24];
    struct str key = key_of(text, user_id);
    if (!strmap_get(h->people, key))
        return ERR_OK;
    struct db_session session;
    int64_t unread;
    db_session_init(&session, h->service->db, a);
    enum err rc = notification_store_unread(&session, user_id, &unread);
    struct audience *sockets = strmap_get(h->people, key); /* they may have left meanwhile */
    if (!sockets)
        return ERR_OK;
    if (n)
        send_to_all(sockets, notification_frame(a, n));
    if (rc == ERR_OK)
        send_to_all(sockets, count_frame(a, unread));
    return rc;
}

/* ---- what clients say --------------------------------------------------------------------- */

static void on_ping(struct client *c, struct arena *a, const struct json *m)
{
    struct json_writer *w = begin_frame(a, "pong");
    const struct json *at = json_get(m, "timestamp");
    if (at) {
        JW_KEY(w, "timestamp");
        jw_value(w, at);
    }
    ws_send_text(c->ws, end_frame(w));
}

static void on_subscribe(struct client *c, struct arena *a, const struct json *m)
{
    (void)m;
    struct json_writer *w = begin_frame(a, "subscribed");
    JW_INT(w, "user_id", c->user_id);
    ws_send_text(c->ws, end_frame(w));
}

static void CO_FN on_mark_read(struct client *c, struct arena *a, const struct json *m)
{
    int64_t id;
    if (!json_int(json_get(m, "notification_id"), &id)) {
        send_error(c->ws, a, ERR_INVALID_INPUT, "notification_id is required");
        return;
    }
    struct db_session db;
    struct notification n;
    int64_t now = clock_wall_us();
    db_session_init(&db, c->hub->service->db, a);
    enum err rc = db_begin(&db);
    if (rc == ERR_OK)
        rc = notification_store_read(&db, c->user_id, id, now, &n);
    if (rc == ERR_OK)
        rc = announce_read(&db, c->user_id, now, (struct log_context){.user_id = c->user_id});
    if (rc == ERR_OK)
        rc = db_commit(&db);
    else
        db_rollback(&db);
    if (rc)
        send_error(c->ws, a, rc, NULL);
}

static void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    static const struct {
        const char *type;
        void (*fn)(struct client *c, struct arena *a, const struct json *m);
    } COMMANDS[] = {
        {"ping",      on_ping     },
        {"subscribe", on_subscribe},
        {"mark_read", on_mark_read}
    };
    const struct json *m;
    const char *why;
    if (json_parse(a, text, &m, &why) != ERR_OK || json_type(m) != JSON_OBJECT) {
        send_error(ws, a, ERR_INVALID_INPUT, "a frame is a JSON object");
        return;
    }
    struct str type = json_str(json_get(m, "type"));
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (str_eq(type, str_from(COMMANDS[i].type))) {
            COMMANDS[i].fn(arg, a, m);
            return;
        }
    }
    send_error(ws, a, ERR_INVALID_INPUT, "unknown type");
}

static void on_close(struct ws *ws, void *arg, int code)
{
    (void)ws, (void)code;
    leave(arg);
}

enum err socket_open(struct req *r)
{
    static const struct ws_handlers HANDLERS = {on_text, on_close};
    struct service *s = req_service(r);
    struct db_session *db;
    int64_t unread;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_unread(db, r->actor->user_id, &unread);
    if (rc)
        return rc;
    struct client *c = MEM_NEW(struct client);
    list_init(&c->node);
    c->hub = notification_state(s)->hub;
    c->user_id = r->actor->user_id;
    rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &c->ws);
    if (rc) {
        free(c);
        return rc;
    }
    join(c->hub, c);
    struct json_writer *w = begin_frame(r->arena, "connection_established");
    JW_INT(w, "user_id", c->user_id);
    ws_send_text(c->ws, end_frame(w));
    ws_send_text(c->ws, count_frame(r->arena, unread));
    return ERR_OK;
}
