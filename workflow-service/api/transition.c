#include "api/transition.h"

#include "actor.h"
#include "api/clocks.h"
#include "api/field.h"
#include "api/view.h"
#include "cause.h"
#include "events/events.h"
#include "events/publish.h"
#include "service.h"
#include "store/transition_store.h"

#define MAX_NOTES 4000

struct transition_body {
    int64_t task_item_id, transition_id;
    struct str notes;
    int64_t next_assignee_id;
};

static const struct json_field BODY_FIELDS[] = {
    {.name = "task_item_id",
     .kind = JK_INT,
     .offset = offsetof(struct transition_body, task_item_id),
     .flags = JF_REQUIRED,
     .alias = "task_id"},
    {.name = "transition_id",
     .kind = JK_INT,
     .offset = offsetof(struct transition_body, transition_id),
     .flags = JF_REQUIRED},
    {.name = "notes",
     .kind = JK_STR,
     .offset = offsetof(struct transition_body, notes),
     .flags = JF_REQUIRED | JF_NON_EMPTY,
     .max = MAX_NOTES},
    {.name = "next_assignee_id",
     .kind = JK_INT,
     .offset = offsetof(struct transition_body, next_assignee_id),
     .doc = "who takes the next step; must hold its role"},
};
JSON_SCHEMA(TRANSITION_BODY, "TransitionRequest", struct transition_body, BODY_FIELDS);

struct transition_reply {
    struct str status;
    int64_t task_item_id;
    struct str new_status, next_step, next_assignee, message;
};

static const struct json_field REPLY_FIELDS[] = {
    FIELD(transition_reply, JK_STR, status),        FIELD(transition_reply, JK_INT, task_item_id),
    FIELD(transition_reply, JK_STR, new_status),    FIELD(transition_reply, JK_STR, next_step),
    FIELD(transition_reply, JK_STR, next_assignee), FIELD(transition_reply, JK_STR, message),
};
JSON_SCHEMA(TRANSITION_REPLY, "TransitionReply", struct transition_reply, REPLY_FIELDS);

/* What a repeatable transaction works on. */
struct job {
    struct cause cause;
    const struct transition_body *body;
    struct transition_view view;
    struct next_item next;
    struct str notes;
};

static enum task_status status_after(const struct transition_view *v)
{
    if (v->facts.has_next)
        return TASK_STATUS_IN_PROGRESS;
    return str_eq(v->outcome, STR("rejected")) ? TASK_STATUS_REJECTED : TASK_STATUS_RESOLVED;
}

static struct event_task describe(const struct job *j)
{
    const struct transition_view *v = &j->view;
    struct event_task e = publish_blank();
    e.task_id = v->task_id;
    e.task_item_id = v->item_id;
    e.ticket_number = v->ticket_number;
    e.subject = v->subject;
    e.workflow_name = v->workflow_name;
    e.step = v->step;
    e.role = v->role;
    e.notes = j->notes;
    e.owner_id = v->owner_id;
    e.owner_name = v->owner_name;
    e.requester_id = v->requester_id;
    return e;
}

static enum err CO_FN publish_next(struct db_session *s, const struct job *j,
                                   const struct event_task *done)
{
    struct event_task e = *done;
    if (!j->view.facts.has_next) {
        e.outcome = j->view.outcome;
        return publish_task(s, &j->cause, "task.completed", &e);
    }
    if (j->next.assignee_id == NO_PERSON)
        return ERR_OK;
    e.task_item_id = j->next.item_id;
    return publish_task(s, &j->cause, "task.assigned", &e);
}

/* The helpdesk hears of the first action on a task, and of its end. */
static enum err CO_FN publish_to_helpdesk(struct db_session *s, const struct job *j,
                                          enum task_status to)
{
    if (to == TASK_STATUS_IN_PROGRESS && j->view.facts.task != TASK_STATUS_ACTIVE)
        return ERR_OK;
    enum ticket_status word = TICKET_STATUS_IN_PROGRESS;
    if (to == TASK_STATUS_RESOLVED)
        word = TICKET_STATUS_RESOLVED;
    else if (to == TASK_STATUS_REJECTED)
        word = TICKET_STATUS_REJECTED;
    return publish_status(s, &j->cause, j->view.ticket_number, word);
}

static enum err CO_FN publish_all(struct db_session *s, const struct job *j, enum task_status to)
{
    struct event_task e = describe(j);
    e.status = task_status_word(to);
    e.transition = j->view.transition;
    e.previous_step = j->view.step;
    e.step = j->view.next_step;
    e.role = j->view.next_role;
    e.assignee_id = j->next.assignee_id;
    e.assignee_name = j->next.assignee_name;
    enum err rc = publish_task(s, &j->cause, "task.transitioned", &e);
    if (rc == ERR_OK)
        rc = publish_next(s, j, &e);
    if (rc == ERR_OK)
        rc = publish_to_helpdesk(s, j, to);
    return rc;
}

static enum err CO_FN execute(struct db_session *s, void *arg)
{
    struct job *j = arg;
    const struct transition_body *b = j->body;
    struct transition_view *v = &j->view;
    enum err rc = transition_store_lock(s, b->task_item_id, b->transition_id, j->cause.actor_id,
                                        b->next_assignee_id, v);
    if (rc == ERR_OK)
        rc = transition_check(&v->facts);
    if (rc)
        return rc;
    struct transition_write w = {
        .transition_id = b->transition_id,
        .actor_id = j->cause.actor_id,
        .wish = b->next_assignee_id,
        .notes = j->notes,
        .status = status_after(v),
        .now = j->cause.now,
    };
    rc = transition_store_apply(s, v, &w, &j->next);
    if (v->is_tracked || j->next.assignee_id == NO_PERSON)
        pool_wake(s);
    if (rc == ERR_OK)
        rc = clocks_follow(s, &j->cause, v->task_id, CLOCKS_NEXT_STEP);
    return rc ? rc : publish_all(s, j, w.status);
}

static struct str name_list(struct arena *a, const struct str *names, size_t n)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        jw_str(&w, names[i]);
    jw_end_array(&w);
    return buf_str(&b);
}

static enum err refuse(struct req *r, const struct job *j, enum err rc)
{
    const struct transition_view *v = &j->view;
    if (rc == ERR_INVALID_TRANSITION) {
        struct str tried = v->transition;
        if (!tried.p)
            tried = str_printf(r->arena, "%lld", (long long)j->body->transition_id);
        req_detail_str(r, "current_step", v->step);
        req_detail_str(r, "attempted_transition", tried);
        req_detail(r, "available_transitions",
                   name_list(r->arena, v->available, v->available_count));
    }
    if (rc == ERR_VALIDATION_ERROR && v->facts.has_wish)
        req_field_error(r, "next_assignee_id", "does not hold the role of the next step");
    if (rc == ERR_CONFLICT)
        return req_failf(r, rc, "The task is on hold");
    return req_fail(r, rc);
}

enum err transition_post(struct req *r)
{
    const struct transition_body *b = r->body;
    struct job j = {.body = b, .notes = str_trim(b->notes)};
    cause_from_request(&j.cause, r);
    struct db_session *s;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = db_transact(s, execute, &j);
    if (rc)
        return refuse(r, &j, rc);
    struct transition_reply reply = {
        .status = STR("success"),
        .task_item_id = b->task_item_id,
        .new_status = item_status_word(ITEM_STATUS_RESOLVED),
        .next_step = j.view.next_step,
        .next_assignee = j.next.assignee_name,
        .message = STR("Transition completed successfully"),
    };
    return req_reply_json(r, 200, &TRANSITION_REPLY, &reply);
}

/* ---- beginning ---------------------------------------------------------------------------- */

struct begin_body {
    struct str notes;
};

static const struct json_field BEGIN_FIELDS[] = {
    {.name = "notes",
     .kind = JK_STR,
     .offset = offsetof(struct begin_body, notes),
     .max = MAX_NOTES},
};
JSON_SCHEMA(BEGIN_BODY, "BeginRequest", struct begin_body, BEGIN_FIELDS);

struct begin_job {
    struct job job;
    int64_t task_id;
};

static enum err CO_FN begin(struct db_session *s, void *arg)
{
    struct begin_job *b = arg;
    struct job *j = &b->job;
    struct task_view task;
    struct task_exits exits;
    bool is_involved;
    enum err rc =
        task_store_find(s, b->task_id, STR_NULL, j->cause.actor_id, &task, &exits, &is_involved);
    if (rc)
        return rc;
    if (task.item_id == INT64_MIN)
        return is_involved ? ERR_ALREADY_COMPLETED : ERR_FORBIDDEN;
    rc = transition_store_lock(s, task.item_id, 0, j->cause.actor_id, NO_PERSON, &j->view);
    if (rc)
        return rc;
    const struct transition_facts *f = &j->view.facts;
    if (f->assignee_id != f->actor_id)
        return ERR_FORBIDDEN;
    if (!item_status_is_open(f->item))
        return ERR_ALREADY_COMPLETED;
    if (f->task == TASK_STATUS_ON_HOLD)
        return ERR_CONFLICT;
    if (f->item == ITEM_STATUS_IN_PROGRESS)
        return ERR_OK;
    rc = transition_store_begin(s, &j->view, j->notes, j->cause.now);
    if (rc == ERR_OK)
        rc = clocks_follow(s, &j->cause, j->view.task_id, CLOCKS_ANY);
    return rc ? rc : publish_to_helpdesk(s, j, TASK_STATUS_IN_PROGRESS);
}

enum err transition_begin_post(struct req *r)
{
    const struct begin_body *body = r->body;
    struct begin_job b = {.job.notes = STR("Work started")};
    if (!req_param_int(r, "task_id", &b.task_id))
        return req_fail(r, ERR_TASK_NOT_FOUND);
    if (body && str_trim(body->notes).len)
        b.job.notes = str_trim(body->notes);
    cause_from_request(&b.job.cause, r);
    struct db_session *s;
    struct task_view task;
    struct task_exits exits;
    bool is_involved;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = db_transact(s, begin, &b);
    if (rc == ERR_OK)
        rc =
            task_store_find(s, b.task_id, STR_NULL, r->actor->user_id, &task, &exits, &is_involved);
    if (rc == ERR_CONFLICT)
        return req_failf(r, rc, "The task is on hold");
    if (rc)
        return req_fail(r, rc);
    struct task_doc doc = view_task(r->arena, &task, &exits, r->now);
    return req_reply_json(r, 200, &TASK_DOC, &doc);
}
