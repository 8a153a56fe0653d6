#include "events/payload.h"

#include <stddef.h>

#include "label.h"

#define MAX_NUMBER 64

/* ---- schemas ------------------------------------------------------------------------------ */

struct ticket_payload {
    struct str ticket_number, subject, description, category, sub_category, department, priority;
    int64_t employee_id;
    struct str employee_name, employee_email, status;
    int64_t created_at;
};

#define TEXT(type, member)                                                                         \
    {                                                                                              \
        .name = #member, .kind = JK_STR, .offset = offsetof(struct type, member)                   \
    }
#define REQUIRED_TEXT(type, member, max_)                                                          \
    {                                                                                              \
        .name = #member, .kind = JK_STR, .offset = offsetof(struct type, member),                  \
        .flags = JF_REQUIRED | JF_NON_EMPTY, .max = max_                                           \
    }

static const struct json_field TICKET_FIELDS[] = {
    REQUIRED_TEXT(ticket_payload, ticket_number, MAX_NUMBER),
    REQUIRED_TEXT(ticket_payload, subject, 0),
    TEXT(ticket_payload, description),
    REQUIRED_TEXT(ticket_payload, category, 0),
    TEXT(ticket_payload, sub_category),
    TEXT(ticket_payload, department),
    TEXT(ticket_payload, priority),
    {.name = "employee_id",
     .kind = JK_INT,
     .offset = offsetof(struct ticket_payload, employee_id),
     .flags = JF_COERCE,
     .alias = "employee_cookie_id"},
    TEXT(ticket_payload, employee_name),
    TEXT(ticket_payload, employee_email),
    TEXT(ticket_payload, status),
    {.name = "created_at",
     .kind = JK_TIME,
     .offset = offsetof(struct ticket_payload, created_at),
     .alias = "submit_date"},
};
static JSON_SCHEMA(TICKET, "TicketPayload", struct ticket_payload, TICKET_FIELDS);

static const struct json_field STATUS_FIELDS[] = {
    TEXT(status_payload, ticket_number),
    TEXT(status_payload, status),
    {.name = "csat_rating",
     .kind = JK_INT,
     .offset = offsetof(struct status_payload, rating),
     .flags = JF_COERCE,
     .min = 1,
     .max = 5},
    TEXT(status_payload, feedback),
    {.name = "date_completed",
     .kind = JK_TIME,
     .offset = offsetof(struct status_payload, completed_at)},
    {.name = "time_closed", .kind = JK_TIME, .offset = offsetof(struct status_payload, closed_at)},
};
static JSON_SCHEMA(STATUS, "TicketStatusPayload", struct status_payload, STATUS_FIELDS);

/* ---- decoding ----------------------------------------------------------------------------- */

/* The object that carries the fields: the first positional argument, the keywords themselves, or
 * the one keyword that is an object. */
static const struct json *fields_of(const struct celery_task *t, const char *key)
{
    const struct json *first = json_at(t->args, 0);
    if (first)
        return first;
    if (json_get(t->kwargs, key) || json_count(t->kwargs) != 1)
        return t->kwargs;
    struct str name;
    return json_member(t->kwargs, 0, &name);
}

static enum err reject(struct mq_delivery *d, struct str reason)
{
    d->reject_reason = reason;
    return ERR_INVALID_PAYLOAD;
}

static enum err decode(struct mq_delivery *d, const struct json_schema *schema,
                       const struct json *v, void *out)
{
    struct json_problem *p = NULL;
    if (json_type(v) != JSON_OBJECT)
        return reject(d, STR("the argument is not an object"));
    if (json_decode(d->arena, schema, v, out, &p) == ERR_OK)
        return ERR_OK;
    return reject(d, str_printf(d->arena, "%.*s: %s", STR_ARG(p->field), p->message));
}

static struct str present(struct str s)
{
    return s.p ? s : STR("");
}

enum err payload_ticket(struct mq_delivery *d, const struct celery_task *task, struct ticket *out)
{
    struct ticket_payload p;
    enum err rc = decode(d, &TICKET, fields_of(task, "ticket_number"), &p);
    if (rc)
        return rc;
    enum ticket_priority priority = PRIORITY_MEDIUM;
    if (str_trim(p.priority).len)
        priority = ticket_priority_parse(str_trim(p.priority));
    if (priority == PRIORITY_COUNT)
        return reject(d, STR("priority: not a known word"));
    *out = (struct ticket){
        .number = str_trim(p.ticket_number),
        .subject = p.subject,
        .description = present(p.description),
        .match =
            {
                .department = str_trim(present(p.department)),
                .category = str_trim(p.category),
                .sub_category = str_trim(present(p.sub_category)),
                .priority = str_from(ticket_priority_label(priority)),
            },
        .status = p.status.len ? p.status : STR("Open"),
        .requester_id = p.employee_id > 0 ? p.employee_id : NO_PERSON,
        .requester_name = present(p.employee_name),
        .requester_email = present(p.employee_email),
        .submitted_at = p.created_at == JSON_NO_TIME ? d->now : p.created_at,
    };
    return ERR_OK;
}

enum err payload_status(struct mq_delivery *d, const struct celery_task *task,
                        struct status_payload *out)
{
    const struct json *fields = fields_of(task, "ticket_number");
    struct str number = json_str(fields);
    if (number.p) /* (ticket_number, status, {further fields}) */
        fields = json_at(task->args, 2);
    *out = (struct status_payload){
        .rating = JSON_NO_INT, .completed_at = JSON_NO_TIME, .closed_at = JSON_NO_TIME};
    if (fields || !number.p) {
        enum err rc = decode(d, &STATUS, fields, out);
        if (rc)
            return rc;
    }
    if (number.p) {
        out->ticket_number = number;
        out->status = json_str(json_at(task->args, 1));
    }
    out->ticket_number = str_trim(out->ticket_number);
    out->status = str_trim(out->status);
    if (!out->ticket_number.len)
        return reject(d, STR("ticket_number: required"));
    if (!out->status.len)
        return reject(d, STR("status: required"));
    return ERR_OK;
}

/* ---- order -------------------------------------------------------------------------------- */

struct str payload_order_key(const struct mq_message *m)
{
    static const struct str NAME = {"\"ticket_number\"", 15};
    struct str body = m->body;
    ptrdiff_t at = str_find(body, NAME);
    size_t from = at < 0 ? 0 : (size_t)at + NAME.len;
    ptrdiff_t open = str_index(body, '"', from);
    ptrdiff_t close = open < 0 ? -1 : str_index(body, '"', (size_t)open + 1);
    return close < 0 ? STR_NULL : str_slice(body, (size_t)open + 1, (size_t)close);
}
