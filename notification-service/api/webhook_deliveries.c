#include "api/webhook_deliveries.h"

#include <stddef.h>

#include "api/webhook_view.h"
#include "page.h"
#include "state.h"
#include "webhook/message.h"
#include "write_run.h"

/* Deliveries put back by one request. */
#define REPLAY_MAX 1000

/* ---- shapes ------------------------------------------------------------------------------- */

struct delivery_query {
    struct page_query page;
    struct str status, type;
};
#define AT(member) offsetof(struct delivery_query, member)
static const struct json_field QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(AT(page)),
    PAGE_FIELD_SIZE(AT(page)),
    PAGE_FIELD_CURSOR(AT(page)),
    {"status", JK_ENUM, AT(status), .choices = "pending|delivered|failed"},
    {"event_type", JK_STR, AT(type), .max = WEBHOOK_TYPE_MAX},
};
#undef AT
JSON_SCHEMA(WEBHOOK_DELIVERY_QUERY, "WebhookDeliveryQuery", struct delivery_query, QUERY_FIELDS);

struct replay_body {
    int64_t since, until;
};
static const struct json_field REPLAY_FIELDS[] = {
    {"since", JK_TIME, offsetof(struct replay_body, since), JF_REQUIRED},
    {"until", JK_TIME, offsetof(struct replay_body, until), .doc = "now unless given"},
};
JSON_SCHEMA(WEBHOOK_REPLAY_BODY, "WebhookReplay", struct replay_body, REPLAY_FIELDS);

/* ---- reading ------------------------------------------------------------------------------ */

static enum err CO_FN find(struct req *r, struct db_session **s, struct webhook *hook)
{
    int64_t id;
    enum err rc = req_db(r, s);
    if (rc)
        return rc;
    return req_param_int(r, "id", &id) ? webhook_store_get(*s, id, hook) : ERR_NOT_FOUND;
}

enum err CO_FN webhook_deliveries_list(struct req *r)
{
    const struct delivery_query *q = r->query_args;
    struct page_found found = {0};
    struct cursor last = {0};
    struct webhook_delivery_list list;
    struct db_session *s;
    struct webhook hook;
    struct page p;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = find(r, &s, &hook);
    if (rc)
        return rc;
    const struct webhook_delivery_filter f = {
        .webhook_id = hook.id,
        .status = q->status,
        .type = q->type,
        .before = p.is_continued ? p.after.id : INT64_MIN,
        .skip = p.is_continued ? 0 : p.skip,
        .limit = page_limit(&p),
    };
    rc = webhook_store_deliveries(s, &f, &list);
    if (rc)
        return rc;
    found.count = list.count;
    found.total = p.is_continued ? PAGE_NOT_COUNTED : list.total;
    rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    size_t shown = page_shown(&p, &found);
    if (shown)
        last.id = list.items[shown - 1].id;
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++) {
        jw_object(w);
        webhook_view_delivery(w, &list.items[i]);
        jw_end_object(w);
    }
    return page_end(r, w);
}

enum err CO_FN webhook_deliveries_get(struct req *r)
{
    const struct webhook_attempt *attempts;
    struct webhook_delivery d;
    struct db_session *s;
    int64_t webhook_id, id;
    size_t count;
    if (!req_param_int(r, "id", &webhook_id) || !req_param_int(r, "delivery_id", &id))
        return ERR_NOT_FOUND;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = webhook_store_delivery(s, webhook_id, id, &d);
    if (rc == ERR_OK)
        rc = webhook_store_attempts(s, id, &attempts, &count);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    webhook_view_delivery(w, &d);
    JW_RAW(w, "payload", d.body);
    JW_KEY(w, "attempt_log");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        webhook_view_attempt(w, &attempts[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- sending ------------------------------------------------------------------------------ */

static void kick_on_commit(struct req *r, struct db_session *s)
{
    db_on_commit(s, webhooks_kick, &notification_state(req_service(r))->webhooks);
}

static struct json_writer *begin_answer(struct req *r)
{
    struct json_writer *w = ARENA_NEW(r->arena, struct json_writer);
    struct buf *b = ARENA_NEW(r->arena, struct buf);
    buf_init(b, r->arena);
    jw_init(w, b);
    jw_object(w);
    return w;
}

static void accept(struct json_writer *w, struct answer *out)
{
    jw_end_object(w);
    out->status = 202;
    out->body = buf_str(w->out);
}

/* The delivery as it is now. */
static enum err CO_FN answer_delivery(struct req *r, struct db_session *s, int64_t webhook_id,
                                      int64_t id, struct answer *out)
{
    struct webhook_delivery d;
    enum err rc = webhook_store_delivery(s, webhook_id, id, &d);
    if (rc)
        return rc;
    struct json_writer *w = begin_answer(r);
    webhook_view_delivery(w, &d);
    accept(w, out);
    out->location = str_printf(r->arena, "/api/v1/webhooks/%lld/deliveries/%lld",
                               (long long)webhook_id, (long long)id);
    return ERR_OK;
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct webhook *hook)
{
    int64_t id;
    return req_param_int(r, "id", &id) ? webhook_store_lock(s, id, hook) : ERR_NOT_FOUND;
}

static enum err CO_FN ping(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    int64_t id;
    enum err rc = lock(r, s, &hook);
    (void)arg;
    if (rc)
        return rc;
    if (!hook.is_enabled) {
        (void)req_failf(r, ERR_CONFLICT, "The webhook is disabled");
        return ERR_CONFLICT;
    }
    const struct webhook_message m = {.message_id = webhook_message_id(r->arena),
                                      .type = STR(WEBHOOK_PING),
                                      .body = webhook_body_of_ping(r->arena, hook.id, r->now),
                                      .now = r->now};
    rc = webhook_store_tell_one(s, hook.id, &m, &id);
    if (rc)
        return rc;
    kick_on_commit(r, s);
    return answer_delivery(r, s, hook.id, id, out);
}

enum err CO_FN webhook_deliveries_ping(struct req *r)
{
    return write_run(r, STR(""), ping, NULL);
}

static enum err CO_FN replay(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct webhook hook;
    int64_t id;
    enum err rc = lock(r, s, &hook);
    (void)arg;
    if (rc == ERR_OK)
        rc = req_param_int(r, "delivery_id", &id) ? webhook_store_replay(s, hook.id, id, r->now)
                                                  : ERR_NOT_FOUND;
    if (rc == ERR_CONFLICT)
        (void)req_failf(r, rc, "The delivery is still going on");
    if (rc)
        return rc;
    kick_on_commit(r, s);
    return answer_delivery(r, s, hook.id, id, out);
}

enum err CO_FN webhook_deliveries_replay(struct req *r)
{
    return write_run(r, STR(""), replay, NULL);
}

static enum err CO_FN replay_range(struct req *r, struct db_session *s, void *arg,
                                   struct answer *out)
{
    const struct replay_body *b = arg;
    struct webhook hook;
    int64_t count;
    enum err rc = lock(r, s, &hook);
    if (rc)
        return rc;
    /* An endpoint has missed nothing of what was before it. */
    int64_t since = b->since > hook.created_at ? b->since : hook.created_at;
    const struct webhook_replay again = {.webhook_id = hook.id,
                                         .since = since,
                                         .until = b->until == JSON_NO_TIME ? r->now : b->until,
                                         .limit = REPLAY_MAX,
                                         .now = r->now,
                                         .event_types = hook.event_types,
                                         .event_type_count = hook.event_type_count};
    rc = webhook_store_replay_range(s, &again, &count);
    if (rc)
        return rc;
    kick_on_commit(r, s);
    struct json_writer *w = begin_answer(r);
    JW_INT(w, "count", count);
    JW_BOOL(w, "more", count >= REPLAY_MAX);
    accept(w, out);
    return ERR_OK;
}

enum err CO_FN webhook_deliveries_replay_range(struct req *r)
{
    return write_run(r, req_body_text(r), replay_range, r->body);
}
