#include "api/socket.h"

#include <stdlib.h>

#include "actor.h"
#include "clock.h"
#include "config.h"
#include "events/consume.h"
#include "mem.h"
#include "store/notification_store.h"
#include "ws.h"
#include "ws_json.h"

struct client {
    struct ws_member person;
    struct service *service;
    int64_t user_id;
};

/* ---- frames ------------------------------------------------------------------------------- */

static struct str count_frame(struct arena *a, int64_t unread)
{
    struct json_writer *w = ws_json_begin(a, "count_update");
    JW_INT(w, "unread_count", unread);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return ws_json_end(w);
}

static struct str notification_frame(struct arena *a, const struct event_notification *n)
{
    struct json_writer *w = ws_json_begin(a, "notification_update");
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
    return ws_json_end(w);
}

static void push_text(struct ws_hub *hub, int64_t user_id, struct str text)
{
    struct ws_frame *f = ws_frame_text(text);
    ws_hub_send(hub, user_id, f);
    ws_frame_unref(f);
}

enum err socket_push(struct service *s, struct arena *a, const struct event_notification *n,
                     int64_t user_id)
{
    struct ws_hub *hub = notification_state(s)->people;
    if (!ws_hub_has(hub, user_id))
        return ERR_OK;
    struct db_session db;
    int64_t unread;
    db_session_init(&db, s->db, a);
    enum err rc = notification_store_unread(&db, user_id, &unread);
    if (n)
        push_text(hub, user_id, notification_frame(a, n));
    if (rc == ERR_OK)
        push_text(hub, user_id, count_frame(a, unread));
    return rc;
}

/* ---- what clients say --------------------------------------------------------------------- */

static void on_ping(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)arg;
    ws_json_pong(ws, a, m);
}

static void on_subscribe(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)m;
    const struct client *c = arg;
    struct json_writer *w = ws_json_begin(a, "subscribed");
    JW_INT(w, "user_id", c->user_id);
    ws_send_text(ws, ws_json_end(w));
}

static enum err CO_FN mark_read(struct client *c, struct arena *a, int64_t id)
{
    struct db_session db;
    struct notification n;
    int64_t now = clock_wall_us();
    db_session_init(&db, c->service->db, a);
    enum err rc = db_begin(&db);
    if (rc == ERR_OK)
        rc = notification_store_read(&db, c->user_id, id, now, &n);
    if (rc == ERR_OK)
        rc = announce_read(&db, c->user_id, now, (struct log_context){.user_id = c->user_id});
    return rc ? rc : db_commit(&db);
}

static void CO_FN on_mark_read(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    int64_t id;
    if (!json_int(json_get(m, "notification_id"), &id)) {
        ws_json_error(ws, a, m, ERR_INVALID_INPUT, "notification_id is required");
        return;
    }
    enum err rc = mark_read(arg, a, id);
    if (rc)
        ws_json_error(ws, a, m, rc, NULL);
}

static void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    static const struct ws_command COMMANDS[] = {
        {"ping",        on_ping},
        {"subscribe",             on_subscribe},
        {"mark_read",on_mark_read},
        {0  }
    };
    ws_json_dispatch(COMMANDS, ws, arg, a, text);
}

static void on_close(struct ws *ws, void *arg, int code)
{
    (void)ws, (void)code;
    struct client *c = arg;
    ws_hub_leave(&c->person);
    free(c);
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
    c->service = s;
    c->user_id = r->actor->user_id;
    struct ws *ws;
    rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &ws);
    if (rc) {
        free(c);
        return rc;
    }
    ws_hub_join(notification_state(s)->people, c->user_id, &c->person, ws);
    struct json_writer *w = ws_json_begin(r->arena, "connection_established");
    JW_INT(w, "user_id", c->user_id);
    ws_send_text(ws, ws_json_end(w));
    ws_send_text(ws, count_frame(r->arena, unread));
    return ERR_OK;
}
