/* Lists of turns, what is done with a task besides transitions, and tickets without a workflow. */
#include "actor.h"
#include "api/turns.h"
#include "api/unmatched.h"
#include "api/view.h"
#include "api/work.h"
#include "routes.h"

#define ERRORS(...)                                                                                \
    (const enum err[])                                                                             \
    {                                                                                              \
        __VA_ARGS__, ERR_OK                                                                        \
    }
#define PERSON .auth = AUTH_USER, .permission = PERM_TASK_ACT
#define ADMIN .auth = AUTH_USER, .permission = PERM_TASK_ADMIN

/* The canonical path and that of the older system. */
#define TEAM                                                                                       \
    PERSON, .handler = turns_team, .summary = "Turns of the roles that the caller holds",          \
            .query = &TURNS_QUERY, .reply = &TURN_PAGE
#define ALL                                                                                        \
    .auth = AUTH_ANY, .permission = PERM_TASK_READ_ALL, .handler = turns_all,                      \
    .summary = "Turns of everybody", .query = &TURNS_QUERY, .reply = &TURN_PAGE
#define UNMATCHED                                                                                  \
    .auth = AUTH_ANY, .permission = PERM_TASK_READ_ALL, .handler = unmatched_list,                 \
    .summary = "Tickets that no workflow has taken", .query = &UNMATCHED_QUERY,                    \
    .reply = &UNMATCHED_PAGE

const struct route TASK_ROUTES[] = {
    {.method = "GET", .pattern = "/api/v1/tasks/team", TEAM},
    {.method = "GET", .pattern = "/tasks/team", TEAM},
    {.method = "GET", .pattern = "/api/v1/tasks/all", ALL},
    {.method = "GET", .pattern = "/tasks/all-tasks", ALL},
    {.method = "GET", .pattern = "/api/v1/tasks/unmatched", UNMATCHED},
    {.method = "GET", .pattern = "/tasks/unassigned-tickets", UNMATCHED},
    {.method = "POST",
     .pattern = "/api/v1/tasks/unmatched/replay",
     ADMIN,
     .handler = unmatched_replay_post,
     .summary = "Match one ticket anew, or all of them in the background",
     .body = &REPLAY_BODY,
     .reply = &REPLAY_REPLY,
     .errors = ERRORS(ERR_TICKET_NOT_FOUND, ERR_WORKFLOW_NOT_FOUND, ERR_CONFLICT),
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = "POST",
     .pattern = "/api/v1/tasks/start",
     ADMIN,
     .handler = unmatched_start_post,
     .summary = "Start the work on a ticket that no workflow has taken",
     .body = &START_BODY,
     .reply = &TASK_DOC,
     .success = 201,
     .errors = ERRORS(ERR_TICKET_NOT_FOUND, ERR_WORKFLOW_NOT_FOUND, ERR_CONFLICT)},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/hold",
     PERSON,
     .handler = work_hold,
     .summary = "Put a task on hold",
     .body = &HOLD_BODY,
     .reply = &TASK_DOC,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_ALREADY_COMPLETED, ERR_CONFLICT),
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/resume",
     PERSON,
     .handler = work_resume,
     .summary = "Resume a task that is on hold",
     .body = &HOLD_BODY,
     .reply = &TASK_DOC,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_ALREADY_COMPLETED, ERR_CONFLICT),
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = "POST",
     .pattern = "/tasks/{task_id}/toggle-hold",
     PERSON,
     .handler = work_toggle_hold,
     .summary = "Put a task on hold, or resume it",
     .body = &HOLD_BODY,
     .reply = &TOGGLE_REPLY,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_ALREADY_COMPLETED),
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/escalate",
     PERSON,
     .handler = work_escalate,
     .summary = "Give the turn to the step's escalation role",
     .body = &ESCALATE_TASK_BODY,
     .reply = &TASK_DOC,
     .errors =
         ERRORS(ERR_TASK_NOT_FOUND, ERR_ALREADY_ESCALATED, ERR_ALREADY_COMPLETED, ERR_CONFLICT)},
    {.method = "POST",
     .pattern = "/tasks/escalate",
     PERSON,
     .handler = work_escalate_item,
     .summary = "Give the turn to the step's escalation role",
     .body = &ESCALATE_ITEM_BODY,
     .reply = &TASK_DOC,
     .errors =
         ERRORS(ERR_TASK_NOT_FOUND, ERR_ALREADY_ESCALATED, ERR_ALREADY_COMPLETED, ERR_CONFLICT)},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/reassign",
     ADMIN,
     .handler = work_reassign,
     .summary = "Give the turn to somebody else who holds the role",
     .body = &REASSIGN_BODY,
     .reply = &TASK_DOC,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_USER_NOT_FOUND, ERR_INVALID_TRANSFER,
                      ERR_ALREADY_COMPLETED)},
    {.method = "POST",
     .pattern = "/tasks/transfer",
     ADMIN,
     .handler = work_reassign_item,
     .summary = "Give the turn to somebody else who holds the role",
     .body = &REASSIGN_ITEM_BODY,
     .reply = &TASK_DOC,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_USER_NOT_FOUND, ERR_INVALID_TRANSFER,
                      ERR_ALREADY_COMPLETED)},
    {.method = "POST",
     .pattern = "/api/v1/tasks/{task_id}/reopen",
     ADMIN,
     .handler = work_reopen,
     .summary = "Begin a resolved or rejected task anew",
     .body = &REOPEN_BODY,
     .reply = &TASK_DOC,
     .errors = ERRORS(ERR_TASK_NOT_FOUND, ERR_CONFLICT),
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = NULL},
};
