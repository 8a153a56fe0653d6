#include "api/signals.h"

#include "api/client.h"
#include "api/presence.h"
#include "outbox.h"
#include "store/presence_store.h"
#include "ws_json.h"

/* ---- sending ------------------------------------------------------------------------------ */

void signal_send(struct service *s, const struct event_signal *e)
{
    struct arena *a = arena_new();
    struct outbox_entry entry;
    const struct event_meta meta = {.source = "messaging-service",
                                    .type = "conversation.signal",
                                    .subject = e->signal,
                                    .time = e->happened_at};
    if (event_entry(a, &meta, &EVENT_SIGNAL, e, &entry) == ERR_OK) {
        const struct mq_message m = {.exchange = entry.exchange,
                                     .routing_key = entry.routing_key,
                                     .message_id = entry.message_id,
                                     .content_type = entry.content_type,
                                     .body = entry.body};
        if (mq_publish(s->mq, &m) != ERR_OK)
            log_debug("a signal was not sent");
    }
    arena_free(a);
}

/* ---- typing ------------------------------------------------------------------------------- */

static void push_typing(struct messaging_state *state, struct arena *a,
                        const struct event_signal *e)
{
    struct list *members = ws_hub_members(state->conversations, e->conversation_id);
    if (!members)
        return;
    struct json_writer *w = ws_json_begin(a, "typing_indicator");
    JW_INT(w, "conversation_id", e->conversation_id);
    if (e->ticket_number.len)
        JW_STR(w, "ticket_number", e->ticket_number);
    JW_STR(w, "user", e->user_name);
    JW_INT(w, "user_id", e->user_id);
    JW_BOOL(w, "is_typing", e->is_typing == JSON_TRUE);
    struct ws_frame *f = ws_frame_text(ws_json_end(w));
    LIST_EACH(n, members)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        struct client *c = LIST_ENTRY(member, struct thread, subscription)->client;
        if (c->who.user_id != e->user_id && c->tongue != TONGUE_COMMENTS)
            ws_send_frame(c->ws, f);
    }
    ws_frame_unref(f);
}

/* ---- presence ----------------------------------------------------------------------------- */

static struct str presence_text(struct arena *a, const struct presence_place *p, bool is_online,
                                const struct str *names, size_t count)
{
    struct json_writer *w = ws_json_begin(a, "presence_update");
    JW_INT(w, "conversation_id", p->conversation_id);
    if (p->ticket_number.len)
        JW_STR(w, "ticket_number", p->ticket_number);
    JW_STR(w, "user", p->user_name);
    JW_INT(w, "user_id", p->user_id);
    JW_STR(w, "status", is_online ? STR("online") : STR("offline"));
    JW_KEY(w, "users");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        jw_str(w, names[i]);
    jw_end_array(w);
    return ws_json_end(w);
}

static void push_presence(struct messaging_state *state, const struct presence_place *p,
                          struct str text)
{
    struct list *members = ws_hub_members(state->conversations, p->conversation_id);
    if (!members)
        return;
    struct ws_frame *f = ws_frame_text(text);
    LIST_EACH(n, members)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        struct thread *t = LIST_ENTRY(member, struct thread, subscription);
        if (t->is_watching && t->client->who.user_id != p->user_id)
            ws_send_frame(t->client->ws, f);
    }
    ws_frame_unref(f);
}

static enum err CO_FN push_presences(struct service *s, struct db_session *db,
                                     const struct event_signal *e, bool is_online)
{
    struct messaging_state *state = messaging_state(s);
    const struct json_array *ids = is_online ? &e->online_ids : &e->offline_ids;
    struct json_array watched;
    const struct presence_place *places;
    const struct str *names = NULL;
    size_t count, named = 0;
    presence_watched(state->presence, db->arena, &watched);
    if (!ids->count || !watched.count)
        return ERR_OK;
    enum err rc = presence_store_places(db, ids, &watched, &places, &count);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        if (i == 0 || places[i].conversation_id != places[i - 1].conversation_id)
            rc =
                presence_store_names(db, places[i].conversation_id, e->happened_at, &names, &named);
        if (rc == ERR_OK)
            push_presence(state, &places[i],
                          presence_text(db->arena, &places[i], is_online, names, named));
    }
    return rc;
}

enum err signal_push(struct service *s, struct arena *a, const struct event_signal *e)
{
    struct db_session db;
    if (str_eq(e->signal, STR("typing"))) {
        push_typing(messaging_state(s), a, e);
        return ERR_OK;
    }
    db_session_init(&db, s->db, a);
    enum err rc = push_presences(s, &db, e, true);
    return rc ? rc : push_presences(s, &db, e, false);
}
