#include "store/preview_store.h"

#include "arena.h"
#include "store/sql.h"

/* clang-format off */
DB_READ(preview_workflows, "i", "i",
        "SELECT w.id FROM workflow w JOIN sla_policy p ON p.id = " POLICY_OF("w")
        " WHERE p.calendar_id = $1 ORDER BY w.id");
/* clang-format on */

enum err preview_store_workflows(struct db_session *s, int64_t calendar_id, const int64_t **ids,
                                 size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &preview_workflows, &r, DB_INT(calendar_id));
    if (rc)
        return rc;
    *count = db_rows(r);
    int64_t *list = ARENA_ARRAY(s->arena, int64_t, *count + 1);
    for (size_t i = 0; i < *count; i++)
        list[i] = db_get_int(r, i, 0);
    *ids = list;
    return ERR_OK;
}

/* By the index that finds outdated clocks, in its order. Those that stand or have breached take
 * their place in the walk, but not in the answer. */
DB_READ(preview_clocks, "iiii", "iibttiiizzz",
        "SELECT c.sla_version, c.id, c.state = 'running' AND c.breached_at IS NULL, k.number,"
        " c.metric, c.target_us, c.breach_us, c.consumed_us, c.anchor_at, c.due_at, c.breach_at"
        " FROM (SELECT * FROM sla_clock x WHERE x.workflow_id = $1 AND x.stopped_at IS NULL"
        "  AND (x.sla_version, x.id) > ($2, $3) ORDER BY x.sla_version, x.id LIMIT $4) c"
        " JOIN task t ON t.id = c.task_id JOIN ticket k ON k.id = t.ticket_id"
        " ORDER BY c.sla_version, c.id");

enum err preview_store_clocks(struct db_session *s, struct preview_place *place, int64_t limit,
                              struct preview_clock **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &preview_clocks, &r, DB_INT(place->workflow_id),
                           DB_INT(place->sla_version), DB_INT(place->clock_id), DB_INT(limit));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct preview_clock, n + 1);
    for (size_t i = 0; i < n; i++) {
        place->sla_version = db_get_int(r, i, 0);
        place->clock_id = db_get_int(r, i, 1);
        if (!db_get_bool(r, i, 2))
            continue;
        (*out)[(*count)++] = (struct preview_clock){
            .ticket_number = db_get_str(r, i, 3),
            .metric = db_get_str(r, i, 4),
            .clock = {.state = SLA_STATE_RUNNING,
                      .target_us = db_get_int(r, i, 5),
                      .breach_us = db_get_int(r, i, 6),
                      .consumed_us = db_get_int(r, i, 7),
                      .anchor_at = db_get_time(r, i, 8),
                      .due_at = db_get_time(r, i, 9),
                      .breach_at = db_get_time(r, i, 10),
                      .breached_at = SLA_NONE},
        };
    }
    if (n < (size_t)limit)
        place->workflow_id = INT64_MIN;
    return ERR_OK;
}
