#include "api/notifications.h"

#include <stddef.h>

#include "actor.h"
#include "api/view.h"
#include "config.h"
#include "events/consume.h"
#include "store/notification_store.h"

#define HISTORY_LIMIT 100

struct list_query {
    int8_t unread_only;
    int64_t before, limit;
};

static const struct json_field QUERY_FIELDS[] = {
    {"unread_only",               JK_BOOL, offsetof(struct list_query, unread_only),     .doc = "only unread ones"},
    { "before", JK_INT, offsetof(struct list_query,                   before), .min = 1,                                                                              .max = INT64_MAX,
     .doc = "only ids below this one"},
    {                                                                              "limit",  JK_INT,  offsetof(struct list_query,                   limit),       .min = 1,                                                                       .max = 100,
     .doc = "at most so many, 50 by default"},
};
JSON_SCHEMA(NOTIFICATION_QUERY, "NotificationQuery", struct list_query, QUERY_FIELDS);

struct new_body {
    int64_t user_id;
    struct str type, title, message, ticket_number, data;
};

static const struct json_field NEW_FIELDS[] = {
    {"user_id",                 JK_INT, offsetof(struct new_body,                   user_id),JF_REQUIRED, .min = 1,
     .max = INT64_MAX},
    {"type",                 JK_STR,                  offsetof(struct new_body,                                                            type),JF_REQUIRED | JF_NON_EMPTY, .max = 64},
    {"title", JK_STR,offsetof(struct new_body,title),JF_REQUIRED | JF_NON_EMPTY, .max = 200},
    {"message",                   JK_STR,                   offsetof(struct new_body,                                                     message), JF_REQUIRED, .max = 10000},
    {"ticket_number",               JK_STR,                     offsetof(struct new_body,                                                       ticket_number),.max = 64},
    {"data",                 JK_RAW,            offsetof(struct new_body,data)},
};
JSON_SCHEMA(NEW_NOTIFICATION, "NewNotification", struct new_body, NEW_FIELDS);

static struct str list_json(struct arena *a, const struct notification_list *l)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer w;
    buf_init(b, a);
    jw_init(&w, b);
    jw_array(&w);
    for (size_t i = 0; i < l->count; i++)
        view_notification(&w, &l->items[i]);
    jw_end_array(&w);
    return buf_str(b);
}

/* The list stands at the top level and, for clients of the platform surface, in "data". */
enum err notifications_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct notification_list list;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_list(db, r->actor->user_id, q->unread_only == JSON_TRUE,
                                     q->before == JSON_NO_INT ? 0 : q->before,
                                     q->limit == JSON_NO_INT ? 50 : q->limit, &list);
    if (rc)
        return rc;
    struct str items = list_json(r->arena, &list);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_RAW(w, "notifications", items);
    JW_INT(w, "unread_count", list.unread);
    JW_KEY(w, "data");
    jw_object(w);
    JW_RAW(w, "notifications", items);
    JW_INT(w, "unread_count", list.unread);
    jw_end_object(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err notifications_unread_count(struct req *r)
{
    struct db_session *db;
    int64_t unread;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_unread(db, r->actor->user_id, &unread);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "unread_count", unread);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err notifications_read(struct req *r)
{
    int64_t id;
    struct notification n;
    struct db_session *db;
    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = db_begin(db);
    if (rc == ERR_OK)
        rc = notification_store_read(db, r->actor->user_id, id, r->now, &n);
    if (rc == ERR_OK)
        rc = announce_read(db, r->actor->user_id, r->now, r->log);
    if (rc == ERR_OK)
        rc = db_commit(db);
    if (rc)
        return rc;
    view_notification(req_json_begin(r), &n);
    return req_json_end(r, 200);
}

enum err notifications_read_all(struct req *r)
{
    int64_t count;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = db_begin(db);
    if (rc == ERR_OK)
        rc = notification_store_read_all(db, r->actor->user_id, r->now, &count);
    if (rc == ERR_OK)
        rc = announce_read(db, r->actor->user_id, r->now, r->log);
    if (rc == ERR_OK)
        rc = db_commit(db);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "updated", count);
    JW_INT(w, "unread_count", 0);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err notifications_create(struct req *r)
{
    const struct new_body *b = r->body;
    struct announcement a = {.user_id = b->user_id,
                             .type = b->type,
                             .title = b->title,
                             .message = b->message,
                             .ticket_number = b->ticket_number,
                             .data = b->data,
                             .now = r->now,
                             .log = r->log};
    struct db_session *db;
    int64_t id;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = db_begin(db);
    if (rc == ERR_OK)
        rc = announce(req_service(r), db, &a, &id);
    if (rc == ERR_OK)
        rc = db_commit(db);
    if (rc)
        return rc;
    struct notification n = {.id = id,
                             .user_id = b->user_id,
                             .type = b->type,
                             .title = b->title,
                             .message = b->message,
                             .ticket_number = b->ticket_number,
                             .channel = STR("in_app"),
                             .data = b->data.len ? b->data : STR("{}"),
                             .read_at = INT64_MIN,
                             .created_at = r->now};
    view_notification(req_json_begin(r), &n);
    return req_json_end(r, 201);
}

/* GET /notifications/history/{userId}: the simple surface's view. */
enum err simple_history(struct req *r)
{
    int64_t user_id;
    struct notification_list list;
    struct db_session *db;
    if (!req_param_int(r, "userId", &user_id))
        return req_failf(r, ERR_INVALID_INPUT, "invalid user id");
    if (user_id != r->actor->user_id && !actor_is_staff(r->actor))
        return req_failf(r, ERR_FORBIDDEN, "permission denied");
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_list(db, user_id, false, 0, HISTORY_LIMIT, &list);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "notifications");
    jw_array(w);
    for (size_t i = 0; i < list.count; i++) {
        const struct notification *n = &list.items[i];
        jw_object(w);
        JW_INT(w, "id", n->id);
        JW_INT(w, "user_id", n->user_id);
        JW_NULL(w, "ticket_id");
        JW_STR(w, "ticket_number", n->ticket_number);
        JW_STR(w, "type", n->type);
        JW_STR(w, "channel", n->channel);
        JW_STR(w, "status", STR("sent"));
        JW_STR(w, "message", n->message);
        JW_INT(w, "retry_count", 0);
        JW_TIME_MS(w, "created_at", n->created_at);
        JW_TIME_MS(w, "sent_at", n->created_at);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}
