#include "store/owner_store.h"

#include "store/assign_store.h"
#include "store/sql.h"

DB_WRITE(owner_lock, "t", "iiitzit",
         "SELECT t.id, t.owner_id, t.escalated_by, t.status, t.escalated_at, k.id, o.name"
         " FROM ticket k JOIN task t ON t.ticket_id = k.id"
         " LEFT JOIN person o ON o.id = t.owner_id WHERE k.number = $1 FOR UPDATE OF t");

enum err owner_store_lock(struct db_session *s, struct str ticket_number, int64_t actor_id,
                          struct ownership *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &owner_lock, &r, DB_STR(ticket_number));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TICKET_NOT_FOUND;
    *out = (struct ownership){
        .facts =
            {
                .actor_id = actor_id,
                .owner_id = db_get_int(r, 0, 1),
                .escalated_by = db_get_int(r, 0, 2),
                .is_escalated = !db_is_null(r, 0, 4),
                .task = task_status_parse(db_get_str(r, 0, 3)),
            },
        .task_id = db_get_int(r, 0, 0),
        .ticket_number = ticket_number,
        .owner_name = db_get_str(r, 0, 6),
    };
    return ERR_OK;
}

/* clang-format off */
DB_WRITE(owner_decide, "itijz", "t",
         "WITH decision AS (INSERT INTO assignment_decision (task_id, role_system, role_name,"
         "   candidates, chosen_id, reason, policy, scores, created_at)"
         "  VALUES ($1, $2, 'Admin', " CHOICE_IDS("$4") ", $3,"
         "   'escalated, ' || ($4->>'reason'), $4->>'policy', $4->'scores', $5)) "
         "SELECT p.name FROM person p WHERE p.id = $3");
/* clang-format on */

enum err owner_store_pick_admin(struct db_session *s, const struct ownership *o, int64_t except,
                                int64_t now, int64_t *id, struct str *name)
{
    static const struct str SYSTEMS[] = {{"hdts", 4}, {"tts", 3}};
    const struct assign_locks locks = {
        .systems = {SYSTEMS[0], SYSTEMS[1]},
        .roles = {STR("Admin"), STR("Admin")},
        .role_count = 2,
        .people = {o->facts.owner_id},
        .person_count = 1,
    };
    enum err rc = assign_store_lock(s, &locks);
    for (size_t i = 0; rc == ERR_OK && i < sizeof SYSTEMS / sizeof SYSTEMS[0]; i++) {
        struct db_result *r;
        struct assign_choice choice;
        const struct assign_query q = {
            .purpose = "escalation",
            .system = SYSTEMS[i],
            .role = STR("Admin"),
            .step_id = INT64_MIN,
            .ticket_id = INT64_MIN,
            .task_id = o->task_id,
            .except = except,
            .now = now,
        };
        rc = assign_store_choose(s, &q, true, &choice);
        if (rc || choice.chosen_id == NO_PERSON)
            continue;
        rc = db_query(s, &owner_decide, &r, DB_INT(o->task_id), DB_STR(SYSTEMS[i]),
                      DB_INT(choice.chosen_id), DB_STR(choice.json), DB_TIME(now));
        if (rc)
            return rc;
        *id = choice.chosen_id;
        *name = db_get_str(r, 0, 0);
        return ERR_OK;
    }
    return rc ? rc : ERR_USER_NOT_FOUND;
}

/* clang-format off */
DB_READ(owner_candidate, "i", "btb",
        "SELECT p.active, p.name, EXISTS (SELECT 1 FROM person_role r WHERE r.person_id = p.id"
        " AND ((r.system = '" OWNER_SYSTEM "' AND r.role = '" OWNER_ROLE "') OR (r.system IN"
        " ('hdts', 'tts') AND r.role = 'Admin'))) FROM person p WHERE p.id = $1");
/* clang-format on */

enum err owner_store_candidate(struct db_session *s, int64_t id, struct owner_candidate *out,
                               struct str *name)
{
    struct db_result *r;
    enum err rc = db_query(s, &owner_candidate, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    *out = (struct owner_candidate){id, db_get_bool(r, 0, 0), db_get_bool(r, 0, 2)};
    *name = db_get_str(r, 0, 1);
    return ERR_OK;
}

DB_WRITE(owner_change, "ibiiittz", "",
         "WITH change AS (INSERT INTO ownership_change (task_id, kind, old_owner_id,"
         " new_owner_id,"
         "   actor_id, reason, urgency, created_at)"
         "  VALUES ($1, CASE WHEN $2 THEN 'escalated' ELSE 'transferred' END, $3, $4, $5, $6, $7,"
         "   $8)) "
         "UPDATE task SET owner_id = $4, version = version + 1, updated_at = $8, escalated_at ="
         " CASE WHEN $2 THEN $8 END, escalated_by = CASE WHEN $2 THEN $5 END WHERE id = $1");

enum err owner_store_change(struct db_session *s, const struct ownership *o,
                            const struct owner_change *c)
{
    const struct assign_locks locks = {.people = {o->facts.owner_id, c->new_owner_id},
                                       .person_count = 2};
    enum err rc = assign_store_lock(s, &locks);
    if (rc)
        return rc;
    return db_send(s, &owner_change, DB_INT(o->task_id), DB_BOOL(c->is_escalation),
                   DB_OPT_INT(o->facts.owner_id), DB_INT(c->new_owner_id), DB_OPT_INT(c->actor_id),
                   DB_STR(c->reason), DB_STR(c->urgency), DB_TIME(c->now));
}
