#include "api/ticket_list.h"

#include "api/handlers.h"
#include "api/schemas.h"
#include "api/ticket_json.h"
#include "api/ticket_query.h"
#include "service.h"
#include "state.h"
#include "store/ticket_list_store.h"

void ticket_list_filter(struct req *r, const struct ticket_query *q, struct ticket_filter *f)
{
    const struct {
        enum query_key key;
        struct str word;
    } words[] = {
        {QUERY_CATEGORY, q->category}, {QUERY_DEPARTMENT, q->department},
        {QUERY_OWNER, q->owner},       {QUERY_REQUESTER, q->requester},
        {QUERY_TAG, q->tag},           {QUERY_APPROVAL, q->approval},
    };

    if (ticket_query_read(r, "q", q->q, f))
        return;
    ticket_query_add_plain(r, QUERY_STATUS, q->status.items, q->status.count, f);
    ticket_query_add_plain(r, QUERY_PRIORITY, q->priority.items, q->priority.count, f);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].word.p)
            ticket_query_add_plain(r, words[i].key, &words[i].word, 1, f);
    if (q->search.p)
        ticket_query_add_words(r->arena, q->search, f);
    ticket_query_sort(q->sort, f);
}

/* The key of a cursor: "<stamp> <time> <word>". */
static struct cursor cursor_of(struct req *r, const struct ticket *t, const struct ticket_filter *f,
                               int64_t stamp)
{
    struct ticket_position p = ticket_position_of(t, f->sort);

    return (struct cursor){.key = str_printf(r->arena, "%lld %lld %.*s", (long long)stamp,
                                             (long long)p.time, STR_ARG(p.word)),
                           .id = p.id};
}

/* What cursor_of made, for it was signed; false when the list has changed since. */
static bool position_of(const struct cursor *c, int64_t stamp, struct ticket_position *out)
{
    struct str rest = c->key, made, time;
    int64_t made_of;

    *out = (struct ticket_position){.id = c->id};
    if (!str_next(&rest, ' ', &made) || !str_to_i64(made, &made_of) || made_of != stamp ||
        !str_next(&rest, ' ', &time) || !str_to_i64(time, &out->time))
        return false;
    out->word = rest;
    return true;
}

enum err ticket_list_reply(struct req *r, const struct page_query *q, struct ticket_filter *f,
                           int64_t stamp)
{
    struct ticket_position after;
    struct ticket_page found;
    struct page_found shape;
    struct json_writer *w;
    struct cursor last = {0};
    struct db_session *s;
    struct page p;
    size_t shown;
    enum err rc = page_read(r, q, &p);

    if (rc == ERR_OK && p.is_continued && !position_of(&p.after, stamp, &after))
        req_field_error(r, "cursor", "is of a list that has changed");
    if (rc || req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    f->after = p.is_continued ? &after : NULL;
    f->skip = p.skip;
    f->limit = page_limit(&p);
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_list_store_page(s, f, &found);
    f->after = NULL;
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    shape = (struct page_found){p.is_continued ? TICKET_NONE : found.total, found.count, 0, false};
    shown = page_shown(&p, &shape);
    if (shown)
        last = cursor_of(r, &found.tickets[shown - 1], f, stamp);
    w = page_begin(r, &p, &shape, &last);
    for (size_t i = 0; i < shown; i++)
        ticket_json_entry(w, &found.tickets[i]);
    return page_end(r, w);
}

enum err ticket_list(struct req *r)
{
    const struct ticket_query *q = r->query_args;
    struct ticket_filter f;

    ticket_list_filter(r, q, &f);
    return ticket_list_reply(r, &q->page, &f, 0);
}
