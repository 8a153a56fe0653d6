#include "api/account.h"

#include "store/api_token.h"
#include "store/login.h"
#include "store/role.h"
#include "store/session.h"
#include "store/user.h"

struct change_origin account_origin(const struct req *r)
{
    return (struct change_origin){r->now, r->time_overridden, r->log};
}

/* ---- creating ------------------------------------------------------------------------------ */

struct creation {
    const struct account_new *wanted;
    const struct change_origin *origin;
    struct user draft;
    struct str password_hash;
    struct user *out;
};

static enum err CO_FN insert_account(struct db_session *s, void *arg)
{
    const struct creation *c = arg;
    const struct account_new *n = c->wanted;
    struct user u = c->draft;
    enum err rc = user_store_insert(s, &u);

    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    if (c->password_hash.p) {
        rc = credential_store_set(s, u.id, c->password_hash, c->origin->now);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < n->role_count; i++) {
        bool changed;
        rc =
            user_role_store_grant(s, u.id, n->role_ids[i], n->granted_by, c->origin->now, &changed);
        if (rc)
            return rc;
    }
    rc = user_store_by_id(s, u.id, c->out);
    if (rc)
        return rc;
    rc = user_event_put(s, "user.created", c->out, c->origin);
    return rc || !n->also ? rc : n->also(s, c->out, n->also_arg);
}

static struct str or_empty(struct str s)
{
    return s.p ? str_trim(s) : STR("");
}

enum err CO_FN account_create(struct auth_app *app, struct db_session *s,
                              const struct account_new *n, const struct change_origin *origin,
                              struct user *out)
{
    struct creation c = {.wanted = n, .origin = origin, .out = out};
    struct user *u = &c.draft;

    *u = (struct user){
        .email = str_trim(n->email),
        .first_name = or_empty(n->first_name),
        .last_name = or_empty(n->last_name),
        .full_name = or_empty(n->full_name),
        .department = or_empty(n->department),
        .phone = or_empty(n->phone),
        .active = true,
        .created_at = origin->now,
        .email_verified_at = n->email_is_verified ? origin->now : INT64_MIN,
    };
    if (str_is_empty(u->full_name))
        u->full_name = user_full_name(s->arena, u->first_name, u->last_name, u->email);
    if (n->password.p) {
        enum err rc = password_pool_make(app->passwords, s->arena, n->password, &c.password_hash);
        if (rc)
            return rc;
    }
    return db_transact(s, insert_account, &c);
}

/* ---- the last administrator ------------------------------------------------------------------ */

static bool is_admin_role(int64_t role_id)
{
    return role_id == ROLE_HDTS_ADMIN || role_id == ROLE_TTS_ADMIN;
}

/* Without this the fleet could end up with nobody who may grant roles. */
static enum err CO_FN refuse_last_holder(struct db_session *s, int64_t role_id, int64_t user_id)
{
    int64_t others;
    enum err rc = user_role_store_others(s, role_id, user_id, &others);

    if (rc)
        return rc;
    return others == 0 ? ERR_CONFLICT : ERR_OK;
}

static enum err CO_FN end_account(struct db_session *s, const struct user *u, int64_t now)
{
    enum err rc;

    for (size_t i = 0; i < u->role_count; i++) {
        if (!is_admin_role(u->roles[i].system_role_id))
            continue;
        rc = refuse_last_holder(s, u->roles[i].system_role_id, u->id);
        if (rc)
            return rc;
    }
    rc = session_store_revoke_user(s, u->id, "deactivated", now);
    return rc ? rc : api_token_store_revoke_user(s, u->id, "deactivated", now);
}

/* ---- changing ------------------------------------------------------------------------------ */

struct update {
    int64_t id, if_version;
    account_edit_fn edit;
    void *arg;
    const struct change_origin *origin;
    struct user *out;
};

static enum err CO_FN save_account(struct db_session *s, void *arg)
{
    const struct update *c = arg;
    struct user *u = c->out;
    bool changed = false, was_active;
    struct str old_email;
    enum err rc = user_store_lock(s, c->id, u);

    if (rc)
        return rc;
    if (c->if_version != JSON_NO_INT && c->if_version != u->version)
        return ERR_PRECONDITION_FAILED;
    was_active = u->active;
    old_email = u->email;
    c->edit(s->arena, u, c->arg, &changed);
    if (!changed)
        return ERR_OK;
    if (!str_ieq(u->email, old_email))
        u->email_verified_at = INT64_MIN;
    rc = user_store_save(s, u, c->origin->now);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    if (was_active && !u->active) {
        rc = end_account(s, u, c->origin->now);
        if (rc)
            return rc;
    }
    return user_event_put(s, "user.updated", u, c->origin);
}

enum err CO_FN account_update(struct db_session *s, int64_t id, int64_t if_version,
                              account_edit_fn edit, void *arg, const struct change_origin *origin,
                              struct user *out)
{
    struct update c = {id, if_version, edit, arg, origin, out};

    return db_transact(s, save_account, &c);
}

enum err CO_FN account_update_in(struct db_session *s, int64_t id, account_edit_fn edit, void *arg,
                                 const struct change_origin *origin, struct user *out)
{
    struct update c = {id, JSON_NO_INT, edit, arg, origin, out};

    return save_account(s, &c);
}

/* ---- roles --------------------------------------------------------------------------------- */

struct role_update {
    const struct role_change *change;
    const struct change_origin *origin;
    struct user *out;
};

static enum err CO_FN write_role(struct db_session *s, const struct role_change *c, int64_t now)
{
    bool changed;
    enum err rc;

    if (c->grant) {
        rc = user_role_store_grant(s, c->user_id, c->role_id, c->actor_id, now, &changed);
        if (rc)
            return rc;
        return changed ? ERR_OK : ERR_DUPLICATE_RESOURCE;
    }
    rc = user_role_store_revoke(s, c->user_id, c->role_id, &changed);
    if (rc)
        return rc;
    if (!changed)
        return ERR_NOT_FOUND;
    return is_admin_role(c->role_id) ? refuse_last_holder(s, c->role_id, c->user_id) : ERR_OK;
}

static enum err CO_FN save_role(struct db_session *s, void *arg)
{
    const struct role_update *u = arg;
    const struct role_change *c = u->change;
    enum err rc = user_store_lock(s, c->user_id, u->out);

    if (rc)
        return rc;
    rc = write_role(s, c, u->origin->now);
    if (rc)
        return rc;
    rc = user_store_save(s, u->out, u->origin->now);
    if (rc)
        return rc;
    rc = user_store_by_id(s, c->user_id, u->out);
    if (rc)
        return rc;
    return user_event_put(s, c->grant ? "role.assigned" : "role.revoked", u->out, u->origin);
}

enum err CO_FN account_change_role(struct db_session *s, const struct role_change *c,
                                   const struct change_origin *origin, struct user *out)
{
    struct role_update u = {c, origin, out};

    return db_transact(s, save_role, &u);
}
