#include "api/login.h"

#include "api/handlers.h"
#include "api/view.h"
#include "clock.h"
#include "metrics.h"
#include "password/hash.h"
#include "rand.h"
#include "store/login.h"

static const struct json_field LOGIN_FIELDS[] = {
    {"email", JK_STR, offsetof(struct login_body, email), JF_REQUIRED | JF_NON_EMPTY,
     .alias = "username"},
    {"password", JK_STR, offsetof(struct login_body, password),
     JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
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

static int64_t failures_since(const struct auth_app *app, int64_t now)
{
    return now - app->config->lockout_window_s * US_PER_S;
}

static int64_t locked_for_s(const struct auth_app *app, const struct login_record *record,
                            int64_t now)
{
    int64_t account = lockout_remaining_s(&app->account_lockout, &record->account, now);
    int64_t address = lockout_remaining_s(&app->address_lockout, &record->address, now);

    return account > address ? account : address;
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

/* Whether email and password belong together; counts a failure. */
static enum err CO_FN verify(struct req *r, struct db_session *s, const struct login_body *body,
                             struct login_record *record)
{
    struct auth_app *app = auth_app(r);
    struct str email = str_trim(body->email), hash;
    bool matches;
    enum err rc = login_store_find(s, email, r->peer, failures_since(app, r->now), record);
    int64_t wait_s;

    if (rc)
        return rc;
    wait_s = locked_for_s(app, record, r->now);
    if (wait_s > 0) {
        req_retry_after(r, (int)wait_s);
        count_login("locked");
        return ERR_ACCOUNT_LOCKED;
    }
    hash = body->password.len <= PASSWORD_MAX_BYTES ? record->password_hash : STR_NULL;
    rc = password_pool_check(app->passwords, r->arena, body->password, hash, &matches);
    if (rc) {
        req_retry_after(r, 1);
        count_login("busy");
        return rc;
    }
    if (matches)
        return ERR_OK;
    count_login("refused");
    rc = login_store_failed(s, email, r->peer, failures_since(app, r->now), r->now);
    return rc ? rc : ERR_INVALID_CREDENTIALS;
}

enum err CO_FN login_open_session(struct req *r, struct db_session *s, const struct user *u,
                                  struct token_pair *out)
{
    struct auth_app *app = auth_app(r);
    char id[UUID_TEXT_SIZE];
    struct session_new session = {
        .user_id = u->id,
        .created_at = r->now,
        .expires_at = token_refresh_end(app, r->now),
        .address = r->peer,
        .user_agent = req_header(r, "User-Agent"),
    };
    enum err rc;

    rand_uuid(id);
    session.id = str_dup(r->arena, str_from(id));
    session.user_agent = str_slice(session.user_agent.p ? session.user_agent : STR(""), 0, 200);
    if (!str_is_utf8(session.user_agent))
        session.user_agent = STR("");
    rc = login_store_succeeded(s, &session, u->email);
    if (rc)
        return rc;
    *out = token_pair_issue(app, r->arena, u, session.id, 1, r->now);
    token_set_cookies(r, out);
    return ERR_OK;
}

static enum err CO_FN log_in(struct req *r, struct user *user, struct token_pair *pair)
{
    const struct login_body *body = r->body;
    struct login_record record;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    rc = verify(r, s, body, &record);
    if (rc)
        return rc;
    if (!record.user.active) {
        count_login("inactive");
        return ERR_FORBIDDEN;
    }
    upgrade_hash(r, s, body->password, &record);
    *user = record.user;
    rc = login_open_session(r, s, user, pair);
    if (rc == ERR_OK)
        count_login("accepted");
    return rc;
}

enum err CO_FN login_token_pair(struct req *r)
{
    struct user user;
    struct token_pair pair;
    enum err rc = log_in(r, &user, &pair);

    return rc ? rc : req_reply_json(r, 200, &TOKEN_PAIR_VIEW, &pair);
}

enum err CO_FN login_simple(struct req *r)
{
    struct user user;
    struct token_pair pair;
    enum err rc = log_in(r, &user, &pair);

    return rc ? rc : req_reply_json(r, 200, &TOKEN_VIEW, &(struct token_view){pair.access});
}

enum err CO_FN login_full(struct req *r)
{
    struct user user;
    struct token_pair pair;
    struct login_view view;
    enum err rc = log_in(r, &user, &pair);

    if (rc)
        return rc;
    view = login_view(r->arena, &user, &pair);
    return req_reply_json(r, 200, &LOGIN_VIEW, &view);
}
