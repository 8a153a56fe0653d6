#pragma once
/* What can be done to many tickets at once, and what each operation has to say. No I/O. */
#include <stdbool.h>

#include "domain/ticket.h"

#define BULK_TICKETS_MAX 10000
#define BULK_ATOMIC_MAX 100
#define BULK_OPERATIONS_MAX 20

enum bulk_op {
    BULK_SET_STATUS,
    BULK_SET_PRIORITY,
    BULK_SET_CATEGORY,
    BULK_SET_DEPARTMENT,
    BULK_ADD_TAGS,
    BULK_REMOVE_TAGS,
    BULK_ASSIGN,
    BULK_COMMENT,
    BULK_ADD_WATCHER,
    BULK_REMOVE_WATCHER,
    BULK_CLOSE,
    BULK_REOPEN,
    BULK_HOLD,
    BULK_RESUME,
    BULK_WITHDRAW,
    BULK_APPROVE,
    BULK_REJECT,
    BULK_OP_COUNT
};

/* "set_status|set_priority|…", for schemas. */
#define BULK_OP_WORDS                                                                              \
    "set_status|set_priority|set_category|set_department|add_tags|remove_tags|assign|comment|"     \
    "add_watcher|remove_watcher|close|reopen|hold|resume|withdraw|approve|reject"
/* BULK_OP_COUNT when unknown. */
enum bulk_op bulk_op_parse(struct str word);

/* The members of an operation beside "op". */
enum bulk_member {
    BULK_STATUS,
    BULK_PRIORITY,
    BULK_CATEGORY,
    BULK_SUB_CATEGORY,
    BULK_DEPARTMENT,
    BULK_TAGS,
    BULK_USER_ID,
    BULK_TEXT,
    BULK_VISIBILITY,
    BULK_MEMBER_COUNT
};
const char *bulk_member_name(enum bulk_member m);
/* NULL, or what is wrong with the member being there or not. null counts as a value where it means
 * "none": no owner, no department. */
const char *bulk_member_problem(enum bulk_op op, enum bulk_member m, bool is_given, bool is_null);

/* The action on a ticket that the operation is; TICKET_ACTION_COUNT for those that set something.
 */
enum ticket_action bulk_op_action(enum bulk_op op);
/* Whether the job must say why. */
static inline bool bulk_op_needs_reason(enum bulk_op op)
{
    return op == BULK_REJECT;
}
