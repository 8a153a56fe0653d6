/* Setting up the second step of one's logins, and doing without it again. */
#include "api/app.h"
#include "api/audit.h"
#include "api/caller.h"
#include "api/handlers.h"
#include "api/second.h"
#include "api/view.h"
#include "factor/code.h"
#include "factor/totp.h"
#include "mail/letter.h"
#include "mail/sender.h"
#include "rand.h"

#define ISSUER STR("TTS Helpdesk")
#define SECRET (JF_REQUIRED | JF_NON_EMPTY | JF_SECRET)

static const struct json_field CODE_FIELDS[] = {
    {"code", JK_STR, offsetof(struct code_body, code), SECRET, 0, 100, .alias = "otp_code"},
};
JSON_SCHEMA(CODE_BODY, "CodeRequest", struct code_body, CODE_FIELDS);

static const struct json_field PROOF_FIELDS[] = {
    {"password", JK_STR, offsetof(struct proof_body, password), SECRET},
    {"code", JK_STR, offsetof(struct proof_body, code), SECRET, 0, 100, .alias = "otp_code",
     .doc = "of the app, of the mail, or a recovery code"},
};
JSON_SCHEMA(PROOF_BODY, "ProofRequest", struct proof_body, PROOF_FIELDS);

struct factor_view {
    int8_t enabled, totp, email;
    int64_t recovery_codes_left;
};
static const struct json_field FACTOR_FIELDS[] = {
    {"enabled", JK_BOOL, offsetof(struct factor_view, enabled)},
    {"totp", JK_BOOL, offsetof(struct factor_view, totp)},
    {"email", JK_BOOL, offsetof(struct factor_view, email)},
    {"recovery_codes_left", JK_INT, offsetof(struct factor_view, recovery_codes_left)},
};
JSON_SCHEMA(FACTOR_VIEW, "SecondFactors", struct factor_view, FACTOR_FIELDS);

struct totp_view {
    struct str secret, otpauth_url;
};
static const struct json_field TOTP_FIELDS[] = {
    {"secret", JK_STR, offsetof(struct totp_view, secret), .doc = "base32, for typing in"},
    {"otpauth_url", JK_STR, offsetof(struct totp_view, otpauth_url), .doc = "for a QR code"},
};
JSON_SCHEMA(TOTP_VIEW, "TotpEnrolment", struct totp_view, TOTP_FIELDS);

struct codes_view {
    struct json_array recovery_codes; /* struct str */
};
static const struct json_field CODES_FIELDS[] = {
    {"recovery_codes", JK_STR_ARRAY, offsetof(struct codes_view, recovery_codes),
     .doc = "shown this once; none when there were some already"},
};
JSON_SCHEMA(RECOVERY_CODES_VIEW, "RecoveryCodes", struct codes_view, CODES_FIELDS);

/* The caller and what they have set up. */
static enum err CO_FN load(struct req *r, struct db_session **s, struct caller *c,
                           struct factor_state *f)
{
    enum err rc = req_db(r, s);

    if (rc == ERR_OK)
        rc = caller_load(r, *s, c);
    return rc ? rc : factor_store_find(*s, c->user.id, f);
}

static enum err CO_FN refuse(struct req *r, const char *action, const struct caller *c,
                             enum err why)
{
    const struct audit_event e = audit_of(r, action, "user", c->user.id);
    bool is_guess =
        why == ERR_INVALID_CREDENTIALS || why == ERR_INVALID_CODE || why == ERR_ACCOUNT_LOCKED;

    return is_guess ? audit_refuse(r, &e, why) : why;
}

enum err CO_FN factor_get(struct req *r)
{
    struct db_session *s;
    struct caller c;
    struct factor_state f;
    struct factor_view view;
    enum err rc = load(r, &s, &c, &f);

    if (rc)
        return rc;
    view = (struct factor_view){second_is_wanted(&f), f.has_totp, f.has_email, f.recovery_left};
    return req_reply_json(r, 200, &FACTOR_VIEW, &view);
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* The caller, who has given the password and has not confirmed that kind yet. */
static enum err CO_FN load_to_begin(struct req *r, struct db_session **s, struct caller *c,
                                    struct factor_state *f)
{
    const struct password_body *body = r->body;
    enum err rc = load(r, s, c, f);

    if (rc)
        return rc;
    rc = caller_prove(r, *s, c, body->password);
    return rc ? refuse(r, "mfa.enable", c, rc) : ERR_OK;
}

enum err CO_FN totp_post(struct req *r)
{
    struct str secret, sealed;
    uint8_t bytes[TOTP_SECRET_SIZE];
    struct db_session *s;
    struct caller c;
    struct factor_state f;
    struct totp_view view;
    enum err rc = load_to_begin(r, &s, &c, &f);

    if (rc)
        return rc;
    rand_bytes(bytes, sizeof bytes);
    secret = str_dup(r->arena, str_n((const char *)bytes, sizeof bytes));
    sealed = seal(auth_app(r)->seal, r->arena, second_seal_context(r->arena, c.user.id), secret);
    rc = factor_store_begin(s, c.user.id, "totp", sealed, r->now);
    if (rc)
        return rc;
    view.secret = totp_secret_text(r->arena, secret);
    view.otpauth_url = totp_url(r->arena, secret, ISSUER, c.user.email);
    return req_reply_json(r, 200, &TOTP_VIEW, &view);
}

static enum err reply_mailed(struct req *r)
{
    return req_reply_json(r, 200, &MESSAGE_VIEW,
                          &(struct message_view){STR("a code is on its way by mail")});
}

enum err CO_FN email_factor_post(struct req *r)
{
    struct db_session *s;
    struct caller c;
    struct factor_state f;
    enum err rc = load_to_begin(r, &s, &c, &f);

    if (rc == ERR_OK)
        rc = factor_store_begin(s, c.user.id, "email", STR_NULL, r->now);
    if (rc == ERR_OK)
        rc = second_mail_code(r, s, &c.user);
    return rc ? rc : reply_mailed(r);
}

enum err CO_FN factor_code_post(struct req *r)
{
    struct db_session *s;
    struct caller c;
    struct factor_state f;
    enum err rc = load(r, &s, &c, &f);

    if (rc)
        return rc;
    if (!f.email_begun)
        return ERR_CONFLICT;
    rc = second_mail_code(r, s, &c.user);
    return rc ? rc : reply_mailed(r);
}

/* ---- confirming ---------------------------------------------------------------------------- */

struct change {
    struct req *req;
    struct caller *caller;
    const struct factor_state *before;
    const char *kind;
    struct str codes[RECOVERY_CODES];
    size_t code_count;
};

static enum err CO_FN write_codes(struct db_session *s, struct change *c)
{
    struct arena *a = c->req->arena;
    struct str hashes[RECOVERY_CODES];

    c->code_count = RECOVERY_CODES;
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        c->codes[i] = recovery_code_new(a);
        hashes[i] = recovery_code_hash(a, c->codes[i]);
    }
    return recovery_store_set(s, c->caller->user.id, hashes, RECOVERY_CODES);
}

static enum err CO_FN record(struct db_session *s, const struct change *c, const char *action,
                             const char *letter)
{
    const struct user *u = &c->caller->user;
    struct audit_event e = audit_of(c->req, action, "user", u->id);
    enum err rc;

    e.details = audit_detail(c->req->arena, "kind", str_from(c->kind));
    rc = audit_put(s, &e);
    return rc || !letter ? rc : mail_queue(c->req, s, letter, u->email, u->id);
}

static enum err CO_FN write_confirmation(struct db_session *s, void *arg)
{
    struct change *c = arg;
    bool confirmed;
    enum err rc = factor_store_confirm(s, c->caller->user.id, c->kind, c->req->now, &confirmed);

    if (rc)
        return rc;
    if (!confirmed)
        return ERR_CONFLICT;
    if (!second_is_wanted(c->before)) {
        rc = write_codes(s, c);
        if (rc)
            return rc;
    }
    return record(s, c, "mfa.enable", LETTER_FACTOR_ENABLED);
}

static enum err reply_codes(struct req *r, struct change *c)
{
    struct codes_view view = {{c->codes, c->code_count}};

    return req_reply_json(r, 200, &RECOVERY_CODES_VIEW, &view);
}

static enum err CO_FN confirm(struct req *r, const char *kind)
{
    const struct code_body *body = r->body;
    struct db_session *s;
    struct caller caller;
    struct factor_state f;
    struct change c = {.req = r, .caller = &caller, .before = &f, .kind = kind};
    bool is_totp = strcmp(kind, "totp") == 0;
    enum err rc = load(r, &s, &caller, &f);

    if (rc)
        return rc;
    if (is_totp ? !f.totp_begun || f.has_totp : !f.email_begun || f.has_email)
        return ERR_CONFLICT;
    rc = second_check_begun(r, s, &caller.user, &f, kind, body->code);
    if (rc)
        return refuse(r, "mfa.enable", &caller, rc);
    rc = db_transact(s, write_confirmation, &c);
    return rc ? rc : reply_codes(r, &c);
}

enum err CO_FN totp_confirm(struct req *r)
{
    return confirm(r, "totp");
}

enum err CO_FN email_factor_confirm(struct req *r)
{
    return confirm(r, "email");
}

/* ---- with password and code ---------------------------------------------------------------- */

static enum err CO_FN write_removal(struct db_session *s, void *arg)
{
    struct change *c = arg;
    int64_t user_id = c->caller->user.id;
    bool is_totp = strcmp(c->kind, "totp") == 0;
    bool is_last = is_totp ? !c->before->has_email : !c->before->has_totp;
    enum err rc = factor_store_remove(s, user_id, c->kind);

    if (rc == ERR_OK && is_last)
        rc = recovery_store_set(s, user_id, NULL, 0);
    return rc ? rc : record(s, c, "mfa.disable", LETTER_FACTOR_DISABLED);
}

static enum err CO_FN renew_codes(struct db_session *s, void *arg)
{
    struct change *c = arg;
    enum err rc = write_codes(s, c);

    return rc ? rc : record(s, c, "mfa.recovery_codes", NULL);
}

/* Writes the change once password and code are good. */
static enum err CO_FN prove_and(struct req *r, const char *action, struct change *c, db_tx_fn write)
{
    const struct proof_body *body = r->body;
    struct factor_state *f = ARENA_NEW(r->arena, struct factor_state);
    struct db_session *s;
    const char *used;
    enum err rc;

    c->req = r;
    c->caller = ARENA_NEW(r->arena, struct caller);
    c->before = f;
    rc = load(r, &s, c->caller, f);
    if (rc)
        return rc;
    if (strcmp(c->kind, "totp") == 0    ? !f->has_totp
        : strcmp(c->kind, "email") == 0 ? !f->has_email
                                        : !second_is_wanted(f))
        return ERR_CONFLICT;
    rc = caller_prove(r, s, c->caller, body->password);
    if (rc == ERR_OK)
        rc = second_check(r, s, &c->caller->user, f, body->code, &used);
    if (rc)
        return refuse(r, action, c->caller, rc);
    return db_transact(s, write, c);
}

static enum err CO_FN disable(struct req *r, const char *kind)
{
    struct change c = {.kind = kind};
    enum err rc = prove_and(r, "mfa.disable", &c, write_removal);

    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("switched off")});
}

enum err CO_FN totp_disable(struct req *r)
{
    return disable(r, "totp");
}

enum err CO_FN email_factor_disable(struct req *r)
{
    return disable(r, "email");
}

enum err CO_FN recovery_codes_post(struct req *r)
{
    struct change c = {.kind = "recovery_code"};
    enum err rc = prove_and(r, "mfa.recovery_codes", &c, renew_codes);

    return rc ? rc : reply_codes(r, &c);
}
