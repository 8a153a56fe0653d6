#include "api/bulk_schemas.h"

#include <stddef.h>

#include "api/tag.h"
#include "api/ticket_query.h"
#include "domain/bulk.h"
#include "domain/number.h"

#define PRIORITIES "Low|Medium|High|Urgent|Critical"
#define NAME_MAX_LEN 100
#define TEXT_MAX 10000
#define REASON_MAX 1000
#define COMPLAINTS_MAX 100

#define AT(member) offsetof(struct bulk_select, member)
static const struct json_field SELECT_FIELDS[] = {
    {"numbers", JK_STR_ARRAY, AT(numbers), .min = 1, .max = BULK_TICKETS_MAX,
     .doc = "ticket numbers; or else"},
    {"query", JK_STR, AT(query), .min = 1, .max = QUERY_CHARS_MAX,
     .doc = "those that match when the job begins, newest first"},
    {"max", JK_INT, AT(max), .min = 1, .max = BULK_TICKETS_MAX,
     .doc = "with a query: no more than so many; unless given, a job with more fails"},
};
#undef AT
static const struct json_schema SELECT = {
    .name = "BulkSelect",
    .fields = SELECT_FIELDS,
    .count = sizeof SELECT_FIELDS / sizeof *SELECT_FIELDS,
    .size = sizeof(struct bulk_select),
    .closed = true,
};

#define AT(member) offsetof(struct bulk_step, member)
static const struct json_field STEP_FIELDS[] = {
    {"op", JK_ENUM, AT(op), JF_REQUIRED, .choices = BULK_OP_WORDS},
    {"status", JK_STR, AT(status), .min = 1, .max = NAME_MAX_LEN, .doc = "set_status"},
    {"priority", JK_ENUM, AT(priority), .choices = PRIORITIES, .doc = "set_priority"},
    {"category", JK_STR, AT(category), .min = 1, .max = NAME_MAX_LEN, .doc = "set_category"},
    {"sub_category", JK_STR, AT(sub_category), .min = 1, .max = NAME_MAX_LEN,
     .doc = "set_category; of another category: none unless given"},
    {"department", JK_STR, AT(department), .min = 1, .max = NAME_MAX_LEN,
     .doc = "set_department; null: none"},
    {"tags", JK_STR_ARRAY, AT(tags), .min = 1, .max = TAG_MAX, .doc = "add_tags, remove_tags"},
    {"user_id", JK_INT, AT(user_id), .min = 1, .max = 0,
     .doc = "assign (null: nobody); add_watcher, remove_watcher: oneself unless given"},
    {"comment", JK_STR, AT(comment), .min = 1, .max = TEXT_MAX, .doc = "comment"},
    {"visibility", JK_ENUM, AT(visibility), .choices = "public|internal",
     .doc = "comment; public unless given"},
};
#undef AT
static const struct json_schema STEP = {
    .name = "BulkOperation",
    .fields = STEP_FIELDS,
    .count = sizeof STEP_FIELDS / sizeof *STEP_FIELDS,
    .size = sizeof(struct bulk_step),
    .closed = true,
};

#define AT(member) offsetof(struct bulk_body, member)
static const struct json_field BODY_FIELDS[] = {
    {"select", JK_OBJECT, AT(select), JF_REQUIRED, .sub = &SELECT},
    {"operations", JK_ARRAY, AT(operations), JF_REQUIRED, .min = 1, .max = BULK_OPERATIONS_MAX,
     .sub = &STEP, .doc = "take effect one after the other, and on a ticket together"},
    {"atomic", JK_BOOL, AT(atomic), .doc = "all tickets (at most 100) or none"},
    {"dry_run", JK_BOOL, AT(dry_run), .doc = "tells what would change, and changes nothing"},
    {"reason", JK_STR, AT(reason), .max = REASON_MAX, .doc = "kept in the histories"},
};
#undef AT
const struct json_schema BULK_BODY = {
    .name = "BulkChange",
    .fields = BODY_FIELDS,
    .count = sizeof BODY_FIELDS / sizeof *BODY_FIELDS,
    .size = sizeof(struct bulk_body),
    .closed = true,
};

/* ---- what the schemas cannot state -------------------------------------------------------- */

static void check_numbers(struct req *r, const struct bulk_body *b)
{
    const struct str *numbers = b->select.numbers.items;
    int complaints = 0;

    if (b->atomic == JSON_TRUE && b->select.numbers.count > BULK_ATOMIC_MAX)
        req_field_error(r, "select.numbers", "are at most 100 for an atomic change");
    for (size_t i = 0; i < b->select.numbers.count && complaints < COMPLAINTS_MAX; i++) {
        if (!numbers[i].p || ticket_number_is_valid(numbers[i]))
            continue;
        req_field_error(r, arena_printf(r->arena, "select.numbers[%zu]", i),
                        "is not a ticket number");
        complaints++;
    }
}

static void check_query(struct req *r, const struct bulk_body *b)
{
    struct ticket_filter f;

    if (!str_trim(b->select.query).len)
        req_field_error(r, "select.query", "must not be blank");
    else if (ticket_query_read(r, "select.query", b->select.query, &f))
        return; /* it has said what is wrong */
}

static void check_select(struct req *r, const struct bulk_body *b)
{
    const struct json *given = json_get(req_json(r), "select");
    const struct json *numbers = json_get(given, "numbers"), *query = json_get(given, "query");

    if (!numbers == !query)
        req_field_error(r, "select", "must have either numbers or a query");
    if (!query && json_get(given, "max"))
        req_field_error(r, "select.max", "goes with a query");
    check_numbers(r, b);
    if (b->select.query.p)
        check_query(r, b);
}

static void complain(struct req *r, size_t at, const char *member, const char *problem)
{
    if (problem)
        req_field_error(r, arena_printf(r->arena, "operations[%zu].%s", at, member), problem);
}

/* The words that stand there. */
static void check_values(struct req *r, size_t at, const struct bulk_step *step)
{
    struct ticket t;

    if (step->status.p && ticket_status_parse(step->status) == TICKET_STATUS_COUNT)
        complain(r, at, "status", "is not a status");
    if (step->category.p && !str_trim(step->category).len)
        complain(r, at, "category", "must not be blank");
    if (step->comment.p && !str_trim(step->comment).len)
        complain(r, at, "comment", "must not be blank");
    if (step->tags.count)
        complain(r, at, "tags", tags_set(r->arena, step->tags.items, step->tags.count, &t));
}

static void check_step(struct req *r, size_t at, const struct json *given,
                       const struct bulk_step *step)
{
    enum bulk_op op = bulk_op_parse(step->op);

    if (op == BULK_OP_COUNT)
        return; /* the schema has said so */
    for (int m = 0; m < BULK_MEMBER_COUNT; m++) {
        const char *name = bulk_member_name((enum bulk_member)m);
        const struct json *v = json_get(given, name);

        complain(r, at, name,
                 bulk_member_problem(op, (enum bulk_member)m, v, v && json_type(v) == JSON_NULL));
    }
    check_values(r, at, step);
}

void bulk_check(struct req *r)
{
    const struct json *given = json_get(req_json(r), "operations");
    const struct bulk_body *b = r->body;
    const struct bulk_step *steps = b->operations.items;
    bool needs_reason = false;

    check_select(r, b);
    for (size_t i = 0; i < b->operations.count; i++) {
        enum bulk_op op = bulk_op_parse(steps[i].op);

        check_step(r, i, json_at(given, i), &steps[i]);
        needs_reason |= op != BULK_OP_COUNT && bulk_op_needs_reason(op);
    }
    if (needs_reason && !str_trim(b->reason).len)
        req_field_error(r, "reason", "is required for reject");
}
