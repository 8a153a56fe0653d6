/* The caller's open sessions: listed and ended. */
#include "api/audit.h"
#include "api/caller.h"
#include "api/handlers.h"
#include "api/token.h"
#include "api/view.h"
#include "store/session.h"

struct session_view {
    struct str id, user_agent, address;
    int64_t created_at, last_used_at, expires_at;
    int8_t current;
};
#define AT(member) offsetof(struct session_view, member)
static const struct json_field SESSION_FIELDS[] = {
    {"id", JK_STR, AT(id)},
    {"user_agent", JK_STR, AT(user_agent), .doc = "the device, as it calls itself"},
    {"address", JK_STR, AT(address)},
    {"created_at", JK_TIME, AT(created_at)},
    {"last_used_at", JK_TIME, AT(last_used_at)},
    {"expires_at", JK_TIME, AT(expires_at)},
    {"current", JK_BOOL, AT(current), .doc = "that of this request"},
};
static JSON_SCHEMA(SESSION_VIEW, "Session", struct session_view, SESSION_FIELDS);

struct session_list_view {
    int64_t count;
    struct json_array results;
};
static const struct json_field LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct session_list_view, count)},
    {"results", JK_ARRAY, offsetof(struct session_list_view, results), .sub = &SESSION_VIEW,
     .doc = "latest used first"},
};
JSON_SCHEMA(SESSION_LIST_VIEW, "SessionList", struct session_list_view, LIST_FIELDS);

struct ended_view {
    int64_t ended;
};
static const struct json_field ENDED_FIELDS[] = {
    {"ended", JK_INT, offsetof(struct ended_view, ended), .doc = "how many"},
};
JSON_SCHEMA(SESSIONS_ENDED_VIEW, "SessionsEnded", struct ended_view, ENDED_FIELDS);

enum err CO_FN session_list_get(struct req *r)
{
    struct caller caller;
    struct db_session *s;
    struct session_row *rows;
    struct session_view *views;
    struct session_list_view list;
    size_t n;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = caller_load(r, s, &caller);
    if (rc == ERR_OK)
        rc = session_store_list(s, caller.user.id, r->now, &rows, &n);
    if (rc)
        return rc;
    views = ARENA_ARRAY(r->arena, struct session_view, n);
    for (size_t i = 0; i < n; i++)
        views[i] = (struct session_view){
            .id = rows[i].id,
            .user_agent = rows[i].user_agent,
            .address = rows[i].address,
            .created_at = rows[i].created_at,
            .last_used_at = rows[i].last_used_at,
            .expires_at = rows[i].expires_at,
            .current = str_eq(rows[i].id, caller.session),
        };
    list = (struct session_list_view){(int64_t)n, {views, n}};
    return req_reply_json(r, 200, &SESSION_LIST_VIEW, &list);
}

/* ---- ending -------------------------------------------------------------------------------- */

struct ending {
    struct req *req;
    int64_t user_id;
    struct str one; /* the session to end; absent: all but kept */
    struct str kept;
    int64_t ended;
};

static enum err CO_FN end_sessions(struct db_session *s, void *arg)
{
    struct ending *e = arg;
    struct audit_event event = audit_of(e->req, "session.revoke", "user", e->user_id);
    bool revoked;
    enum err rc;

    if (e->one.p) {
        rc = session_store_revoke_one(s, e->one, e->user_id, "revoked", e->req->now, &revoked);
        if (rc)
            return rc;
        if (!revoked)
            return ERR_NOT_FOUND;
        e->ended = 1;
        event.target_type = "session";
        event.target_id = e->one;
    } else {
        rc = session_store_revoke_others(s, e->user_id, e->kept, "revoked", e->req->now, &e->ended);
        if (rc)
            return rc;
    }
    return audit_put(s, &event);
}

static enum err CO_FN end(struct req *r, struct str one)
{
    struct caller caller;
    struct db_session *s;
    struct ending e = {.req = r, .one = one};
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = caller_load(r, s, &caller);
    if (rc)
        return rc;
    e.user_id = caller.user.id;
    e.kept = caller.session;
    rc = db_transact(s, end_sessions, &e);
    if (rc)
        return rc;
    if (one.p && str_eq(one, caller.session))
        token_clear_cookies(r);
    return req_reply_json(r, 200, &SESSIONS_ENDED_VIEW, &(struct ended_view){e.ended});
}

enum err CO_FN session_delete(struct req *r)
{
    struct str id = req_param(r, "id");

    return token_is_uuid(id) ? end(r, id) : ERR_NOT_FOUND;
}

enum err CO_FN session_delete_others(struct req *r)
{
    return end(r, STR_NULL);
}
