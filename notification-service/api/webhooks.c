#include "api/webhooks.h"

#include <stddef.h>

#include "actor.h"
#include "api/webhook_audit.h"
#include "api/webhook_view.h"
#include "clock.h"
#include "config.h"
#include "domain/webhook_address.h"
#include "domain/webhook_rules.h"
#include "page.h"
#include "state.h"
#include "webhook/secret.h"
#include "write_run.h"

#define HEADERS_MAX 16
#define EVENT_TYPES_MAX 50
#define OVERLAP_H 24
#define OVERLAP_MAX_H 168

/* ---- shapes ------------------------------------------------------------------------------- */

struct webhook_body {
    struct str url, description;
    struct json_array event_types; /* struct str */
    const struct json *headers;
};
#define AT(member) offsetof(struct webhook_body, member)
#define FIELDS(required)                                                                           \
    {"url", JK_STR, AT(url), required, .min = 1, .max = WEBHOOK_URL_MAX, .doc = "http or https"},  \
        {"description", JK_STR, AT(description), .max = 500},                                      \
        {"event_types",                                                                            \
         JK_STR_ARRAY,                                                                             \
         AT(event_types),                                                                          \
         required,                                                                                 \
         .min = 1,                                                                                 \
         .max = EVENT_TYPES_MAX,                                                                   \
         .doc = "types, \"ticket.*\", or \"*\""},                                                  \
    {                                                                                              \
        "headers", JK_ANY, AT(headers), .doc = "an object: names and values of further headers"    \
    }
static const struct json_field BODY_FIELDS[] = {FIELDS(JF_REQUIRED)};
static const struct json_field PATCH_FIELDS[] = {FIELDS(0)};
#undef AT
JSON_SCHEMA(WEBHOOK_BODY, "WebhookBody", struct webhook_body, BODY_FIELDS);
JSON_SCHEMA(WEBHOOK_PATCH, "WebhookPatch", struct webhook_body, PATCH_FIELDS);

struct rotation {
    int64_t overlap_h;
};
static const struct json_field ROTATION_FIELDS[] = {
    {"overlap_hours", JK_INT, offsetof(struct rotation, overlap_h), .min = 0, .max = OVERLAP_MAX_H,
     .doc = "how long the previous secret signs as well, 24 unless given"},
};
JSON_SCHEMA(WEBHOOK_ROTATION, "WebhookRotation", struct rotation, ROTATION_FIELDS);

static struct webhooks *webhooks_of(struct req *r)
{
    return &notification_state(req_service(r))->webhooks;
}

/* ---- reading ------------------------------------------------------------------------------ */

enum err CO_FN webhooks_list(struct req *r)
{
    const struct page_query *q = r->query_args;
    struct page_found found = {0};
    struct cursor last = {0};
    struct webhook_list list;
    struct db_session *s;
    struct page p;
    enum err rc = page_read(r, q, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = webhook_store_list(s, p.is_continued ? p.after.id : INT64_MIN,
                                p.is_continued ? 0 : p.skip, page_limit(&p), &list);
    if (rc)
        return rc;
    found.count = list.count;
    found.total = list.total;
    rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    size_t shown = page_shown(&p, &found);
    if (shown)
        last.id = list.items[shown - 1].id;
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        webhook_view(w, &list.items[i], STR_NULL);
    return page_end(r, w);
}

enum err CO_FN webhooks_get(struct req *r)
{
    struct webhook hook;
    struct db_session *s;
    int64_t id;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = req_param_int(r, "id", &id) ? webhook_store_get(s, id, &hook) : ERR_NOT_FOUND;
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_format(r->arena, hook.version));
    webhook_view(req_json_begin(r), &hook, STR_NULL);
    return req_json_end(r, 200);
}

enum err webhooks_event_types(struct req *r)
{
    size_t count = 0;
    while (WEBHOOK_TYPES[count].type)
        count++;
    struct json_writer *w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++) {
        struct str rest = str_from(WEBHOOK_TYPES[i].members), member;
        jw_object(w);
        JW_STR(w, "type", str_from(WEBHOOK_TYPES[i].type));
        JW_KEY(w, "data");
        jw_array(w);
        while (str_next(&rest, ' ', &member))
            jw_str(w, member);
        jw_end_array(w);
        jw_end_object(w);
    }
    return page_end(r, w);
}

/* ---- what may be set ---------------------------------------------------------------------- */

static void take_url(struct req *r, struct str url, struct webhook *hook)
{
    struct service *s = req_service(r);
    struct str host;
    uint8_t address[16];
    const char *problem = webhook_url_problem(url, &host);
    if (!problem && s->is_production && !notification_config(s)->webhook.allow_http &&
        webhook_url_is_plain(url))
        problem = "must begin with https://";
    /* A name is looked up when it is used, again at each attempt. */
    if (!problem && address_parse(host, address) && !webhook_address_is_public(address) &&
        !cidr_list_has_address(&webhooks_of(r)->allowed, address))
        problem = "must not be an address of this machine or of a private network";
    if (problem)
        req_field_error(r, "url", problem);
    else if (!str_eq(hook->url, url)) {
        hook->url = url;
        hook->failures = 0;
        hook->failing_since = INT64_MIN;
    }
}

static void take_event_types(struct req *r, const struct json_array *types, struct webhook *hook)
{
    const struct str *items = types->items;
    for (size_t i = 0; i < types->count; i++) {
        if (webhook_pattern_is_known(items[i]))
            continue;
        req_field_error(r, "event_types",
                        "have one that matches no event; see /api/v1/webhooks/event-types");
        return;
    }
    hook->event_types = items;
    hook->event_type_count = types->count;
}

static const char *headers_problem(const struct json *headers)
{
    if (json_type(headers) != JSON_OBJECT || json_count(headers) > HEADERS_MAX)
        return "must be an object of at most 16 names and values";
    for (size_t i = 0; i < json_count(headers); i++) {
        struct str name;
        const struct json *value = json_member(headers, i, &name);
        const char *problem = webhook_header_problem(name, json_str(value));
        if (problem)
            return problem;
    }
    return NULL;
}

static void take_headers(struct req *r, const struct json *headers, struct webhook *hook)
{
    const char *problem = headers ? headers_problem(headers) : NULL;
    if (problem) {
        req_field_error(r, "headers", problem);
        return;
    }
    struct str *names = ARENA_ARRAY(r->arena, struct str, HEADERS_MAX);
    struct json_writer w;
    struct buf b;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    if (headers)
        jw_value(&w, headers);
    else
        BUF_LIT(&b, "{}");
    for (size_t i = 0; i < json_count(headers); i++)
        json_member(headers, i, &names[i]);
    hook->header_names = names;
    hook->header_count = json_count(headers);
    hook->headers = webhook_seal(webhooks_of(r), r->arena, hook->id, buf_str(&b));
}

/* Of what is not there, only headers have a value of their own: that of a new endpoint. */
static enum err take(struct req *r, const struct webhook_body *b, struct webhook *hook)
{
    if (b->url.p)
        take_url(r, b->url, hook);
    if (b->description.p)
        hook->description = b->description;
    if (json_get(req_json(r), "event_types"))
        take_event_types(r, &b->event_types, hook);
    if (b->headers || !hook->headers.p)
        take_headers(r, b->headers, hook);
    hook->updated_at = r->now;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* ---- changing ----------------------------------------------------------------------------- */

static struct str view_text(struct req *r, const struct webhook *hook, struct str secret)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    webhook_view(&w, hook, secret);
    return buf_str(&b);
}

/* The secret goes into no kept answer. */
static void answer_with(struct req *r, const struct webhook *hook, struct str secret, int status,
                        struct answer *out)
{
    *out = (struct answer){
        .status = status, .body = view_text(r, hook, secret), .version = hook->version};
    if (secret.p)
        out->kept = view_text(r, hook, STR_NULL);
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct str secret = webhook_secret_new(r->arena);
    struct webhook hook = {.version = 1,
                           .description = STR(""),
                           .is_enabled = true,
                           .created_by = r->actor->user_id,
                           .created_at = r->now,
                           .disabled_at = INT64_MIN,
                           .failing_since = INT64_MIN,
                           .paused_until = INT64_MIN,
                           .last_success_at = INT64_MIN,
                           .last_failure_at = INT64_MIN,
                           .previous_secret_until = INT64_MIN};
    enum err rc = webhook_store_next_id(s, &hook.id);
    if (rc == ERR_OK)
        rc = take(r, arg, &hook);
    if (rc)
        return rc;
    hook.secret = webhook_seal(webhooks_of(r), r->arena, hook.id, secret);
    answer_with(r, &hook, secret, 201, out);
    out->location = str_printf(r->arena, "/api/v1/webhooks/%lld", (long long)hook.id);
    rc = webhook_store_add(s, &hook);
    return rc ? rc : webhook_audit(r, s, "webhook.create", &hook);
}

enum err CO_FN webhooks_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

/* By the path, locked, in the version that is asked for. */
static enum err CO_FN lock(struct req *r, struct db_session *s, struct webhook *hook)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? webhook_store_lock(s, id, hook) : ERR_NOT_FOUND;
    return rc ? rc : write_check_match(r, hook->version);
}

static enum err CO_FN store(struct req *r, struct db_session *s, const char *action,
                            struct webhook *hook, struct str secret, struct answer *out)
{
    hook->updated_at = r->now;
    enum err rc = webhook_store_update(s, hook);
    if (rc == ERR_OK)
        rc = webhook_audit(r, s, action, hook);
    if (rc == ERR_OK)
        answer_with(r, hook, secret, 200, out);
    return rc;
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    enum err rc = lock(r, s, &hook);
    if (rc == ERR_OK)
        rc = take(r, arg, &hook);
    return rc ? rc : store(r, s, "webhook.update", &hook, STR_NULL, out);
}

enum err CO_FN webhooks_patch(struct req *r)
{
    return write_run(r, req_body_text(r), patch, r->body);
}

static enum err CO_FN remove_it(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    enum err rc = lock(r, s, &hook);
    (void)arg;
    out->status = 204;
    if (rc == ERR_OK)
        rc = webhook_store_delete(s, hook.id);
    return rc ? rc : webhook_audit(r, s, "webhook.delete", &hook);
}

enum err CO_FN webhooks_delete(struct req *r)
{
    return write_run(r, STR(""), remove_it, NULL);
}

static enum err CO_FN rotate(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct rotation *body = arg;
    struct str secret = webhook_secret_new(r->arena);
    int64_t overlap_h = !body || body->overlap_h == JSON_NO_INT ? OVERLAP_H : body->overlap_h;
    struct webhook hook;
    enum err rc = lock(r, s, &hook);
    if (rc)
        return rc;
    hook.previous_secret = overlap_h ? hook.secret : STR_NULL;
    hook.previous_secret_until = overlap_h ? r->now + overlap_h * 3600 * US_PER_S : INT64_MIN;
    hook.secret = webhook_seal(webhooks_of(r), r->arena, hook.id, secret);
    return store(r, s, "webhook.rotate_secret", &hook, secret, out);
}

enum err CO_FN webhooks_rotate(struct req *r)
{
    return write_run(r, req_body_text(r), rotate, r->body);
}

static enum err CO_FN enable(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    enum err rc = lock(r, s, &hook);
    (void)arg;
    if (rc)
        return rc;
    hook.is_enabled = true;
    hook.disabled_reason = STR_NULL;
    hook.disabled_at = hook.failing_since = INT64_MIN;
    hook.failures = 0;
    db_on_commit(s, webhooks_kick, webhooks_of(r));
    return store(r, s, "webhook.enable", &hook, STR_NULL, out);
}

enum err CO_FN webhooks_enable(struct req *r)
{
    return write_run(r, STR(""), enable, NULL);
}

static enum err CO_FN disable(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    enum err rc = lock(r, s, &hook);
    (void)arg;
    if (rc)
        return rc;
    hook.disabled_reason = STR("manual");
    hook.disabled_at = hook.is_enabled ? r->now : hook.disabled_at;
    hook.is_enabled = false;
    return store(r, s, "webhook.disable", &hook, STR_NULL, out);
}

enum err CO_FN webhooks_disable(struct req *r)
{
    return write_run(r, STR(""), disable, NULL);
}
