#pragma once
/* Filters by the query language, for tests of stores: the values must be spelled as the database
 * has them. */
#include "fixture.h"
#include "store/ticket_list_store.h"

static struct ticket_filter filter_of(struct db_session *s, const char *text)
{
    struct ticket_filter f = {.viewer_id = TICKET_NONE,
                              .reader = {.id = 0, .is_staff = true},
                              .sort = STR("created_at"),
                              .is_descending = true,
                              .limit = 10};
    struct query_problem problem;
    struct query q;

    if (query_parse(s->arena, str_from(text), NOW, &q, &problem))
        fail_msg("%s: at %zu: %s", text, problem.at, problem.message);
    f.terms = q.terms;
    f.term_count = q.count;
    return f;
}
