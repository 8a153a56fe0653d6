#include "api/attempt.h"

#include "api/app.h"
#include "clock.h"

#define BUSY_WAIT_MS 25
#define BUSY_WAIT_MAX_MS 10000

struct attempt attempt_at_password(struct req *r, struct str email)
{
    const struct auth_app *app = auth_app(r);

    return (struct attempt){
        .guards = {{"account", email, &app->account_lockout},
                   {"address", r->peer, &app->address_lockout}},
        .count = 2,
    };
}

enum err CO_FN attempt_begin(struct req *r, struct db_session *s, const struct attempt *a)
{
    enum guard_verdict verdict = GUARD_BUSY;
    int64_t until;

    for (int waited = 0;; waited += BUSY_WAIT_MS) {
        enum err rc = guard_reserve(s, a->guards, a->count, r->now, &verdict, &until);
        if (rc || verdict == GUARD_GRANTED)
            return rc;
        if (verdict == GUARD_LOCKED) {
            req_retry_after(r, (int)lockout_remaining_s(until, r->now));
            return ERR_ACCOUNT_LOCKED;
        }
        if (waited >= BUSY_WAIT_MAX_MS)
            break;
        rc = co_sleep_ms(BUSY_WAIT_MS);
        if (rc)
            return rc;
    }
    req_retry_after(r, 1);
    return ERR_SERVICE_UNAVAILABLE;
}

enum err CO_FN attempt_end(struct req *r, struct db_session *s, const struct attempt *a,
                           enum guard_outcome outcome)
{
    return guard_settle(s, a->guards, a->count, outcome, r->now);
}

enum err CO_FN attempt_password(struct req *r, struct db_session *s, const struct attempt *a,
                                struct str password, struct str hash)
{
    bool matches;
    enum err rc, end;

    if (password.len > PASSWORD_MAX_BYTES)
        hash = STR_NULL;
    rc = password_pool_check(auth_app(r)->passwords, r->arena, password, hash, &matches);
    if (rc) {
        req_retry_after(r, 1);
        end = attempt_end(r, s, a, GUARD_RELEASED);
        return end ? end : rc;
    }
    end = attempt_end(r, s, a, matches ? GUARD_PASSED : GUARD_FAILED);
    if (end)
        return end;
    return matches ? ERR_OK : ERR_INVALID_CREDENTIALS;
}
