#include "api/push.h"

#include "api/client.h"
#include "api/view.h"
#include "clock.h"
#include "ws.h"

#define CATCH_UP_PAGE 200
#define CATCH_UP_RETRY_MS 500
#define WAIT_MS 5

static struct metric open_sockets = {
    .name = "websocket_connections",
    .help = "Open sockets of this process.",
    .kind = METRIC_GAUGE,
};

static void refresh_metrics(void *unused)
{
    (void)unused;
    metric_set(metric_series(&open_sockets, NULL), ws_count());
}

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
        struct list *sockets = ws_hub_members(state->people, ids[i]);
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

void push_message(struct service *s, struct arena *a, const struct event_message *m)
{
    struct messaging_state *state = messaging_state(s);
    if (!ws_recent_add(&state->pushed, m->id))
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

enum err push_begin(struct service *s)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, s->db, a);
    enum err rc = message_store_newest(&db, 0, &newest);
    if (rc == ERR_OK) {
        messaging_state(s)->pushed.floor = newest;
        messaging_state(s)->has_begun = true;
    }
    arena_free(a);
    return rc;
}

static enum err CO_FN push_missed_page(struct service *s, int64_t *after, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    const struct missed_message *missed;
    size_t n;
    db_session_init(&db, s->db, a);
    enum err rc = message_store_missed(&db, *after, CATCH_UP_PAGE, &missed, &n);
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
        push_message(s, a, &e);
        *after = m->id;
    }
    *is_last = rc == ERR_OK && n < CATCH_UP_PAGE;
    arena_free(a);
    return rc;
}

static void CO_FN catch_up(void *arg)
{
    struct service *s = arg;
    int64_t after = messaging_state(s)->pushed.floor;
    bool is_last = false;
    while (!is_last && !s->is_draining) {
        enum err rc = push_missed_page(s, &after, &is_last);
        if (rc && co_sleep_ms(CATCH_UP_RETRY_MS) != ERR_OK)
            break;
    }
    messaging_state(s)->is_catching_up = false;
}

static void push_catch_up(void *service)
{
    struct service *s = service;
    struct messaging_state *state = messaging_state(s);
    if (!state->has_begun || state->is_catching_up)
        return;
    state->is_catching_up = true;
    co_start(s->loop, catch_up, s, "catch up");
}

void push_init(struct service *s)
{
    metrics_on_render(refresh_metrics, NULL);
    mq_on_consuming(s->mq, push_catch_up, s);
}

enum err push_wait(struct service *s)
{
    enum err rc = ERR_OK;
    while (rc == ERR_OK && messaging_state(s)->is_catching_up)
        rc = co_sleep_ms(WAIT_MS);
    return rc;
}

void push_check_tokens(struct service *s, void *unused)
{
    (void)unused;
    ws_hub_close_expired(messaging_state(s)->people, clock_wall_us() / US_PER_S);
}
