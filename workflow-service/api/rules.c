#include "api/rules.h"

#include "api/definition.h"
#include "api/field.h"
#include "api/paging.h"
#include "api/tags.h"
#include "domain/assign.h"
#include "events/events.h"
#include "service.h"
#include "store/assign_store.h"
#include "store/rule_store.h"
#include "write_run.h"

#define MAX_NAME 200

/* ---- schemas ------------------------------------------------------------------------------ */

struct rules_query {
    struct paging paging;
};

static const struct json_field QUERY_FIELDS[] = {PAGING_FIELDS(struct rules_query)};
JSON_SCHEMA(RULES_QUERY, "AssignmentPolicyQuery", struct rules_query, QUERY_FIELDS);

struct rule_body {
    struct str system, role, workflow_id, step, kind, fallback;
    struct json_array must, should;
};

#define SETTING(kind_, member, ...)                                                                \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct rule_body, member), __VA_ARGS__  \
    }
#define BODY_FIELDS(required)                                                                      \
    {                                                                                              \
        SETTING(JK_STR, system, .max = MAX_NAME, .doc = "of the role"),                            \
            SETTING(JK_STR, role, .max = MAX_NAME, .doc = "for all its work"),                     \
            SETTING(JK_STR, workflow_id, .max = 64, .doc = "instead of a role: of the step"),      \
            SETTING(JK_STR, step, .max = MAX_NAME, .doc = "in every version of the workflow"),     \
            SETTING(JK_ENUM, kind, .flags = required, .choices = ASSIGN_KIND_CHOICES),             \
            SETTING(JK_ENUM, fallback, .choices = ASSIGN_FALLBACK_CHOICES,                         \
                    .doc = "of sticky; round_robin unless given"),                                 \
            SETTING(JK_STR_ARRAY, must, .max = MAX_TAGS,                                           \
                    .doc = "skills that are needed; {category}, {sub_category}, {department} and " \
                           "{priority} stand for the ticket's"),                                   \
            SETTING(JK_STR_ARRAY, should, .max = MAX_TAGS, .doc = "skills that count")             \
    }

static const struct json_field POST_FIELDS[] = BODY_FIELDS(JF_REQUIRED);
static const struct json_field PATCH_FIELDS[] = BODY_FIELDS(0);

#define CLOSED_SCHEMA(var, schema_name, field_array)                                               \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(struct rule_body),                                                          \
        .closed = true,                                                                            \
    }
CLOSED_SCHEMA(RULE_BODY, "AssignmentPolicyRequest", POST_FIELDS);
CLOSED_SCHEMA(RULE_PATCH, "AssignmentPolicyChange", PATCH_FIELDS);

struct rule_view {
    int64_t id;
    struct str system, role, workflow_id, workflow, step, kind, fallback;
    struct json_array must, should;
    int64_t version, created_at, updated_at;
};

static const struct json_field VIEW_FIELDS[] = {
    FIELD(rule_view, JK_INT, id),          FIELD(rule_view, JK_STR, system),
    FIELD(rule_view, JK_STR, role),        FIELD(rule_view, JK_STR, workflow_id),
    FIELD(rule_view, JK_STR, workflow),    FIELD(rule_view, JK_STR, step),
    FIELD(rule_view, JK_STR, kind),        FIELD(rule_view, JK_STR, fallback),
    FIELD(rule_view, JK_STR_ARRAY, must),  FIELD(rule_view, JK_STR_ARRAY, should),
    FIELD(rule_view, JK_INT, version),     FIELD(rule_view, JK_TIME, created_at),
    FIELD(rule_view, JK_TIME, updated_at),
};
JSON_SCHEMA(RULE_DOC, "AssignmentPolicy", struct rule_view, VIEW_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(RULE_DOC);
JSON_SCHEMA(RULE_PAGE, "AssignmentPolicyPage", struct page_reply, PAGE_DOC_FIELDS);

/* ---- out ---------------------------------------------------------------------------------- */

static struct json_array copied(struct arena *a, const struct str *items, size_t count)
{
    struct str *copy = ARENA_ARRAY(a, struct str, count + 1);
    for (size_t i = 0; i < count; i++)
        copy[i] = items[i];
    return (struct json_array){copy, count};
}

static struct rule_view view(struct arena *a, const struct assign_rule *d)
{
    return (struct rule_view){
        .id = d->id,
        .system = d->system,
        .role = d->role,
        .workflow_id = d->workflow_id,
        .workflow = d->workflow,
        .step = d->step,
        .kind = d->kind,
        .fallback = d->fallback,
        .must = copied(a, d->must, d->must_count),
        .should = copied(a, d->should, d->should_count),
        .version = d->version,
        .created_at = d->created_at,
        .updated_at = d->updated_at,
    };
}

enum err rules_list(struct req *r)
{
    const struct rules_query *q = r->query_args;
    struct db_session *s;
    struct assign_rule *docs;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = rule_store_list(s, paging_limit(&q->paging), paging_offset(&q->paging), &docs, &count,
                             &total);
    if (rc)
        return req_fail(r, rc);
    struct rule_view *views = ARENA_ARRAY(r->arena, struct rule_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = view(r->arena, &docs[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){views, count};
    return req_reply_json(r, 200, &RULE_PAGE, &reply);
}

enum err rules_get(struct req *r)
{
    struct assign_rule doc;
    struct db_session *s;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = rule_store_find(s, id, &doc);
    if (rc)
        return req_fail(r, rc);
    struct rule_view v = view(r->arena, &doc);
    req_set_header(r, "ETag", etag_format(r->arena, doc.version));
    return req_reply_json(r, 200, &RULE_DOC, &v);
}

/* ---- in ----------------------------------------------------------------------------------- */

static struct str given(struct str s)
{
    s = str_trim(s);
    return s.len ? s : STR_NULL;
}

/* A role or a step takes the place of what the policy was for. */
static void take_target(const struct json *body, const struct rule_body *b, struct assign_rule *d)
{
    bool has_role = json_get(body, "system") || json_get(body, "role");
    bool has_step = json_get(body, "workflow_id") || json_get(body, "step");
    if (!has_role && !has_step)
        return;
    if (json_get(body, "system") || !has_role)
        d->system = given(b->system);
    if (json_get(body, "role") || !has_role)
        d->role = given(b->role);
    if (json_get(body, "workflow_id") || !has_step)
        d->workflow_id = given(b->workflow_id);
    if (json_get(body, "step") || !has_step)
        d->step = given(b->step);
}

static enum err CO_FN check_role(struct req *r, struct db_session *s, struct assign_rule *d)
{
    if (d->workflow_id.p || d->step.p) {
        req_field_error(r, "role", "is either this or a step of a workflow");
        return ERR_OK;
    }
    if (!d->system.p || !d->role.p) {
        req_field_error(r, d->role.p ? "system" : "role", "is required");
        return ERR_OK;
    }
    enum err rc = rule_store_role(s, &d->system, &d->role);
    if (rc == ERR_NOT_FOUND)
        req_field_error(r, "role", "is not a role that a step asks for or anybody holds");
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err CO_FN check_step(struct req *r, struct db_session *s, struct assign_rule *d)
{
    if (!d->workflow_id.p || !d->step.p) {
        req_field_error(r, d->workflow_id.p ? "step" : "workflow_id", "is required");
        return ERR_OK;
    }
    d->workflow_id = str_lower(r->arena, d->workflow_id);
    enum err rc = ERR_WORKFLOW_NOT_FOUND;
    if (definition_is_id(d->workflow_id))
        rc = rule_store_step(s, d->workflow_id, &d->step);
    if (rc == ERR_WORKFLOW_NOT_FOUND)
        req_field_error(r, "workflow_id", "is not a workflow");
    if (rc == ERR_NOT_FOUND)
        req_field_error(r, "step", "is not a step of the workflow");
    return rc == ERR_WORKFLOW_NOT_FOUND || rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static void check_kind(struct req *r, struct assign_rule *d, bool has_fallback)
{
    bool is_sticky = str_eq(d->kind, STR("sticky"));
    if (is_sticky && !d->fallback.p)
        d->fallback = STR("round_robin");
    if (!is_sticky && d->fallback.p && has_fallback)
        req_field_error(r, "fallback", "is of sticky only");
    if (!is_sticky)
        d->fallback = STR_NULL;
    bool has_skills = str_eq(d->kind, STR("skills")) || str_eq(d->fallback, STR("skills"));
    if (!has_skills && d->must_count)
        req_field_error(r, "must", "is of skills only");
    if (!has_skills && d->should_count)
        req_field_error(r, "should", "is of skills only");
}

/* What the body has, all of it or what a PATCH names. */
static enum err CO_FN apply(struct req *r, struct db_session *s, const struct rule_body *b,
                            struct assign_rule *d)
{
    const struct json *body = req_json(r);
    take_target(body, b, d);
    if (b->kind.p)
        d->kind = b->kind;
    if (json_get(body, "fallback"))
        d->fallback = b->fallback;
    if (json_get(body, "must"))
        d->must = tags_take(r, "must", &b->must, &d->must_count);
    if (json_get(body, "should"))
        d->should = tags_take(r, "should", &b->should, &d->should_count);
    check_kind(r, d, b->fallback.p);
    enum err rc = d->system.p || d->role.p || !(d->workflow_id.p || d->step.p)
                      ? check_role(r, s, d)
                      : check_step(r, s, d);
    if (rc)
        return rc;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* ---- changing ----------------------------------------------------------------------------- */

static enum err CO_FN store(struct req *r, struct db_session *s, struct assign_rule *d,
                            struct answer *out)
{
    enum err rc = rule_store_put(s, d, r->now);
    if (rc == ERR_CONFLICT)
        return ERR_DUPLICATE_RESOURCE;
    if (rc == ERR_OK)
        rc = assign_store_track(s);
    if (rc == ERR_OK)
        rc = rule_store_find(s, d->id, d);
    if (rc)
        return rc;
    pool_wake(s);
    struct rule_view v = view(r->arena, d);
    out->body = answer_json(r->arena, &RULE_DOC, &v);
    out->version = d->version;
    return ERR_OK;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct assign_rule d = {0};
    enum err rc = apply(r, s, arg, &d);
    if (rc == ERR_OK)
        rc = store(r, s, &d, out);
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/assignment/policies/%lld", (long long)d.id);
    return rc;
}

enum err rules_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct assign_rule *d)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? rule_store_lock(s, id, d) : ERR_NOT_FOUND;
    return rc ? rc : write_check_match(r, d->version);
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct assign_rule d;
    enum err rc = lock(r, s, &d);
    if (rc == ERR_OK)
        rc = apply(r, s, arg, &d);
    return rc ? rc : store(r, s, &d, out);
}

enum err rules_patch(struct req *r)
{
    return write_run(r, req_body_text(r), change, r->body);
}

static enum err CO_FN replace(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct assign_rule before = {0};
    enum err rc = lock(r, s, &before);
    struct assign_rule d = {.id = before.id};
    if (rc == ERR_OK)
        rc = apply(r, s, arg, &d);
    return rc ? rc : store(r, s, &d, out);
}

enum err rules_put(struct req *r)
{
    return write_run(r, req_body_text(r), replace, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct assign_rule d;
    enum err rc = lock(r, s, &d);
    (void)arg;
    out->status = 204;
    if (rc == ERR_OK)
        rc = rule_store_delete(s, d.id);
    if (rc == ERR_OK)
        rc = assign_store_track(s);
    if (rc == ERR_OK)
        pool_wake(s);
    return rc;
}

enum err rules_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}
