#include "actor.h"
#include "api/field.h"
#include "api/tasks.h"
#include "service.h"
#include "store/log_store.h"

struct logs_query {
    struct str ticket_number;
    int64_t task_id;
};

static const struct json_field LOGS_QUERY_FIELDS[] = {
    {.name = "ticket_number",
     .kind = JK_STR,
     .offset = offsetof(struct logs_query, ticket_number),
     .alias = "ticket_id"},
    {.name = "task_id",
     .kind = JK_INT,
     .offset = offsetof(struct logs_query, task_id),
     .min = 1,
     .max = INT64_MAX},
};
JSON_SCHEMA(LOGS_QUERY, "TaskLogQuery", struct logs_query, LOGS_QUERY_FIELDS);

struct history_doc {
    int64_t task_item_history_id;
    struct str status, origin, notes;
    int64_t created_at;
};

struct log_doc {
    int64_t task_item_id, user_id;
    struct str user_full_name, role, status, origin, notes;
    int64_t assigned_on, acted_on, assigned_on_step_id;
    struct str assigned_on_step_name;
    struct json_array task_history;
};

struct logs_doc {
    int64_t task_id;
    struct str ticket_id, workflow_id, workflow_name;
    struct json_array logs;
};

static const struct json_field HISTORY_FIELDS[] = {
    FIELD(history_doc, JK_INT, task_item_history_id),
    FIELD(history_doc, JK_STR, status),
    FIELD(history_doc, JK_STR, origin),
    FIELD(history_doc, JK_STR, notes),
    FIELD(history_doc, JK_TIME, created_at),
};
static JSON_SCHEMA(HISTORY_DOC, "TaskItemHistory", struct history_doc, HISTORY_FIELDS);

static const struct json_field LOG_FIELDS[] = {
    FIELD(log_doc, JK_INT, task_item_id),
    FIELD(log_doc, JK_INT, user_id),
    FIELD(log_doc, JK_STR, user_full_name),
    FIELD(log_doc, JK_STR, role),
    FIELD(log_doc, JK_STR, status),
    FIELD(log_doc, JK_STR, origin),
    FIELD(log_doc, JK_STR, notes),
    FIELD(log_doc, JK_TIME, assigned_on),
    FIELD(log_doc, JK_TIME, acted_on),
    FIELD(log_doc, JK_INT, assigned_on_step_id),
    FIELD(log_doc, JK_STR, assigned_on_step_name),
    FIELD_LIST(log_doc, task_history, HISTORY_DOC),
};
static JSON_SCHEMA(LOG_DOC, "TaskItemLog", struct log_doc, LOG_FIELDS);

static const struct json_field LOGS_FIELDS[] = {
    FIELD(logs_doc, JK_INT, task_id),     FIELD(logs_doc, JK_STR, ticket_id),
    FIELD(logs_doc, JK_STR, workflow_id), FIELD(logs_doc, JK_STR, workflow_name),
    FIELD_LIST(logs_doc, logs, LOG_DOC),
};
JSON_SCHEMA(LOGS_REPLY, "TaskLog", struct logs_doc, LOGS_FIELDS);

static struct json_array history_docs(struct arena *a, const struct log_item *item)
{
    struct history_doc *docs = ARENA_ARRAY(a, struct history_doc, item->entry_count + 1);
    for (size_t i = 0; i < item->entry_count; i++)
        docs[i] = (struct history_doc){
            .task_item_history_id = item->entries[i].id,
            .status = item->entries[i].status,
            .origin = item->entries[i].origin,
            .notes = item->entries[i].notes,
            .created_at = item->entries[i].created_at,
        };
    return (struct json_array){docs, item->entry_count};
}

static struct log_doc log_doc(struct arena *a, const struct log_item *item)
{
    return (struct log_doc){
        .task_item_id = item->item_id,
        .user_id = item->user_id,
        .user_full_name = item->user_name,
        .role = item->role,
        .status = item->status,
        .origin = item->origin,
        .notes = item->notes,
        .assigned_on = item->assigned_on,
        .acted_on = item->acted_on,
        .assigned_on_step_id = item->step_id,
        .assigned_on_step_name = item->step,
        .task_history = history_docs(a, item),
    };
}

enum err tasks_logs(struct req *r)
{
    const struct logs_query *q = r->query_args;
    struct db_session *s;
    struct task_log log;
    if (!q->ticket_number.len && q->task_id == JSON_NO_INT)
        return req_failf(r, ERR_INVALID_INPUT, "ticket_number is required");
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = log_store_read(s, q->task_id, q->ticket_number, r->actor->user_id, &log);
    if (rc == ERR_OK && !log.is_involved && !actor_may(r->actor, PERM_TASK_READ_ALL))
        rc = ERR_FORBIDDEN;
    if (rc)
        return req_fail(r, rc);
    struct log_doc *docs = ARENA_ARRAY(r->arena, struct log_doc, log.item_count + 1);
    for (size_t i = 0; i < log.item_count; i++)
        docs[i] = log_doc(r->arena, &log.items[i]);
    struct logs_doc doc = {
        .task_id = log.task_id,
        .ticket_id = log.ticket_number,
        .workflow_id = log.workflow_id,
        .workflow_name = log.workflow_name,
        .logs = {docs, log.item_count},
    };
    return req_reply_json(r, 200, &LOGS_REPLY, &doc);
}
