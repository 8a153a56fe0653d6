#include "api/login.h"

#include "api/attempt.h"
#include "api/audit.h"
#include "api/challenge.h"
#include "api/handlers.h"
#include "api/second.h"
#include "api/view.h"
#include "metrics.h"
#include "password/hash.h"
#include "rand.h"
#include "store/login.h"

static const struct json_field LOGIN_FIELDS[] = {
    {"email", JK_STR, offsetof(struct login_body, email), JF_REQUIRED | JF_NON_EMPTY, 0, 254,
     .alias = "username"},
    {"password", JK_STR, offsetof(struct login_body, password),
     JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
    {"code", JK_STR, offsetof(struct login_body, code), JF_SECRET, 0, 100, .alias = "otp_code",
     .doc = "of the second step, where one is wanted; without it the answer is SecondStep"},
};
JSON_SCHEMA(LOGIN_BODY, "LoginRequest", struct login_body, LOGIN_FIELDS);

static struct metric LOGIN_TOTAL = {
    .name = "auth_login_total",
    .help = "Login attempts by result.",
    .kind = METRIC_COUNTER,
    .labels = "result",
};

static void count_login(const char *result)
{
    metric_add(metric_series(&LOGIN_TOTAL, (struct str[]){str_from(result)}), 1);
}

/* An old scheme is replaced while the password is at hand. It is no reason to refuse the login when
 * that fails: the next one tries again. */
static void CO_FN upgrade_hash(struct req *r, struct db_session *s, struct str password,
                               const struct login_record *record)
{
    struct str hash;

    if (password_hash_is_current(str_cstr(r->arena, record->password_hash)))
        return;
    if (password_pool_make(auth_app(r)->passwords, r->arena, password, &hash))
        return;
    if (credential_store_upgrade(s, record->user.id, record->password_hash, hash))
        log_warn("could not store the upgraded password hash", LOG_I("user", record->user.id));
}

/* Refuses, on the record. */
static enum err CO_FN refuse(struct req *r, const struct login_record *record, const char *result,
                             enum err why)
{
    const struct audit_event e = audit_of(r, "login", "user", record->user.id);

    count_login(result);
    return audit_refuse(r, &e, why);
}

/* Whether email and password belong together. */
static enum err CO_FN verify(struct req *r, struct db_session *s, const struct login_body *body,
                             struct login_record *record)
{
    struct str email = str_trim(body->email);
    const struct attempt attempt = attempt_at_password(r, email);
    enum err rc = attempt_begin(r, s, &attempt), end;

    *record = (struct login_record){0};
    if (rc == ERR_ACCOUNT_LOCKED)
        return refuse(r, record, "locked", rc);
    if (rc)
        return rc;
    rc = login_store_find(s, email, record);
    if (rc) {
        end = attempt_end(r, s, &attempt, GUARD_RELEASED);
        return end ? end : rc;
    }
    rc = attempt_password(r, s, &attempt, body->password, record->password_hash);
    if (rc == ERR_INVALID_CREDENTIALS)
        return refuse(r, record, "refused", rc);
    if (rc)
        count_login("busy");
    return rc;
}

/* ---- opening a session --------------------------------------------------------------------- */

struct opening {
    const struct session_new *session;
    struct audit_event event;
};

static enum err CO_FN write_session(struct db_session *s, void *arg)
{
    const struct opening *o = arg;
    enum err rc = login_store_succeeded(s, o->session);

    return rc ? rc : audit_put(s, &o->event);
}

enum err CO_FN login_open_session(struct req *r, struct db_session *s, const struct user *u,
                                  const char *by, struct token_pair *out)
{
    struct auth_app *app = auth_app(r);
    char id[UUID_TEXT_SIZE];
    struct session_new session = {
        .user_id = u->id,
        .proof_version = u->proof_version,
        .created_at = r->now,
        .expires_at = token_refresh_end(app, r->now),
        .address = r->peer,
        .user_agent = req_header(r, "User-Agent"),
    };
    struct opening o = {&session, audit_of(r, "login", "user", u->id)};
    enum err rc;

    rand_uuid(id);
    session.id = str_dup(r->arena, str_from(id));
    session.user_agent = str_slice(session.user_agent.p ? session.user_agent : STR(""), 0, 200);
    if (!str_is_utf8(session.user_agent))
        session.user_agent = STR("");
    o.event.origin.actor_id = u->id;
    o.event.details = audit_detail(r->arena, "by", str_from(by));
    rc = db_transact(s, write_session, &o);
    if (rc)
        return rc;
    *out = token_pair_issue(app, r->arena, u, session.id, 1, r->now);
    token_set_cookies(r, out);
    return ERR_OK;
}

enum err login_may_enter(struct req *r, const struct user *u)
{
    if (!u->active)
        return ERR_FORBIDDEN;
    if (auth_app(r)->config->require_verified_email && u->email_verified_at == INT64_MIN)
        return ERR_EMAIL_NOT_VERIFIED;
    return ERR_OK;
}

/* ---- logging in ---------------------------------------------------------------------------- */

/* Opens the session, or answers itself when a second step is wanted. */
static enum err CO_FN log_in(struct req *r, struct user *user, struct token_pair *pair)
{
    const struct login_body *body = r->body;
    const char *by = "password";
    struct login_record record;
    struct factor_state factors;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    rc = verify(r, s, body, &record);
    if (rc)
        return rc;
    *user = record.user;
    rc = login_may_enter(r, user);
    if (rc)
        return refuse(r, &record, user->active ? "unverified" : "inactive", rc);
    rc = factor_store_find(s, user->id, &factors);
    if (rc)
        return rc;
    if (second_is_wanted(&factors) && str_is_empty(body->code)) {
        count_login("challenged");
        return challenge_reply(r, s, user, &factors);
    }
    if (second_is_wanted(&factors))
        rc = second_check(r, s, user, &factors, body->code, &by);
    if (rc == ERR_INVALID_CODE || rc == ERR_ACCOUNT_LOCKED)
        return refuse(r, &record, "refused", rc);
    if (rc == ERR_OK)
        rc = login_open_session(r, s, user, by, pair);
    if (rc)
        return rc;
    count_login("accepted");
    upgrade_hash(r, s, body->password, &record);
    return ERR_OK;
}

/* ---- the views ----------------------------------------------------------------------------- */

enum err CO_FN login_token_pair(struct req *r)
{
    struct user user;
    struct token_pair pair;
    enum err rc = log_in(r, &user, &pair);

    return rc || req_is_answered(r) ? rc : req_reply_json(r, 200, &TOKEN_PAIR_VIEW, &pair);
}

enum err CO_FN login_simple(struct req *r)
{
    struct user user;
    struct token_pair pair;
    enum err rc = log_in(r, &user, &pair);

    if (rc || req_is_answered(r))
        return rc;
    return req_reply_json(r, 200, &TOKEN_VIEW, &(struct token_view){pair.access});
}

enum err CO_FN login_full(struct req *r)
{
    struct user user;
    struct token_pair pair;
    struct login_view view;
    enum err rc = log_in(r, &user, &pair);

    if (rc || req_is_answered(r))
        return rc;
    view = login_view(r->arena, &user, &pair);
    return req_reply_json(r, 200, &LOGIN_VIEW, &view);
}

enum err CO_FN login_api(struct req *r)
{
    struct user user;
    struct token_pair pair;
    struct api_login_view view;
    enum err rc = log_in(r, &user, &pair);

    if (rc || req_is_answered(r))
        return rc;
    view = (struct api_login_view){
        .success = JSON_TRUE,
        .otp_required = JSON_FALSE,
        .message = STR("Login successful"),
        .access_token = pair.access,
        .refresh_token = pair.refresh,
        .user = user_view(r->arena, &user),
        .system_roles = held_role_array(r->arena, user.roles, user.role_count),
    };
    return req_reply_json(r, 200, &API_LOGIN_VIEW, &view);
}

/* Password first, then a code by mail: the first half of a login for who has asked for codes. */
enum err CO_FN login_request_code(struct req *r)
{
    struct login_record record;
    struct factor_state factors;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = verify(r, s, r->body, &record);
    if (rc)
        return rc;
    rc = login_may_enter(r, &record.user);
    if (rc)
        return refuse(r, &record, record.user.active ? "unverified" : "inactive", rc);
    rc = factor_store_find(s, record.user.id, &factors);
    if (rc)
        return rc;
    if (!factors.has_email)
        return ERR_CONFLICT;
    if (factors.has_totp) {
        rc = second_mail_code(r, s, &record.user);
        if (rc)
            return rc;
    }
    count_login("challenged");
    return challenge_reply(r, s, &record.user, &factors);
}
