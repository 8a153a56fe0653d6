#include "api/simple.h"

#include <stddef.h>

#include "actor.h"
#include "events/publish.h"
#include "service.h"
#include "store/tally_store.h"
#include "write_run.h"

#define HISTORY_LIMIT 100

/* ---- notify ------------------------------------------------------------------------------- */

struct notify_body {
    int64_t user_id, ticket_id;
    struct str type, channel, message, user_email;
};

#define AT(member) offsetof(struct notify_body, member)
static const struct json_field NOTIFY_FIELDS[] = {
    {"user_id", JK_INT, AT(user_id), JF_REQUIRED | JF_NON_EMPTY | JF_COERCE},
    {"type", JK_STR, AT(type), JF_REQUIRED | JF_NON_EMPTY},
    {"channel", JK_STR, AT(channel), JF_REQUIRED | JF_NON_EMPTY},
    {"message", JK_STR, AT(message), JF_REQUIRED | JF_NON_EMPTY | JF_COERCE, .max = 10000},
    {"ticket_id", JK_INT, AT(ticket_id), JF_COERCE},
    {"user_email", JK_EMAIL, AT(user_email)},
};
#undef AT
JSON_SCHEMA(SIMPLE_NOTIFY, "SimpleNotify", struct notify_body, NOTIFY_FIELDS);

static bool is_one_of(struct str word, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(word, str_from(*words)))
            return true;
    return false;
}

static const char *problem_of(const struct notify_body *b)
{
    static const char *const TYPES[] = {
        "ticket_created", "ticket_assigned", "ticket_status_changed",
        "ticket_closed",  "test_alert",      NULL};
    static const char *const CHANNELS[] = {"email", "sms", "in_app", NULL};
    if (b->user_id < 0)
        return "user_id, type, channel, and message are required";
    if (!is_one_of(b->type, TYPES))
        return "type must be one of: ticket_created, ticket_assigned, ticket_status_changed, "
               "ticket_closed, test_alert";
    if (!is_one_of(b->channel, CHANNELS))
        return "channel must be one of: email, sms, in_app";
    return NULL;
}

#define AT(member) offsetof(struct notification, member)
static const struct json_field QUEUED_FIELDS[] = {
    {"id", JK_INT, AT(id)},
    {"user_id", JK_INT, AT(user_id)},
    {"ticket_id", JK_INT, AT(ticket_id)},
    {"type", JK_STR, AT(type)},
    {"channel", JK_STR, AT(channel)},
    {"message", JK_STR, AT(message)},
    {"status", JK_STR, AT(status)},
    {"retry_count", JK_INT, AT(retry_count)},
    {"created_at", JK_TIME, AT(created_at), JF_MS},
};
#undef AT
JSON_SCHEMA(SIMPLE_QUEUED, "SimpleQueued", struct notification, QUEUED_FIELDS);

static enum err CO_FN notify(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    const struct notify_body *b = arg;
    const struct announcement a = {
        .user_id = b->user_id,
        .type = b->type,
        .title = str_printf(r->arena, "Ticket Notification: %.*s", STR_ARG(b->type)),
        .message = b->message,
        .ticket_id = b->ticket_id == JSON_NO_INT ? 0 : b->ticket_id,
        .channel = b->channel,
        .recipient = b->user_email.len ? b->user_email : STR_NULL,
        .is_history = r->time_overridden,
        .now = r->now,
        .log = r->log,
    };
    struct notification n;
    bool is_new;
    enum err rc = announce(req_service(r), db, &a, &n, &is_new);
    if (rc)
        return rc;
    n.status = STR("pending");
    out->status = 201;
    out->body = answer_json(r->arena, &SIMPLE_QUEUED, &n);
    return ERR_OK;
}

enum err CO_FN simple_notify(struct req *r)
{
    const struct notify_body *b = r->body;
    const char *problem = problem_of(b);
    if (problem)
        return req_failf(r, ERR_INVALID_INPUT, "%s", problem);
    if (!actor_is_service(r->actor) && !actor_is_staff(r->actor) && b->user_id != r->actor->user_id)
        return ERR_FORBIDDEN;
    return write_run(r, req_body_text(r), notify, r->body);
}

/* ---- looking ------------------------------------------------------------------------------ */

#define AT(member) offsetof(struct notification, member)
static const struct json_field HISTORY_FIELDS[] = {
    {"id", JK_INT, AT(id)},
    {"user_id", JK_INT, AT(user_id)},
    {"ticket_id", JK_INT, AT(ticket_id)},
    {"ticket_number", JK_STR, AT(ticket_number)},
    {"type", JK_STR, AT(type)},
    {"channel", JK_STR, AT(channel)},
    {"status", JK_STR, AT(status)},
    {"message", JK_STR, AT(message)},
    {"retry_count", JK_INT, AT(retry_count)},
    {"created_at", JK_TIME, AT(created_at), JF_MS},
    {"sent_at", JK_TIME, AT(sent_at), JF_MS},
};
#undef AT
static JSON_SCHEMA(HISTORY_ROW, "SimpleNotification", struct notification, HISTORY_FIELDS);

/* The three states that the surface knows. */
enum simple_state { STATE_FAILED, STATE_PENDING, STATE_SENT, STATE_COUNT };
static const char *const STATES[STATE_COUNT] = {"failed", "pending", "sent"};

static enum simple_state state_of(struct str status)
{
    if (str_eq(status, STR("sent")))
        return STATE_SENT;
    if (str_eq(status, STR("failed")) || str_eq(status, STR("suppressed")))
        return STATE_FAILED;
    return STATE_PENDING;
}

enum err CO_FN simple_history(struct req *r)
{
    int64_t user_id;
    struct notification_list list;
    struct db_session *db;
    if (!req_param_int(r, "userId", &user_id))
        return req_failf(r, ERR_INVALID_INPUT, "invalid user id");
    if (user_id != r->actor->user_id && !actor_is_staff(r->actor))
        return ERR_FORBIDDEN;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_history(db, user_id, HISTORY_LIMIT, &list);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "notifications");
    jw_array(w);
    for (size_t i = 0; i < list.count; i++) {
        struct notification n = list.items[i];
        n.status = str_from(STATES[state_of(n.status)]);
        json_encode(w, &HISTORY_ROW, &n);
    }
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* Counts are texts, as the surface has it. */
enum err CO_FN simple_queue(struct req *r)
{
    const struct tally *tallies;
    int64_t counts[STATE_COUNT] = {0};
    struct db_session *db;
    size_t n;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = tally_store_read(db, &tallies, &n);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        counts[state_of(tallies[i].status)] += tallies[i].count;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "stats");
    jw_array(w);
    for (int i = 0; i < STATE_COUNT; i++) {
        if (counts[i] == 0)
            continue;
        jw_object(w);
        JW_STR(w, "status", str_from(STATES[i]));
        JW_STR(w, "count", str_printf(r->arena, "%lld", (long long)counts[i]));
        jw_end_object(w);
    }
    jw_end_array(w);
    JW_INT(w, "queue_length", counts[STATE_PENDING]);
    jw_end_object(w);
    return req_json_end(r, 200);
}
