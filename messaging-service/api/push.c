#include "api/push.h"

#include "api/client.h"
#include "api/view.h"
#include "ws.h"

#define PAGE 200

/* ---- one message -------------------------------------------------------------------------- */

static bool takes_part(const struct event_message *m, int64_t user_id)
{
    const int64_t *ids = m->participant_ids.items;
    for (size_t i = 0; i < m->participant_ids.count; i++)
        if (ids[i] == user_id)
            return true;
    return false;
}

static void push_to_participants(struct messaging_state *state, const struct event_message *m,
                                 struct ws_frame *f)
{
    const int64_t *ids = m->participant_ids.items;
    for (size_t i = 0; i < m->participant_ids.count; i++) {
        struct list *sockets = ws_hub_members(state->live.people, ids[i]);
        if (!sockets)
            continue;
        LIST_EACH(n, sockets)
        {
            struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
            struct client *c = LIST_ENTRY(member, struct client, person);
            thread_push(client_thread(c, m->conversation_id), m->id, f);
        }
    }
}

static void push_to_subscribers(struct messaging_state *state, const struct event_message *m,
                                struct ws_frame *f)
{
    struct list *subscriptions = ws_hub_members(state->conversations, m->conversation_id);
    if (!subscriptions)
        return;
    LIST_EACH(n, subscriptions)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        struct thread *t = LIST_ENTRY(member, struct thread, subscription);
        if (!takes_part(m, t->client->who.user_id))
            thread_push(t, m->id, f);
    }
}

void push_message(struct live *l, struct arena *a, const struct event_message *m)
{
    struct messaging_state *state = messaging_state(l->service);
    if (!live_is_new(l, m->id))
        return;
    const struct message message = {.id = m->id,
                                    .conversation_id = m->conversation_id,
                                    .sender_id = m->sender_id,
                                    .sender_name = m->sender_name,
                                    .content = m->content,
                                    .client_id = m->client_id,
                                    .created_at = m->created_at};
    struct ws_frame *f = ws_frame_text(view_message_frame(a, &message, m->ticket_number));
    push_to_participants(state, m, f);
    push_to_subscribers(state, m, f);
    ws_frame_unref(f);
}

/* ---- what was missed ---------------------------------------------------------------------- */

enum err push_begin(struct live *l)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, l->service->db, a);
    enum err rc = message_store_newest(&db, 0, &newest);
    if (rc == ERR_OK)
        live_begin(l, newest);
    arena_free(a);
    return rc;
}

enum err push_missed(struct live *l, int64_t *after, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    const struct missed_message *missed;
    size_t n;
    db_session_init(&db, l->service->db, a);
    enum err rc = message_store_missed(&db, *after, PAGE, &missed, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        const struct message *m = &missed[i].message;
        const struct event_message e = {
            .id = m->id,
            .conversation_id = m->conversation_id,
            .sender_id = m->sender_id,
            .sender_name = m->sender_name,
            .ticket_number = missed[i].ticket_number,
            .content = m->content,
            .client_id = m->client_id,
            .created_at = m->created_at,
            .participant_ids = {(void *)(uintptr_t)missed[i].participant_ids,
                                missed[i].participant_count},
        };
        push_message(l, a, &e);
        *after = m->id;
    }
    *is_last = rc == ERR_OK && n < PAGE;
    arena_free(a);
    return rc;
}
