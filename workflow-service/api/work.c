#include "api/work.h"

#include "actor.h"
#include "api/clocks.h"
#include "api/field.h"
#include "api/start.h"
#include "api/tasks.h"
#include "events/events.h"
#include "events/publish.h"
#include "service.h"
#include "store/task_store.h"
#include "store/work_store.h"
#include "write_run.h"

#define MAX_NOTES 4000

/* Every body; each has its own schema. */
struct work_body {
    int64_t task_item_id, user_id;
    struct str notes;
};

#define NOTES_FIELD(name_, alias_, flags_)                                                         \
    {                                                                                              \
        .name = name_, .kind = JK_STR, .offset = offsetof(struct work_body, notes),                \
        .flags = flags_, .max = MAX_NOTES, .alias = alias_                                         \
    }
#define ITEM_FIELD                                                                                 \
    {                                                                                              \
        .name = "task_item_id", .kind = JK_INT,                                                    \
        .offset = offsetof(struct work_body, task_item_id), .flags = JF_REQUIRED                   \
    }
#define USER_FIELD                                                                                 \
    {                                                                                              \
        .name = "user_id", .kind = JK_INT, .offset = offsetof(struct work_body, user_id),          \
        .flags = JF_REQUIRED, .doc = "who takes over; must hold the role whose turn it is"         \
    }

static const struct json_field HOLD_FIELDS[] = {NOTES_FIELD("notes", "reason", 0)};
JSON_SCHEMA(HOLD_BODY, "HoldRequest", struct work_body, HOLD_FIELDS);
static const struct json_field REOPEN_FIELDS[] = {NOTES_FIELD("reason", "notes", 0)};
JSON_SCHEMA(REOPEN_BODY, "ReopenRequest", struct work_body, REOPEN_FIELDS);
static const struct json_field REASSIGN_FIELDS[] = {
    USER_FIELD, NOTES_FIELD("reason", "notes", JF_REQUIRED | JF_NON_EMPTY)};
JSON_SCHEMA(REASSIGN_BODY, "ReassignRequest", struct work_body, REASSIGN_FIELDS);
static const struct json_field REASSIGN_ITEM_FIELDS[] = {ITEM_FIELD, USER_FIELD,
                                                         NOTES_FIELD("notes", "reason", 0)};
JSON_SCHEMA(REASSIGN_ITEM_BODY, "TaskTransferRequest", struct work_body, REASSIGN_ITEM_FIELDS);
static const struct json_field ESCALATE_TASK_FIELDS[] = {
    NOTES_FIELD("reason", "notes", JF_REQUIRED | JF_NON_EMPTY)};
JSON_SCHEMA(ESCALATE_TASK_BODY, "TaskEscalateRequest", struct work_body, ESCALATE_TASK_FIELDS);
static const struct json_field ESCALATE_ITEM_FIELDS[] = {
    ITEM_FIELD, NOTES_FIELD("reason", "notes", JF_REQUIRED | JF_NON_EMPTY)};
JSON_SCHEMA(ESCALATE_ITEM_BODY, "TaskItemEscalateRequest", struct work_body, ESCALATE_ITEM_FIELDS);

/* What one request does, once the task is locked. */
struct job {
    struct cause cause;
    const struct work_body *body; /* NULL: none came */
    bool is_by_item;
    enum err (*act)(struct req *r, struct db_session *s, struct job *j);
    struct work_view view;
    struct work_note note;
};

static enum err CO_FN lock(struct req *r, struct db_session *s, struct job *j)
{
    int64_t task_id = INT64_MIN, item_id = INT64_MIN;
    struct work_facts *f = &j->view.facts;
    if (j->is_by_item)
        item_id = j->body->task_item_id;
    else if (!req_param_int(r, "task_id", &task_id))
        return ERR_TASK_NOT_FOUND;
    enum err rc = work_store_lock(s, task_id, item_id, j->cause.actor_id, &j->view);
    f->is_admin = actor_may(r->actor, PERM_TASK_READ_ALL);
    if (rc == ERR_OK && j->is_by_item && j->view.item.item_id != item_id)
        rc = f->has_worked || f->is_admin ? ERR_ALREADY_COMPLETED : ERR_FORBIDDEN;
    return rc;
}

static enum err CO_FN work(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct job *j = arg;
    enum err rc = lock(r, s, j);
    if (rc == ERR_OK)
        rc = j->act(r, s, j);
    return rc ? rc : tasks_answer(r, s, j->view.task_id, out);
}

static void begin(struct req *r, struct job *j, struct str default_note)
{
    j->body = r->body;
    cause_from_request(&j->cause, r);
    struct str text = j->body ? str_trim(j->body->notes) : STR_NULL;
    j->note = (struct work_note){j->cause.actor_id, text.len ? text : default_note, r->now};
}

/* ---- hold and resume ---------------------------------------------------------------------- */

static enum err CO_FN set_running(struct db_session *s, struct job *j, enum task_status to,
                                  enum ticket_status word)
{
    enum err rc = work_store_set_running(s, j->view.task_id, j->view.version, to, &j->note);
    if (rc == ERR_OK)
        rc = clocks_follow(s, &j->cause, j->view.task_id, CLOCKS_ANY);
    return rc ? rc : publish_status(s, &j->cause, j->view.item.ticket_number, word);
}

static enum err CO_FN hold(struct req *r, struct db_session *s, struct job *j)
{
    enum err rc = work_check_hold(&j->view.facts);
    if (rc == ERR_CONFLICT)
        req_detail_str(r, "reason", STR("the task is on hold already"));
    return rc ? rc : set_running(s, j, TASK_STATUS_ON_HOLD, TICKET_STATUS_ON_HOLD);
}

static enum err CO_FN resume(struct req *r, struct db_session *s, struct job *j)
{
    enum err rc = work_check_resume(&j->view.facts);
    if (rc == ERR_CONFLICT)
        req_detail_str(r, "reason", STR("the task is not on hold"));
    if (rc)
        return rc;
    return set_running(s, j, j->view.has_started ? TASK_STATUS_IN_PROGRESS : TASK_STATUS_ACTIVE,
                       TICKET_STATUS_IN_PROGRESS);
}

enum err work_hold(struct req *r)
{
    struct job j = {.act = hold};
    begin(r, &j, STR("Put on hold"));
    return write_run(r, req_body_text(r), work, &j);
}

enum err work_resume(struct req *r)
{
    struct job j = {.act = resume};
    begin(r, &j, STR("Resumed"));
    return write_run(r, req_body_text(r), work, &j);
}

struct toggle_reply {
    int8_t success;
    struct str new_status, previous_status, ticket_number, message;
};

static const struct json_field TOGGLE_FIELDS[] = {
    FIELD(toggle_reply, JK_BOOL, success),        FIELD(toggle_reply, JK_STR, new_status),
    FIELD(toggle_reply, JK_STR, previous_status), FIELD(toggle_reply, JK_STR, ticket_number),
    FIELD(toggle_reply, JK_STR, message),
};
JSON_SCHEMA(TOGGLE_REPLY, "ToggleHoldReply", struct toggle_reply, TOGGLE_FIELDS);

static enum err CO_FN toggle(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    static const struct str HELD = {"On Hold", 7}, RUNNING = {"In Progress", 11};
    struct job *j = arg;
    enum err rc = lock(r, s, j);
    if (rc)
        return rc;
    bool is_held = j->view.facts.task == TASK_STATUS_ON_HOLD;
    rc = is_held ? resume(r, s, j) : hold(r, s, j);
    struct toggle_reply reply = {
        .success = JSON_TRUE,
        .new_status = is_held ? RUNNING : HELD,
        .previous_status = is_held ? HELD : RUNNING,
        .ticket_number = j->view.item.ticket_number,
        .message = is_held ? STR("The task is resumed") : STR("The task is on hold"),
    };
    out->body = answer_json(r->arena, &TOGGLE_REPLY, &reply);
    return rc;
}

enum err work_toggle_hold(struct req *r)
{
    struct job j = {0};
    begin(r, &j, STR("Hold toggled"));
    return write_run(r, req_body_text(r), toggle, &j);
}

/* ---- another person's turn ---------------------------------------------------------------- */

/* Whoever had it may take something else. */
static enum err CO_FN tell_assignee(struct db_session *s, struct job *j)
{
    pool_wake(s);
    if (j->view.item.assignee_id == NO_PERSON)
        return ERR_OK;
    j->view.item.notes = j->note.text;
    return publish_assigned(s, &j->cause, &j->view.item);
}

static enum err CO_FN reassign(struct req *r, struct db_session *s, struct job *j)
{
    struct work_candidate to;
    enum err rc = work_store_candidate(s, &j->view, j->body->user_id, &to);
    if (rc == ERR_OK)
        rc = work_check_reassignment(&j->view.facts, &to);
    if (rc == ERR_VALIDATION_ERROR)
        req_field_error(r, "user_id", "does not hold the role of the step");
    if (rc == ERR_OK)
        rc = work_store_reassign(s, &j->view, to.id, &j->note);
    if (rc == ERR_OK)
        rc = clocks_follow(s, &j->cause, j->view.task_id, CLOCKS_ANY);
    return rc ? rc : tell_assignee(s, j);
}

static enum err CO_FN run_reassign(struct req *r, bool is_by_item)
{
    struct job j = {.act = reassign, .is_by_item = is_by_item};
    begin(r, &j, STR("Reassigned by an administrator"));
    return write_run(r, req_body_text(r), work, &j);
}

enum err work_reassign(struct req *r)
{
    return run_reassign(r, false);
}

enum err work_reassign_item(struct req *r)
{
    return run_reassign(r, true);
}

static enum err CO_FN escalate(struct req *r, struct db_session *s, struct job *j)
{
    const struct work_facts *f = &j->view.facts;
    enum err rc = work_check_escalation(f);
    if (rc == ERR_CONFLICT)
        req_detail_str(r, "reason",
                       f->task == TASK_STATUS_ON_HOLD ? STR("the task is on hold")
                                                      : STR("the step has no escalation role"));
    if (rc == ERR_OK)
        rc = work_store_escalate(s, &j->view, &j->note);
    if (rc == ERR_OK)
        rc = clocks_follow(s, &j->cause, j->view.task_id, CLOCKS_ANY);
    return rc ? rc : tell_assignee(s, j);
}

static enum err CO_FN run_escalate(struct req *r, bool is_by_item)
{
    struct job j = {.act = escalate, .is_by_item = is_by_item};
    begin(r, &j, STR(""));
    return write_run(r, req_body_text(r), work, &j);
}

enum err work_escalate(struct req *r)
{
    return run_escalate(r, false);
}

enum err work_escalate_item(struct req *r)
{
    return run_escalate(r, true);
}

/* ---- opened again ------------------------------------------------------------------------- */

/* By the ticket, as the helpdesk does it: ticket before task. */
static enum err CO_FN reopen(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct job *j = arg;
    struct task_view task;
    struct task_exits exits;
    struct ticket_state state;
    bool is_involved;
    int64_t task_id;
    if (!req_param_int(r, "task_id", &task_id))
        return ERR_TASK_NOT_FOUND;
    enum err rc =
        task_store_find(s, task_id, STR_NULL, j->cause.actor_id, &task, &exits, &is_involved);
    if (rc == ERR_OK)
        rc = ticket_store_state(s, task.ticket_number, &state);
    if (rc)
        return rc;
    struct work_facts facts = {.task = state.status};
    rc = work_check_reopening(&facts);
    if (rc == ERR_CONFLICT)
        req_detail_str(
            r, "reason",
            str_printf(r->arena, "the task is %.*s", STR_ARG(task_status_word(state.status))));
    if (rc == ERR_OK)
        rc = start_again(s, &j->cause, &state, &j->note);
    if (rc == ERR_OK)
        rc = publish_status(s, &j->cause, task.ticket_number, TICKET_STATUS_OPEN);
    return rc ? rc : tasks_answer(r, s, task_id, out);
}

enum err work_reopen(struct req *r)
{
    struct job j = {0};
    begin(r, &j, STR("Opened again by an administrator"));
    return write_run(r, req_body_text(r), reopen, &j);
}
