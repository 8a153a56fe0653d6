#include "api/challenge.h"

#include "api/app.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/login.h"
#include "api/second.h"
#include "api/view.h"
#include "clock.h"
#include "rand.h"

#define SECRET (JF_REQUIRED | JF_NON_EMPTY | JF_SECRET)
static const struct json_field ANSWER_FIELDS[] = {
    {"mfa_token", JK_STR, offsetof(struct challenge_body, mfa_token), SECRET,
     .alias = "temporary_token"},
    {"code", JK_STR, offsetof(struct challenge_body, code), SECRET, 0, 100, .alias = "otp_code",
     .doc = "of the app, of the mail, or a recovery code"},
};
JSON_SCHEMA(CHALLENGE_BODY, "SecondStepRequest", struct challenge_body, ANSWER_FIELDS);
static const struct json_field TOKEN_FIELDS[] = {
    {"mfa_token", JK_STR, offsetof(struct challenge_body, mfa_token), SECRET,
     .alias = "temporary_token"},
};
JSON_SCHEMA(MFA_TOKEN_BODY, "MfaTokenRequest", struct challenge_body, TOKEN_FIELDS);

struct challenge_view {
    int8_t mfa_required, otp_required;
    struct str mfa_token, temporary_token;
    struct json_array methods; /* struct str */
    int64_t expires_in;
};
#define AT(member) offsetof(struct challenge_view, member)
static const struct json_field VIEW_FIELDS[] = {
    {"mfa_required", JK_BOOL, AT(mfa_required)},
    {"otp_required", JK_BOOL, AT(otp_required), .doc = "the same"},
    {"mfa_token", JK_STR, AT(mfa_token), .doc = "for the second step, and nothing else"},
    {"temporary_token", JK_STR, AT(temporary_token), .doc = "the same"},
    {"methods", JK_STR_ARRAY, AT(methods), .doc = "totp, email, recovery_code"},
    {"expires_in", JK_INT, AT(expires_in), .doc = "seconds"},
};
JSON_SCHEMA(CHALLENGE_VIEW, "SecondStep", struct challenge_view, VIEW_FIELDS);

enum err CO_FN challenge_reply(struct req *r, struct db_session *s, const struct user *u,
                               const struct factor_state *f)
{
    struct auth_app *app = auth_app(r);
    int64_t life_s = app->config->code_expiry_s;
    char id[UUID_TEXT_SIZE];
    struct login_challenge c = {
        .user_id = u->id,
        .proof_version = u->proof_version,
        .expires_at = r->now + life_s * US_PER_S,
    };
    struct str methods[3];
    struct challenge_view view = {JSON_TRUE, JSON_TRUE, .methods = {methods, 0},
                                  .expires_in = life_s};
    enum err rc;

    rand_uuid(id);
    c.id = str_from(id);
    rc = challenge_store_insert(s, &c);
    if (rc == ERR_OK && !f->has_totp)
        rc = second_mail_code(r, s, u);
    /* The last code is still good. */
    if (rc && rc != ERR_RATE_LIMIT_EXCEEDED)
        return rc;
    if (f->has_totp)
        methods[view.methods.count++] = STR("totp");
    if (f->has_email)
        methods[view.methods.count++] = STR("email");
    if (f->recovery_left)
        methods[view.methods.count++] = STR("recovery_code");
    view.mfa_token = view.temporary_token =
        token_mfa_issue(app, r->arena, u->id, c.id, r->now, life_s);
    return req_reply_json(r, 200, &CHALLENGE_VIEW, &view);
}

/* Who the token is about and what they have. */
static enum err CO_FN load(struct req *r, struct db_session **s, struct str *id, struct user *u,
                           struct factor_state *f)
{
    const struct challenge_body *body = r->body;
    enum err rc = token_mfa_read(auth_app(r), r->arena, body->mfa_token, r->now, id);

    if (rc == ERR_OK)
        rc = req_db(r, s);
    if (rc == ERR_OK)
        rc = challenge_store_find(*s, *id, r->now, u);
    return rc ? rc : factor_store_find(*s, u->id, f);
}

enum err CO_FN challenge_answer(struct req *r)
{
    const struct challenge_body *body = r->body;
    struct db_session *s;
    struct str id;
    struct user user;
    struct factor_state f;
    struct token_pair pair;
    struct login_view view;
    const char *kind;
    enum err rc = load(r, &s, &id, &user, &f);

    if (rc)
        return rc;
    rc = second_check(r, s, &user, &f, body->code, &kind);
    if (rc == ERR_INVALID_CODE || rc == ERR_ACCOUNT_LOCKED) {
        const struct audit_event e = audit_of(r, "login", "user", user.id);
        return audit_refuse(r, &e, rc);
    }
    if (rc == ERR_OK)
        rc = challenge_store_use(s, id);
    if (rc == ERR_OK)
        rc = login_open_session(r, s, &user, kind, &pair);
    if (rc)
        return rc == ERR_INVALID_CREDENTIALS ? ERR_TOKEN_INVALID : rc;
    view = login_view(r->arena, &user, &pair);
    return req_reply_json(r, 200, &LOGIN_VIEW, &view);
}

enum err CO_FN challenge_mail_code(struct req *r)
{
    struct db_session *s;
    struct str id;
    struct user user;
    struct factor_state f;
    enum err rc = load(r, &s, &id, &user, &f);

    if (rc)
        return rc;
    if (!f.has_email)
        return ERR_CONFLICT;
    rc = second_mail_code(r, s, &user);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW,
                          &(struct message_view){STR("a code is on its way by mail")});
}
