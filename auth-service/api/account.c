#include "api/account.h"

#include <inttypes.h>

#include "api/administer.h"
#include "api/audit.h"
#include "store/api_token.h"
#include "store/login.h"
#include "store/role.h"
#include "store/session.h"
#include "store/user.h"

struct change_origin account_origin(struct req *r)
{
    return (struct change_origin){
        .now = r->now,
        .time_overridden = r->time_overridden,
        .log = r->log,
        .audit = audit_origin(r),
        .by = r->actor,
    };
}

static enum err CO_FN note(struct db_session *s, const struct change_origin *o, const char *action,
                           int64_t user_id, struct str details)
{
    struct audit_event e = {
        .origin = o->audit,
        .action = action,
        .target_type = "user",
        .target_id = str_printf(s->arena, "%" PRId64, user_id),
        .details = details,
    };

    e.origin.at = o->now;
    return audit_put(s, &e);
}

/* ---- creating ------------------------------------------------------------------------------ */

struct creation {
    const struct account_new *wanted;
    const struct change_origin *origin;
    struct user *out;
};

/* Everybody may be an Employee: registering makes one. */
static enum err CO_FN check_grant(struct db_session *s, const struct change_origin *o,
                                  int64_t role_id)
{
    struct role_row role;
    enum err rc;

    if (!o->by || role_id == ROLE_HDTS_EMPLOYEE)
        return ERR_OK;
    rc = role_store_by_id(s, role_id, &role);
    return rc ? rc : administer_system(s, o->by, role.system);
}

static struct str or_empty(struct str s)
{
    return s.p ? str_trim(s) : STR("");
}

static struct user draft_of(struct arena *a, const struct account_new *n, int64_t now)
{
    struct user u = {
        .email = str_trim(n->email),
        .first_name = or_empty(n->first_name),
        .last_name = or_empty(n->last_name),
        .full_name = or_empty(n->full_name),
        .department = or_empty(n->department),
        .phone = or_empty(n->phone),
        .active = true,
        .created_at = now,
        .email_verified_at = n->email_is_verified ? now : INT64_MIN,
    };

    if (str_is_empty(u.full_name))
        u.full_name = user_full_name(a, u.first_name, u.last_name, u.email);
    return u;
}

enum err CO_FN account_create_in(struct db_session *s, const struct account_new *n,
                                 const struct change_origin *origin, struct user *out)
{
    struct user u = draft_of(s->arena, n, origin->now);
    enum err rc = user_store_insert(s, &u);

    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    if (n->password_hash.p) {
        rc = credential_store_set(s, u.id, n->password_hash, origin->now);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < n->role_count; i++) {
        bool changed;
        rc = check_grant(s, origin, n->role_ids[i]);
        if (rc)
            return rc;
        rc = user_role_store_grant(s, u.id, n->role_ids[i], n->granted_by, origin->now, &changed);
        if (rc)
            return rc;
    }
    rc = user_store_by_id(s, u.id, out);
    /* Who registers is in the trail by the handler. */
    if (rc == ERR_OK && !n->also)
        rc = note(s, origin, "user.create", u.id, STR_NULL);
    if (rc)
        return rc;
    rc = user_event_put(s, "user.created", out, origin);
    return rc || !n->also ? rc : n->also(s, out, n->also_arg);
}

static enum err CO_FN create_account(struct db_session *s, void *arg)
{
    const struct creation *c = arg;

    return account_create_in(s, c->wanted, c->origin, c->out);
}

enum err CO_FN account_create(struct auth_app *app, struct db_session *s,
                              const struct account_new *n, const struct change_origin *origin,
                              struct user *out)
{
    struct account_new wanted = *n;
    struct creation c = {&wanted, origin, out};

    if (n->password.p) {
        enum err rc =
            password_pool_make(app->passwords, s->arena, n->password, &wanted.password_hash);
        if (rc)
            return rc;
    }
    return db_transact(s, create_account, &c);
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
    bool is_told; /* the caller writes the audit trail */
};

/* The names of the fields that differ, never what is in them. */
static struct str changed_fields(struct arena *a, const struct user *before, const struct user *u)
{
    const struct {
        const char *name;
        bool changed;
    } fields[] = {
        {"email", !str_eq(before->email, u->email)},
        {"first_name", !str_eq(before->first_name, u->first_name)},
        {"last_name", !str_eq(before->last_name, u->last_name)},
        {"full_name", !str_eq(before->full_name, u->full_name)},
        {"department", !str_eq(before->department, u->department)},
        {"phone", !str_eq(before->phone, u->phone)},
        {"email_verified", before->email_verified_at != u->email_verified_at},
        {"active", before->active != u->active},
    };
    struct buf b;
    struct json_writer w;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_KEY(&w, "fields");
    jw_array(&w);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].changed)
            jw_str(&w, str_from(fields[i].name));
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err CO_FN note_update(struct db_session *s, const struct change_origin *o,
                                  const struct user *before, const struct user *u)
{
    const char *action = "user.update";

    if (before->active != u->active)
        action = u->active ? "user.activate" : "user.deactivate";
    return note(s, o, action, u->id, changed_fields(s->arena, before, u));
}

static bool is_erased(const struct user *u)
{
    return u->erased_at != INT64_MIN;
}

static enum err CO_FN save_account(struct db_session *s, void *arg)
{
    const struct update *c = arg;
    struct user *u = c->out;
    struct user before;
    bool changed = false;
    enum err rc = user_store_lock(s, c->id, u);

    if (rc == ERR_OK && is_erased(u))
        rc = ERR_USER_NOT_FOUND;
    if (rc == ERR_OK && c->origin->by)
        rc = administer_person(s, c->origin->by, u);
    if (rc)
        return rc;
    if (c->if_version != JSON_NO_INT && c->if_version != u->version)
        return ERR_PRECONDITION_FAILED;
    before = *u;
    c->edit(s->arena, u, c->arg, &changed);
    if (!changed)
        return ERR_OK;
    if (!str_ieq(u->email, before.email))
        u->email_verified_at = INT64_MIN;
    rc = user_store_save(s, u, c->origin->now);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    if (before.active && !u->active) {
        rc = end_account(s, u, c->origin->now);
        if (rc)
            return rc;
    }
    rc = c->is_told ? ERR_OK : note_update(s, c->origin, &before, u);
    return rc ? rc : user_event_put(s, "user.updated", u, c->origin);
}

enum err CO_FN account_update(struct db_session *s, int64_t id, int64_t if_version,
                              account_edit_fn edit, void *arg, const struct change_origin *origin,
                              struct user *out)
{
    struct update c = {id, if_version, edit, arg, origin, out, false};

    return db_transact(s, save_account, &c);
}

enum err CO_FN account_update_in(struct db_session *s, int64_t id, account_edit_fn edit, void *arg,
                                 const struct change_origin *origin, struct user *out)
{
    struct update c = {id, JSON_NO_INT, edit, arg, origin, out, true};

    return save_account(s, &c);
}

/* ---- erasing ------------------------------------------------------------------------------- */

struct erasure {
    int64_t id, if_version;
    const struct change_origin *origin;
    struct user u;
};

static enum err CO_FN erase(struct db_session *s, void *arg)
{
    struct erasure *e = arg;
    enum err rc = user_store_lock(s, e->id, &e->u);

    if (rc == ERR_OK && e->origin->by)
        rc = administer_person(s, e->origin->by, &e->u);
    if (rc || is_erased(&e->u))
        return rc;
    if (e->if_version != JSON_NO_INT && e->if_version != e->u.version)
        return ERR_PRECONDITION_FAILED;
    rc = end_account(s, &e->u, e->origin->now);
    if (rc == ERR_OK)
        rc = user_store_erase(s, e->id, e->origin->now);
    if (rc == ERR_OK)
        rc = user_store_by_id(s, e->id, &e->u);
    if (rc == ERR_OK)
        rc = note(s, e->origin, "user.erase", e->id, STR_NULL);
    return rc ? rc : user_event_put(s, "user.updated", &e->u, e->origin);
}

enum err CO_FN account_erase(struct db_session *s, int64_t id, int64_t if_version,
                             const struct change_origin *origin)
{
    struct erasure e = {id, if_version, origin, {0}};

    return db_transact(s, erase, &e);
}

/* ---- roles --------------------------------------------------------------------------------- */

struct role_update {
    const struct role_change *change;
    const struct change_origin *origin;
    struct user *out;
};

static enum err CO_FN check_role_change(struct db_session *s, const struct role_change *c,
                                        const struct change_origin *o)
{
    if (!o->by)
        return ERR_OK;
    if (c->grant && o->by->user_id == c->user_id)
        return ERR_FORBIDDEN;
    return administer_system(s, o->by, c->system);
}

static enum err CO_FN write_role(struct db_session *s, const struct role_change *c,
                                 const struct change_origin *o)
{
    bool changed;
    enum err rc;

    if (c->grant) {
        int64_t granted_by = o->by ? o->by->user_id : JSON_NO_INT;
        rc = user_role_store_grant(s, c->user_id, c->role_id, granted_by, o->now, &changed);
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

    if (rc == ERR_OK && is_erased(u->out))
        rc = ERR_USER_NOT_FOUND;
    if (rc == ERR_OK)
        rc = check_role_change(s, c, u->origin);
    if (rc == ERR_OK)
        rc = write_role(s, c, u->origin);
    if (rc)
        return rc;
    rc = user_store_save(s, u->out, u->origin->now);
    if (rc)
        return rc;
    rc = user_store_by_id(s, c->user_id, u->out);
    if (rc == ERR_OK)
        rc = note(s, u->origin, c->grant ? "role.grant" : "role.revoke", c->user_id,
                  str_printf(s->arena, "{\"role_id\":%" PRId64 "}", c->role_id));
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

enum err CO_FN account_change_role_in(struct db_session *s, const struct role_change *c,
                                      const struct change_origin *origin, struct user *out)
{
    struct role_update u = {c, origin, out};

    return save_role(s, &u);
}
