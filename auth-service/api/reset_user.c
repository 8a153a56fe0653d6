/* --reset-user: for somebody who is locked out, or whose account is in other hands. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "api/app.h"
#include "api/command.h"
#include "arguments.h"
#include "buf.h"
#include "clock.h"
#include "encode.h"
#include "json.h"
#include "mail.h"
#include "mail/letter.h"
#include "mail/make.h"
#include "mail/sender.h"
#include "password/hash.h"
#include "password/secret.h"
#include "rand.h"
#include "store/audit.h"
#include "store/factor.h"
#include "store/guard.h"
#include "store/login.h"
#include "store/mail_token.h"
#include "store/session.h"
#include "store/user.h"

#define PASSWORD_BYTES 12 /* 96 bits, 16 characters */

struct resetting {
    struct service *service;
    const char *email;
    int64_t id; /* JSON_NO_INT: the email tells who */
    bool with_link;
    struct str password, password_hash, link;
    int64_t link_expires_at, sessions_ended;
    struct user user;
};

static void new_password(struct arena *a, struct str *out)
{
    uint8_t bytes[PASSWORD_BYTES];
    char *text = arena_alloc(a, BASE64_SIZE(PASSWORD_BYTES));

    rand_bytes(bytes, sizeof bytes);
    *out = str_n(text, base64url_encode(bytes, sizeof bytes, text));
}

static enum err CO_FN find(struct db_session *s, struct resetting *x)
{
    enum err rc = ERR_OK;

    if (x->email)
        rc = user_store_by_email(s, str_from(x->email), &x->user);
    if (rc == ERR_OK)
        rc = user_store_lock(s, x->email ? x->user.id : x->id, &x->user);
    return rc == ERR_OK && x->user.erased_at != INT64_MIN ? ERR_USER_NOT_FOUND : rc;
}

/* Whoever knows the old password or has the second factor is out. */
static enum err CO_FN take_away(struct db_session *s, struct resetting *x, int64_t now)
{
    int64_t id = x->user.id;
    enum err rc = credential_store_set(s, id, x->password_hash, now);

    if (rc == ERR_OK)
        rc = session_store_revoke_others(s, id, STR_NULL, "user.reset", now, &x->sessions_ended);
    if (rc == ERR_OK)
        rc = mail_token_store_void(s, id, LETTER_RESET_PASSWORD, now);
    if (rc == ERR_OK)
        rc = factor_store_remove(s, id, "totp");
    if (rc == ERR_OK)
        rc = factor_store_remove(s, id, "email");
    return rc ? rc : recovery_store_set(s, id, NULL, 0);
}

static enum err CO_FN unlock(struct db_session *s, const struct resetting *x)
{
    enum err rc = guard_forgive(s, "account", x->user.email);

    return rc ? rc : guard_forgive(s, "factor", str_printf(s->arena, "%" PRId64, x->user.id));
}

static enum err CO_FN give_link(struct db_session *s, struct resetting *x, int64_t now)
{
    const struct auth_config *config = x->service->own_config;
    struct mail_token token = {
        .purpose = LETTER_RESET_PASSWORD,
        .user_id = x->user.id,
        .email = x->user.email,
        .created_at = now,
        .expires_at = now + config->reset_expiry_s * US_PER_S,
    };
    struct secret secret;

    secret_new(s->arena, &secret);
    token.hash = secret.hash;
    x->link = mail_link(s->arena, config->reset_url, STR("{token}"), secret.text);
    x->link_expires_at = token.expires_at;
    return mail_token_store_insert(s, &token);
}

static enum err CO_FN tell(struct db_session *s, const struct resetting *x, int64_t now)
{
    struct auth_app app = {.service = x->service, .config = x->service->own_config};
    struct str facts = mail_facts(s->arena, STR("the machine of the program"), STR_NULL);

    return mail_put(&app, s, LETTER_PASSWORD_CHANGED, x->user.email, x->user.id, facts, now);
}

static enum err CO_FN reset(struct db_session *s, void *arg)
{
    struct resetting *x = arg;
    const struct change_origin origin = command_origin(x->service);
    struct audit_event e = {
        .origin = origin.audit,
        .action = "user.reset",
        .target_type = "user",
        .details = command_details(s->arena, "--reset-user"),
    };
    enum err rc = find(s, x);

    if (rc == ERR_OK)
        rc = take_away(s, x, origin.now);
    if (rc == ERR_OK)
        rc = unlock(s, x);
    if (rc == ERR_OK && x->with_link)
        rc = give_link(s, x, origin.now);
    if (rc == ERR_OK)
        rc = tell(s, x, origin.now);
    if (rc)
        return rc;
    e.origin.at = origin.now;
    e.target_id = str_printf(s->arena, "%" PRId64, x->user.id);
    return audit_put(s, &e);
}

static void print(struct arena *a, const struct resetting *x)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_INT(&w, "id", x->user.id);
    JW_STR(&w, "email", x->user.email);
    JW_BOOL(&w, "active", x->user.active);
    JW_INT(&w, "sessions_ended", x->sessions_ended);
    if (x->with_link) {
        JW_STR(&w, "link", x->link);
        JW_TIME(&w, "link_expires_at", x->link_expires_at);
    } else {
        JW_STR(&w, "password", x->password);
    }
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

static bool read_order(int count, char **args, struct resetting *x)
{
    const struct argument table[] = {{"--email", ARGUMENT_TEXT, &x->email},
                                     {"--id", ARGUMENT_INT, &x->id},
                                     {"--link", ARGUMENT_FLAG, &x->with_link}};

    return arguments_read(count, args, table, 3) && !x->email == (x->id != JSON_NO_INT) &&
           (!x->email || str_is_utf8(str_from(x->email)));
}

int reset_user_command(struct service *s, int count, char **args)
{
    struct resetting x = {.service = s, .id = JSON_NO_INT};
    char hash[PASSWORD_HASH_SIZE];
    struct db_session db;
    enum err rc;

    if (!read_order(count, args, &x))
        return EX_USAGE;
    new_password(s->arena, &x.password);
    if (!password_hash_make(str_cstr(s->arena, x.password), hash))
        return EX_SOFTWARE;
    x.password_hash = str_from(hash);
    db_session_init(&db, s->db, s->arena);
    rc = db_transact(&db, reset, &x);
    if (rc)
        return command_failed(s, rc);
    print(s->arena, &x);
    return EX_OK;
}
