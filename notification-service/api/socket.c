#include "api/socket.h"

#include <stdlib.h>

#include "actor.h"
#include "api/push.h"
#include "clock.h"
#include "events/publish.h"
#include "mem.h"
#include "state.h"
#include "store/notification_store.h"
#include "ws_json.h"

struct client {
    struct ws_member person; /* in notification_state.live.people */
    struct service *service;
    int64_t user_id;
};

/* ---- commands ----------------------------------------------------------------------------- */

static void on_ping(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)arg;
    ws_json_pong(ws, a, m);
}

/* A socket is subscribed to its person's notifications from the beginning. */
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
        rc = announce_read(&db, c->user_id, now, ws_json_context());
    if (rc == ERR_OK)
        rc = db_commit(&db);
    db_rollback(&db);
    return rc;
}

static void CO_FN on_mark_read(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    const struct json *given = json_get(m, "notification_id");
    int64_t id;
    if (!json_int(given, &id) && !str_to_i64(json_str(given), &id)) {
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
        {"ping", on_ping},
        {"subscribe", on_subscribe},
        {"mark_read", on_mark_read},
        {NULL, NULL},
    };
    ws_json_dispatch(COMMANDS, ws, arg, a, text);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static void on_close(struct ws *ws, void *arg, int code)
{
    (void)ws, (void)code;
    struct client *c = arg;
    ws_hub_leave(&c->person);
    free(c);
}

static struct client *client_new(struct req *r)
{
    struct client *c = MEM_NEW(struct client);
    c->service = req_service(r);
    c->user_id = r->actor->user_id;
    c->person.expires_s = r->actor->expires_s;
    return c;
}

static void greet(struct ws *ws, struct arena *a, int64_t user_id, int64_t unread)
{
    struct json_writer *w = ws_json_begin(a, "connection_established");
    JW_INT(w, "user_id", user_id);
    ws_send_text(ws, ws_json_end(w));
    ws_send_text(ws, push_count_frame(a, unread));
}

enum err CO_FN socket_open(struct req *r)
{
    static const struct ws_handlers HANDLERS = {on_text, on_close};
    struct db_session *db;
    int64_t unread;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_unread(db, r->actor->user_id, &unread);
    if (rc)
        return rc;
    struct client *c = client_new(r);
    struct ws *ws;
    rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &ws);
    if (rc) {
        free(c);
        return rc;
    }
    ws_hub_join(notification_state(c->service)->live.people, c->user_id, &c->person, ws);
    greet(ws, r->arena, c->user_id, unread);
    return ERR_OK;
}

enum err CO_FN socket_open_of(struct req *r)
{
    int64_t user_id;
    if (!req_param_int(r, "user_id", &user_id) || user_id != r->actor->user_id)
        return ERR_FORBIDDEN;
    return socket_open(r);
}
