#include "api/deliveries.h"

#include <stddef.h>

#include "courier.h"
#include "domain/matrix.h"
#include "domain/shipped.h"
#include "page.h"
#include "service.h"
#include "state.h"
#include "store/delivery_list_store.h"
#include "store/digest_store.h"
#include "store/tally_store.h"
#include "write_run.h"

/* ---- schemas ------------------------------------------------------------------------------ */

struct deliveries_query {
    struct page_query page;
    struct str status, channel;
    int64_t user_id;
};

#define AT(member) offsetof(struct deliveries_query, member)
static const struct json_field QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
    PAGE_FIELD_CURSOR(0),
    {"status", JK_ENUM, AT(status), .choices = "queued|sending|collected|sent|failed|suppressed"},
    {"channel", JK_ENUM, AT(channel), .choices = "email|sms|push"},
    {"user_id", JK_INT, AT(user_id), .min = 1, .max = INT64_MAX},
};
#undef AT
JSON_SCHEMA(DELIVERY_QUERY, "NotificationDeliveryQuery", struct deliveries_query, QUERY_FIELDS);

#define AT(member) offsetof(struct delivery_row, member)
static const struct json_field FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"notification_id", JK_INT, AT(notification_id), JF_REQUIRED},
    {"user_id", JK_INT, AT(user_id)},
    {"channel", JK_STR, AT(channel), JF_REQUIRED},
    {"type", JK_STR, AT(type), JF_REQUIRED},
    {"title", JK_STR, AT(title), JF_REQUIRED},
    {"recipient", JK_STR, AT(recipient), .doc = "null: the person's address"},
    {"status", JK_STR, AT(status), JF_REQUIRED},
    {"attempts", JK_INT, AT(attempts), JF_REQUIRED},
    {"last_error", JK_STR, AT(last_error)},
    {"digest_id", JK_INT, AT(digest_id), .doc = "the delivery that tells of it"},
    {"not_before", JK_TIME, AT(not_before), JF_MS, .doc = "by quiet hours and limits"},
    {"next_attempt_at", JK_TIME, AT(next_attempt_at), JF_MS},
    {"sent_at", JK_TIME, AT(sent_at), JF_MS},
    {"created_at", JK_TIME, AT(created_at), JF_MS},
};
#undef AT
JSON_SCHEMA(DELIVERY, "NotificationDelivery", struct delivery_row, FIELDS);

#define AT(member) offsetof(struct attempt_row, member)
static const struct json_field ATTEMPT_FIELDS[] = {
    {"number", JK_INT, AT(number)},
    {"ended_at", JK_TIME, AT(ended_at), JF_MS},
    {"error", JK_STR, AT(error)},
};
#undef AT
static JSON_SCHEMA(ATTEMPT, "NotificationDeliveryAttempt", struct attempt_row, ATTEMPT_FIELDS);

/* What a delivery is to others than its sender: the token of a device stays a secret, and what is
 * over has no next attempt. */
static struct delivery_row shown(const struct delivery_row *d)
{
    struct delivery_row row = *d;
    bool is_waiting = str_eq(d->status, STR("queued")) || str_eq(d->status, STR("sending"));
    if (str_eq(d->channel, STR("push")))
        row.recipient = STR_NULL;
    if (!is_waiting)
        row.next_attempt_at = JSON_NO_TIME;
    return row;
}

/* ---- looking ------------------------------------------------------------------------------ */

enum err CO_FN deliveries_list(struct req *r)
{
    const struct deliveries_query *q = r->query_args;
    const struct delivery_row *rows;
    struct page_found found = {.total = PAGE_NOT_COUNTED};
    struct db_session *db;
    struct page p;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &db);
    if (rc)
        return rc;
    const struct delivery_filter f = {
        .status = q->status,
        .channel = q->channel,
        .user_id = q->user_id,
        .before = p.is_continued ? p.after.id : INT64_MAX,
        .skip = p.is_continued ? 0 : p.skip,
        .limit = page_limit(&p),
    };
    if (!p.is_continued)
        rc = delivery_list_store_count(db, &f, PAGE_COUNT_MAX + 1, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc == ERR_OK)
        rc = delivery_list_store_page(db, &f, &rows, &found.count);
    if (rc)
        return rc;
    size_t n = page_shown(&p, &found);
    const struct cursor last = {.id = n ? rows[n - 1].id : 0};
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < n; i++) {
        struct delivery_row row = shown(&rows[i]);
        json_encode(w, &DELIVERY, &row);
    }
    return page_end(r, w);
}

enum err CO_FN deliveries_get(struct req *r)
{
    const struct attempt_row *attempts;
    struct delivery_row d;
    struct db_session *db;
    int64_t id;
    size_t n;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &db) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = delivery_list_store_find(db, id, &d);
    if (rc == ERR_OK)
        rc = delivery_list_store_attempts(db, id, &attempts, &n);
    if (rc)
        return rc;
    d = shown(&d);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "delivery");
    json_encode(w, &DELIVERY, &d);
    JW_KEY(w, "attempts");
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        json_encode(w, &ATTEMPT, &attempts[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN deliveries_stats(struct req *r)
{
    const struct tally *tallies;
    struct db_session *db;
    size_t n;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = tally_store_read(db, &tallies, &n);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "stats");
    jw_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_object(w);
        JW_STR(w, "channel", tallies[i].channel);
        JW_STR(w, "status", tallies[i].status);
        JW_INT(w, "count", tallies[i].count);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- again -------------------------------------------------------------------------------- */

static bool is_over(struct str status)
{
    return str_eq(status, STR("sent")) || str_eq(status, STR("failed")) ||
           str_eq(status, STR("suppressed"));
}

/* As a delivery of its own: the first one keeps its history, and a mail gets an id of its own. */
static enum err CO_FN resend(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    struct delivery_row d;
    int64_t id, again;
    (void)arg;
    enum err rc =
        req_param_int(r, "id", &id) ? delivery_list_store_lock(db, id, &d) : ERR_NOT_FOUND;
    if (rc)
        return rc;
    if (!is_over(d.status)) {
        req_detail_str(r, "reason", STR("it is still on its way"));
        return ERR_CONFLICT;
    }
    if (d.digest_id != INT64_MIN) {
        req_detail_str(r, "reason", STR("a digest has told of it"));
        return ERR_CONFLICT;
    }
    rc = delivery_list_store_repeat(db, id, r->now, &again);
    if (rc == ERR_OK && str_eq(d.type, STR(SHIPPED_DIGEST)))
        rc = digest_store_move(db, id, again);
    if (rc == ERR_OK)
        rc = delivery_list_store_find(db, again, &d);
    if (rc)
        return rc;
    db_on_commit(db, courier_kick,
                 notification_state(req_service(r))->couriers[channel_parse(d.channel)]);
    d = shown(&d);
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/notifications/deliveries/%lld", (long long)again);
    out->body = answer_json(r->arena, &DELIVERY, &d);
    return ERR_OK;
}

enum err CO_FN deliveries_resend(struct req *r)
{
    return write_run(r, STR(""), resend, NULL);
}
