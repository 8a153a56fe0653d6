#include "api/socket.h"

#include "api/presence.h"
#include "api/socket_frame.h"
#include "api/typing.h"
#include "clock.h"
#include "store/presence_store.h"

/* ---- commands ----------------------------------------------------------------------------- */

static void on_ping(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)arg;
    ws_json_pong(ws, a, m);
}

bool frame_find(struct db_session *db, struct client *c, const struct json *m,
                struct conversation *out)
{
    bool is_given = json_get(m, "conversation_id") != NULL;
    struct str ticket = json_str(json_get(m, "ticket_number"));
    const char *text = NULL;
    int64_t id = frame_id(m, "conversation_id");
    enum err rc = ERR_OK;
    if (!ticket.p)
        ticket = json_str(json_get(m, "ticket_id"));
    if (!is_given && !ticket.len && c->only)
        id = c->only;
    if (id <= 0 && is_given) {
        rc = ERR_CONVERSATION_NOT_FOUND;
    } else if (id <= 0 && !ticket.len) {
        rc = ERR_INVALID_INPUT;
        text = "conversation_id or ticket_number is required";
    } else {
        rc = conversation_find(db, &c->who, id > 0 ? id : 0, ticket, out);
    }
    if (rc == ERR_OK && c->only && c->only != out->id)
        rc = ERR_CONVERSATION_NOT_FOUND;
    if (rc)
        ws_json_error(c->ws, db->arena, m, rc, text);
    return rc == ERR_OK;
}

static void tell_subscribed(struct client *c, struct arena *a, const struct conversation *in)
{
    struct json_writer *w = ws_json_begin(a, "subscribed");
    JW_INT(w, "conversation_id", in->id);
    if (in->ticket_number.len)
        JW_STR(w, "ticket_number", in->ticket_number);
    if (c->tongue != TONGUE_CHAT)
        JW_STR(w, "ticket_id", in->ticket_number);
    ws_send_text(c->ws, ws_json_end(w));
}

static void CO_FN on_subscribe(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    int64_t after;
    bool wants_presence;
    db_session_init(&db, c->service->db, a);
    if (!frame_find(&db, c, m, &conversation))
        return;
    struct thread *t = client_thread(c, conversation.id);
    if (!thread_subscribe(t)) {
        ws_json_error(ws, a, m, ERR_CONFLICT, "too many subscriptions");
        return;
    }
    if (json_bool(json_get(m, "presence"), &wants_presence))
        thread_watch(t, wants_presence);
    tell_subscribed(c, a, &conversation);
    if (!json_int(json_get(m, "after_id"), &after) && !json_int(json_get(m, "after_seq"), &after))
        return;
    /* What was left out cannot be told from what was sent: the client must come back and ask. */
    enum err rc = thread_replay(t, after);
    if (rc && !t->is_lost)
        ws_close(ws, WS_TRY_AGAIN, STR("the history is not available"));
}

static void CO_FN on_unsubscribe(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    db_session_init(&db, c->service->db, a);
    if (!frame_find(&db, c, m, &conversation))
        return;
    thread_unsubscribe(client_thread(c, conversation.id));
    struct json_writer *w = ws_json_begin(a, "unsubscribed");
    JW_INT(w, "conversation_id", conversation.id);
    ws_send_text(ws, ws_json_end(w));
}

static void CO_FN set_typing(struct client *c, struct arena *a, const struct json *m,
                             bool is_typing)
{
    struct db_session db;
    struct conversation conversation;
    db_session_init(&db, c->service->db, a);
    if (!frame_find(&db, c, m, &conversation))
        return;
    struct access access = access_to(&conversation, &c->who);
    if (access_may_write(&access))
        typing_set(messaging_state(c->service)->typists, c, &conversation, is_typing);
    else
        ws_json_error(c->ws, a, m, ERR_FORBIDDEN, NULL);
}

static void CO_FN on_typing_start(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    set_typing(arg, a, m, true);
}

static void CO_FN on_typing_stop(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    set_typing(arg, a, m, false);
}

static void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    static const struct ws_command COMMANDS[] = {
        {"ping", on_ping},
        {"subscribe", on_subscribe},
        {"unsubscribe", on_unsubscribe},
        {"message", frame_message},
        {"edit", frame_edit},
        {"delete", frame_delete},
        {"unsend", frame_unsend},
        {"reaction_add", frame_reaction_add},
        {"reaction_remove", frame_reaction_remove},
        {"read", frame_read},
        {"typing_start", on_typing_start},
        {"typing_stop", on_typing_stop},
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

static enum err CO_FN open_client(struct req *r, struct client *c)
{
    static const struct ws_handlers HANDLERS = {on_text, on_close};
    struct messaging_state *state = messaging_state(c->service);
    enum err rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &c->ws);
    if (rc) {
        client_free(c);
        return rc;
    }
    ws_hub_join(state->live.people, c->who.user_id, &c->person, c->ws);
    presence_come(state->presence, c->who.user_id);
    return ERR_OK;
}

enum err CO_FN socket_open(struct req *r)
{
    struct client *c = client_new(r, TONGUE_CHAT);
    enum err rc = open_client(r, c);
    if (rc)
        return rc;
    struct json_writer *w = ws_json_begin(r->arena, "connection_established");
    JW_INT(w, "user_id", c->who.user_id);
    ws_send_text(c->ws, ws_json_end(w));
    return ERR_OK;
}

/* ---- the sockets of a ticket -------------------------------------------------------------- */

static void write_users(struct json_writer *w, const struct client *c, const struct str *names,
                        size_t count)
{
    bool is_named = false;
    JW_KEY(w, "users");
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        is_named |= str_eq(names[i], c->who.name);
        jw_str(w, names[i]);
    }
    if (!is_named)
        jw_str(w, c->who.name);
    jw_end_array(w);
}

static void greet(struct req *r, struct client *c, const struct conversation *in,
                  const struct str *names, size_t count)
{
    struct json_writer *w = ws_json_begin(r->arena, "connection_established");
    bool is_comments = c->tongue == TONGUE_COMMENTS;
    JW_STR(w, "ticket_id", in->ticket_number);
    JW_INT(w, "conversation_id", in->id);
    JW_STR(w, "user_id", str_printf(r->arena, "%lld", (long long)c->who.user_id));
    JW_STR(w, "message",
           str_printf(r->arena, "Connected to %s %.*s",
                      is_comments ? "comments for ticket" : "ticket", STR_ARG(in->ticket_number)));
    if (!is_comments)
        write_users(w, c, names, count);
    ws_send_text(c->ws, ws_json_end(w));
}

static enum err CO_FN open_ticket(struct req *r, enum tongue tongue)
{
    const struct speaker who = speaker_of(r->actor);
    struct str ticket = req_param(r, "ticket");
    const struct str *names = NULL;
    size_t count = 0;
    struct db_session *db;
    struct conversation in;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, ticket, &in);
    if (rc == ERR_OK && tongue == TONGUE_TICKET)
        rc = presence_store_names(db, in.id, r->now, &names, &count);
    if (rc == ERR_OK) /* last, so that what ends the access from here on finds the socket */
        rc = conversation_find(db, &who, in.id, STR_NULL, &in);
    if (rc)
        return rc;
    struct client *c = client_new(r, tongue);
    c->only = in.id;
    rc = open_client(r, c);
    if (rc)
        return rc;
    struct thread *t = client_thread(c, in.id);
    if (thread_subscribe(t))
        thread_watch(t, tongue == TONGUE_TICKET);
    greet(r, c, &in, names, count);
    return ERR_OK;
}

enum err CO_FN socket_open_ticket(struct req *r)
{
    return open_ticket(r, TONGUE_TICKET);
}

enum err CO_FN socket_open_comments(struct req *r)
{
    return open_ticket(r, TONGUE_COMMENTS);
}
