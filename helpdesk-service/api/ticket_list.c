#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/ticket_json.h"
#include "service.h"
#include "state.h"
#include "store/ticket_list_store.h"

/* Words of any surface become the helpdesk's own; unknown ones are a field error. */
static struct str *status_words(struct req *r, struct json_array words)
{
    const struct str *in = words.items;
    struct str *out = ARENA_ARRAY(r->arena, struct str, words.count + 1);

    for (size_t i = 0; i < words.count; i++) {
        enum ticket_status status = ticket_status_parse(in[i]);

        if (status == TICKET_STATUS_COUNT)
            req_field_error(r, "status", "is not a status");
        else
            out[i] = str_from(ticket_status_helpdesk(status));
    }
    return out;
}

static struct str *priority_words(struct req *r, struct json_array words)
{
    const struct str *in = words.items;
    struct str *out = ARENA_ARRAY(r->arena, struct str, words.count + 1);

    for (size_t i = 0; i < words.count; i++) {
        enum ticket_priority priority = ticket_priority_parse(in[i]);

        if (priority == PRIORITY_COUNT)
            req_field_error(r, "priority", "is not a priority");
        else
            out[i] = str_from(ticket_priority_label(priority));
    }
    return out;
}

static int64_t person(struct req *r, const char *field, struct str word)
{
    int64_t id;

    if (!word.p)
        return TICKET_NONE;
    if (str_ieq(word, STR("me")))
        return viewer_of(r);
    if (str_to_i64(word, &id) && id > 0)
        return id;
    req_field_error(r, field, "must be a user id or \"me\"");
    return TICKET_NONE;
}

/* Nobody works on a ticket that waits for approval: all staff see it. A withdrawn one waits no
 * more. */
static void only_pending(struct req *r, struct ticket_filter *f)
{
    f->statuses = ARENA_NEW(r->arena, struct str);
    f->statuses[0] = str_from(ticket_status_helpdesk(TICKET_STATUS_OPEN));
    f->status_count = 1;
    if (actor_may(r->actor, PERM_TICKET_WORK))
        f->viewer_id = TICKET_NONE;
}

static void read_filter(struct req *r, const struct ticket_query *q, struct ticket_filter *f)
{
    const struct catalogue *catalogue = helpdesk_of(r)->catalogue;
    struct category category;
    struct str department = STR_NULL;

    *f = (struct ticket_filter){
        .viewer_id = actor_may(r->actor, PERM_TICKET_READ_ALL) ? TICKET_NONE : viewer_of(r),
        .statuses = status_words(r, q->status),
        .status_count = q->status.count,
        .priorities = priority_words(r, q->priority),
        .priority_count = q->priority.count,
        .category = q->category,
        .department = q->department,
        .is_unowned = str_ieq(q->owner, STR("none")),
        .requester_id = person(r, "requester", q->requester),
        .tag = q->tag.p ? str_lower(r->arena, str_trim(q->tag)) : STR_NULL,
        .approval = q->approval,
        .search = q->search,
        .sort = q->sort.p ? q->sort : STR("-created_at"),
    };
    if (str_eq(f->approval, STR("pending")))
        only_pending(r, f);
    f->owner_id = f->is_unowned ? TICKET_NONE : person(r, "owner", q->owner);
    f->is_descending = f->sort.p[0] == '-';
    if (f->is_descending)
        f->sort = str_slice(f->sort, 1, f->sort.len);
    if (f->category.p && catalogue_category(catalogue, r->arena, f->category, &category))
        f->category = category.name;
    if (f->department.p)
        department = catalogue_department(catalogue, r->arena, f->department);
    if (department.p)
        f->department = department;
}

/* The key of a cursor: "<time> <word>". */
static struct cursor cursor_of(struct req *r, const struct ticket *t, const struct ticket_filter *f)
{
    struct ticket_position p = ticket_position_of(t, f->sort);

    return (struct cursor){
        .key = str_printf(r->arena, "%lld %.*s", (long long)p.time, STR_ARG(p.word)), .id = p.id};
}

/* What cursor_of made, for it was signed. */
static struct ticket_position position_of(const struct cursor *c)
{
    struct ticket_position p = {.id = c->id};
    struct str rest = c->key, time;

    if (str_next(&rest, ' ', &time) && str_to_i64(time, &p.time))
        p.word = rest;
    return p;
}

enum err ticket_list(struct req *r)
{
    const struct ticket_query *q = r->query_args;
    struct ticket_position after;
    struct ticket_filter f;
    struct ticket_page found;
    struct page_found shape;
    struct json_writer *w;
    struct cursor last = {0};
    struct db_session *s;
    struct page p;
    size_t shown;
    enum err rc;

    read_filter(r, q, &f);
    rc = page_read(r, &q->page, &p);
    if (rc || req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    after = position_of(&p.after);
    f.after = p.is_continued ? &after : NULL;
    f.skip = p.skip;
    f.limit = page_limit(&p);
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_list_store_page(s, &f, &found);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    shape = (struct page_found){p.is_continued ? TICKET_NONE : found.total, found.count};
    shown = page_shown(&p, &shape);
    if (shown)
        last = cursor_of(r, &found.tickets[shown - 1], &f);
    w = page_begin(r, &p, &shape, &last);
    for (size_t i = 0; i < shown; i++)
        ticket_json_entry(w, &found.tickets[i]);
    return page_end(r, w);
}
