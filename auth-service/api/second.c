#include "api/second.h"

#include <inttypes.h>

#include "api/app.h"
#include "api/attempt.h"
#include "clock.h"
#include "factor/code.h"
#include "factor/totp.h"
#include "mail/letter.h"
#include "mail/sender.h"

#define CODE_QUIET_US (45 * US_PER_S)

struct str second_seal_context(struct arena *a, int64_t user_id)
{
    return str_printf(a, "totp:%" PRId64, user_id);
}

/* ---- one kind each ------------------------------------------------------------------------- */

static enum err CO_FN check_totp(struct req *r, struct db_session *s, const struct user *u,
                                 const struct factor_state *f, struct str code, bool *good)
{
    struct str secret;
    int64_t step;

    *good = false;
    if (!code_is_digits(code))
        return ERR_OK;
    if (seal_open(auth_app(r)->seal, r->arena, second_seal_context(r->arena, u->id), f->totp_secret,
                  &secret)) {
        log_error("the secret of a second factor was sealed with another SECRET_KEY",
                  LOG_I("user", u->id));
        return ERR_INTERNAL_ERROR;
    }
    step = totp_match(secret, code, r->now, f->totp_last_step);
    return step ? factor_store_use_step(s, u->id, step, good) : ERR_OK;
}

static enum err CO_FN check_mailed(struct req *r, struct db_session *s, const struct user *u,
                                   struct str code, bool *good)
{
    struct str expected, actual;
    enum err rc;

    *good = false;
    if (!code_is_digits(code))
        return ERR_OK;
    rc = email_code_store_try(s, u->id, r->now, &expected);
    if (rc || !expected.p)
        return rc;
    actual = code_mac(r->arena, auth_app(r)->code_key, u->id, code);
    return str_eq_ct(actual, expected) ? email_code_store_use(s, u->id, expected, good) : ERR_OK;
}

static enum err CO_FN check_recovery(struct req *r, struct db_session *s, const struct user *u,
                                     struct str code, bool *good)
{
    return recovery_store_use(s, u->id, recovery_code_hash(r->arena, code), r->now, good);
}

/* ---- all of them --------------------------------------------------------------------------- */

static struct attempt attempt_at_code(struct req *r, const struct user *u)
{
    return (struct attempt){
        .guards = {{"factor", str_printf(r->arena, "%" PRId64, u->id),
                    &auth_app(r)->factor_lockout}},
        .count = 1,
    };
}

static enum err CO_FN settle(struct req *r, struct db_session *s, const struct attempt *attempt,
                             enum err rc, bool good)
{
    enum err end = attempt_end(r, s, attempt,
                               rc     ? GUARD_RELEASED
                               : good ? GUARD_PASSED
                                      : GUARD_FAILED);

    if (rc || end)
        return rc ? rc : end;
    return good ? ERR_OK : ERR_INVALID_CODE;
}

enum err CO_FN second_check(struct req *r, struct db_session *s, const struct user *u,
                            const struct factor_state *f, struct str code, const char **kind)
{
    const struct attempt attempt = attempt_at_code(r, u);
    bool good = false;
    enum err rc = attempt_begin(r, s, &attempt);

    if (rc)
        return rc;
    code = str_trim(code);
    *kind = "totp";
    if (f->has_totp)
        rc = check_totp(r, s, u, f, code, &good);
    if (rc == ERR_OK && !good && f->has_email) {
        *kind = "email";
        rc = check_mailed(r, s, u, code, &good);
    }
    if (rc == ERR_OK && !good) {
        *kind = "recovery_code";
        rc = check_recovery(r, s, u, code, &good);
    }
    return settle(r, s, &attempt, rc, good);
}

enum err CO_FN second_check_begun(struct req *r, struct db_session *s, const struct user *u,
                                  const struct factor_state *f, const char *kind, struct str code)
{
    const struct attempt attempt = attempt_at_code(r, u);
    bool good = false;
    enum err rc = attempt_begin(r, s, &attempt);

    if (rc)
        return rc;
    if (strcmp(kind, "totp") == 0)
        rc = check_totp(r, s, u, f, str_trim(code), &good);
    else
        rc = check_mailed(r, s, u, str_trim(code), &good);
    return settle(r, s, &attempt, rc, good);
}

/* ---- mailing a code ------------------------------------------------------------------------ */

struct code_request {
    struct req *req;
    const struct user *user;
    bool accepted;
    int64_t last_request;
};

static enum err CO_FN request_code(struct db_session *s, void *arg)
{
    struct code_request *c = arg;
    struct req *r = c->req;
    enum err rc = email_code_store_request(s, c->user->id, r->now,
                                           r->now + auth_app(r)->config->code_expiry_s * US_PER_S,
                                           r->now - CODE_QUIET_US, &c->accepted, &c->last_request);

    if (rc || !c->accepted)
        return rc;
    return mail_queue(r, s, LETTER_CODE, c->user->email, c->user->id);
}

enum err CO_FN second_mail_code(struct req *r, struct db_session *s, const struct user *u)
{
    struct code_request c = {.req = r, .user = u};
    enum err rc = db_transact(s, request_code, &c);

    if (rc || c.accepted)
        return rc;
    req_retry_after(r, (int)lockout_remaining_s(c.last_request + CODE_QUIET_US, r->now));
    return ERR_RATE_LIMIT_EXCEEDED;
}
