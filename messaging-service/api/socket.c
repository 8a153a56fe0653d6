#include "api/socket.h"

#include "api/client.h"
#include "api/view.h"
#include "clock.h"
#include "ws_json.h"

/* ---- commands ----------------------------------------------------------------------------- */

static void on_ping(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)arg;
    ws_json_pong(ws, a, m);
}

/* Finds the conversation that a frame names by conversation_id (a number or its text) or by
 * ticket_number; answers the refusal itself. */
static bool CO_FN find_named(struct db_session *db, struct client *c, const struct json *m,
                             struct conversation *out)
{
    const struct json *given = json_get(m, "conversation_id");
    struct str ticket = json_str(json_get(m, "ticket_number"));
    const char *text = NULL;
    int64_t id = 0;
    enum err rc = ERR_OK;
    if (given && !json_int(given, &id) && !str_to_i64(json_str(given), &id)) {
        rc = ERR_CONVERSATION_NOT_FOUND;
    } else if (id <= 0 && !ticket.len) {
        rc = given ? ERR_CONVERSATION_NOT_FOUND : ERR_INVALID_INPUT;
        text = given ? NULL : "conversation_id or ticket_number is required";
    } else {
        rc = conversation_find(db, &c->who, id > 0 ? id : 0, ticket, out);
    }
    if (rc)
        ws_json_error(c->ws, db->arena, m, rc, text);
    return rc == ERR_OK;
}

static void CO_FN on_subscribe(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    db_session_init(&db, c->service->db, a);
    if (!find_named(&db, c, m, &conversation))
        return;
    struct thread *t = client_thread(c, conversation.id);
    if (!thread_subscribe(t)) {
        ws_json_error(ws, a, m, ERR_CONFLICT, "too many subscriptions");
        return;
    }
    struct json_writer *w = ws_json_begin(a, "subscribed");
    JW_INT(w, "conversation_id", conversation.id);
    if (conversation.ticket_number.len)
        JW_STR(w, "ticket_number", conversation.ticket_number);
    ws_send_text(ws, ws_json_end(w));
    /* What was left out cannot be told from what was sent: the client must come back and ask. */
    int64_t after;
    if (json_int(json_get(m, "after_id"), &after) &&
        thread_replay(t, &conversation, after) != ERR_OK)
        ws_close(ws, WS_TRY_AGAIN, STR("the history is not available"));
}

static void CO_FN on_message(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    struct message stored;
    bool is_new;
    const struct posting p = {.who = &c->who,
                              .content = json_str(json_get(m, "content")),
                              .client_id = json_str(json_get(m, "client_id")),
                              .now = clock_wall_us(),
                              .log = c->log};
    const char *problem = posting_problem(&p);
    if (problem) {
        ws_json_error(ws, a, m, ERR_VALIDATION_ERROR, problem);
        return;
    }
    db_session_init(&db, c->service->db, a);
    if (!find_named(&db, c, m, &conversation))
        return;
    enum err rc = conversation_post(&db, &conversation, &p, &stored, &is_new);
    if (rc)
        ws_json_error(ws, a, m, rc, NULL);
    else if (!is_new) /* nothing was announced, but the client waits for an answer */
        ws_send_text(ws, view_message_frame(a, &stored, conversation.ticket_number));
}

static void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    static const struct ws_command COMMANDS[] = {
        {"ping", on_ping},
        {"subscribe", on_subscribe},
        {"message", on_message},
        {NULL, NULL},
    };
    ws_json_dispatch(COMMANDS, ws, arg, a, text);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static void on_close(struct ws *ws, void *arg, int code)
{
    (void)ws, (void)code;
    client_free(arg);
}

enum err CO_FN socket_open(struct req *r)
{
    static const struct ws_handlers HANDLERS = {on_text, on_close};
    struct client *c = client_new(r);
    enum err rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &c->ws);
    if (rc) {
        client_free(c);
        return rc;
    }
    ws_hub_join(messaging_state(c->service)->live.people, c->who.user_id, &c->person, c->ws);
    struct json_writer *w = ws_json_begin(r->arena, "connection_established");
    JW_INT(w, "user_id", c->who.user_id);
    ws_send_text(c->ws, ws_json_end(w));
    return ERR_OK;
}
