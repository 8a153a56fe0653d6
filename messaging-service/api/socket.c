#include "api/socket.h"

#include <stdlib.h>

#include "api/conversation.h"
#include "clock.h"
#include "config.h"
#include "mem.h"
#include "ws_json.h"

#define REPLAY_LIMIT 200

/* One open socket. It receives whatever is said in its person's conversations; a subscription adds
 * a conversation the person may read without taking part. */
struct client {
    struct ws_member person, subscription;
    struct service *service;
    struct actor actor;
    struct arena *arena; /* owned: what the actor points to */
};

/* ---- frames ------------------------------------------------------------------------------- */

static struct str message_frame(struct arena *a, int64_t id, int64_t conversation_id,
                                struct str ticket_number, int64_t sender_id, struct str sender_name,
                                struct str content, struct str client_id, int64_t created_at)
{
    struct json_writer *w = ws_json_begin(a, "message");
    JW_INT(w, "id", id);
    JW_INT(w, "conversation_id", conversation_id);
    if (ticket_number.len)
        JW_STR(w, "ticket_number", ticket_number);
    JW_INT(w, "sender_id", sender_id);
    JW_STR(w, "sender_name", sender_name);
    JW_STR(w, "content", content);
    if (client_id.len)
        JW_STR(w, "client_id", client_id);
    JW_TIME_MS(w, "created_at", created_at);
    return ws_json_end(w);
}

/* Subscribers who are no participants: participants have got the frame already. */
static void push_to_subscribers(struct service *s, const struct event_message *m,
                                struct ws_frame *f)
{
    struct list *members = ws_hub_members(messaging_state(s)->conversations, m->conversation_id);
    if (!members)
        return;
    const int64_t *ids = m->participant_ids.items;
    LIST_EACH(n, members)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        int64_t user_id = LIST_ENTRY(member, struct client, subscription)->actor.user_id;
        bool takes_part = false;
        for (size_t i = 0; i < m->participant_ids.count; i++)
            takes_part |= ids[i] == user_id;
        if (!takes_part)
            ws_send_frame(member->ws, f);
    }
}

void socket_push(struct service *s, struct arena *a, const struct event_message *m)
{
    const int64_t *ids = m->participant_ids.items;
    struct ws_frame *f =
        ws_frame_text(message_frame(a, m->id, m->conversation_id, m->ticket_number, m->sender_id,
                                    m->sender_name, m->content, m->client_id, m->created_at));
    for (size_t i = 0; i < m->participant_ids.count; i++)
        ws_hub_send(messaging_state(s)->people, ids[i], f);
    push_to_subscribers(s, m, f);
    ws_frame_unref(f);
}

/* ---- what clients say --------------------------------------------------------------------- */

/* Finds the conversation a frame names by conversation_id (a number or its text) or ticket_number.
 */
static enum err CO_FN named_conversation(struct db_session *db, struct client *c,
                                         const struct json *m, struct conversation *out)
{
    const struct json *given = json_get(m, "conversation_id");
    struct str ticket = json_str(json_get(m, "ticket_number"));
    int64_t id = 0;
    if (given && !json_int(given, &id) && !str_to_i64(json_str(given), &id))
        return ERR_CONVERSATION_NOT_FOUND;
    if (id <= 0 && !ticket.len)
        return ERR_INVALID_INPUT;
    return conversation_find(db, &c->actor, id, ticket, out);
}

static void refuse(struct ws *ws, struct arena *a, enum err rc)
{
    ws_json_error(ws, a, rc,
                  rc == ERR_INVALID_INPUT ? "conversation_id or ticket_number is required" : NULL);
}

static void on_ping(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)arg;
    ws_json_pong(ws, a, m);
}

/* A client that comes back names the last id it has seen and misses nothing. */
static enum err CO_FN replay(struct ws *ws, struct db_session *db, const struct conversation *c,
                             int64_t after)
{
    struct message_list list;
    do {
        enum err rc = message_store_after(db, c->id, after, REPLAY_LIMIT, &list);
        if (rc)
            return rc;
        for (size_t i = 0; i < list.count; i++) {
            const struct message *m = &list.items[i];
            ws_send_text(ws,
                         message_frame(db->arena, m->id, c->id, c->ticket_number, m->sender_id,
                                       m->sender_name, m->content, m->client_id, m->created_at));
            after = m->id;
        }
    } while (list.count == REPLAY_LIMIT);
    return ERR_OK;
}

static void CO_FN on_subscribe(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    db_session_init(&db, c->service->db, a);
    enum err rc = named_conversation(&db, c, m, &conversation);
    if (rc) {
        refuse(ws, a, rc);
        return;
    }
    ws_hub_leave(&c->subscription);
    ws_hub_join(messaging_state(c->service)->conversations, conversation.id, &c->subscription, ws);
    struct json_writer *w = ws_json_begin(a, "subscribed");
    JW_INT(w, "conversation_id", conversation.id);
    if (conversation.ticket_number.len)
        JW_STR(w, "ticket_number", conversation.ticket_number);
    ws_send_text(ws, ws_json_end(w));
    int64_t after;
    if (json_int(json_get(m, "after_id"), &after) && (rc = replay(ws, &db, &conversation, after)))
        refuse(ws, a, rc);
}

static void CO_FN on_message(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    struct message stored;
    db_session_init(&db, c->service->db, a);
    enum err rc = named_conversation(&db, c, m, &conversation);
    if (rc) {
        refuse(ws, a, rc);
        return;
    }
    struct posting p = {.who = &c->actor,
                        .content = json_str(json_get(m, "content")),
                        .client_id = json_str(json_get(m, "client_id")),
                        .now = clock_wall_us(),
                        .log = {.user_id = c->actor.user_id}};
    rc = conversation_post(&db, &conversation, &p, &stored);
    if (rc)
        ws_json_error(ws, a, rc, rc == ERR_VALIDATION_ERROR ? "content is required" : NULL);
}

static void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    static const struct ws_command COMMANDS[] = {
        {"ping",        on_ping},
        {"subscribe",             on_subscribe},
        {"message",on_message},
        {0    }
    };
    ws_json_dispatch(COMMANDS, ws, arg, a, text);
}

static void on_close(struct ws *ws, void *arg, int code)
{
    (void)ws, (void)code;
    struct client *c = arg;
    ws_hub_leave(&c->person);
    ws_hub_leave(&c->subscription);
    arena_free(c->arena);
    free(c);
}

/* The socket outlives the request, and with it the identity. */
static struct client *client_new(struct req *r)
{
    struct client *c = MEM_NEW(struct client);
    const struct actor *who = r->actor;
    c->service = req_service(r);
    c->arena = arena_new();
    c->actor = *who;
    c->actor.email = str_dup(c->arena, who->email);
    c->actor.name = str_dup(c->arena, who->name);
    c->actor.role = str_dup(c->arena, who->role);
    c->actor.scope = str_dup(c->arena, who->scope);
    c->actor.jti = str_dup(c->arena, who->jti);
    struct jwt_role *roles = ARENA_ARRAY(c->arena, struct jwt_role, who->role_count + 1);
    for (size_t i = 0; i < who->role_count; i++)
        roles[i] =
            (struct jwt_role){str_dup(c->arena, who->roles[i].system),
                              str_dup(c->arena, who->roles[i].role), who->roles[i].system_role_id};
    c->actor.roles = roles;
    return c;
}

enum err socket_open(struct req *r)
{
    static const struct ws_handlers HANDLERS = {on_text, on_close};
    struct client *c = client_new(r);
    struct ws *ws;
    enum err rc = ws_accept(r, &HANDLERS, &WS_DEFAULT_LIMITS, c, &ws);
    if (rc) {
        arena_free(c->arena);
        free(c);
        return rc;
    }
    ws_hub_join(messaging_state(c->service)->people, c->actor.user_id, &c->person, ws);
    struct json_writer *w = ws_json_begin(r->arena, "connection_established");
    JW_INT(w, "user_id", c->actor.user_id);
    ws_send_text(ws, ws_json_end(w));
    return ERR_OK;
}
