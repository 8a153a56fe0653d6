#include "api/definitions.h"

#include "actor.h"
#include "api/definition_json.h"
#include "api/field.h"
#include "api/workflow_view.h"
#include "service.h"
#include "store/definition_store.h"
#include "write_run.h"

enum err definitions_answer(struct req *r, struct db_session *s, const struct which *which,
                            struct answer *out)
{
    struct loaded w;
    enum err rc = definition_load(s, which, &w);
    if (rc)
        return rc;
    out->body = view_workflow(r->arena, &w);
    out->version = w.head.revision;
    return ERR_OK;
}

/* ---- new ones ----------------------------------------------------------------------------- */

static enum err CO_FN answer_new(struct req *r, struct db_session *s, struct str public_id,
                                 struct answer *out)
{
    struct which which = {public_id, INT64_MIN, false};
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/workflows/%.*s", STR_ARG(public_id));
    return definitions_answer(r, s, &which, out);
}

/* Publishes the definition of the locked workflow: ERR_VALIDATION_ERROR with every problem. */
static enum err CO_FN make_live(struct req *r, struct db_session *s, int64_t workflow_id,
                                const struct definition *next)
{
    struct definition_problem *problems;
    enum err rc = definition_problems(s, next, workflow_id, &problems);
    if (rc)
        return rc;
    for (const struct definition_problem *p = problems; p; p = p->next)
        req_field_error(r, str_cstr(r->arena, p->where), p->message);
    if (problems)
        return ERR_VALIDATION_ERROR;
    return definition_store_publish(s, workflow_id, next, r->actor->user_id, r->now);
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct definition_body *b = arg;
    struct definition d = definition_of(r->arena, b);
    struct str public_id;
    int64_t id;
    enum err rc = definition_add(s, &d, r->actor->user_id, r->now, &id, &public_id);
    if (rc == ERR_OK && b->publish == JSON_TRUE)
        rc = make_live(r, s, id, &d);
    return rc ? rc : answer_new(r, s, public_id, out);
}

enum err definitions_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

struct clone_body {
    struct str name;
};

static const struct json_field CLONE_FIELDS[] = {
    {.name = "name",
     .kind = JK_STR,
     .offset = offsetof(struct clone_body, name),
     .flags = JF_REQUIRED | JF_NON_EMPTY,
     .min = 1,
     .max = 100},
};
JSON_SCHEMA(CLONE_BODY, "WorkflowClone", struct clone_body, CLONE_FIELDS);

static enum err CO_FN clone(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct which which = {req_param(r, "workflow_id"), INT64_MIN, false};
    struct loaded from;
    struct str public_id;
    int64_t id;
    enum err rc = definition_load(s, &which, &from);
    if (rc)
        return rc;
    from.definition.name = str_trim(((const struct clone_body *)arg)->name);
    rc = definition_add(s, &from.definition, r->actor->user_id, r->now, &id, &public_id);
    return rc ? rc : answer_new(r, s, public_id, out);
}

enum err definitions_clone(struct req *r)
{
    return write_run(r, req_body_text(r), clone, r->body);
}

/* ---- drafts ------------------------------------------------------------------------------- */

struct locked {
    struct workflow_head head;
    struct str draft; /* absent: none */
};

static enum err CO_FN lock(struct req *r, struct db_session *s, struct locked *l)
{
    enum err rc = definition_lock(s, req_param(r, "workflow_id"), &l->head, &l->draft);
    return rc ? rc : write_check_match(r, l->head.revision);
}

static enum err CO_FN keep_draft(struct req *r, struct db_session *s, const struct locked *l,
                                 const struct definition *d, struct answer *out)
{
    struct draft_write w = {d, definition_text(r->arena, d), r->actor->user_id, r->now};
    struct which which = {l->head.public_id, INT64_MIN, true};
    enum err rc = definition_store_draft(s, l->head.workflow_id, &w);
    return rc ? rc : definitions_answer(r, s, &which, out);
}

static enum err CO_FN replace(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct definition d = definition_of(r->arena, arg);
    struct locked l;
    enum err rc = lock(r, s, &l);
    return rc ? rc : keep_draft(r, s, &l, &d, out);
}

enum err definitions_put(struct req *r)
{
    return write_run(r, req_body_text(r), replace, r->body);
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    struct loaded w;
    enum err rc = lock(r, s, &l);
    if (rc == ERR_OK)
        rc = definition_load_next(s, &l.head, l.draft, &w);
    if (rc)
        return rc;
    definition_patch(r->arena, req_json(r), arg, &w.definition);
    if (!w.definition.name.len) {
        req_field_error(r, "name", "is required");
        return ERR_VALIDATION_ERROR;
    }
    return keep_draft(r, s, &l, &w.definition, out);
}

enum err definitions_patch(struct req *r)
{
    return write_run(r, req_body_text(r), change, r->body);
}

static enum err CO_FN drop_draft(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    enum err rc = lock(r, s, &l);
    if (rc)
        return rc;
    out->status = 204;
    if (!l.draft.p)
        return ERR_NOT_FOUND;
    if (l.head.version_id == INT64_MIN)
        return ERR_CONFLICT;
    return definition_store_drop_draft(s, l.head.workflow_id, r->now);
}

enum err definitions_drop_draft(struct req *r)
{
    return write_run(r, STR(""), drop_draft, NULL);
}

/* Its name is the workflow's own, which has nothing to do with versions. */
static enum err CO_FN restore(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    struct loaded now, old;
    int64_t version;
    enum err rc = lock(r, s, &l);
    if (rc == ERR_OK && !req_param_int(r, "version", &version))
        rc = ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = definition_load_version(s, &l.head, version, &old);
    if (rc == ERR_OK)
        rc = definition_load_next(s, &l.head, l.draft, &now);
    if (rc)
        return rc;
    old.definition.name = now.definition.name;
    return keep_draft(r, s, &l, &old.definition, out);
}

enum err definitions_restore(struct req *r)
{
    return write_run(r, STR(""), restore, NULL);
}

/* ---- versions ----------------------------------------------------------------------------- */

static bool is_live(const struct workflow_head *h)
{
    return str_eq(h->state, STR("published"));
}

/* What was retired and has no draft is published again as it was. */
static enum err CO_FN publish(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    struct loaded next;
    enum err rc = lock(r, s, &l);
    if (rc)
        return rc;
    if (!l.draft.p && is_live(&l.head))
        return ERR_CONFLICT;
    struct which which = {l.head.public_id, INT64_MIN, false};
    rc = definition_load_next(s, &l.head, l.draft, &next);
    if (rc == ERR_OK)
        rc = make_live(r, s, l.head.workflow_id, &next.definition);
    return rc ? rc : definitions_answer(r, s, &which, out);
}

enum err definitions_publish(struct req *r)
{
    return write_run(r, STR(""), publish, NULL);
}

static enum err CO_FN retire(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    enum err rc = lock(r, s, &l);
    if (rc)
        return rc;
    if (!is_live(&l.head))
        return ERR_CONFLICT;
    struct which which = {l.head.public_id, INT64_MIN, false};
    rc = definition_store_retire(s, l.head.workflow_id, r->now);
    return rc ? rc : definitions_answer(r, s, &which, out);
}

enum err definitions_retire(struct req *r)
{
    return write_run(r, STR(""), retire, NULL);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct locked l;
    int64_t running = 0;
    enum err rc = lock(r, s, &l);
    if (rc == ERR_OK && is_live(&l.head))
        rc = workflow_store_running(s, l.head.workflow_id, &running);
    if (rc)
        return rc;
    if (running)
        return ERR_CONFLICT;
    out->status = 204;
    return definition_store_delete(s, l.head.workflow_id, r->now);
}

enum err definitions_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}

/* ---- dry runs ----------------------------------------------------------------------------- */

struct problem_doc {
    struct str field, message;
};
struct validation {
    int8_t is_valid;
    struct json_array problems;
};

static const struct json_field PROBLEM_FIELDS[] = {
    FIELD(problem_doc, JK_STR, field),
    FIELD(problem_doc, JK_STR, message),
};
static JSON_SCHEMA(PROBLEM_DOC, "WorkflowProblem", struct problem_doc, PROBLEM_FIELDS);
static const struct json_field VALIDATION_FIELDS[] = {
    FIELD(validation, JK_BOOL, is_valid),
    FIELD_LIST(validation, problems, PROBLEM_DOC),
};
JSON_SCHEMA(WORKFLOW_VALIDATION, "WorkflowValidation", struct validation, VALIDATION_FIELDS);

static enum err CO_FN reply_problems(struct req *r, struct db_session *s,
                                     const struct definition *d, int64_t workflow_id)
{
    struct definition_problem *problems;
    size_t n = 0;
    enum err rc = definition_problems(s, d, workflow_id, &problems);
    if (rc)
        return req_fail(r, rc);
    for (const struct definition_problem *p = problems; p; p = p->next)
        n++;
    struct problem_doc *docs = ARENA_ARRAY(r->arena, struct problem_doc, n + 1);
    n = 0;
    for (const struct definition_problem *p = problems; p; p = p->next)
        docs[n++] = (struct problem_doc){p->where, str_from(p->message)};
    struct validation v = {problems ? JSON_FALSE : JSON_TRUE, {docs, n}};
    return req_reply_json(r, 200, &WORKFLOW_VALIDATION, &v);
}

enum err definitions_validate(struct req *r)
{
    struct which which = {req_param(r, "workflow_id"), INT64_MIN, true};
    struct db_session *s;
    struct loaded w;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = definition_load(s, &which, &w);
    return rc ? req_fail(r, rc) : reply_problems(r, s, &w.definition, w.head.workflow_id);
}

enum err definitions_validate_sent(struct req *r)
{
    struct definition d = definition_of(r->arena, r->body);
    struct db_session *s;
    enum err rc = req_db(r, &s);
    return rc ? req_fail(r, rc) : reply_problems(r, s, &d, 0);
}
