/* --create-admin: the first administrator of a new fleet, or one more. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "api/account.h"
#include "api/command.h"
#include "arguments.h"
#include "buf.h"
#include "password/hash.h"
#include "password/read.h"
#include "store/audit.h"
#include "store/user.h"

static const int64_t ROLES[] = {ROLE_HDTS_ADMIN, ROLE_TTS_ADMIN};
#define ROLE_COUNT (sizeof ROLES / sizeof ROLES[0])

struct creating {
    struct service *service;
    struct str email, name, password_hash;
    struct user user;
    bool is_new, is_changed;
};

static enum err CO_FN create(struct db_session *s, struct creating *c,
                             const struct change_origin *origin)
{
    const struct account_new wanted = {
        .email = c->email,
        .full_name = c->name,
        .password_hash = c->password_hash,
        .role_ids = ROLES,
        .role_count = ROLE_COUNT,
        .granted_by = JSON_NO_INT,
        .email_is_verified = true,
    };

    c->is_changed = true;
    return account_create_in(s, &wanted, origin, &c->user);
}

static void activate(struct arena *a, struct user *u, void *arg, bool *changed)
{
    (void)a, (void)arg;
    if (u->active)
        return;
    u->active = true;
    *changed = true;
}

static bool has_role(const struct user *u, int64_t role_id)
{
    for (size_t i = 0; i < u->role_count; i++)
        if (u->roles[i].system_role_id == role_id)
            return true;
    return false;
}

/* A person who is there keeps name and password. */
static enum err CO_FN promote(struct db_session *s, struct creating *c,
                              const struct change_origin *origin)
{
    bool was_active = c->user.active;
    enum err rc = account_update_in(s, c->user.id, activate, NULL, origin, &c->user);

    c->is_changed = !was_active;
    for (size_t i = 0; i < ROLE_COUNT && rc == ERR_OK; i++) {
        const struct role_change change = {
            .user_id = c->user.id, .role_id = ROLES[i], .grant = true};

        if (has_role(&c->user, ROLES[i]))
            continue;
        c->is_changed = true;
        rc = account_change_role_in(s, &change, origin, &c->user);
    }
    return rc;
}

static enum err CO_FN make(struct db_session *s, void *arg)
{
    struct creating *c = arg;
    const struct change_origin origin = command_origin(c->service);
    struct audit_event e = {
        .origin = origin.audit,
        .action = "admin.create",
        .target_type = "user",
        .details = command_details(s->arena, "--create-admin"),
    };
    enum err rc = user_store_by_email(s, c->email, &c->user);

    c->is_new = rc == ERR_USER_NOT_FOUND;
    if (rc && !c->is_new)
        return rc;
    rc = c->is_new ? create(s, c, &origin) : promote(s, c, &origin);
    if (rc || !c->is_changed)
        return rc;
    e.origin.at = origin.now;
    e.target_id = str_printf(s->arena, "%lld", (long long)c->user.id);
    return audit_put(s, &e);
}

static void print(struct arena *a, const struct creating *c)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_INT(&w, "id", c->user.id);
    JW_STR(&w, "email", c->user.email);
    JW_STR(&w, "name", c->user.full_name);
    JW_BOOL(&w, "created", c->is_new);
    JW_BOOL(&w, "changed", c->is_changed);
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* A password for somebody new, hashed. False, with the reason told, when it will not do. */
static bool choose_password(struct service *s, struct creating *c, const char *path)
{
    const struct auth_config *config = s->own_config;
    const struct password_policy policy = {config->password_min_length, s->is_production};
    struct str password = password_read(s->arena, path);
    char hash[PASSWORD_HASH_SIZE];
    const char *problem;

    if (!password.p)
        return false;
    problem = password_problem(&policy, password, c->email);
    if (!problem && !password_hash_make(password.p, hash))
        problem = "the password cannot be used";
    if (problem)
        fprintf(stderr, "%s: %s\n", s->desc->name, problem);
    else
        c->password_hash = str_dup(s->arena, str_from(hash));
    return !problem;
}

static bool read_order(int count, char **args, struct creating *c, const char **password_file)
{
    const char *email = NULL, *name = NULL;
    const struct argument table[] = {{"--email", ARGUMENT_TEXT, &email},
                                     {"--name", ARGUMENT_TEXT, &name},
                                     {"--password-file", ARGUMENT_TEXT, password_file}};

    if (!arguments_read(count, args, table, 3) || !email || !json_is_email(str_from(email)))
        return false;
    c->email = str_from(email);
    c->name = name ? str_from(name) : STR_NULL;
    return !name || (str_is_utf8(c->name) && c->name.len <= 200);
}

int create_admin_command(struct service *s, int count, char **args)
{
    struct creating c = {.service = s};
    const char *password_file = NULL;
    struct db_session db;
    enum err rc;

    if (!read_order(count, args, &c, &password_file))
        return EX_USAGE;
    db_session_init(&db, s->db, s->arena);
    rc = user_store_by_email(&db, c.email, &c.user);
    if (rc == ERR_USER_NOT_FOUND && !choose_password(s, &c, password_file))
        return EX_DATAERR;
    if (rc == ERR_OK || rc == ERR_USER_NOT_FOUND)
        rc = db_transact(&db, make, &c);
    if (rc)
        return command_failed(s, rc);
    print(s->arena, &c);
    return EX_OK;
}
