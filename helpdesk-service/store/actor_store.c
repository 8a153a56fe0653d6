#include "store/actor_store.h"

#include "arena.h"

DB_READ(actor_now, "i", "ttTT",
        "SELECT p.name, p.email, "
        "ARRAY(SELECT r.system FROM person_role r WHERE r.person_id = p.id ORDER BY 1, r.role), "
        "ARRAY(SELECT r.role FROM person_role r WHERE r.person_id = p.id ORDER BY r.system, 1) "
        "FROM person p WHERE p.id = $1 AND p.active");

enum err actor_store_get(struct db_session *s, int64_t person_id, struct actor *out)
{
    const struct str *systems, *names;
    struct jwt_role *roles;
    struct db_result *rows;
    enum err rc = db_query(s, &actor_now, &rows, DB_INT(person_id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_FORBIDDEN;
    *out = (struct actor){.user_id = person_id,
                          .name = db_get_str(rows, 0, 0),
                          .email = db_get_str(rows, 0, 1),
                          .role_count = db_get_str_array(rows, 0, 2, &systems)};
    roles = ARENA_ARRAY(s->arena, struct jwt_role, out->role_count + 1);
    (void)db_get_str_array(rows, 0, 3, &names);
    for (size_t i = 0; i < out->role_count; i++)
        roles[i] = (struct jwt_role){.system = systems[i], .role = names[i]};
    out->roles = roles;
    return ERR_OK;
}
