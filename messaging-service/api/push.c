#include "api/push.h"

#include "api/client.h"
#include "ws.h"
#include "ws_json.h"

#define PAGE 200
#define CLOSE_NO_ACCESS 4403

static bool has_id(const struct json_array *ids, int64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (((const int64_t *)ids->items)[i] == id)
            return true;
    return false;
}

/* ---- access that ends --------------------------------------------------------------------- */

struct loss {
    int64_t seq, conversation_id; /* 0: of all */
    struct str ticket_number;
    bool may_read;
    const char *reason;
};

static struct ws_frame *loss_frame(struct arena *a, const struct loss *x)
{
    struct json_writer *w = ws_json_begin(a, "access_changed");
    if (x->seq)
        JW_INT(w, "seq", x->seq);
    if (x->conversation_id)
        JW_INT(w, "conversation_id", x->conversation_id);
    if (x->ticket_number.len)
        JW_STR(w, "ticket_number", x->ticket_number);
    JW_BOOL(w, "may_read", x->may_read);
    JW_BOOL(w, "may_write", false);
    JW_STR(w, "reason", str_from(x->reason));
    return ws_frame_text(ws_json_end(w));
}

/* Tells all sockets of a person; those that may not even read lose the conversation. */
static void lose(struct messaging_state *state, struct arena *a, int64_t user_id,
                 const struct loss *x)
{
    struct list *sockets = ws_hub_members(state->live.people, user_id);
    if (!sockets)
        return;
    struct ws_frame *f = loss_frame(a, x);
    LIST_EACH(n, sockets)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        struct client *c = LIST_ENTRY(member, struct client, person);
        struct thread *t = client_thread(c, x->conversation_id);
        if (!t || (x->may_read && c->who.sees_all_tickets))
            continue;
        ws_send_frame(c->ws, f);
        if (!x->may_read)
            thread_lose(t);
    }
    ws_frame_unref(f);
}

static void push_losses(struct messaging_state *state, struct arena *a, const struct change *c)
{
    if (c->kind != CHANGE_MEMBERS_REMOVED && c->kind != CHANGE_PEOPLE)
        return;
    for (size_t i = 0; i < c->user_ids.count; i++) {
        int64_t user_id = ((const int64_t *)c->user_ids.items)[i];
        const struct loss x = {.seq = c->id,
                               .conversation_id = c->conversation_id,
                               .ticket_number = c->ticket_number,
                               .may_read = c->kind == CHANGE_PEOPLE,
                               .reason = c->kind == CHANGE_PEOPLE ? "replaced"
                                         : user_id == c->actor_id ? "left"
                                                                  : "removed"};
        lose(state, a, user_id, &x);
    }
}

/* ---- one change --------------------------------------------------------------------------- */

/* Sending goes through the kernel and leaves nothing of ours in the caches: the sockets are looked
 * up first, some hundred at a time. */
#define BATCH 256
struct batch {
    struct frames *frames;
    struct client *items[BATCH];
    size_t count;
};

static void flush(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct ws_frame *frame = frames_of(b->frames, b->items[i]->tongue);
        if (frame)
            ws_send_frame(b->items[i]->ws, frame);
    }
    b->count = 0;
}

static void add(struct batch *b, struct thread *t)
{
    if (!thread_take(t, b->frames->change->id))
        return;
    b->items[b->count++] = t->client;
    if (b->count == BATCH)
        flush(b);
}

static void push_to_participants(struct messaging_state *state, struct batch *b)
{
    const struct change *c = b->frames->change;
    const int64_t *ids = c->participant_ids.items;
    for (size_t i = 0; i < c->participant_ids.count; i++) {
        struct list *sockets = ws_hub_members(state->live.people, ids[i]);
        if (!sockets)
            continue;
        LIST_EACH(n, sockets)
        {
            struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
            struct client *client = LIST_ENTRY(member, struct client, person);
            struct thread *t = client_thread(client, c->conversation_id);
            if (!t)
                continue;
            if (has_id(&c->user_ids, ids[i]) && c->kind == CHANGE_MEMBERS_ADDED)
                t->is_lost = false;
            add(b, t);
        }
    }
}

static void push_to_subscribers(struct messaging_state *state, struct batch *b)
{
    const struct change *c = b->frames->change;
    struct list *subscriptions = ws_hub_members(state->conversations, c->conversation_id);
    if (!subscriptions)
        return;
    LIST_EACH(n, subscriptions)
    {
        struct ws_member *member = LIST_ENTRY(n, struct ws_member, node);
        struct thread *t = LIST_ENTRY(member, struct thread, subscription);
        if (!has_id(&c->participant_ids, t->client->who.user_id))
            add(b, t);
    }
}

void push_change(struct live *l, struct arena *a, const struct change *c)
{
    struct messaging_state *state = messaging_state(l->service);
    struct frames f = {.change = c, .arena = a};
    if (!live_is_new(l, c->id))
        return;
    push_losses(state, a, c);
    struct batch b;
    b.frames = &f;
    b.count = 0;
    push_to_participants(state, &b);
    push_to_subscribers(state, &b);
    flush(&b);
    frames_release(&f);
}

/* ---- people ------------------------------------------------------------------------------- */

static void send_away(struct messaging_state *state, struct arena *a, int64_t user_id)
{
    static const struct loss DISABLED = {.reason = "disabled"};
    struct list *sockets = ws_hub_members(state->live.people, user_id);
    if (!sockets)
        return;
    struct ws_frame *f = loss_frame(a, &DISABLED);
    LIST_EACH(n, sockets)
    {
        struct ws *ws = LIST_ENTRY(n, struct ws_member, node)->ws;
        ws_send_frame(ws, f);
        ws_close(ws, CLOSE_NO_ACCESS, STR("the account is disabled"));
    }
    ws_frame_unref(f);
}

static bool sees_all_tickets(struct arena *a, const struct event_user *u)
{
    const struct event_user_role *from = u->roles.items;
    struct jwt_role *roles = ARENA_ARRAY(a, struct jwt_role, u->roles.count + 1);
    for (size_t i = 0; i < u->roles.count; i++)
        roles[i] = (struct jwt_role){from[i].system, from[i].role, from[i].system_role_id};
    const struct actor actor = {
        .user_id = u->id, .role = STR("none"), .roles = roles, .role_count = u->roles.count};
    return actor_may(&actor, PERM_TICKET_READ_ALL);
}

/* Takes the right away; *ids are the conversations it may have been needed for. */
static void revoke(struct messaging_state *state, struct arena *a, int64_t user_id,
                   struct json_array *ids)
{
    struct list *sockets = ws_hub_members(state->live.people, user_id);
    size_t n = 0;
    *ids = (struct json_array){0};
    if (!sockets)
        return;
    LIST_EACH(s, sockets)
    {
        struct ws_member *member = LIST_ENTRY(s, struct ws_member, node);
        struct client *c = LIST_ENTRY(member, struct client, person);
        n += c->who.sees_all_tickets ? (size_t)c->subscriptions : 0;
    }
    int64_t *found = ARENA_ARRAY(a, int64_t, n + 1);
    LIST_EACH(s, sockets)
    {
        struct ws_member *member = LIST_ENTRY(s, struct ws_member, node);
        struct client *c = LIST_ENTRY(member, struct client, person);
        if (!c->who.sees_all_tickets)
            continue;
        c->who.sees_all_tickets = false;
        LIST_EACH(x, &c->threads)
        {
            struct thread *t = LIST_ENTRY(x, struct thread, node);
            if (t->subscription.group)
                found[ids->count++] = t->conversation_id;
        }
    }
    ids->items = found;
}

enum err push_person(struct live *l, struct arena *a, const struct event_user *u)
{
    struct messaging_state *state = messaging_state(l->service);
    struct json_array ids;
    struct db_session db;
    if (u->active == JSON_FALSE) {
        send_away(state, a, u->id);
        return ERR_OK;
    }
    if (sees_all_tickets(a, u))
        return ERR_OK;
    revoke(state, a, u->id, &ids);
    db_session_init(&db, l->service->db, a);
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < ids.count; i++) {
        const struct speaker who = {.user_id = u->id};
        struct conversation c;
        rc = conversation_find(&db, &who, ((const int64_t *)ids.items)[i], STR_NULL, &c);
        if (rc != ERR_CONVERSATION_NOT_FOUND)
            continue;
        const struct loss x = {.conversation_id = ((const int64_t *)ids.items)[i],
                               .reason = "removed"};
        lose(state, a, u->id, &x);
        rc = ERR_OK;
    }
    return rc;
}

/* ---- what was missed ---------------------------------------------------------------------- */

enum err push_begin(struct live *l)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, l->service->db, a);
    enum err rc = change_store_newest(&db, &newest);
    if (rc == ERR_OK)
        live_begin(l, newest);
    arena_free(a);
    return rc;
}

enum err push_missed(struct live *l, int64_t *after, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    struct change_list missed;
    db_session_init(&db, l->service->db, a);
    enum err rc = change_store_missed(&db, *after, PAGE, &missed);
    for (size_t i = 0; rc == ERR_OK && i < missed.count; i++) {
        push_change(l, a, &missed.items[i]);
        *after = missed.items[i].id;
    }
    *is_last = rc == ERR_OK && missed.count < PAGE;
    arena_free(a);
    return rc;
}
