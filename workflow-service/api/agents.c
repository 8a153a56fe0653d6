#include "api/agents.h"

#include "actor.h"
#include "api/field.h"
#include "api/paging.h"
#include "api/tags.h"
#include "domain/assign.h"
#include "events/events.h"
#include "service.h"
#include "store/agent_store.h"
#include "store/assign_store.h"
#include "write_run.h"

/* ---- schemas ------------------------------------------------------------------------------ */

struct agents_query {
    struct paging paging;
    struct str system, role;
};

static const struct json_field QUERY_FIELDS[] = {
    PAGING_FIELDS(struct agents_query),
    {.name = "system", .kind = JK_STR, .offset = offsetof(struct agents_query, system)},
    {.name = "role", .kind = JK_STR, .offset = offsetof(struct agents_query, role)},
};
JSON_SCHEMA(AGENTS_QUERY, "AgentQuery", struct agents_query, QUERY_FIELDS);

struct agent_body {
    int64_t capacity, weight;
    struct json_array skills;
    struct str presence;
    int64_t out_from, out_until, substitute_id;
};

#define SETTING(kind_, member, ...)                                                                \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct agent_body, member), __VA_ARGS__ \
    }
static const struct json_field PATCH_FIELDS[] = {
    SETTING(JK_INT, capacity, .min = 0, .max = ASSIGN_CAPACITY_MAX,
            .doc = "most open items, or owned tickets; null: no limit"),
    SETTING(JK_INT, weight, .min = 0, .max = ASSIGN_WEIGHT_MAX, .doc = "share of weighted work"),
    SETTING(JK_STR_ARRAY, skills, .max = MAX_TAGS),
    SETTING(JK_ENUM, presence, .choices = ASSIGN_PRESENCE_CHOICES),
    SETTING(JK_TIME, out_from, .doc = "out of office from then on"),
    SETTING(JK_TIME, out_until, .doc = "back from then on; both null: in the office"),
    SETTING(JK_INT, substitute_id, .doc = "who stands in while out of office, in shared roles"),
};
const struct json_schema AGENT_PATCH = {
    .name = "AgentChange",
    .fields = PATCH_FIELDS,
    .count = sizeof PATCH_FIELDS / sizeof PATCH_FIELDS[0],
    .size = sizeof(struct agent_body),
    .closed = true,
};

struct agent_view {
    int64_t user_id;
    struct str name, email;
    int8_t active;
    int64_t capacity, weight;
    struct json_array skills;
    struct str presence;
    int64_t out_from, out_until, substitute_id;
    struct str substitute;
    int64_t open_items, owned_tickets, version, updated_at;
};

static const struct json_field VIEW_FIELDS[] = {
    FIELD(agent_view, JK_INT, user_id),
    FIELD(agent_view, JK_STR, name),
    FIELD(agent_view, JK_STR, email),
    FIELD(agent_view, JK_BOOL, active),
    FIELD(agent_view, JK_INT, capacity),
    FIELD(agent_view, JK_INT, weight),
    FIELD(agent_view, JK_STR_ARRAY, skills),
    FIELD(agent_view, JK_STR, presence),
    FIELD(agent_view, JK_TIME, out_from),
    FIELD(agent_view, JK_TIME, out_until),
    FIELD(agent_view, JK_INT, substitute_id),
    FIELD(agent_view, JK_STR, substitute),
    {.name = "open_items",
     .kind = JK_INT,
     .offset = offsetof(struct agent_view, open_items),
     .doc = "null where nothing depends on it"},
    FIELD(agent_view, JK_INT, owned_tickets),
    FIELD(agent_view, JK_INT, version),
    FIELD(agent_view, JK_TIME, updated_at),
};
JSON_SCHEMA(AGENT_DOC, "Agent", struct agent_view, VIEW_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(AGENT_DOC);
JSON_SCHEMA(AGENT_PAGE, "AgentPage", struct page_reply, PAGE_DOC_FIELDS);

/* ---- out ---------------------------------------------------------------------------------- */

static struct agent_view view(struct arena *a, const struct agent_doc *d)
{
    struct str *skills = ARENA_ARRAY(a, struct str, d->skill_count + 1);
    for (size_t i = 0; i < d->skill_count; i++)
        skills[i] = d->skills[i];
    return (struct agent_view){
        .user_id = d->user_id,
        .name = d->name,
        .email = d->email,
        .active = d->is_active ? JSON_TRUE : JSON_FALSE,
        .capacity = d->capacity,
        .weight = d->weight,
        .skills = {skills, d->skill_count},
        .presence = d->presence,
        .out_from = d->out_from,
        .out_until = d->out_until,
        .substitute_id = d->substitute_id,
        .substitute = d->substitute_name,
        .open_items = d->open_items,
        .owned_tickets = d->owned,
        .version = d->version,
        .updated_at = d->updated_at,
    };
}

enum err agents_list(struct req *r)
{
    const struct agents_query *q = r->query_args;
    const struct agent_filter filter = {
        .system = q->system.len ? q->system : STR_NULL,
        .role = q->role.len ? q->role : STR_NULL,
        .limit = paging_limit(&q->paging),
        .offset = paging_offset(&q->paging),
    };
    struct db_session *s;
    struct agent_doc *docs;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = agent_store_list(s, &filter, &docs, &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct agent_view *views = ARENA_ARRAY(r->arena, struct agent_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = view(r->arena, &docs[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){views, count};
    return req_reply_json(r, 200, &AGENT_PAGE, &reply);
}

/* Of oneself, or with the permission of anybody. */
static enum err subject(struct req *r, enum permission p, int64_t *user_id)
{
    bool is_id = req_param_int(r, "user_id", user_id);
    if (!(is_id && *user_id == r->actor->user_id) && !actor_may(r->actor, p))
        return ERR_FORBIDDEN;
    return is_id ? ERR_OK : ERR_USER_NOT_FOUND;
}

enum err agents_get(struct req *r)
{
    struct agent_doc doc;
    struct db_session *s;
    int64_t id;
    enum err rc = subject(r, PERM_USER_READ, &id);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = agent_store_find(s, id, &doc);
    if (rc)
        return req_fail(r, rc);
    struct agent_view v = view(r->arena, &doc);
    req_set_header(r, "ETag", etag_format(r->arena, doc.version));
    return req_reply_json(r, 200, &AGENT_DOC, &v);
}

/* ---- in ----------------------------------------------------------------------------------- */

/* How much and what somebody takes is not theirs to say. */
static bool is_for_admins(const struct json *body)
{
    return json_get(body, "capacity") || json_get(body, "weight") || json_get(body, "skills");
}

static void take(struct req *r, const struct agent_body *b, struct agent_doc *d)
{
    const struct json *body = req_json(r);
    if (json_get(body, "capacity"))
        d->capacity = b->capacity;
    if (b->weight != JSON_NO_INT)
        d->weight = b->weight;
    if (json_get(body, "skills"))
        d->skills = tags_take(r, "skills", &b->skills, &d->skill_count);
    if (b->presence.p)
        d->presence = b->presence;
    if (json_get(body, "out_from"))
        d->out_from = b->out_from;
    if (json_get(body, "out_until"))
        d->out_until = b->out_until;
    if (d->out_from != JSON_NO_TIME && d->out_until != JSON_NO_TIME && d->out_until <= d->out_from)
        req_field_error(r, "out_until", "is after out_from");
    if (json_get(body, "substitute_id"))
        d->substitute_id = b->substitute_id;
}

static enum err CO_FN apply(struct req *r, struct db_session *s, const struct agent_body *b,
                            struct agent_doc *d)
{
    bool is_fit = true;
    enum err rc = ERR_OK;
    take(r, b, d);
    if (b->substitute_id != JSON_NO_INT)
        rc = agent_store_may_replace(s, d->user_id, b->substitute_id, &is_fit);
    if (!is_fit)
        req_field_error(r, "substitute_id", "is another active person who shares a role");
    if (rc)
        return rc;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct agent_doc d;
    int64_t id;
    enum err rc = subject(r, PERM_ASSIGNMENT_ADMIN, &id);
    if (rc == ERR_OK && is_for_admins(req_json(r)) && !actor_may(r->actor, PERM_ASSIGNMENT_ADMIN))
        rc = ERR_FORBIDDEN;
    if (rc == ERR_OK)
        rc = agent_store_lock(s, id, &d);
    if (rc == ERR_OK)
        rc = write_check_match(r, d.version);
    if (rc == ERR_OK)
        rc = apply(r, s, arg, &d);
    if (rc == ERR_OK)
        rc = agent_store_put(s, &d, r->now);
    if (rc == ERR_OK && json_get(req_json(r), "capacity"))
        rc = assign_store_track(s);
    if (rc == ERR_OK)
        rc = agent_store_find(s, id, &d);
    if (rc)
        return rc;
    pool_wake(s);
    struct agent_view v = view(r->arena, &d);
    out->body = answer_json(r->arena, &AGENT_DOC, &v);
    out->version = d.version;
    return ERR_OK;
}

enum err agents_patch(struct req *r)
{
    return write_run(r, req_body_text(r), change, r->body);
}
