#include <stddef.h>

#include "actor.h"
#include "api/preferences.h"
#include "page.h"
#include "service.h"
#include "store/device_store.h"
#include "write_run.h"

#define AT(member) offsetof(struct device, member)
static const struct json_field NEW_FIELDS[] = {
    {"token", JK_STR, AT(token), JF_REQUIRED | JF_NON_EMPTY | JF_SECRET, .max = 4096,
     .doc = "what the push provider calls the device"},
    {"platform", JK_ENUM, AT(platform), JF_REQUIRED, .choices = "android|ios|web"},
};
const struct json_schema NEW_DEVICE = {
    .name = "NewPushDevice",
    .fields = NEW_FIELDS,
    .count = sizeof NEW_FIELDS / sizeof *NEW_FIELDS,
    .size = sizeof(struct device),
    .closed = true,
};

/* A token is worth a secret: it is not shown again. */
static const struct json_field FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"platform", JK_STR, AT(platform), JF_REQUIRED},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
};
#undef AT
JSON_SCHEMA(DEVICE, "PushDevice", struct device, FIELDS);

enum err CO_FN devices_list(struct req *r)
{
    struct device_list list;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = device_store_list(db, r->actor->user_id, &list);
    if (rc)
        return rc;
    struct json_writer *w = page_begin_whole(r, list.count);
    for (size_t i = 0; i < list.count; i++)
        json_encode(w, &DEVICE, &list.items[i]);
    return page_end(r, w);
}

static enum err CO_FN add(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    struct device d = *(const struct device *)arg;
    d.user_id = r->actor->user_id;
    enum err rc = device_store_put(db, &d, r->now);
    if (rc)
        return rc;
    out->status = 201;
    out->body = answer_json(r->arena, &DEVICE, &d);
    return ERR_OK;
}

enum err CO_FN devices_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

enum err CO_FN devices_delete(struct req *r)
{
    struct db_session *db;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &db) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = device_store_delete(db, r->actor->user_id, id);
    return rc ? rc : req_reply_empty(r, 204);
}
