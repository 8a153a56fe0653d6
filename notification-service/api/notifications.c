#include "api/notifications.h"

#include <stddef.h>

#include "actor.h"
#include "api/view.h"
#include "cursor.h"
#include "events/publish.h"
#include "service.h"

#define LIST_LIMIT 50
#define LIST_LIMIT_MAX 100

/* ---- reading ------------------------------------------------------------------------------ */

struct list_query {
    int8_t unread_only;
    int64_t before, limit;
    struct str cursor;
};

#define AT(member) offsetof(struct list_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"unread_only", JK_BOOL, AT(unread_only), .doc = "only unread ones"},
    {"before", JK_INT, AT(before), .min = 1, .max = INT64_MAX, .doc = "only ids below this one"},
    {"limit", JK_INT, AT(limit), .min = 1, .max = LIST_LIMIT_MAX, .doc = "50 by default"},
    {"cursor", JK_STR, AT(cursor), .max = 1024, .doc = "next_cursor of the page before"},
};
#undef AT
JSON_SCHEMA(NOTIFICATION_QUERY, "NotificationQuery", struct list_query, QUERY_FIELDS);

/* A cursor is good for the list it was made for. */
static struct str list_name(const struct list_query *q)
{
    return q->unread_only == JSON_TRUE ? STR("/api/v1/notifications?unread_only")
                                       : STR("/api/v1/notifications");
}

static enum err read_query(struct req *r, const struct list_query *q, struct notification_filter *f)
{
    struct cursor c;
    *f = (struct notification_filter){
        .unread_only = q->unread_only == JSON_TRUE,
        .before = q->before == JSON_NO_INT ? 0 : q->before,
        .limit = q->limit == JSON_NO_INT ? LIST_LIMIT : q->limit,
    };
    if (!q->cursor.p)
        return ERR_OK;
    if (f->before)
        req_field_error(r, "before", "cannot be given beside a cursor");
    else if (cursor_decode(req_service(r)->jwt, r->arena, list_name(q), q->cursor, &c))
        req_field_error(r, "cursor", "is not a cursor of this list");
    else
        f->before = c.id;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* Where the next page begins; absent behind the last one. */
static struct str next_cursor(struct req *r, const struct list_query *q,
                              const struct notification_list *l, int64_t limit)
{
    if ((int64_t)l->count <= limit)
        return STR_NULL;
    const struct cursor c = {.id = l->items[limit - 1].id};
    return cursor_encode(req_service(r)->jwt, r->arena, list_name(q), &c);
}

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

struct list_reply {
    struct str items, next_cursor;
    int64_t unread;
};

static void write_list(struct json_writer *w, const struct list_reply *l)
{
    JW_RAW(w, "notifications", l->items);
    JW_INT(w, "unread_count", l->unread);
    JW_STR(w, "next_cursor", l->next_cursor);
}

/* The list stands at the top level and, for clients of the platform surface, in "data". */
enum err CO_FN notifications_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct notification_filter f;
    struct notification_list list;
    struct list_reply reply;
    struct db_session *db;
    enum err rc = read_query(r, q, &f);
    int64_t limit = f.limit++;
    if (rc == ERR_OK)
        rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = notification_store_list(db, r->actor->user_id, &f, &list);
    if (rc == ERR_OK)
        rc = notification_store_unread(db, r->actor->user_id, &reply.unread);
    if (rc)
        return rc;
    reply.next_cursor = next_cursor(r, q, &list, limit);
    if ((int64_t)list.count > limit)
        list.count = (size_t)limit;
    reply.items = list_text(r->arena, &list);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    write_list(w, &reply);
    JW_KEY(w, "data");
    jw_object(w);
    write_list(w, &reply);
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
