/* Passwords: changing, forgetting and resetting them. */
#include "api/account.h"
#include "api/attempt.h"
#include "api/audit.h"
#include "api/caller.h"
#include "api/handlers.h"
#include "api/view.h"
#include "mail/letter.h"
#include "mail/sender.h"
#include "password/secret.h"
#include "store/login.h"
#include "store/mail_token.h"
#include "store/session.h"

#define SECRET (JF_REQUIRED | JF_NON_EMPTY | JF_SECRET)

#define CHANGE_AT(member) offsetof(struct password_change_body, member)
static const struct json_field CHANGE_FIELDS[] = {
    {"current_password", JK_STR, CHANGE_AT(current_password), SECRET, .alias = "old_password"},
    {"new_password", JK_STR, CHANGE_AT(new_password), SECRET, .alias = "password"},
    {"confirm_password", JK_STR, CHANGE_AT(confirm_password), JF_SECRET,
     .alias = "new_password_confirm", .doc = "the new one again, if at all"},
};
JSON_SCHEMA(PASSWORD_CHANGE_BODY, "PasswordChangeRequest", struct password_change_body,
            CHANGE_FIELDS);

#define RESET_AT(member) offsetof(struct password_reset_body, member)
static const struct json_field RESET_FIELDS[] = {
    {"token", JK_STR, RESET_AT(token), SECRET, .doc = "of the mail"},
    {"password", JK_STR, RESET_AT(password), SECRET, .alias = "new_password"},
    {"password_confirm", JK_STR, RESET_AT(password_confirm), JF_SECRET, .alias = "confirm_password",
     .doc = "the password again, if at all"},
};
JSON_SCHEMA(PASSWORD_RESET_BODY, "PasswordResetRequest", struct password_reset_body, RESET_FIELDS);

static const struct json_field VERIFY_FIELDS[] = {
    {"password", JK_STR, offsetof(struct password_body, password), SECRET},
};
JSON_SCHEMA(PASSWORD_BODY, "PasswordRequest", struct password_body, VERIFY_FIELDS);

static const struct json_field EMAIL_FIELDS[] = {
    {"email", JK_EMAIL, offsetof(struct email_body, email), JF_REQUIRED | JF_NON_EMPTY},
};
JSON_SCHEMA(EMAIL_BODY, "EmailRequest", struct email_body, EMAIL_FIELDS);

static enum err check_new(struct req *r, const char *field, const char *confirm_field,
                          struct str password, struct str confirmation, struct str email)
{
    const char *problem = password_problem(&auth_app(r)->password_policy, password, email);

    if (problem)
        req_field_error(r, field, problem);
    if (confirmation.p && !str_eq(confirmation, password))
        req_field_error(r, confirm_field, "must be the same password");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN hash_password(struct req *r, struct str password, struct str *hash)
{
    enum err rc = password_pool_make(auth_app(r)->passwords, r->arena, password, hash);

    if (rc)
        req_retry_after(r, 1);
    return rc;
}

/* ---- a new password, whatever the reason ------------------------------------------------------
 */

struct new_password {
    struct req *req;
    struct str hash, kept_session;
    const char *reason;
    struct str token_hash; /* of a reset; absent: a change */
    struct user user;
};

static void prove_address(struct arena *a, struct user *u, void *arg, bool *changed)
{
    const struct new_password *p = arg;

    (void)a;
    if (u->email_verified_at != INT64_MIN)
        return;
    u->email_verified_at = p->req->now;
    *changed = true;
}

/* The token came to the address, so whoever has it has read mail there. */
static enum err CO_FN use_reset_token(struct db_session *s, struct new_password *p)
{
    const struct change_origin origin = account_origin(p->req);
    struct mail_token token;
    enum err rc =
        mail_token_store_use(s, p->token_hash, LETTER_RESET_PASSWORD, p->req->now, &token);

    if (rc)
        return rc;
    rc = account_update_in(s, token.user_id, prove_address, p, &origin, &p->user);
    if (rc)
        return rc;
    return p->user.active && str_ieq(p->user.email, token.email) ? ERR_OK : ERR_LINK_INVALID;
}

static enum err CO_FN write_password(struct db_session *s, void *arg)
{
    struct new_password *p = arg;
    struct req *r = p->req;
    struct audit_event e;
    int64_t ended;
    enum err rc = p->token_hash.p ? use_reset_token(s, p) : ERR_OK;

    if (rc == ERR_OK)
        rc = credential_store_set(s, p->user.id, p->hash, r->now);
    if (rc == ERR_OK)
        rc = session_store_revoke_others(s, p->user.id, p->kept_session, p->reason, r->now, &ended);
    if (rc == ERR_OK)
        rc = mail_token_store_void(s, p->user.id, LETTER_RESET_PASSWORD, r->now);
    if (rc == ERR_OK)
        rc = mail_queue(r, s, LETTER_PASSWORD_CHANGED, p->user.email, p->user.id);
    if (rc)
        return rc;
    e = audit_of(r, p->reason, "user", p->user.id);
    e.origin.actor_id = p->user.id;
    return audit_put(s, &e);
}

/* ---- changing ---------------------------------------------------------------------------------
 */

static enum err CO_FN refuse_proof(struct req *r, const char *action, int64_t user_id, enum err why)
{
    const struct audit_event e = audit_of(r, action, "user", user_id);

    return why == ERR_INVALID_CREDENTIALS || why == ERR_ACCOUNT_LOCKED ? audit_refuse(r, &e, why)
                                                                       : why;
}

enum err CO_FN password_change(struct req *r)
{
    const struct password_change_body *body = r->body;
    struct new_password p = {.req = r, .reason = "password.change"};
    struct caller caller;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = caller_load(r, s, &caller);
    if (rc == ERR_OK)
        rc = check_new(r, "new_password", "confirm_password", body->new_password,
                       body->confirm_password, caller.user.email);
    if (rc)
        return rc;
    rc = caller_prove(r, s, &caller, body->current_password);
    if (rc)
        return refuse_proof(r, p.reason, caller.user.id, rc);
    rc = hash_password(r, body->new_password, &p.hash);
    if (rc)
        return rc;
    p.user = caller.user;
    p.kept_session = caller.session;
    rc = db_transact(s, write_password, &p);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("password changed")});
}

enum err CO_FN password_verify(struct req *r)
{
    const struct password_body *body = r->body;
    struct caller caller;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = caller_load(r, s, &caller);
    if (rc == ERR_OK)
        rc = caller_prove(r, s, &caller, body->password);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("password is right")});
}

/* ---- forgetting -------------------------------------------------------------------------------
 */

enum err CO_FN mail_requested(struct req *r, struct db_session *s, const char *kind,
                              struct str email)
{
    const struct attempt attempt = {.guards = {{"mail", r->peer, &auth_app(r)->mail_limit}},
                                    .count = 1};
    enum err rc = attempt_begin(r, s, &attempt);

    if (rc)
        return rc == ERR_ACCOUNT_LOCKED ? ERR_RATE_LIMIT_EXCEEDED : rc;
    rc = attempt_end(r, s, &attempt, GUARD_FAILED);
    return rc ? rc : mail_queue(r, s, kind, email, JSON_NO_INT);
}

enum err CO_FN password_forgot(struct req *r)
{
    const struct email_body *body = r->body;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = mail_requested(r, s, LETTER_RESET_PASSWORD, str_trim(body->email));
    if (rc)
        return rc;
    return req_reply_json(
        r, 200, &MESSAGE_VIEW,
        &(struct message_view){STR("if there is such an account, a mail is on its way")});
}

enum err CO_FN password_reset(struct req *r)
{
    const struct password_reset_body *body = r->body;
    struct new_password p = {.req = r, .reason = "password.reset"};
    struct mail_token token;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    /* Hashing is dear: first see whether there is any reason to. */
    p.token_hash = secret_hash(r->arena, body->token);
    rc = mail_token_store_check(s, p.token_hash, LETTER_RESET_PASSWORD, r->now, &token);
    if (rc == ERR_OK)
        rc = check_new(r, "password", "password_confirm", body->password, body->password_confirm,
                       token.email);
    if (rc == ERR_OK)
        rc = hash_password(r, body->password, &p.hash);
    if (rc == ERR_OK)
        rc = db_transact(s, write_password, &p);
    if (rc == ERR_OK)
        rc = guard_forgive(s, "account", p.user.email);
    if (rc)
        return rc;
    token_clear_cookies(r);
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("password changed")});
}
