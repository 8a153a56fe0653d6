#include "routes.h"

#include "actor.h"
#include "api/owner.h"
#include "api/tasks.h"
#include "api/transition.h"
#include "api/view.h"

static const enum err TASK_ERRORS[] = {ERR_TASK_NOT_FOUND, ERR_OK};
static const enum err TRANSITION_ERRORS[] = {ERR_TASK_NOT_FOUND, ERR_INVALID_TRANSITION,
                                             ERR_ALREADY_COMPLETED, ERR_CONFLICT, ERR_OK};
static const enum err BEGIN_ERRORS[] = {ERR_TASK_NOT_FOUND, ERR_ALREADY_COMPLETED, ERR_CONFLICT,
                                        ERR_OK};
static const enum err ESCALATE_ERRORS[] = {ERR_TICKET_NOT_FOUND, ERR_ALREADY_ESCALATED,
                                           ERR_ALREADY_COMPLETED, ERR_CONFLICT, ERR_OK};
static const enum err TRANSFER_ERRORS[] = {ERR_INSUFFICIENT_PERMISSIONS, ERR_TICKET_NOT_FOUND,
                                           ERR_USER_NOT_FOUND,           ERR_INVALID_TRANSFER,
                                           ERR_ALREADY_COMPLETED,        ERR_OK};

/* The paths of the integration document, and the canonical ones beside them. */
#define OWNED(path)                                                                                \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_USER, .permission = PERM_TASK_OWNED,        \
        .handler = tasks_owned, .summary = "Tickets the caller owns", .query = &OWNED_QUERY,       \
        .reply = &OWNED_PAGE                                                                       \
    }
#define MINE(path)                                                                                 \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_USER, .permission = PERM_TASK_ACT,          \
        .handler = tasks_mine, .summary = "Task items assigned to the caller",                     \
        .query = &MINE_QUERY, .reply = &MINE_PAGE                                                  \
    }
#define LOGS(path)                                                                                 \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .handler = tasks_logs,                 \
        .summary = "History of a ticket's task", .query = &LOGS_QUERY, .reply = &LOGS_REPLY,       \
        .errors = TASK_ERRORS                                                                      \
    }
#define TRANSITION(path)                                                                           \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .permission = PERM_TASK_ACT,         \
        .handler = transition_post, .summary = "Execute a transition on an assigned item",         \
        .body = &TRANSITION_BODY, .reply = &TRANSITION_REPLY, .errors = TRANSITION_ERRORS          \
    }
#define ESCALATE(path)                                                                             \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .permission = PERM_OWNER_ESCALATE,   \
        .handler = owner_escalate, .summary = "Escalate the ownership of a ticket to an Admin",    \
        .body = &ESCALATE_BODY, .reply = &ESCALATE_REPLY, .errors = ESCALATE_ERRORS                \
    }
#define TRANSFER(path)                                                                             \
    {                                                                                              \
        .method = "POST", .pattern = path, .auth = AUTH_USER, .permission = PERM_OWNER_TRANSFER,   \
        .handler = owner_transfer, .summary = "Give a ticket to another owner",                    \
        .body = &TRANSFER_BODY, .reply = &TRANSFER_REPLY, .errors = TRANSFER_ERRORS                \
    }

const struct route WORKFLOW_ROUTES[] = {
    OWNED("/tasks/owned-tickets"),
    OWNED("/api/v1/tasks/owned-tickets"),
    MINE("/tasks/my-tasks"),
    MINE("/api/v1/tasks/mine"),
    LOGS("/tasks/logs"),
    LOGS("/api/v1/tasks/logs"),
    TRANSITION("/transitions"),
    TRANSITION("/api/v1/transitions"),
    ESCALATE("/tasks/ticket-owner/escalate"),
    ESCALATE("/api/v1/tasks/ticket-owner/escalate"),
    TRANSFER("/tasks/ticket-owner/transfer"),
    TRANSFER("/api/v1/tasks/ticket-owner/transfer"),
    {.method = "GET",
     .pattern = "/api/v1/tasks",
     .auth = AUTH_ANY,
     .handler = tasks_list,
     .summary = "Tasks the caller is involved in; all of them for admins",
     .query = &TASKS_QUERY,
     .reply = &TASK_PAGE},
    {.method = "GET",
     .pattern = "/api/v1/tasks/{task_id}",
     .auth = AUTH_ANY,
     .handler = tasks_get,
     .summary = "A task with its current item and the transitions out of its step",
     .reply = &TASK_DOC,
     .errors = TASK_ERRORS},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/start",
     .auth = AUTH_USER,
     .permission = PERM_TASK_ACT,
     .handler = transition_begin_post,
     .summary = "Begin work on the assigned item of a task",
     .body = &BEGIN_BODY,
     .reply = &TASK_DOC,
     .errors = BEGIN_ERRORS,
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = NULL},
};
