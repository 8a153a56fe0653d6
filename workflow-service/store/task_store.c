#include "store/task_store.h"

#include "buf.h"
#include "store/task_view.h"

void task_view_read(const struct db_result *r, size_t row, int col, struct task_view *v)
{
    *v = (struct task_view){
        .task_id = db_get_int(r, row, col),
        .ticket_number = db_get_str(r, row, col + 1),
        .subject = db_get_str(r, row, col + 2),
        .description = db_get_str(r, row, col + 3),
        .status = task_status_parse(db_get_str(r, row, col + 4)),
        .priority = db_get_str(r, row, col + 5),
        .category = db_get_str(r, row, col + 6),
        .sub_category = db_get_str(r, row, col + 7),
        .department = db_get_str(r, row, col + 8),
        .created_at = db_get_time(r, row, col + 9),
        .updated_at = db_get_time(r, row, col + 10),
        .target_resolution = db_get_time(r, row, col + 11),
        .sla_breach_at = db_get_time(r, row, col + 12),
        .resolved_at = db_get_time(r, row, col + 13),
        .step = db_get_str(r, row, col + 14),
        .role = db_get_str(r, row, col + 15),
        .owner_id = db_get_int(r, row, col + 16),
        .requester_id = db_get_int(r, row, col + 17),
        .owner_name = db_get_str(r, row, col + 18),
        .requester_name = db_get_str(r, row, col + 19),
        .workflow_id = db_get_str(r, row, col + 20),
        .workflow_name = db_get_str(r, row, col + 21),
        .item_id = db_get_int(r, row, col + 22),
        .item_status = db_get_str(r, row, col + 23),
        .assignee_id = db_get_int(r, row, col + 24),
        .assignee_name = db_get_str(r, row, col + 25),
        .assignee_email = db_get_str(r, row, col + 26),
        .sla_breached_at = db_get_time(r, row, col + 27),
    };
}
void task_store_read_exits(const struct db_result *r, size_t row, int col, struct task_exits *e)
{
    e->count = db_get_int_array(r, row, col, &e->ids);
    db_get_str_array(r, row, col + 1, &e->names);
    db_get_str_array(r, row, col + 2, &e->to_steps);
    db_get_str_array(r, row, col + 3, &e->outcomes);
}

struct str task_like_pattern(struct arena *a, struct str text)
{
    if (!text.p)
        return STR_NULL;
    struct buf b;
    buf_init(&b, a);
    buf_add_char(&b, '%');
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("%_\\", text.p[i]))
            buf_add_char(&b, '\\');
        buf_add_char(&b, text.p[i]);
    }
    buf_add_char(&b, '%');
    return buf_str(&b);
}

/* clang-format off */
DB_READ(task_find, "iti", "b" VIEW_COLS EXIT_COLS,
        "SELECT " IS_INVOLVED("$3") ", " VIEW_FIELDS ", " EXITS_OF("t.current_step_id") " FROM"
        " task t" VIEW_JOINS "WHERE t.id = " TASK_ID("$1", "$2"));
/* clang-format on */

enum err task_store_find(struct db_session *s, int64_t task_id, struct str ticket_number,
                         int64_t viewer_id, struct task_view *out, struct task_exits *exits,
                         bool *is_involved)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &task_find, &r, DB_OPT_INT(task_id), DB_STR(ticket_number), DB_INT(viewer_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *is_involved = db_get_bool(r, 0, 0);
    task_view_read(r, 0, 1, out);
    task_store_read_exits(r, 0, 1 + VIEW_WIDTH, exits);
    return ERR_OK;
}

#define MINE                                                                                       \
    "i.assignee_id = $1 AND (CASE WHEN i.status IN " OPEN_ITEM " THEN $2 ELSE $3 END)"             \
    " AND ($4 IS NULL OR i.status = $4) AND ($5 IS NULL OR EXISTS (SELECT 1 FROM task x"           \
    "  JOIN ticket f ON f.id = x.ticket_id WHERE x.id = i.task_id"                                 \
    "  AND (f.subject ILIKE $5 OR f.description ILIKE $5 OR f.number ILIKE $5)))"

/* clang-format off */
DB_READ(task_items_of, "ibbttii", "iiitttttttttttzzzz" EXIT_COLS,
        "SELECT c.total, i.id, t.id, k.number, k.subject, k.priority, w.name, s.name,"
        " s.role_name, s.instruction, i.status, i.origin, i.notes, t.status, i.assigned_on,"
        " i.acted_on, i.target_at, t.sla_breach_at, " EXITS_OF("i.step_id") " "
        "FROM (SELECT count(*) AS total FROM task_item i WHERE " MINE ") c"
        " LEFT JOIN LATERAL (SELECT * FROM task_item i WHERE " MINE "  ORDER BY i.id DESC LIMIT"
        "   $6 OFFSET $7) i ON true LEFT JOIN task t ON t.id = i.task_id"
        "   LEFT JOIN ticket k ON k.id = t.ticket_id LEFT JOIN step s ON s.id = i.step_id"
        "   LEFT JOIN workflow_version v ON v.id = t.version_id"
        "   LEFT JOIN workflow w ON w.id = v.workflow_id ORDER BY i.id DESC");
/* clang-format on */

static void read_item(const struct db_result *r, size_t row, struct item_view *v)
{
    *v = (struct item_view){
        .item_id = db_get_int(r, row, 1),
        .task_id = db_get_int(r, row, 2),
        .ticket_number = db_get_str(r, row, 3),
        .subject = db_get_str(r, row, 4),
        .priority = db_get_str(r, row, 5),
        .workflow_name = db_get_str(r, row, 6),
        .step = db_get_str(r, row, 7),
        .role = db_get_str(r, row, 8),
        .instruction = db_get_str(r, row, 9),
        .status = db_get_str(r, row, 10),
        .origin = db_get_str(r, row, 11),
        .notes = db_get_str(r, row, 12),
        .task_status = db_get_str(r, row, 13),
        .assigned_on = db_get_time(r, row, 14),
        .acted_on = db_get_time(r, row, 15),
        .target_at = db_get_time(r, row, 16),
        .sla_breach_at = db_get_time(r, row, 17),
        .assignee_id = NO_PERSON,
    };
    if (item_status_is_open(item_status_parse(v->status)))
        task_store_read_exits(r, row, 18, &v->exits);
}

enum err task_store_items_of(struct db_session *s, int64_t person_id, const struct item_filter *f,
                             struct item_page *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &task_items_of, &r, DB_INT(person_id), DB_BOOL(f->open), DB_BOOL(f->done),
                 DB_STR(f->status), DB_STR(task_like_pattern(s->arena, f->search)),
                 DB_INT(f->limit), DB_INT(f->offset));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    *out = (struct item_page){.total = db_get_int(r, 0, 0)};
    out->items = ARENA_ARRAY(s->arena, struct item_view, n);
    for (size_t i = 0; i < n && !db_is_null(r, i, 1); i++)
        read_item(r, out->count++, &out->items[i]);
    return ERR_OK;
}
