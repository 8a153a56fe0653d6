#include "api/policies.h"

#include "api/definition.h"
#include "api/field.h"
#include "api/paging.h"
#include "domain/sla_clock.h"
#include "domain/task.h"
#include "service.h"
#include "store/policy_store.h"
#include "write_run.h"

#define MAX_NAME 100
#define MAX_WORKFLOWS 1000
#define MAX_TARGET_MINUTES (10 * 366 * 24 * 60)
#define PRIORITIES "Low|Medium|High|Urgent"

/* ---- schemas ------------------------------------------------------------------------------ */

struct policies_query {
    struct paging paging;
};

static const struct json_field QUERY_FIELDS[] = {PAGING_FIELDS(struct policies_query)};
JSON_SCHEMA(POLICIES_QUERY, "SlaPolicyQuery", struct policies_query, QUERY_FIELDS);

struct response_target {
    struct str priority;
    int64_t target_minutes;
};

static const struct json_field RESPONSE_FIELDS[] = {
    {.name = "priority",
     .kind = JK_ENUM,
     .offset = offsetof(struct response_target, priority),
     .flags = JF_REQUIRED,
     .choices = PRIORITIES},
    {.name = "target_minutes",
     .kind = JK_INT,
     .offset = offsetof(struct response_target, target_minutes),
     .flags = JF_REQUIRED,
     .min = 1,
     .max = MAX_TARGET_MINUTES},
};
static JSON_SCHEMA(RESPONSE, "SlaResponseTarget", struct response_target, RESPONSE_FIELDS);

struct policy_body {
    struct str name;
    int64_t calendar_id;
    struct json_array warn_percents, pause_statuses;
    struct str reopen;
    int8_t escalate_owner, escalate_step, is_default;
    struct json_array workflows, first_response;
};

#define SETTING(kind_, member, ...)                                                                \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct policy_body, member),            \
        __VA_ARGS__                                                                                \
    }
#define BODY_FIELDS(required)                                                                      \
    {                                                                                              \
        SETTING(JK_STR, name, .flags = required, .min = 1, .max = MAX_NAME),                       \
            SETTING(JK_INT, calendar_id, .doc = "null: every moment counts"),                      \
            SETTING(JK_INT_ARRAY, warn_percents, .max = SLA_MAX_WARNINGS,                          \
                    .doc = "of the target; 80 unless given"),                                      \
            SETTING(JK_STR_ARRAY, pause_statuses, .max = TASK_STATUS_COUNT,                        \
                    .doc = "of tasks: active, in_progress, on_hold; on_hold unless given"),        \
            SETTING(JK_ENUM, reopen, .choices = "resume|new_cycle", .doc = "resume unless given"), \
            SETTING(JK_BOOL, escalate_owner, .doc = "a breach gives the ticket to an Admin"),      \
            SETTING(JK_BOOL, escalate_step,                                                        \
                    .doc = "a step's breach gives its item to the role it escalates to"),          \
            SETTING(JK_BOOL, is_default, .doc = "for workflows without a policy"),                 \
            SETTING(JK_STR_ARRAY, workflows, .max = MAX_WORKFLOWS),                                \
            SETTING(JK_ARRAY, first_response, .max = 4, .sub = &RESPONSE)                          \
    }

static const struct json_field POST_FIELDS[] = BODY_FIELDS(JF_REQUIRED | JF_NON_EMPTY);
static const struct json_field PATCH_FIELDS[] = BODY_FIELDS(0);

#define CLOSED_SCHEMA(var, schema_name, field_array)                                               \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(struct policy_body),                                                        \
        .closed = true,                                                                            \
    }
CLOSED_SCHEMA(POLICY_BODY, "SlaPolicyRequest", POST_FIELDS);
CLOSED_SCHEMA(POLICY_PATCH, "SlaPolicyChange", PATCH_FIELDS);

struct policy_view {
    int64_t id;
    struct policy_body body;
    struct str calendar;
    int64_t version, created_at, updated_at;
};

#define VIEW_FIELD(kind_, member)                                                                  \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct policy_view, body.member)        \
    }

static const struct json_field VIEW_FIELDS[] = {
    FIELD(policy_view, JK_INT, id),
    VIEW_FIELD(JK_STR, name),
    VIEW_FIELD(JK_INT, calendar_id),
    FIELD(policy_view, JK_STR, calendar),
    VIEW_FIELD(JK_INT_ARRAY, warn_percents),
    VIEW_FIELD(JK_STR_ARRAY, pause_statuses),
    VIEW_FIELD(JK_STR, reopen),
    VIEW_FIELD(JK_BOOL, escalate_owner),
    VIEW_FIELD(JK_BOOL, escalate_step),
    VIEW_FIELD(JK_BOOL, is_default),
    VIEW_FIELD(JK_STR_ARRAY, workflows),
    {.name = "first_response",
     .kind = JK_ARRAY,
     .offset = offsetof(struct policy_view, body.first_response),
     .sub = &RESPONSE},
    FIELD(policy_view, JK_INT, version),
    FIELD(policy_view, JK_TIME, created_at),
    FIELD(policy_view, JK_TIME, updated_at),
};
JSON_SCHEMA(POLICY_DOC, "SlaPolicy", struct policy_view, VIEW_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(POLICY_DOC);
JSON_SCHEMA(POLICY_PAGE, "SlaPolicyPage", struct page_reply, PAGE_DOC_FIELDS);

/* ---- out ---------------------------------------------------------------------------------- */

static struct json_array copied(struct arena *a, const void *items, size_t count, size_t size)
{
    char *copy = arena_calloc(a, count + 1, size);
    memcpy(copy, count ? items : "", count * size);
    return (struct json_array){copy, count};
}

static int8_t truth(bool b)
{
    return b ? JSON_TRUE : JSON_FALSE;
}

static struct policy_view view(struct arena *a, const struct policy_doc *d)
{
    struct response_target *responses =
        ARENA_ARRAY(a, struct response_target, d->response_count + 1);
    for (size_t i = 0; i < d->response_count; i++)
        responses[i] =
            (struct response_target){d->responses[i].priority, d->responses[i].target_minutes};
    return (struct policy_view){
        .id = d->id,
        .body =
            {
                .name = d->name,
                .calendar_id = d->calendar_id,
                .warn_percents = copied(a, d->warn_percents, d->warn_count, sizeof(int64_t)),
                .pause_statuses = copied(a, d->pause_statuses, d->pause_count, sizeof(struct str)),
                .reopen = d->reopen,
                .escalate_owner = truth(d->escalate_owner),
                .escalate_step = truth(d->escalate_step),
                .is_default = truth(d->is_default),
                .workflows = copied(a, d->workflows, d->workflow_count, sizeof(struct str)),
                .first_response = {responses, d->response_count},
            },
        .calendar = d->calendar,
        .version = d->version,
        .created_at = d->created_at,
        .updated_at = d->updated_at,
    };
}

enum err policies_list(struct req *r)
{
    const struct policies_query *q = r->query_args;
    struct db_session *s;
    struct policy_doc *docs;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = policy_store_list(s, paging_limit(&q->paging), paging_offset(&q->paging), &docs,
                               &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct policy_view *views = ARENA_ARRAY(r->arena, struct policy_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = view(r->arena, &docs[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){views, count};
    return req_reply_json(r, 200, &POLICY_PAGE, &reply);
}

enum err policies_get(struct req *r)
{
    struct policy_doc doc;
    struct db_session *s;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = policy_store_find(s, id, &doc);
    if (rc)
        return req_fail(r, rc);
    struct policy_view v = view(r->arena, &doc);
    req_set_header(r, "ETag", etag_format(r->arena, doc.version));
    return req_reply_json(r, 200, &POLICY_DOC, &v);
}

/* ---- in ----------------------------------------------------------------------------------- */

/* Ascending, so that a clock finds the next one. */
static void take_warnings(struct req *r, const struct json_array *list, struct policy_doc *d)
{
    const int64_t *given = list->items;
    int64_t *sorted = ARENA_ARRAY(r->arena, int64_t, list->count + 1);
    size_t n = 0;
    for (int64_t percent = 1; percent <= 100; percent++)
        for (size_t i = 0; i < list->count; i++)
            if (given[i] == percent && (n == 0 || sorted[n - 1] != percent))
                sorted[n++] = percent;
    if (n < list->count)
        req_field_error(r, "warn_percents", "are different numbers from 1 to 100");
    d->warn_percents = sorted;
    d->warn_count = n;
}

static void take_pauses(struct req *r, const struct json_array *list, struct policy_doc *d)
{
    const struct str *given = list->items;
    struct str *words = ARENA_ARRAY(r->arena, struct str, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        enum task_status status = task_status_parse(given[i]);
        if (status == TASK_STATUS_COUNT || !task_status_is_running(status)) {
            req_field_error(r, "pause_statuses", "are of active, in_progress and on_hold");
            return;
        }
        words[i] = task_status_word(status);
    }
    d->pause_statuses = words;
    d->pause_count = list->count;
}

static void take_workflows(struct req *r, const struct json_array *list, struct policy_doc *d)
{
    struct str *ids = ARENA_ARRAY(r->arena, struct str, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        ids[i] = str_lower(r->arena, ((const struct str *)list->items)[i]);
        bool is_known = !definition_is_id(ids[i]);
        for (size_t k = 0; k < i; k++)
            is_known = is_known || str_eq(ids[i], ids[k]);
        if (is_known)
            req_field_error(r, "workflows", "are different ids of workflows");
    }
    d->workflows = ids;
    d->workflow_count = list->count;
}

static void take_responses(struct req *r, const struct json_array *list, struct policy_doc *d)
{
    const struct response_target *given = list->items;
    struct sla_target *targets = ARENA_ARRAY(r->arena, struct sla_target, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < i; k++)
            if (str_eq(given[i].priority, given[k].priority))
                req_field_error(r, "first_response", "has a priority twice");
        targets[i] = (struct sla_target){given[i].priority, given[i].target_minutes,
                                         given[i].target_minutes};
    }
    d->responses = targets;
    d->response_count = list->count;
}

/* What the body has, all of it or what a PATCH names. */
static enum err apply(struct req *r, const struct policy_body *b, struct policy_doc *d)
{
    const struct json *body = req_json(r);
    if (b->name.p)
        d->name = str_trim(b->name);
    if (json_get(body, "calendar_id"))
        d->calendar_id = b->calendar_id;
    if (json_get(body, "warn_percents"))
        take_warnings(r, &b->warn_percents, d);
    if (json_get(body, "pause_statuses"))
        take_pauses(r, &b->pause_statuses, d);
    if (b->reopen.p)
        d->reopen = b->reopen;
    if (b->escalate_owner != JSON_UNSET)
        d->escalate_owner = b->escalate_owner;
    if (b->escalate_step != JSON_UNSET)
        d->escalate_step = b->escalate_step;
    if (b->is_default != JSON_UNSET)
        d->is_default = b->is_default;
    if (json_get(body, "workflows"))
        take_workflows(r, &b->workflows, d);
    if (json_get(body, "first_response"))
        take_responses(r, &b->first_response, d);
    if (!d->name.len)
        req_field_error(r, "name", "is required");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* ---- changing ----------------------------------------------------------------------------- */

static enum err CO_FN store(struct req *r, struct db_session *s, struct policy_doc *d,
                            struct answer *out)
{
    enum err rc = policy_store_put(s, d, r->now);
    if (rc == ERR_CONFLICT)
        return ERR_DUPLICATE_RESOURCE;
    if (rc == ERR_NOT_FOUND)
        req_field_error(r, "calendar_id", "is not a calendar");
    if (rc == ERR_WORKFLOW_NOT_FOUND)
        req_field_error(r, "workflows", "have one that does not exist");
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    if (rc == ERR_OK)
        rc = policy_store_find(s, d->id, d);
    if (rc)
        return rc;
    struct policy_view v = view(r->arena, d);
    out->body = answer_json(r->arena, &POLICY_DOC, &v);
    out->version = d->version;
    return ERR_OK;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    static const int64_t WARN[] = {80};
    static const struct str PAUSE[] = {{"on_hold", 7}};
    struct policy_doc d = {
        .calendar_id = INT64_MIN,
        .warn_percents = WARN,
        .warn_count = 1,
        .pause_statuses = PAUSE,
        .pause_count = 1,
        .reopen = STR("resume"),
    };
    enum err rc = apply(r, arg, &d);
    if (rc == ERR_OK)
        rc = store(r, s, &d, out);
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/sla/policies/%lld", (long long)d.id);
    return rc;
}

enum err policies_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct policy_doc *d)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? policy_store_lock(s, id, d) : ERR_NOT_FOUND;
    return rc ? rc : write_check_match(r, d->version);
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct policy_doc d;
    enum err rc = lock(r, s, &d);
    if (rc == ERR_OK)
        rc = apply(r, arg, &d);
    return rc ? rc : store(r, s, &d, out);
}

enum err policies_patch(struct req *r)
{
    return write_run(r, req_body_text(r), change, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct policy_doc d;
    enum err rc = lock(r, s, &d);
    out->status = 204;
    return rc ? rc : policy_store_delete(s, d.id);
}

enum err policies_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}
