#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/simple.h"
#include "api/write.h"
#include "buf.h"
#include "people.h"
#include "service.h"
#include "store/history_store.h"

#define ID_TEXT "invalid ticket id"

/* One of the changes that staff make: apply decides what becomes of the ticket. */
struct edit {
    int64_t id;
    const char *field; /* what the history calls it, also when it is set to what it was */
    enum err (*apply)(struct req *r, struct db_session *s, const struct edit *e, struct ticket *t);
    enum simple_status status;
    enum ticket_priority priority;
    int64_t assignee_id; /* TICKET_NONE: nobody */
    void (*write)(struct json_writer *w, const struct ticket *t);
};

/* That surface's history tells of every request, of one that changed nothing, too. */
static enum err CO_FN log_unchanged(struct db_session *s, const struct edit *e,
                                    const struct ticket *t, const struct cause *c)
{
    struct str value = str_from(ticket_priority_label(t->priority));
    struct history_entry entry = {.ticket_id = t->id, .field = str_from(e->field)};

    if (str_eq(entry.field, STR("owner")))
        value = t->owner_id == TICKET_NONE ? STR_NULL
                                           : str_printf(s->arena, "%lld", (long long)t->owner_id);
    entry.old_value = entry.new_value = value;
    return history_store_add(s, &entry, c);
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct edit *e = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .tells_workflow = true};
    struct json_writer w;
    struct cause cause;
    struct buf b;
    enum err rc = simple_lock(r, s, e->id, &before);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    after = before;
    rc = e->apply(r, s, e, &after);
    if (rc == ERR_OK)
        rc = change_apply(s, &news, &after, &cause);
    if (rc == ERR_OK && e->field && after.version == before.version)
        rc = log_unchanged(s, e, &after, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    e->write(&w, &after);
    out->body = buf_str(&b);
    return ERR_OK;
}

static struct str member_text(const struct json *body, const char *name)
{
    return json_str(json_get(body, name));
}

/* ---- status, priority, assignee ----------------------------------------------------------- */

static enum err CO_FN apply_status(struct req *r, struct db_session *s, const struct edit *e,
                                   struct ticket *t)
{
    enum simple_status from = simple_status_of(t);

    if (ticket_is_pending(t))
        return refuse(r, ERR_INVALID_STATUS, "the ticket waits for approval");
    if (!simple_status_may_follow(from, e->status))
        return refuse(r, ERR_INVALID_STATUS,
                      arena_printf(r->arena, "cannot transition from %s to %s. Allowed: %s",
                                   simple_status_word(from), simple_status_word(e->status),
                                   simple_status_allowed(from)));
    simple_status_apply(t, e->status, r->now);
    return ERR_OK;
}

enum err simple_status_patch(struct req *r)
{
    struct edit e = {.apply = apply_status, .write = simple_write_full};
    enum err rc = simple_id(r, ID_TEXT, &e.id);

    if (rc)
        return rc;
    e.status = simple_status_parse(member_text(req_json(r), "status"));
    if (e.status >= SIMPLE_CLOSED)
        return refuse(r, ERR_INVALID_STATUS,
                      "status must be: new, assigned, in_progress, resolved");
    return write_run(r, req_body_text(r), change, &e);
}

static enum err CO_FN apply_priority(struct req *r, struct db_session *s, const struct edit *e,
                                     struct ticket *t)
{
    t->priority = e->priority;
    return ERR_OK;
}

enum err simple_priority_patch(struct req *r)
{
    struct edit e = {.field = "priority", .apply = apply_priority, .write = simple_write_full};
    enum err rc = simple_id(r, ID_TEXT, &e.id);

    if (rc)
        return rc;
    e.priority = ticket_priority_parse(member_text(req_json(r), "priority"));
    if (e.priority == PRIORITY_COUNT)
        return refuse(r, ERR_INVALID_INPUT, "priority must be: low, medium, high, urgent");
    return write_run(r, req_body_text(r), change, &e);
}

/* Whether the person exists is not asked; who is known gets a name. */
static enum err CO_FN apply_assignee(struct req *r, struct db_session *s, const struct edit *e,
                                     struct ticket *t)
{
    struct person p = {0};
    enum err rc = ERR_OK;

    if (e->assignee_id != TICKET_NONE)
        rc = person_by_id(s, e->assignee_id, &p);
    if (rc && rc != ERR_USER_NOT_FOUND)
        return rc;
    ticket_set_owner(t, e->assignee_id, p.name);
    return ERR_OK;
}

/* null, false, 0, "" and nothing at all mean nobody; false when it is no id. */
static bool read_assignee(const struct json *v, int64_t *out)
{
    struct str text = json_str(v);
    bool is_set = false;

    *out = TICKET_NONE;
    if (json_bool(v, &is_set))
        return !is_set;
    if (!v || json_type(v) == JSON_NULL || (text.p && text.len == 0))
        return true;
    if (!json_int(v, out) && !str_to_i64(text, out))
        return false;
    if (*out == 0)
        *out = TICKET_NONE;
    return *out > 0 || *out == TICKET_NONE;
}

enum err simple_assign_patch(struct req *r)
{
    struct edit e = {.field = "owner", .apply = apply_assignee, .write = simple_write_full};
    enum err rc = simple_id(r, ID_TEXT, &e.id);

    if (rc)
        return rc;
    if (!read_assignee(json_get(req_json(r), "assigned_to"), &e.assignee_id))
        return refuse(r, ERR_INVALID_INPUT, "assigned_to must be a user id");
    return write_run(r, req_body_text(r), change, &e);
}

static enum err CO_FN apply_auto_priority(struct req *r, struct db_session *s, const struct edit *e,
                                          struct ticket *t)
{
    if (!actor_is_staff(r->actor) && t->requester_id != viewer_of(r))
        return ERR_TICKET_NOT_FOUND;
    t->priority = e->priority;
    return ERR_OK;
}

static void write_priority(struct json_writer *w, const struct ticket *t)
{
    jw_object(w);
    JW_INT(w, "ticketId", t->id);
    JW_STR(w, "priority", str_from(ticket_priority_simple(t->priority)));
    jw_end_object(w);
}

/* The answer is the same for a ticket that is not there, or not one's own, which stays as it is. */
static enum err CO_FN change_if_there(struct req *r, struct db_session *s, void *arg,
                                      struct answer *out)
{
    const struct edit *e = arg;
    struct ticket like = {.id = e->id, .priority = e->priority};
    struct json_writer w;
    struct buf b;
    enum err rc = change(r, s, arg, out);

    if (rc != ERR_TICKET_NOT_FOUND)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    e->write(&w, &like);
    out->body = buf_str(&b);
    return ERR_OK;
}

enum err simple_auto_priority_post(struct req *r)
{
    struct edit e = {.apply = apply_auto_priority, .write = write_priority};
    enum err rc = simple_id(r, ID_TEXT, &e.id);

    if (rc)
        return rc;
    e.priority = simple_auto_priority(member_text(req_json(r), "category"));
    return write_run(r, req_body_text(r), change_if_there, &e);
}

/* ---- queue and history -------------------------------------------------------------------- */

/* Goes through the priorities from the most urgent down. */
static enum err CO_FN next_in_queue(struct req *r, struct db_session *s, const struct ticket *after,
                                    struct ticket_page *out)
{
    struct ticket *tickets = ARENA_ARRAY(s->arena, struct ticket, SIMPLE_BATCH);
    int priority = after ? (int)after->priority : PRIORITY_URGENT;
    struct ticket_page some;

    *out = (struct ticket_page){.tickets = tickets};
    for (; priority >= PRIORITY_LOW && out->count < SIMPLE_BATCH; priority--) {
        enum err rc = ticket_list_store_queue(s, (enum ticket_priority)priority, after,
                                              SIMPLE_BATCH - (int64_t)out->count, &some);

        if (rc)
            return rc;
        memcpy(tickets + out->count, some.tickets, some.count * sizeof *tickets);
        out->count += some.count;
        after = NULL;
    }
    return ERR_OK;
}

static void write_queued(struct json_writer *w, const struct ticket *t)
{
    jw_object(w);
    JW_INT(w, "id", t->id);
    JW_INT(w, "user_id", t->requester_id);
    JW_STR(w, "title", t->subject);
    JW_STR(w, "description", t->description);
    JW_STR(w, "category", t->category);
    JW_STR(w, "status", str_from(simple_status_word(simple_status_of(t))));
    JW_STR(w, "priority", str_from(ticket_priority_simple(t->priority)));
    JW_KEY(w, "assigned_to");
    if (t->owner_id == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, t->owner_id);
    JW_TIME_MS(w, "created_at", t->created_at);
    jw_end_object(w);
}

enum err simple_queue(struct req *r)
{
    return simple_stream(r, "queue", next_in_queue, write_queued);
}

/* A row as that surface tells it. */
struct simple_entry {
    const struct history_row *row;
    const char *field;
    struct str old_value, new_value;
};

/* past is status and is_assigned as of the row before; false when nothing shows of the change. */
static bool tell_status(struct ticket *past, const struct history_row *h, struct simple_entry *out)
{
    enum simple_status from = simple_status_of(past), to;

    if (str_eq(h->field, STR("is_assigned")))
        past->is_assigned = str_eq(h->new_value, STR("true"));
    else
        past->status = ticket_status_parse(h->new_value);
    to = simple_status_of(past);
    *out = (struct simple_entry){h, "status", str_from(simple_status_word(from)),
                                 str_from(simple_status_word(to))};
    return from != to;
}

static struct str priority_word(struct str label)
{
    enum ticket_priority priority = ticket_priority_parse(label);

    return priority == PRIORITY_COUNT ? label : str_from(ticket_priority_simple(priority));
}

static bool tell(struct ticket *past, const struct history_row *h, struct simple_entry *out)
{
    if (str_eq(h->field, STR("priority"))) {
        *out = (struct simple_entry){h, "priority", priority_word(h->old_value),
                                     priority_word(h->new_value)};
        return true;
    }
    if (str_eq(h->field, STR("owner"))) {
        *out = (struct simple_entry){h, "assigned_to", h->old_value, h->new_value};
        return true;
    }
    return tell_status(past, h, out);
}

static void write_entry(struct json_writer *w, const struct simple_entry *e)
{
    jw_object(w);
    JW_INT(w, "id", e->row->id);
    JW_INT(w, "ticket_id", e->row->ticket_id);
    JW_KEY(w, "changed_by");
    if (e->row->changed_by == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, e->row->changed_by);
    JW_STR(w, "field_name", str_from(e->field));
    JW_STR(w, "old_value", e->old_value);
    JW_STR(w, "new_value", e->new_value);
    JW_TIME_MS(w, "changed_at", e->row->changed_at);
    jw_end_object(w);
}

enum err simple_history(struct req *r)
{
    struct ticket past = {.status = TICKET_STATUS_OPEN};
    struct simple_entry *entries;
    struct history_row *rows;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count, shown = 0;
    int64_t id;
    enum err rc = simple_id(r, ID_TEXT, &id);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_store_by_id(s, id, viewer_of(r), &t);
    if (rc == ERR_OK && !simple_may_view(r, &t))
        rc = ERR_TICKET_NOT_FOUND;
    if (rc == ERR_OK)
        rc = history_store_simple(s, id, &rows, &count);
    if (rc)
        return rc;
    entries = ARENA_ARRAY(r->arena, struct simple_entry, count + 1);
    for (size_t i = 0; i < count; i++)
        shown += tell(&past, &rows[i], &entries[shown]);
    w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "history");
    jw_array(w);
    while (shown-- > 0)
        write_entry(w, &entries[shown]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}
