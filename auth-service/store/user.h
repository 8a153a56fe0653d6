#pragma once
/* People and their roles. Rows are read with all roles; strings live in the session's arena. */
#include "db.h"
#include "domain/user.h"

/* ERR_USER_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN user_store_by_id(struct db_session *s, int64_t id, struct user *out);
MUST_CHECK enum err CO_FN user_store_by_email(struct db_session *s, struct str email,
                                              struct user *out);
/* Inside a transaction: as by_id, and nobody else changes the person until its end. */
MUST_CHECK enum err CO_FN user_store_lock(struct db_session *s, int64_t id, struct user *out);

/* Writes everything but id, roles and last_login_at; version starts at 1. Sets u->id. ERR_CONFLICT
 * when the address is taken. */
MUST_CHECK enum err CO_FN user_store_insert(struct db_session *s, struct user *u);
/* Writes a person that user_store_lock returned, with the next version (set in u). ERR_CONFLICT
 * when the address is taken. */
MUST_CHECK enum err CO_FN user_store_save(struct db_session *s, struct user *u, int64_t now);

/* Removes everything that tells who the person was, all that proves it and all roles, from every
 * table; the id stays. For a person that user_store_lock returned. */
MUST_CHECK enum err CO_FN user_store_erase(struct db_session *s, int64_t id, int64_t now);

struct user_filter {
    struct str search;       /* part of the name or address; absent: all */
    struct str system, role; /* holders of a role; absent: any */
    struct str department;
    int8_t active;   /* enum json_tristate semantics: -1 both, 0, 1 */
    struct str sort; /* id, email, name, created_at, with '-' for descending */
    int64_t limit, offset;
    /* Instead of offset: behind the row with this sort key and id. The total is not counted. */
    bool by_key;
    struct str after_key; /* absent: from the beginning */
    int64_t after_id;
};

struct user_list {
    struct user *users;
    size_t count;
    int64_t total;       /* of all pages; JSON_NO_INT when it was not counted */
    struct str last_key; /* the sort key of the last row, as text */
};

MUST_CHECK enum err CO_FN user_store_list(struct db_session *s, const struct user_filter *f,
                                          struct user_list *out);
/* People with a greater id, in order of id; total is not set. */
MUST_CHECK enum err CO_FN user_store_after(struct db_session *s, int64_t after, int64_t limit,
                                           struct user_list *out);
