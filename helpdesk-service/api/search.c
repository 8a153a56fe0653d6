/* Finding tickets: hits with what matched in them, proposals while typing, facets. */
#include "actor.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/ticket_query.h"
#include "buf.h"
#include "page.h"
#include "service.h"
#include "store/search_store.h"
#include "store/tally_store.h"

#define SUGGESTION_MAX 20

/* ---- hits --------------------------------------------------------------------------------- */

/* A text as it was written, and where in it something matched: [begin, end) in characters. */
static void put_highlight(struct arena *a, struct json_writer *w, const char *field,
                          struct str marked)
{
    struct buf text, marks;
    size_t chars = 0;
    bool is_first = true;

    buf_init(&text, a);
    buf_init(&marks, a);
    for (size_t i = 0; i < marked.len; i++) {
        char c = marked.p[i];

        if (c == SEARCH_MARK_BEGIN) {
            buf_printf(&marks, "%s[%zu,", is_first ? "" : ",", chars);
            is_first = false;
        } else if (c == SEARCH_MARK_END) {
            buf_printf(&marks, "%zu]", chars);
        } else {
            buf_add_char(&text, c);
            chars += ((unsigned char)c & 0xc0) != 0x80;
        }
    }
    if (is_first)
        return;
    jw_object(w);
    JW_STR(w, "field", str_from(field));
    JW_STR(w, "text", buf_str(&text));
    JW_RAW(w, "marks", str_printf(a, "[%.*s]", STR_ARG(buf_str(&marks))));
    jw_end_object(w);
}

static struct str hit_json(struct arena *a, const struct search_hit *hit)
{
    const struct ticket *t = &hit->ticket;
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "type", STR("ticket"));
    JW_INT(&w, "id", t->id);
    JW_STR(&w, "ticket_number", t->number);
    JW_STR(&w, "title", t->subject);
    JW_STR(&w, "subject", t->subject);
    JW_STR(&w, "status", str_from(ticket_status_helpdesk(t->status)));
    JW_STR(&w, "priority", str_from(ticket_priority_label(t->priority)));
    JW_STR(&w, "category", t->category);
    JW_STR(&w, "department", t->department);
    JW_STR(&w, "requester_name", t->requester_name);
    JW_STR(&w, "ticket_owner_name", t->owner_name);
    JW_TIME(&w, "created_at", t->created_at);
    JW_TIME(&w, "updated_at", t->updated_at);
    JW_KEY(&w, "score");
    jw_double(&w, (double)(int64_t)(hit->score * 10000) / 10000);
    JW_KEY(&w, "highlights");
    jw_array(&w);
    put_highlight(a, &w, "subject", hit->subject);
    put_highlight(a, &w, "description", hit->description);
    put_highlight(a, &w, "comment", hit->comment);
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_str(&b);
}

/* ---- mistyped words ----------------------------------------------------------------------- */

static bool is_correctable(const struct query_term *t)
{
    return t->key == QUERY_WORD && !t->is_excluded && !t->is_phrase;
}

/* The query with the nearest words that are known, if those find anything; *corrected has an entry
 * for each term then, absent where it is unchanged. */
static enum err CO_FN find_corrected(struct db_session *s, const struct ticket_filter *f,
                                     bool by_score, struct search_found *found,
                                     struct str **corrected)
{
    struct query_term *terms = ARENA_ARRAY(s->arena, struct query_term, f->term_count + 1);
    struct str *words = ARENA_ARRAY(s->arena, struct str, f->term_count + 1), *nearest;
    struct ticket_filter other = *f;
    struct search_found instead;
    bool is_other = false;
    enum err rc;

    for (size_t i = 0; i < f->term_count; i++) {
        terms[i] = f->terms[i];
        words[i] = is_correctable(&terms[i]) ? terms[i].values[0] : STR("");
    }
    rc = search_store_correct(s, words, f->term_count, &nearest);
    if (rc)
        return rc;
    for (size_t i = 0; i < f->term_count; i++) {
        if (!nearest[i].p)
            continue;
        terms[i].values = &nearest[i];
        is_other = true;
    }
    if (!is_other)
        return ERR_OK;
    other.terms = terms;
    rc = search_store_find(s, &other, by_score, &instead);
    if (rc == ERR_OK && instead.total > 0) {
        *found = instead;
        *corrected = nearest;
    }
    return rc;
}

static void put_corrections(struct json_writer *w, const struct ticket_filter *f,
                            const struct str *corrected)
{
    JW_KEY(w, "corrections");
    jw_array(w);
    for (size_t i = 0; corrected && i < f->term_count; i++) {
        if (!corrected[i].p)
            continue;
        jw_object(w);
        JW_STR(w, "word", f->terms[i].values[0]);
        JW_STR(w, "used", corrected[i]);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* ---- search ------------------------------------------------------------------------------- */

static void put_pagination(struct json_writer *w, const struct page *p, int64_t total)
{
    JW_BOOL(w, "success", true);
    JW_KEY(w, "pagination");
    jw_object(w);
    JW_INT(w, "total", total);
    JW_INT(w, "page", p->number);
    JW_INT(w, "limit", p->size);
    JW_INT(w, "total_pages", (total + p->size - 1) / p->size);
    jw_end_object(w);
}

/* The canonical list, and the same as the platform surface has it. */
static enum err answer(struct req *r, const struct page *p, const struct ticket_filter *f,
                       const struct search_found *found, const struct str *corrected)
{
    struct page_found shape = {found->total, found->count, SEARCH_CANDIDATE_MAX, true};
    size_t shown = page_shown(p, &shape);
    struct str *hits = ARENA_ARRAY(r->arena, struct str, shown + 1);
    struct json_writer *w = page_begin(r, p, &shape, NULL);

    for (size_t i = 0; i < shown; i++) {
        hits[i] = hit_json(r->arena, &found->hits[i]);
        jw_raw(w, hits[i]);
    }
    jw_end_array(w);
    put_corrections(w, f, corrected);
    JW_KEY(w, "data");
    jw_array(w);
    for (size_t i = 0; i < shown; i++)
        jw_raw(w, hits[i]);
    jw_end_array(w);
    put_pagination(w, p, found->total > SEARCH_CANDIDATE_MAX ? SEARCH_CANDIDATE_MAX : found->total);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN search_get(struct req *r)
{
    const struct search_query *q = r->query_args;
    bool by_score = !str_eq(q->sort, STR("newest"));
    struct search_found found;
    struct str *corrected = NULL;
    struct ticket_filter f;
    struct db_session *s;
    struct page p;
    enum err rc = ticket_query_read(r, "q", q->q, &f);

    if (rc == ERR_OK)
        rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    f.skip = p.skip;
    f.limit = page_limit(&p);
    rc = search_store_find(s, &f, by_score, &found);
    if (rc == ERR_OK && found.total == 0)
        rc = find_corrected(s, &f, by_score, &found, &corrected);
    return rc ? rc : answer(r, &p, &f, &found, corrected);
}

/* ---- proposals ---------------------------------------------------------------------------- */

static void put_suggestion(struct json_writer *w, const char *type, struct str text, struct str id,
                           struct str title)
{
    jw_object(w);
    JW_STR(w, "text", text);
    JW_STR(w, "type", str_from(type));
    if (id.p)
        JW_STR(w, "id", id);
    if (title.p)
        JW_STR(w, "title", title);
    jw_end_object(w);
}

static bool is_number(struct str s)
{
    return s.len >= 2 && str_ieq(str_slice(s, 0, 2), STR("TX"));
}

static enum err CO_FN suggest_tickets(struct req *r, struct db_session *s, struct json_writer *w,
                                      struct str typed, int64_t limit)
{
    struct search_title *titles;
    struct ticket_filter f;
    size_t count;
    enum err rc;

    ticket_query_init(r->actor, &f);
    ticket_query_add_words(r->arena, typed, &f);
    f.limit = limit;
    rc = search_store_titles(s, &f, &titles, &count);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        const struct search_title *t = &titles[i];

        if (is_number(typed))
            put_suggestion(w, "number", t->number, t->number, t->subject);
        else
            put_suggestion(w, "ticket", t->subject, t->number, t->subject);
    }
    return rc;
}

static enum err CO_FN suggest_words(struct req *r, struct db_session *s, struct json_writer *w,
                                    struct str typed, int64_t limit)
{
    struct search_name *names;
    struct tag_tally *tags;
    size_t count;
    enum err rc = search_store_names(s, typed, limit, &names, &count);

    for (size_t i = 0; rc == ERR_OK && i < count; i++)
        put_suggestion(w, names[i].is_department ? "department" : "category", names[i].name,
                       STR_NULL, STR_NULL);
    if (rc || !actor_may(r->actor, PERM_TICKET_WORK))
        return rc;
    rc = tally_store_tags(s, str_lower(r->arena, typed), limit, &tags, &count);
    for (size_t i = 0; rc == ERR_OK && i < count; i++)
        put_suggestion(w, "tag", tags[i].tag, STR_NULL, STR_NULL);
    return rc;
}

enum err CO_FN search_suggest(struct req *r)
{
    const struct suggest_query *q = r->query_args;
    int64_t limit = q->limit == JSON_NO_INT ? SUGGESTION_MAX / 2 : q->limit;
    struct str typed = str_trim(q->q);
    struct json_writer w;
    struct db_session *s;
    struct buf b;
    enum err rc = req_db(r, &s);

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_array(&w);
    if (rc == ERR_OK && typed.len)
        rc = suggest_words(r, s, &w, typed, limit / 3 + 1);
    if (rc == ERR_OK && typed.len)
        rc = suggest_tickets(r, s, &w, typed, limit);
    if (rc)
        return rc;
    jw_end_array(&w);
    return req_reply(r, 200, "application/json",
                     str_printf(r->arena,
                                "{\"success\":true,\"data\":{\"suggestions\":%.*s},"
                                "\"suggestions\":%.*s}",
                                STR_ARG(buf_str(&b)), STR_ARG(buf_str(&b))));
}

/* ---- facets ------------------------------------------------------------------------------- */

static const struct {
    const char *dimension, *member;
} FACETS[] = {{"status", "statuses"},
              {"priority", "priorities"},
              {"category", "categories"},
              {"department", "departments"},
              {"tag", "tags"}};
#define FACET_VALUE_MAX 100

struct facets {
    struct search_facet *items;
    size_t count, room;
    int64_t matches; /* those they are counted of; TICKET_NONE: all */
};

static void add_facet(struct facets *x, const char *dimension, struct str value, int64_t n)
{
    for (size_t i = 0; i < x->count; i++)
        if (str_eq(x->items[i].dimension, str_from(dimension)) &&
            str_eq(x->items[i].value, value)) {
            x->items[i].n += n;
            return;
        }
    x->items[x->count++] = (struct search_facet){str_from(dimension), value, n};
}

/* All tickets there are, from the figures that are kept. */
static enum err CO_FN facets_of_all(struct db_session *s, struct facets *x)
{
    static const char *const NAMES[] = {
        [TALLY_STATUS] = "status", [TALLY_PRIORITY] = "priority", [TALLY_CATEGORY] = "category"};
    struct search_facet *departments;
    size_t tally_count, tag_count, department_count;
    struct tally *tallies;
    struct tag_tally *tags;
    enum err rc = tally_store_tickets(s, &tallies, &tally_count);

    if (rc == ERR_OK)
        rc = tally_store_tags(s, STR(""), FACET_VALUE_MAX, &tags, &tag_count);
    if (rc == ERR_OK)
        rc = search_store_departments(s, &departments, &department_count);
    if (rc)
        return rc;
    x->items =
        ARENA_ARRAY(s->arena, struct search_facet, tally_count + tag_count + department_count + 1);
    x->matches = TICKET_NONE;
    for (size_t i = 0; i < tally_count; i++)
        add_facet(x, NAMES[tallies[i].dimension], tallies[i].word, tallies[i].n);
    for (size_t i = 0; i < department_count; i++)
        add_facet(x, "department", departments[i].value, departments[i].n);
    for (size_t i = 0; i < tag_count; i++)
        add_facet(x, "tag", tags[i].tag, tags[i].n);
    return ERR_OK;
}

static void put_facets(struct json_writer *w, const struct facets *x)
{
    jw_object(w);
    for (size_t k = 0; k < sizeof FACETS / sizeof *FACETS; k++) {
        size_t shown = 0;

        jw_key(w, str_from(FACETS[k].member));
        jw_array(w);
        for (size_t i = 0; i < x->count && shown < FACET_VALUE_MAX; i++) {
            bool is_capped = k == 3 && x->items[i].n > SEARCH_DEPARTMENT_COUNT_MAX;

            if (!str_eq(x->items[i].dimension, str_from(FACETS[k].dimension)))
                continue;
            jw_object(w);
            JW_STR(w, "value", x->items[i].value);
            JW_INT(w, "count", is_capped ? SEARCH_DEPARTMENT_COUNT_MAX : x->items[i].n);
            if (is_capped)
                JW_BOOL(w, "count_estimated", true);
            jw_end_object(w);
            shown++;
        }
        jw_end_array(w);
    }
    jw_end_object(w);
}

enum err CO_FN search_facets(struct req *r)
{
    const struct facet_query *q = r->query_args;
    struct facets x = {0};
    struct json_writer *w;
    struct ticket_filter f;
    struct db_session *s;
    enum err rc = ticket_query_read(r, "q", q->q, &f);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    if (f.viewer_id == TICKET_NONE && f.term_count == 0)
        rc = facets_of_all(s, &x);
    else
        rc = search_store_facets(s, &f, &x.matches, &x.items, &x.count);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    if (x.matches > SEARCH_CANDIDATE_MAX)
        JW_BOOL(w, "count_estimated", true);
    JW_KEY(w, "data");
    put_facets(w, &x);
    jw_end_object(w);
    return req_json_end(r, 200);
}
