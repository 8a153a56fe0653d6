#pragma once
/* The columns every statement that returns a person selects, and their reader. */
#include "db.h"
#include "domain/user.h"

#define USER_COLS                                                                                  \
    "itttttt"                                                                                      \
    "bizzz"                                                                                        \
    "TTI"                                                                                          \
    "ziz"
#define USER_COL_COUNT 18
#define USER_COLUMNS                                                                               \
    "u.id, u.email, u.first_name, u.last_name, u.full_name, u.department, u.phone, u.active, "     \
    "u.version, u.created_at, u.updated_at, u.last_login_at, held.systems, held.roles, held.ids, " \
    "u.email_verified_at, u.proof_version, u.erased_at"

/* Joined behind a FROM item named u. */
#define USER_ROLES_JOIN                                                                            \
    " CROSS JOIN LATERAL (SELECT array_agg(y.slug ORDER BY r.id) AS systems, "                     \
    "array_agg(r.name ORDER BY r.id) AS roles, array_agg(r.id ORDER BY r.id) AS ids "              \
    "FROM user_role ur JOIN role r ON r.id = ur.role_id JOIN system y ON y.id = r.system_id "      \
    "WHERE ur.user_id = u.id) held "

/* Reads USER_COLUMNS from the first columns of the row. */
void user_row_read(struct arena *a, const struct db_result *r, size_t row, struct user *out);
