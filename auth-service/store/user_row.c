#include "store/user_row.h"

static void read_roles(struct arena *a, const struct db_result *r, size_t row, struct user *out)
{
    const struct str *systems, *names;
    const int64_t *ids;
    size_t n = db_get_str_array(r, row, 12, &systems);
    struct user_role *roles = ARENA_ARRAY(a, struct user_role, n);

    if (db_get_str_array(r, row, 13, &names) != n || db_get_int_array(r, row, 14, &ids) != n)
        n = 0;
    for (size_t i = 0; i < n; i++)
        roles[i] = (struct user_role){systems[i], names[i], ids[i]};
    out->roles = roles;
    out->role_count = n;
}

void user_row_read(struct arena *a, const struct db_result *r, size_t row, struct user *out)
{
    *out = (struct user){
        .id = db_get_int(r, row, 0),
        .email = db_get_str(r, row, 1),
        .first_name = db_get_str(r, row, 2),
        .last_name = db_get_str(r, row, 3),
        .full_name = db_get_str(r, row, 4),
        .department = db_get_str(r, row, 5),
        .phone = db_get_str(r, row, 6),
        .active = db_get_bool(r, row, 7),
        .version = db_get_int(r, row, 8),
        .created_at = db_get_time(r, row, 9),
        .updated_at = db_get_time(r, row, 10),
        .last_login_at = db_get_time(r, row, 11),
        .email_verified_at = db_get_time(r, row, 15),
        .proof_version = db_get_int(r, row, 16),
        .erased_at = db_get_time(r, row, 17),
    };
    read_roles(a, r, row, out);
}
