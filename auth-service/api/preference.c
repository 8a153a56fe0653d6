/* What a person has set for the screens of the fleet. */
#include "store/preference.h"

#include "actor.h"
#include "api/admin_handlers.h"
#include "api/view.h"
#include "service.h"

#define KEYS_MAX 100
#define KEY_LEN_MAX 64

struct preference_view {
    struct str preferences;
    int64_t version, updated_at;
};
static const struct json_field VIEW_FIELDS[] = {
    {"preferences", JK_RAW, offsetof(struct preference_view, preferences)},
    {"version", JK_INT, offsetof(struct preference_view, version), .doc = "0: nothing set yet"},
    {"updated_at", JK_TIME, offsetof(struct preference_view, updated_at)},
};
JSON_SCHEMA(PREFERENCE_VIEW, "Preferences", struct preference_view, VIEW_FIELDS);

static enum err reply(struct req *r, const struct preference *p)
{
    const struct preference_view view = {p->document, p->version, p->updated_at};

    req_set_header(r, "ETag", etag_of_version(r->arena, p->version));
    return req_reply_json(r, 200, &PREFERENCE_VIEW, &view);
}

enum err CO_FN preference_get(struct req *r)
{
    struct preference p;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = preference_store_get(s, r->actor->user_id, &p);
    return rc ? rc : reply(r, &p);
}

/* "tickets.columns": letters, digits, '.', '_' and '-', beginning with a letter. */
static bool is_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_other = (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!is_letter && (i == 0 || !is_other))
            return false;
    }
    return key.len > 0 && key.len <= KEY_LEN_MAX;
}

static enum err check_document(struct req *r, const struct json *document)
{
    size_t n = json_count(document);

    if (n > KEYS_MAX)
        req_field_error(r, "preferences", "may have 100 keys");
    for (size_t i = 0; i < n && i < KEYS_MAX; i++) {
        struct str key;
        (void)json_member(document, i, &key);
        if (!is_key(key))
            req_field_error(r, str_cstr(r->arena, key),
                            "is no key: letters, digits, '.', '_' and '-', at most 64");
    }
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN put(struct req *r, bool merge)
{
    struct preference p;
    struct db_session *s;
    int64_t version;
    enum err rc = check_document(r, req_json(r));

    if (rc == ERR_OK)
        rc = user_if_match(r, &version);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = preference_store_put(s, r->actor->user_id, req_body_text(r), merge, version, r->now,
                                  &p);
    return rc ? rc : reply(r, &p);
}

enum err CO_FN preference_put(struct req *r)
{
    return put(r, false);
}

enum err CO_FN preference_patch(struct req *r)
{
    return put(r, true);
}
