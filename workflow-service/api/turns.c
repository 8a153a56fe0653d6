#include "api/turns.h"

#include "actor.h"
#include "api/view.h"
#include "page.h"
#include "service.h"
#include "store/turn_store.h"

struct turns_query {
    struct page_query page;
    struct str tab, status, role, search;
};

static const struct json_field QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
    PAGE_FIELD_CURSOR(0),
    {.name = "tab",
     .kind = JK_ENUM,
     .offset = offsetof(struct turns_query, tab),
     .choices = "active|inactive|all",
     .doc = "active by default"},
    {.name = "status",
     .kind = JK_ENUM,
     .offset = offsetof(struct turns_query, status),
     .choices = "pool|new|in_progress|resolved|reassigned|escalated|cancelled"},
    {.name = "role",
     .kind = JK_STR,
     .offset = offsetof(struct turns_query, role),
     .max = 200,
     .doc = "whose turn it is"},
    {.name = "search",
     .kind = JK_STR,
     .offset = offsetof(struct turns_query, search),
     .max = 200,
     .doc = "words of the subject, or how the ticket number begins"},
};
JSON_SCHEMA(TURNS_QUERY, "TurnQuery", struct turns_query, QUERY_FIELDS);

/* One status, or those of the tab. */
static size_t statuses_of(const struct turns_query *q, struct str words[ITEM_STATUS_COUNT])
{
    bool wants_all = str_eq(q->tab, STR("all"));
    bool wants_done = str_eq(q->tab, STR("inactive"));
    size_t n = 0;
    if (q->status.len) {
        words[0] = q->status;
        return 1;
    }
    for (int i = 0; i < ITEM_STATUS_COUNT; i++)
        if (wants_all || item_status_is_open((enum item_status)i) != wants_done)
            words[n++] = item_status_word((enum item_status)i);
    return n;
}

static enum err CO_FN list(struct req *r, int64_t person_id)
{
    const struct turns_query *q = r->query_args;
    struct str words[ITEM_STATUS_COUNT], search = str_trim(q->search), role = str_trim(q->role);
    struct db_session *s;
    struct page p;
    struct item_page items;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return req_fail(r, rc);
    struct turn_filter f = {
        .person_id = person_id,
        .role = role.len ? role : STR_NULL,
        .statuses = words,
        .status_count = statuses_of(q, words),
        .search = search.len ? search : STR_NULL,
        .before_id = p.is_continued ? p.after.id : INT64_MIN,
        .limit = page_limit(&p),
        .skip = p.is_continued ? 0 : p.skip,
    };
    rc = turn_store_list(s, &f, &items);
    struct page_found found = {.total = items.total, .count = items.count};
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return req_fail(r, rc);
    size_t shown = page_shown(&p, &found);
    struct cursor last = {.id = shown ? items.items[shown - 1].item_id : 0};
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++) {
        struct mine_doc doc = view_mine(r->arena, &items.items[i], r->now);
        json_encode(w, &TURN_DOC, &doc);
    }
    return page_end(r, w);
}

enum err turns_team(struct req *r)
{
    return list(r, r->actor->user_id);
}

enum err turns_all(struct req *r)
{
    return list(r, NO_PERSON);
}
