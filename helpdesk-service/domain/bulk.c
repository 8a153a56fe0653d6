#include "domain/bulk.h"

#define BIT(member) (1U << BULK_##member)
#define IS_ACTION(name) .action = TICKET_##name
#define IS_SETTING .action = TICKET_ACTION_COUNT

static const struct {
    const char *word;
    unsigned required, optional, nullable;
    enum ticket_action action;
} OPS[BULK_OP_COUNT] = {
    [BULK_SET_STATUS] = {"set_status", .required = BIT(STATUS), IS_SETTING},
    [BULK_SET_PRIORITY] = {"set_priority", .required = BIT(PRIORITY), IS_SETTING},
    [BULK_SET_CATEGORY] = {"set_category", .required = BIT(CATEGORY), .optional = BIT(SUB_CATEGORY),
                           IS_SETTING},
    [BULK_SET_DEPARTMENT] = {"set_department", .required = BIT(DEPARTMENT),
                             .nullable = BIT(DEPARTMENT), IS_SETTING},
    [BULK_ADD_TAGS] = {"add_tags", .required = BIT(TAGS), IS_SETTING},
    [BULK_REMOVE_TAGS] = {"remove_tags", .required = BIT(TAGS), IS_SETTING},
    [BULK_ASSIGN] = {"assign", .required = BIT(USER_ID), .nullable = BIT(USER_ID), IS_SETTING},
    [BULK_COMMENT] = {"comment", .required = BIT(TEXT), .optional = BIT(VISIBILITY), IS_SETTING},
    [BULK_ADD_WATCHER] = {"add_watcher", .optional = BIT(USER_ID), IS_SETTING},
    [BULK_REMOVE_WATCHER] = {"remove_watcher", .optional = BIT(USER_ID), IS_SETTING},
    [BULK_CLOSE] = {"close", IS_ACTION(CLOSE)},
    [BULK_REOPEN] = {"reopen", IS_ACTION(REOPEN)},
    [BULK_HOLD] = {"hold", IS_ACTION(HOLD)},
    [BULK_RESUME] = {"resume", IS_ACTION(RESUME)},
    [BULK_WITHDRAW] = {"withdraw", IS_ACTION(WITHDRAW)},
    [BULK_APPROVE] = {"approve", IS_ACTION(APPROVE)},
    [BULK_REJECT] = {"reject", IS_ACTION(REJECT)},
};

static const char *const MEMBERS[BULK_MEMBER_COUNT] = {
    [BULK_STATUS] = "status",         [BULK_PRIORITY] = "priority",
    [BULK_CATEGORY] = "category",     [BULK_SUB_CATEGORY] = "sub_category",
    [BULK_DEPARTMENT] = "department", [BULK_TAGS] = "tags",
    [BULK_USER_ID] = "user_id",       [BULK_TEXT] = "comment",
    [BULK_VISIBILITY] = "visibility",
};

enum bulk_op bulk_op_parse(struct str word)
{
    int op = 0;

    while (op < BULK_OP_COUNT && !str_eq(word, str_from(OPS[op].word)))
        op++;
    return (enum bulk_op)op;
}

const char *bulk_member_name(enum bulk_member m)
{
    return MEMBERS[m];
}

const char *bulk_member_problem(enum bulk_op op, enum bulk_member m, bool is_given, bool is_null)
{
    unsigned bit = 1U << m;

    if (!is_given)
        return OPS[op].required & bit ? "is required" : NULL;
    if (!((OPS[op].required | OPS[op].optional) & bit))
        return "does not belong to this operation";
    return is_null && !(OPS[op].nullable & bit) ? "must not be null" : NULL;
}

enum ticket_action bulk_op_action(enum bulk_op op)
{
    return OPS[op].action;
}
