#pragma once
/*
 * Changing people: every change of a person is one transaction that writes the rows, the next
 * version and the event. Used by the handlers and by the demo data.
 */
#include "api/app.h"
#include "events/publish.h"

struct account_new {
    struct str email, password; /* password absent: no login until one is set */
    struct str password_hash;   /* instead of password */
    struct str first_name, last_name;
    struct str full_name; /* absent: made from the others */
    struct str department, phone;
    const int64_t *role_ids;
    size_t role_count;
    int64_t granted_by; /* JSON_NO_INT: the system */
    bool email_is_verified;
    /* Called in the transaction with the new person; may be NULL. */
    enum err (*also)(struct db_session *s, const struct user *u, void *arg);
    void *also_arg;
};

struct change_origin account_origin(struct req *r);

/* ERR_DUPLICATE_RESOURCE when the address is taken, ERR_NOT_FOUND for an unknown role,
 * ERR_FORBIDDEN for one that origin->by may not grant; anybody may be made an Employee.
 * ERR_SERVICE_UNAVAILABLE also when too many passwords wait. */
MUST_CHECK enum err CO_FN account_create(struct auth_app *app, struct db_session *s,
                                         const struct account_new *n,
                                         const struct change_origin *origin, struct user *out);

/* The same as part of the caller's transaction, for an account without a password or with the hash
 * of it: hashing takes too long for a transaction. */
MUST_CHECK enum err CO_FN account_create_in(struct db_session *s, const struct account_new *n,
                                            const struct change_origin *origin, struct user *out);

/* Changes u as wanted; *changed tells whether there is anything to write. */
typedef void (*account_edit_fn)(struct arena *a, struct user *u, void *arg, bool *changed);

/*
 * Locks the person, applies edit, saves, publishes user.updated and writes the audit trail; ends
 * the sessions of a person who was deactivated. ERR_FORBIDDEN when origin->by may not administer
 * the person. if_version is JSON_NO_INT or the version the caller has seen, else
 * ERR_PRECONDITION_FAILED. ERR_USER_NOT_FOUND, ERR_DUPLICATE_RESOURCE, ERR_CONFLICT when it would
 * deactivate the last administrator.
 */
MUST_CHECK enum err CO_FN account_update(struct db_session *s, int64_t id, int64_t if_version,
                                         account_edit_fn edit, void *arg,
                                         const struct change_origin *origin, struct user *out);

/* The same as part of the caller's transaction, which writes the audit trail. */
MUST_CHECK enum err CO_FN account_update_in(struct db_session *s, int64_t id, account_edit_fn edit,
                                            void *arg, const struct change_origin *origin,
                                            struct user *out);

/*
 * Removes all that tells who the person was: names, addresses, credentials, sessions, tokens,
 * roles, preferences. The id stays, and user.updated carries the erasure to the copies. Once more
 * is no error. As account_update otherwise.
 */
MUST_CHECK enum err CO_FN account_erase(struct db_session *s, int64_t id, int64_t if_version,
                                        const struct change_origin *origin);

struct role_change {
    int64_t user_id, role_id;
    struct str system; /* of the role */
    bool grant;        /* else revoke */
};
/*
 * Grants or revokes, publishes role.assigned or role.revoked and writes the audit trail.
 * ERR_FORBIDDEN when origin->by may not: nobody grants to themselves. ERR_DUPLICATE_RESOURCE when
 * the person holds the role already, ERR_NOT_FOUND when they do not hold what is revoked or the
 * role does not exist, ERR_CONFLICT for the last active holder of an administrator role,
 * ERR_USER_NOT_FOUND.
 */
MUST_CHECK enum err CO_FN account_change_role(struct db_session *s, const struct role_change *c,
                                              const struct change_origin *origin, struct user *out);

/* The same as part of the caller's transaction. */
MUST_CHECK enum err CO_FN account_change_role_in(struct db_session *s, const struct role_change *c,
                                                 const struct change_origin *origin,
                                                 struct user *out);
