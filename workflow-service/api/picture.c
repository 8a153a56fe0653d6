#include "api/picture.h"

#include "actor.h"
#include "api/definition.h"
#include "api/drawing.h"
#include "service.h"

struct picture_query {
    struct str format;
    int64_t version, task_id;
    int8_t draft;
};

static const struct json_field QUERY_FIELDS[] = {
    {.name = "format",
     .kind = JK_ENUM,
     .offset = offsetof(struct picture_query, format),
     .choices = "svg|dot",
     .doc = "svg by default"},
    {.name = "version",
     .kind = JK_INT,
     .offset = offsetof(struct picture_query, version),
     .min = 1,
     .max = INT32_MAX},
    {.name = "draft",
     .kind = JK_BOOL,
     .offset = offsetof(struct picture_query, draft),
     .doc = "the draft, if there is one"},
    {.name = "task_id",
     .kind = JK_INT,
     .offset = offsetof(struct picture_query, task_id),
     .min = 1,
     .max = INT64_MAX,
     .doc = "how far this task has come, on the version it runs on"},
};
JSON_SCHEMA(PICTURE_QUERY, "WorkflowPictureQuery", struct picture_query, QUERY_FIELDS);

/* ---- the way of a task -------------------------------------------------------------------- */

/* Whoever may not see a task is told what the task itself would tell. */
static enum err CO_FN find_progress(struct req *r, struct db_session *s, struct which *which,
                                    int64_t task_id, struct workflow_progress *p)
{
    if (!definition_is_id(which->public_id))
        return ERR_WORKFLOW_NOT_FOUND;
    enum err rc = workflow_store_progress(s, task_id, r->actor->user_id, p);
    if (rc)
        return rc;
    if (!str_ieq(p->workflow_id, which->public_id))
        return ERR_TASK_NOT_FOUND;
    if (!p->is_involved && !actor_may(r->actor, PERM_TASK_READ_ALL))
        return ERR_FORBIDDEN;
    which->version = p->version;
    return ERR_OK;
}

static bool has(const int64_t *ids, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void show_progress(struct arena *a, const struct loaded *w,
                          const struct workflow_progress *p, struct drawing *d)
{
    size_t n = w->definition.transition_count;
    enum drawing_mark *marks = ARENA_ARRAY(a, enum drawing_mark, w->definition.step_count + 1);
    bool *taken = ARENA_ARRAY(a, bool, n + 1);
    for (size_t i = 0; i < w->definition.step_count; i++) {
        bool is_done = has(p->done_step_ids, p->done_count, w->step_ids[i]);
        marks[i] = w->step_ids[i] == p->current_step_id ? MARK_CURRENT
                   : is_done                            ? MARK_DONE
                                                        : MARK_PENDING;
    }
    for (size_t i = 0; i < n; i++) {
        taken[i] = has(p->taken_ids, p->taken_count, w->transition_ids[i]);
        if (taken[i] && p->current_step_id == INT64_MIN && w->definition.transitions[i].outcome.p)
            d->outcome = w->definition.transitions[i].outcome;
    }
    d->marks = marks;
    d->taken = taken;
    d->caption = str_printf(a, "%.*s: %.*s, %.*s", STR_ARG(d->caption), STR_ARG(p->ticket_number),
                            STR_ARG(p->status));
}

/* ---- the route ---------------------------------------------------------------------------- */

static enum err CO_FN load(struct req *r, struct db_session *s, struct loaded *w, struct drawing *d)
{
    const struct picture_query *q = r->query_args;
    struct which which = {req_param(r, "workflow_id"), q->version, q->draft == JSON_TRUE};
    struct workflow_progress progress;
    bool has_task = q->task_id != JSON_NO_INT;
    enum err rc = has_task ? find_progress(r, s, &which, q->task_id, &progress) : ERR_OK;
    if (rc == ERR_OK)
        rc = definition_load(s, &which, w);
    if (rc)
        return rc;
    *d = (struct drawing){.definition = &w->definition, .caption = w->head.name};
    if (has_task)
        show_progress(r->arena, w, &progress, d);
    return ERR_OK;
}

enum err picture_get(struct req *r)
{
    const struct picture_query *q = r->query_args;
    struct db_session *s;
    struct loaded w;
    struct drawing d;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = load(r, s, &w, &d);
    if (rc)
        return req_fail(r, rc);
    if (str_eq(q->format, STR("dot")))
        return req_reply(r, 200, "text/vnd.graphviz", drawing_dot(r->arena, &d));
    req_set_header(r, "Content-Security-Policy", STR("default-src 'none'"));
    req_set_header(r, "X-Content-Type-Options", STR("nosniff"));
    return req_reply(r, 200, "image/svg+xml", drawing_svg(r->arena, &d));
}
