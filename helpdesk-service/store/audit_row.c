#include "store/audit_row.h"

void audit_from_row(const struct db_result *rows, size_t row, struct audit_event *out)
{
    *out = (struct audit_event){
        .at = db_get_time(rows, row, 0),
        .source = db_get_str(rows, row, 1),
        .source_id = db_get_str(rows, row, 2),
        .actor_kind = db_get_str(rows, row, 3),
        .actor_id = db_get_int(rows, row, 4),
        .actor = db_get_str(rows, row, 5),
        .on_behalf_of = db_get_int(rows, row, 6),
        .address = db_get_str(rows, row, 7),
        .user_agent = db_get_str(rows, row, 8),
        .trace_id = db_get_str(rows, row, 9),
        .action = db_get_str(rows, row, 10),
        .is_refused = db_get_bool(rows, row, 11),
        .object_type = db_get_str(rows, row, 12),
        .object_id = db_get_str(rows, row, 13),
        .object_number = db_get_str(rows, row, 14),
        .changes = db_get_str(rows, row, 15),
        .details = db_get_str(rows, row, 16),
        .reason = db_get_str(rows, row, 17),
    };
}
