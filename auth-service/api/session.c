/* Refreshing, verifying and ending sessions. */
#include "store/session.h"

#include "api/audit.h"
#include "api/handlers.h"
#include "api/token.h"
#include "api/view.h"
#include "store/user.h"

static const struct json_field REFRESH_FIELDS[] = {
    {"refresh", JK_STR, offsetof(struct refresh_body, refresh), JF_SECRET,
     .alias = "refresh_token"},
};
JSON_SCHEMA(REFRESH_BODY, "RefreshRequest", struct refresh_body, REFRESH_FIELDS);

static const struct json_field VERIFY_FIELDS[] = {
    {"token", JK_STR, offsetof(struct verify_body, token), JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
};
JSON_SCHEMA(VERIFY_BODY, "VerifyRequest", struct verify_body, VERIFY_FIELDS);

static const struct json_field VALIDATE_FIELDS[] = {
    {"token", JK_STR, offsetof(struct verify_body, token), JF_SECRET,
     .doc = "without it that of the header or the cookie"},
};
JSON_SCHEMA(VALIDATE_BODY, "ValidateRequest", struct verify_body, VALIDATE_FIELDS);

/* The refresh token of the body, else of the Authorization header, else of the cookie. */
static enum err find_refresh_token(struct req *r, struct str *out)
{
    const struct refresh_body *body = r->body;

    *out = body ? body->refresh : STR_NULL;
    if (!str_is_empty(*out))
        return ERR_OK;
    *out = token_from_header(r);
    if (out->p)
        return ERR_OK;
    *out = req_cookie(r, "refresh_token");
    if (str_is_empty(*out))
        return ERR_INVALID_INPUT;
    return token_cookie_may_act(r) ? ERR_OK : ERR_FORBIDDEN;
}

/* A generation that was used before was copied by somebody: nobody keeps the session. */
static enum err CO_FN punish_reuse(struct req *r, struct db_session *s, const struct token_id *id)
{
    bool revoked;
    int64_t user_id;
    enum err rc =
        session_store_revoke_reused(s, id->session, id->generation, r->now, &revoked, &user_id);

    if (rc)
        return rc;
    if (revoked) {
        const struct audit_event e = audit_of(r, "session.reuse", "user", user_id);
        log_warn("refresh token used twice, session revoked", LOG_I("user", user_id),
                 LOG_STR("peer", r->peer));
        return audit_refuse(r, &e, ERR_TOKEN_INVALID);
    }
    return ERR_TOKEN_INVALID;
}

static enum err CO_FN refresh(struct req *r, struct user *user, struct token_pair *pair)
{
    struct auth_app *app = auth_app(r);
    struct db_session *s;
    struct str text;
    struct token token;
    enum err rc = find_refresh_token(r, &text);

    if (rc)
        return rc;
    rc = token_read(app, r->arena, text, r->now, &token);
    if (rc)
        return rc;
    if (!token_is_refresh(&token))
        return ERR_TOKEN_INVALID;
    rc = req_db(r, &s);
    if (rc)
        return rc;
    rc = session_store_rotate(s, token.id.session, token.id.generation, r->now,
                              token_refresh_end(app, r->now), user);
    if (rc == ERR_TOKEN_INVALID)
        return punish_reuse(r, s, &token.id);
    if (rc)
        return rc;
    *pair =
        token_pair_issue(app, r->arena, user, token.id.session, token.id.generation + 1, r->now);
    token_set_cookies(r, pair);
    return ERR_OK;
}

enum err CO_FN session_refresh_pair(struct req *r)
{
    struct user user;
    struct token_pair pair;
    enum err rc = refresh(r, &user, &pair);

    return rc ? rc : req_reply_json(r, 200, &TOKEN_PAIR_VIEW, &pair);
}

enum err CO_FN session_refresh_full(struct req *r)
{
    struct user user;
    struct token_pair pair;
    struct login_view view;
    enum err rc = refresh(r, &user, &pair);

    if (rc)
        return rc;
    view = login_view(r->arena, &user, &pair);
    return req_reply_json(r, 200, &LOGIN_VIEW, &view);
}

enum err CO_FN session_verify(struct req *r)
{
    const struct verify_body *body = r->body;
    struct db_session *s;
    struct token token;
    int64_t generation;
    bool open;
    enum err rc = token_read(auth_app(r), r->arena, body->token, r->now, &token);

    if (rc)
        return rc;
    rc = req_db(r, &s);
    if (rc)
        return rc;
    rc = session_store_is_open(s, token.id.session, r->now, &generation, &open);
    if (rc)
        return rc;
    if (!open || (token_is_refresh(&token) && token.id.generation != generation))
        return ERR_TOKEN_INVALID;
    return req_reply(r, 200, "application/json", STR("{}"));
}

/* The token of the body, else of the header, else of the cookie; what is asked changes nothing. */
static struct str find_any_token(struct req *r)
{
    const struct verify_body *body = r->body;

    if (body && body->token.len)
        return body->token;
    if (token_from_header(r).p)
        return token_from_header(r);
    return req_cookie(r, "access_token");
}

enum err CO_FN session_validate(struct req *r)
{
    struct validation_view view = {.valid = JSON_TRUE};
    struct db_session *s;
    struct token token;
    struct user user;
    int64_t generation;
    bool open;
    enum err rc = token_read(auth_app(r), r->arena, find_any_token(r), r->now, &token);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = session_store_is_open(s, token.id.session, r->now, &generation, &open);
    if (rc)
        return rc;
    if (!open || token_is_refresh(&token))
        return ERR_TOKEN_INVALID;
    rc = user_store_by_id(s, token.claims.user_id, &user);
    if (rc)
        return rc;
    view.user = user_view(r->arena, &user);
    return req_reply_json(r, 200, &VALIDATION_VIEW, &view);
}

/* ---- logging out --------------------------------------------------------------------------- */

struct logout {
    struct req *req;
    struct str session;
};

static enum err CO_FN end_session(struct db_session *s, void *arg)
{
    const struct logout *l = arg;
    struct audit_event e;
    int64_t user_id;
    bool revoked;
    enum err rc = session_store_revoke(s, l->session, "logout", l->req->now, &revoked, &user_id);

    if (rc || !revoked)
        return rc;
    e = audit_of(l->req, "logout", "user", user_id);
    e.origin.actor_id = user_id;
    return audit_put(s, &e);
}

/* Ends the session a token belongs to. A token that is no good proves nothing and ends nothing. */
static enum err CO_FN end_session_of(struct req *r, struct str text)
{
    struct db_session *s;
    struct token token;
    struct logout l = {.req = r};
    enum err rc;

    if (str_is_empty(text) || token_read(auth_app(r), r->arena, text, r->now, &token))
        return ERR_OK;
    l.session = token.id.session;
    rc = req_db(r, &s);
    return rc ? rc : db_transact(s, end_session, &l);
}

enum err CO_FN session_logout(struct req *r)
{
    const struct refresh_body *body = r->body;
    struct str given[] = {token_from_header(r), body ? body->refresh : STR_NULL};
    struct str cookies[] = {req_cookie(r, "refresh_token"), req_cookie(r, "access_token")};
    bool may_act = token_cookie_may_act(r);
    enum err rc = ERR_OK;

    if (given[0].len + given[1].len == 0 && cookies[0].len + cookies[1].len > 0 && !may_act)
        return ERR_FORBIDDEN;
    for (int i = 0; i < 2 && rc == ERR_OK; i++)
        rc = end_session_of(r, given[i]);
    for (int i = 0; i < 2 && rc == ERR_OK && may_act; i++)
        rc = end_session_of(r, cookies[i]);
    if (rc)
        return rc;
    token_clear_cookies(r);
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("logged out")});
}
