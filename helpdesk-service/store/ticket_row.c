#include "store/ticket_row.h"

void ticket_from_row(const struct db_result *rows, size_t row, int first, struct ticket *out)
{
    *out = (struct ticket){
        .id = db_get_int(rows, row, first),
        .number = db_get_str(rows, row, first + 1),
        .subject = db_get_str(rows, row, first + 2),
        .description = db_get_str(rows, row, first + 3),
        .category = db_get_str(rows, row, first + 4),
        .sub_category = db_get_str(rows, row, first + 5),
        .department = db_get_str(rows, row, first + 6),
        .priority = ticket_priority_parse(db_get_str(rows, row, first + 7)),
        .status = ticket_status_parse(db_get_str(rows, row, first + 8)),
        .is_assigned = db_get_bool(rows, row, first + 9),
        .held_status = db_is_null(rows, row, first + 10)
                           ? TICKET_STATUS_COUNT
                           : ticket_status_parse(db_get_str(rows, row, first + 10)),
        .requester_id = db_get_int(rows, row, first + 11),
        .requester_name = db_get_str(rows, row, first + 12),
        .requester_email = db_get_str(rows, row, first + 13),
        .requester_department = db_get_str(rows, row, first + 14),
        .owner_id = db_get_int(rows, row, first + 15),
        .owner_name = db_get_str(rows, row, first + 16),
        .csat_rating = db_get_int(rows, row, first + 17),
        .csat_feedback = db_get_str(rows, row, first + 18),
        .version = db_get_int(rows, row, first + 19),
        .created_at = db_get_time(rows, row, first + 20),
        .updated_at = db_get_time(rows, row, first + 21),
        .first_response_at = db_get_time(rows, row, first + 22),
        .completed_at = db_get_time(rows, row, first + 23),
        .closed_at = db_get_time(rows, row, first + 24),
        .approval = ticket_approval_parse(db_get_str(rows, row, first + 25)),
        .custom_fields = db_get_str(rows, row, first + 26),
    };
    out->tag_count = db_get_str_array(rows, row, first + 27, &out->tags);
}
