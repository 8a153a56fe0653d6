#include "api/notifications.h"

#include <stddef.h>

#include "actor.h"
#include "api/view.h"
#include "events/publish.h"
#include "service.h"
#include "store/preference_store.h"

#define LIST_LIMIT 50
#define LIST_LIMIT_MAX 100

/* ---- reading ------------------------------------------------------------------------------ */

struct list_query {
    int8_t unread_only;
    int64_t before, limit;
};

#define AT(member) offsetof(struct list_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"unread_only", JK_BOOL, AT(unread_only), .doc = "only unread ones"},
    {"before", JK_INT, AT(before), .min = 1, .max = INT64_MAX, .doc = "only ids below this one"},
    {"limit", JK_INT, AT(limit), .min = 1, .max = LIST_LIMIT_MAX, .doc = "50 by default"},
};
#undef AT
JSON_SCHEMA(NOTIFICATION_QUERY, "NotificationQuery", struct list_query, QUERY_FIELDS);

static struct str list_text(struct arena *a, const struct notification_list *l)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < l->count; i++)
        view_notification(&w, &l->items[i]);
    jw_end_array(&w);
    return buf_str(&b);
}

static void write_list(struct json_writer *w, struct str items, int64_t unread)
{
    JW_RAW(w, "notifications", items);
    JW_INT(w, "unread_count", unread);
}

/* The list stands at the top level and, for clients of the platform surface, in "data". */
enum err CO_FN notifications_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    const struct notification_filter f = {
        .unread_only = q->unread_only == JSON_TRUE,
        .before = q->before == JSON_NO_INT ? 0 : q->before,
        .limit = q->limit == JSON_NO_INT ? LIST_LIMIT : q->limit,
    };
    struct notification_list list;
    struct db_session *db;
    int64_t unread;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_list(db, r->actor->user_id, &f, &list);
    if (rc == ERR_OK)
        rc = notification_store_unread(db, r->actor->user_id, &unread);
    if (rc)
        return rc;
    struct str items = list_text(r->arena, &list);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    write_list(w, items, unread);
    JW_KEY(w, "data");
    jw_object(w);
    write_list(w, items, unread);
    jw_end_object(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN notifications_unread_count(struct req *r)
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

/* ---- changing ----------------------------------------------------------------------------- */

struct change {
    struct req *r;
    /* Changes notifications of the person; the others are told of it in the same transaction. */
    enum err (*apply)(struct db_session *db, struct change *c);
    int64_t id;
    struct notification notification;
    int64_t count;
};

static enum err CO_FN apply_and_announce(struct db_session *db, void *arg)
{
    struct change *c = arg;
    enum err rc = c->apply(db, c);
    return rc ? rc : announce_read(db, c->r->actor->user_id, c->r->now, c->r->log);
}

static enum err CO_FN change(struct change *c)
{
    struct db_session *db;
    enum err rc = req_db(c->r, &db);
    return rc ? rc : db_transact(db, apply_and_announce, c);
}

static enum err CO_FN apply_read(struct db_session *db, struct change *c)
{
    return notification_store_read(db, c->r->actor->user_id, c->id, c->r->now, &c->notification);
}

enum err CO_FN notifications_read(struct req *r)
{
    struct change c = {.r = r, .apply = apply_read};
    if (!req_param_int(r, "id", &c.id))
        return ERR_NOT_FOUND;
    enum err rc = change(&c);
    return rc ? rc : req_reply_json(r, 200, &NOTIFICATION_SCHEMA, &c.notification);
}

static enum err CO_FN apply_read_all(struct db_session *db, struct change *c)
{
    return notification_store_read_all(db, c->r->actor->user_id, c->r->now, &c->count);
}

enum err CO_FN notifications_read_all(struct req *r)
{
    struct change c = {.r = r, .apply = apply_read_all};
    enum err rc = change(&c);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "updated", c.count);
    JW_INT(w, "unread_count", 0);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err CO_FN apply_delete(struct db_session *db, struct change *c)
{
    return notification_store_delete(db, c->r->actor->user_id, c->id);
}

enum err CO_FN notifications_delete(struct req *r)
{
    struct change c = {.r = r, .apply = apply_delete};
    if (!req_param_int(r, "id", &c.id))
        return ERR_NOT_FOUND;
    enum err rc = change(&c);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- preferences -------------------------------------------------------------------------- */

#define AT(member) offsetof(struct preference, member)
static const struct json_field PREFERENCE_FIELDS[] = {
    {"email_enabled", JK_BOOL, AT(email_enabled), .doc = "mail about what happens to tickets"},
    {"sms_enabled", JK_BOOL, AT(sms_enabled)},
    {"push_enabled", JK_BOOL, AT(push_enabled)},
    {"updated_at", JK_TIME, AT(updated_at), JF_MS},
};
JSON_SCHEMA(PREFERENCE_SCHEMA, "Preference", struct preference, PREFERENCE_FIELDS);

static const struct json_field CHANGE_FIELDS[] = {
    {"email_enabled", JK_BOOL, AT(email_enabled), .doc = "absent: as it is"},
    {"sms_enabled", JK_BOOL, AT(sms_enabled)},
    {"push_enabled", JK_BOOL, AT(push_enabled)},
};
#undef AT
JSON_SCHEMA(PREFERENCE_CHANGE, "PreferenceChange", struct preference, CHANGE_FIELDS);

enum err CO_FN preferences_get(struct req *r)
{
    struct db_session *db;
    struct preference p;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = preference_store_get(db, r->actor->user_id, &p);
    return rc ? rc : req_reply_json(r, 200, &PREFERENCE_SCHEMA, &p);
}

enum err CO_FN preferences_put(struct req *r)
{
    struct db_session *db;
    struct preference p;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = preference_store_put(db, r->actor->user_id, r->body, r->now, &p);
    return rc ? rc : req_reply_json(r, 200, &PREFERENCE_SCHEMA, &p);
}
