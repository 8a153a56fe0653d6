#include "mail/make.h"

#include "clock.h"
#include "factor/code.h"
#include "json.h"
#include "mail.h"
#include "mail/letter.h"
#include "password/secret.h"
#include "store/factor.h"
#include "store/invitation.h"
#include "store/mail_token.h"
#include "store/user.h"

#define NOTICE_LIFE_S (3 * 86400)
/* Of requests for the same mail in quick succession one is answered. */
#define QUIET_US (45 * US_PER_S)

struct facts {
    struct str address, user_agent;
};
static const struct json_field FACT_FIELDS[] = {
    {"address", JK_STR, offsetof(struct facts, address)},
    {"user_agent", JK_STR, offsetof(struct facts, user_agent)},
};
static JSON_SCHEMA(FACTS, "MailFacts", struct facts, FACT_FIELDS);

struct str mail_facts(struct arena *a, struct str address, struct str user_agent)
{
    const struct facts f = {address, user_agent};
    struct buf b;
    struct json_writer w;

    buf_init(&b, a);
    jw_init(&w, &b);
    json_encode(&w, &FACTS, &f);
    return buf_str(&b);
}

struct str mail_seal_context(struct arena *a, const struct outgoing_mail *m)
{
    return str_printf(a, "mail:%.*s", STR_ARG(m->message_id));
}

int64_t mail_life_s(const struct auth_app *app, struct str kind)
{
    if (str_eq(kind, STR(LETTER_VERIFY_EMAIL)))
        return app->config->verification_expiry_s;
    if (str_eq(kind, STR(LETTER_RESET_PASSWORD)))
        return app->config->reset_expiry_s;
    if (str_eq(kind, STR(LETTER_CODE)))
        return app->config->code_expiry_s;
    if (str_eq(kind, STR(LETTER_INVITATION)))
        return app->config->invitation_expiry_s;
    return NOTICE_LIFE_S;
}

struct making {
    struct auth_app *app;
    struct outgoing_mail *mail;
    struct user user;
    struct letter letter;
    bool wanted;
};

/* ---- links and codes
 * --------------------------------------------------------------------------------- */

static enum err CO_FN add_link(struct db_session *s, struct making *k, const char *purpose,
                               struct str url)
{
    int64_t now = clock_wall_us();
    struct secret secret;
    struct mail_token token = {
        .purpose = purpose,
        .user_id = k->user.id,
        .email = k->user.email,
        .created_at = now,
        .expires_at = now + k->letter.life_s * US_PER_S,
    };
    bool is_recent;
    enum err rc = mail_token_store_is_recent(s, k->user.id, purpose, now - QUIET_US, &is_recent);

    if (rc)
        return rc;
    k->wanted = !is_recent;
    if (is_recent)
        return ERR_OK;
    secret_new(s->arena, &secret);
    token.hash = secret.hash;
    k->letter.link = mail_link(s->arena, url, STR("{token}"), secret.text);
    return mail_token_store_insert(s, &token);
}

static enum err CO_FN add_verification(struct db_session *s, struct making *k)
{
    k->wanted = k->user.email_verified_at == INT64_MIN;
    if (!k->wanted)
        return ERR_OK;
    return add_link(s, k, LETTER_VERIFY_EMAIL, k->app->config->verification_url);
}

static enum err CO_FN add_reset(struct db_session *s, struct making *k)
{
    return add_link(s, k, LETTER_RESET_PASSWORD, k->app->config->reset_url);
}

static enum err CO_FN add_code(struct db_session *s, struct making *k)
{
    struct str code = code_new(s->arena);

    k->letter.code = code;
    return email_code_store_set(s, k->user.id,
                                code_mac(s->arena, k->app->code_key, k->user.id, code),
                                clock_wall_us() + k->letter.life_s * US_PER_S, &k->wanted);
}

/* Its reader is no person yet. */
static enum err CO_FN add_invitation(struct db_session *s, struct making *k)
{
    struct invitation i;
    struct secret secret;
    enum err rc = invitation_store_by_email(s, k->mail->email, &i);

    k->wanted = rc == ERR_OK;
    if (rc)
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    secret_new(s->arena, &secret);
    k->letter.link =
        mail_link(s->arena, k->app->config->invitation_url, STR("{token}"), secret.text);
    return invitation_store_set_token(s, i.id, secret.hash);
}

/* What a kind needs beyond its text; the others are notices. */
static const struct {
    const char *kind;
    enum err (*add)(struct db_session *s, struct making *k);
} EXTRAS[] = {
    {LETTER_VERIFY_EMAIL, add_verification},
    {LETTER_RESET_PASSWORD, add_reset},
    {LETTER_CODE, add_code},
    {LETTER_INVITATION, add_invitation},
};

/* ---- the message --------------------------------------------------------------------------- */

static struct str compose(struct arena *a, const struct making *k)
{
    const struct mail_outlet *outlet = &k->app->config->mail;
    const struct outgoing_mail *row = k->mail;
    struct str domain = mail_domain(outlet);
    struct letter_text text;
    struct mail m = {
        .from = outlet->from,
        .to_address = row->email,
        .to_name = k->letter.name,
        .message_id = str_printf(a, "%.*s@%.*s", STR_ARG(row->message_id), STR_ARG(domain)),
        .date = row->created_at,
    };

    if (!letter_write(a, row->kind, &k->letter, &text))
        return STR_NULL;
    m.subject = text.subject;
    m.text = text.text;
    m.html = text.html;
    return mail_compose(a, &m);
}

/* The address may have changed hands since the row was written. */
static enum err CO_FN find_reader(struct db_session *s, struct making *k)
{
    enum err rc;

    if (str_eq(k->mail->kind, STR(LETTER_INVITATION))) {
        k->user.full_name = k->mail->email;
        k->wanted = true;
        return ERR_OK;
    }
    rc = k->mail->user_id == JSON_NO_INT ? user_store_by_email(s, k->mail->email, &k->user)
                                         : user_store_by_id(s, k->mail->user_id, &k->user);
    if (rc == ERR_USER_NOT_FOUND) {
        k->wanted = false;
        return ERR_OK;
    }
    k->wanted = rc == ERR_OK && k->user.active && str_ieq(k->user.email, k->mail->email);
    return rc;
}

/* Whoever registers chooses the name, so it must not become somebody else's advertisement. */
static struct str greeting_name(const struct user *u)
{
    bool is_link = str_index(u->full_name, '/', 0) >= 0 || str_find(u->full_name, STR("www.")) >= 0;
    return is_link || u->full_name.len > 100 ? u->email : u->full_name;
}

static void read_facts(struct arena *a, struct making *k)
{
    const struct json *v;
    const char *why;

    if (json_parse(a, k->mail->facts, &v, &why))
        return;
    k->letter.address = json_str(json_get(v, "address"));
    k->letter.user_agent = json_str(json_get(v, "user_agent"));
}

static enum err CO_FN make(struct db_session *s, void *arg)
{
    struct making *k = arg;
    struct outgoing_mail *m = k->mail;
    struct str message;
    bool kept;
    enum err rc = find_reader(s, k);

    if (rc || !k->wanted)
        return rc;
    k->letter = (struct letter){
        .name = greeting_name(&k->user),
        .life_s = mail_life_s(k->app, m->kind),
        .at = m->created_at,
    };
    read_facts(s->arena, k);
    for (size_t i = 0; i < sizeof EXTRAS / sizeof EXTRAS[0]; i++) {
        if (!str_eq(m->kind, str_from(EXTRAS[i].kind)))
            continue;
        rc = EXTRAS[i].add(s, k);
        if (rc || !k->wanted)
            return rc;
    }
    message = compose(s->arena, k);
    if (!message.p)
        return ERR_INTERNAL_ERROR;
    message = seal(k->app->seal, s->arena, mail_seal_context(s->arena, m), message);
    rc = outgoing_mail_store_keep(s, m->id, message, &kept);
    if (rc)
        return rc;
    m->message = message;
    return kept ? ERR_OK : ERR_CONFLICT;
}

enum err CO_FN mail_make(struct auth_app *app, struct db_session *s, struct outgoing_mail *m,
                         bool *wanted)
{
    struct making k = {.app = app, .mail = m};
    enum err rc = db_transact(s, make, &k);

    *wanted = k.wanted;
    return rc;
}
