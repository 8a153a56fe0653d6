#include "store/log_store.h"

#include "store/sql.h"

/* clang-format off */
DB_READ(log_read, "iti", "itutbiitttttzzititttz",
        "SELECT t.id, k.number, w.public_id, w.name, " IS_INVOLVED("$3") ", i.id, i.assignee_id,"
        " p.name, s.role_name, i.status, i.origin, i.notes, i.assigned_on, i.acted_on, s.id,"
        " s.name, h.id, h.status, h.origin, h.notes, h.created_at FROM task t"
        " JOIN ticket k ON k.id = t.ticket_id JOIN workflow_version v ON v.id = t.version_id"
        " JOIN workflow w ON w.id = v.workflow_id JOIN task_item i ON i.task_id = t.id"
        " JOIN step s ON s.id = i.step_id LEFT JOIN person p ON p.id = i.assignee_id"
        " LEFT JOIN task_item_history h ON h.task_item_id = i.id WHERE t.id = "
        TASK_ID("$1", "$2") " ORDER BY i.id, h.id");
/* clang-format on */

static struct log_item read_item(const struct db_result *r, size_t row)
{
    return (struct log_item){
        .item_id = db_get_int(r, row, 5),
        .user_id = db_get_int(r, row, 6),
        .user_name = db_get_str(r, row, 7),
        .role = db_get_str(r, row, 8),
        .status = db_get_str(r, row, 9),
        .origin = db_get_str(r, row, 10),
        .notes = db_get_str(r, row, 11),
        .assigned_on = db_get_time(r, row, 12),
        .acted_on = db_get_time(r, row, 13),
        .step_id = db_get_int(r, row, 14),
        .step = db_get_str(r, row, 15),
    };
}

enum err log_store_read(struct db_session *s, int64_t task_id, struct str ticket_number,
                        int64_t viewer_id, struct task_log *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &log_read, &r, DB_OPT_INT(task_id), DB_STR(ticket_number), DB_INT(viewer_id));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    if (n == 0)
        return ERR_TASK_NOT_FOUND;
    struct log_item *items = ARENA_ARRAY(s->arena, struct log_item, n);
    struct log_entry *entries = ARENA_ARRAY(s->arena, struct log_entry, n);
    *out = (struct task_log){
        .task_id = db_get_int(r, 0, 0),
        .ticket_number = db_get_str(r, 0, 1),
        .workflow_id = db_get_str(r, 0, 2),
        .workflow_name = db_get_str(r, 0, 3),
        .is_involved = db_get_bool(r, 0, 4),
        .items = items,
    };
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || db_get_int(r, i, 5) != items[out->item_count - 1].item_id) {
            items[out->item_count] = read_item(r, i);
            items[out->item_count++].entries = &entries[i];
        }
        if (db_is_null(r, i, 16))
            continue;
        entries[i] = (struct log_entry){
            .id = db_get_int(r, i, 16),
            .status = db_get_str(r, i, 17),
            .origin = db_get_str(r, i, 18),
            .notes = db_get_str(r, i, 19),
            .created_at = db_get_time(r, i, 20),
        };
        items[out->item_count - 1].entry_count++;
    }
    return ERR_OK;
}
