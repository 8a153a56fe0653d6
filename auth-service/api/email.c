/* Proving that an address of mail is one's own. */
#include "api/account.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/view.h"
#include "mail/letter.h"
#include "password/secret.h"
#include "store/mail_token.h"

#define SECRET (JF_REQUIRED | JF_NON_EMPTY | JF_SECRET)

static const struct json_field TOKEN_FIELDS[] = {
    {"token", JK_STR, offsetof(struct link_body, token), SECRET, .doc = "of the mail"},
};
JSON_SCHEMA(LINK_BODY, "LinkRequest", struct link_body, TOKEN_FIELDS);

struct verification {
    struct req *req;
    struct str token_hash;
    struct mail_token token;
    struct user user;
};

static void set_verified(struct arena *a, struct user *u, void *arg, bool *changed)
{
    const struct verification *v = arg;

    (void)a;
    if (!str_ieq(u->email, v->token.email) || u->email_verified_at != INT64_MIN)
        return;
    u->email_verified_at = v->req->now;
    *changed = true;
}

static enum err CO_FN verify(struct db_session *s, void *arg)
{
    struct verification *v = arg;
    const struct change_origin origin = account_origin(v->req);
    struct audit_event e;
    enum err rc =
        mail_token_store_use(s, v->token_hash, LETTER_VERIFY_EMAIL, v->req->now, &v->token);

    if (rc == ERR_OK)
        rc = account_update_in(s, v->token.user_id, set_verified, v, &origin, &v->user);
    if (rc)
        return rc;
    if (!str_ieq(v->user.email, v->token.email))
        return ERR_LINK_INVALID;
    e = audit_of(v->req, "email.verify", "user", v->user.id);
    e.origin.actor_id = v->user.id;
    return audit_put(s, &e);
}

enum err CO_FN email_verify(struct req *r)
{
    const struct link_body *body = r->body ? r->body : r->query_args;
    struct verification v = {.req = r, .token_hash = secret_hash(r->arena, body->token)};
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = db_transact(s, verify, &v);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW, &(struct message_view){STR("email verified")});
}

enum err CO_FN email_resend(struct req *r)
{
    const struct email_body *body = r->body;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = mail_requested(r, s, LETTER_VERIFY_EMAIL, str_trim(body->email));
    if (rc)
        return rc;
    return req_reply_json(
        r, 200, &MESSAGE_VIEW,
        &(struct message_view){STR("if that address waits for it, a mail is on its way")});
}
