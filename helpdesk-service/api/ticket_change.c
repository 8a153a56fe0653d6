#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/classify.h"
#include "api/custom_field.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/tag.h"
#include "api/ticket_json.h"
#include "api/write.h"
#include "buf.h"
#include "service.h"
#include "state.h"
#include "store/feedback_store.h"

/* The answer to every change: the ticket as it is now. */
static enum err CO_FN answer_with_ticket(struct req *r, struct db_session *s, struct str number,
                                         struct answer *out)
{
    struct ticket_view v;
    struct json_writer w;
    struct buf b;
    enum err rc = ticket_store_view(s, number, ticket_viewer_of(r), TICKET_SHAPE_FULL, &v);

    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    ticket_json_view(&w, &v, TICKET_SHAPE_FULL);
    out->body = buf_str(&b);
    out->version = v.ticket.version;
    return ERR_OK;
}

static enum err status_conflict(struct req *r, const struct ticket *t)
{
    req_detail_str(r, "current_status", str_from(ticket_status_helpdesk(t->status)));
    if (ticket_is_pending(t))
        return refuse(r, ERR_CONFLICT, "The ticket waits for approval");
    return ERR_CONFLICT;
}

/* ---- PATCH -------------------------------------------------------------------------------- */

static bool is_null(struct req *r, const char *member)
{
    const struct json *v = json_get(req_json(r), member);

    return v && json_type(v) == JSON_NULL;
}

static bool is_given(struct req *r, const char *member)
{
    return json_get(req_json(r), member);
}

/* Everything but the wording is for staff. */
static bool is_only_wording(struct req *r, const struct ticket_patch *p)
{
    return !p->category.p && !p->sub_category.p && !p->department.p && !p->priority.p &&
           !p->status.p && !is_null(r, "sub_category") && !is_null(r, "department") &&
           !is_given(r, "tags") && !is_given(r, "custom_fields");
}

static void take(struct str *field, struct str value)
{
    if (value.p)
        *field = value;
}

/* The same for what may be cleared, by null or an empty text. */
static void take_optional(struct req *r, const char *member, struct str *field, struct str value)
{
    take(field, value);
    if (is_null(r, member) || (value.p && !value.len))
        *field = STR_NULL;
}

static void require_text(struct req *r, const char *field, struct str value)
{
    if (value.p && !str_trim(value).len)
        req_field_error(r, field, "must not be blank");
}

static enum err patch_status(struct req *r, struct str word, struct ticket *t)
{
    enum ticket_status to;

    if (!word.p)
        return ERR_OK;
    to = ticket_status_parse(word);
    if (to == TICKET_STATUS_COUNT) {
        req_field_error(r, "status", "is not a status");
        return ERR_VALIDATION_ERROR;
    }
    return ticket_change_status(t, to, r->now) ? status_conflict(r, t) : ERR_OK;
}

static enum err patch_class(struct req *r, const struct ticket_patch *p, struct ticket *t)
{
    struct ticket before = *t;

    if (p->category.p)
        t->category = str_trim(p->category);
    take_optional(r, "sub_category", &t->sub_category, p->sub_category);
    take_optional(r, "department", &t->department, p->department);
    if (str_eq(t->category, before.category) && str_eq(t->sub_category, before.sub_category) &&
        str_eq(t->department, before.department))
        return ERR_OK; /* what was allowed when it was written stays so */
    return classify(r, t);
}

/* Another category may ask for other fields. */
static enum err CO_FN patch_custom_fields(struct req *r, const struct ticket_patch *p,
                                          struct str old_category, struct ticket *t)
{
    if (!p->custom_fields && str_eq(old_category, t->category))
        return ERR_OK;
    return custom_fields_take(r, p->custom_fields, CUSTOM_ALL, t);
}

static enum err CO_FN patch_fields(struct req *r, const struct ticket_patch *p, struct ticket *t)
{
    struct str old_category = t->category;
    enum err rc;

    if (is_only_wording(r, p) ? !ticket_may_reword(r->actor, t) : !ticket_may_work(r->actor, t))
        return ERR_FORBIDDEN;
    require_text(r, "subject", p->subject);
    require_text(r, "description", p->description);
    require_text(r, "category", p->category);
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    take(&t->subject, p->subject);
    take(&t->description, p->description);
    if (is_given(r, "tags"))
        tags_take(r, p->tags.items, p->tags.count, t);
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    rc = patch_class(r, p, t);
    if (rc == ERR_OK)
        rc = patch_custom_fields(r, p, old_category, t);
    if (rc)
        return rc;
    if (p->priority.p)
        t->priority = ticket_priority_parse(p->priority);
    return patch_status(r, p->status, t);
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct ticket_patch *p = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .reason = p->reason, .tells_workflow = true};
    struct cause cause;
    enum err rc = access_lock(r, s, &before);

    cause_from_request(&cause, r);
    after = before;
    if (rc == ERR_OK)
        rc = patch_fields(r, p, &after);
    if (rc == ERR_OK)
        rc = change_apply(s, &news, &after, &cause);
    return rc ? rc : answer_with_ticket(r, s, before.number, out);
}

enum err ticket_patch(struct req *r)
{
    return write_run(r, req_body_text(r), patch, r->body);
}

/* ---- actions ------------------------------------------------------------------------------ */

struct action {
    enum ticket_action action;
    struct str reason;
    int64_t rating; /* TICKET_NONE: none */
    struct str feedback;
    struct str priority, department; /* TICKET_APPROVE; absent: as they are */
};

static enum err decide(struct req *r, const struct action *a, struct ticket *t)
{
    if (a->priority.p)
        t->priority = ticket_priority_parse(a->priority);
    if (!a->department.len)
        return ERR_OK;
    t->department = str_trim(a->department);
    return classify(r, t);
}

static enum err CO_FN rate(struct req *r, struct db_session *s, struct ticket *t,
                           const struct action *a)
{
    struct feedback f = {.ticket_id = t->id,
                         .user_id = viewer_of(r),
                         .rating = a->rating,
                         .comment = a->feedback,
                         .created_at = r->now};

    if (viewer_of(r) != t->requester_id)
        return refuse(r, ERR_FORBIDDEN, "Only the requester may rate a ticket");
    t->csat_rating = a->rating;
    t->csat_feedback = a->feedback;
    return feedback_store_put(s, &f);
}

static enum err CO_FN act(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct action *a = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .reason = a->reason, .tells_workflow = true};
    struct cause cause;
    enum err rc = access_lock(r, s, &before);

    cause_from_request(&cause, r);
    if (rc)
        return rc;
    after = before;
    rc = ticket_act(r->actor, &after, a->action, r->now);
    if (rc == ERR_CONFLICT)
        return status_conflict(r, &before);
    if (rc == ERR_OK && a->action == TICKET_REOPEN &&
        ticket_is_past_reopening(&before, helpdesk_of(r)->config->reopen_s, r->now))
        return refuse(r, ERR_CONFLICT, "It is too late to reopen this ticket");
    if (rc == ERR_OK && a->action == TICKET_APPROVE)
        rc = decide(r, a, &after);
    if (rc == ERR_OK && a->rating != TICKET_NONE) {
        news.is_rating_new = true;
        rc = rate(r, s, &after, a);
    }
    if (rc == ERR_OK)
        rc = change_apply(s, &news, &after, &cause);
    return rc ? rc : answer_with_ticket(r, s, before.number, out);
}

enum err ticket_close(struct req *r)
{
    const struct close_body *b = r->body;
    struct action a = {
        .action = TICKET_CLOSE,
        .rating = b ? b->csat_rating : TICKET_NONE,
        .feedback = b && b->feedback.len ? b->feedback : STR_NULL,
    };

    if (a.feedback.p && a.rating == TICKET_NONE) {
        req_field_error(r, "csat_rating", "is required with feedback");
        return ERR_VALIDATION_ERROR;
    }
    return write_run(r, req_body_text(r), act, &a);
}

static enum err CO_FN act_with_reason(struct req *r, enum ticket_action action)
{
    const struct reason_body *b = r->body;
    struct action a = {
        .action = action,
        .reason = b && b->reason.len ? b->reason : STR_NULL,
        .rating = TICKET_NONE,
    };

    return write_run(r, req_body_text(r), act, &a);
}

enum err ticket_withdraw(struct req *r)
{
    return act_with_reason(r, TICKET_WITHDRAW);
}

enum err ticket_reopen(struct req *r)
{
    return act_with_reason(r, TICKET_REOPEN);
}

enum err ticket_hold(struct req *r)
{
    return act_with_reason(r, TICKET_HOLD);
}

enum err ticket_resume(struct req *r)
{
    return act_with_reason(r, TICKET_RESUME);
}

enum err ticket_approve(struct req *r)
{
    const struct approve_body *b = r->body;
    struct action a = {.action = TICKET_APPROVE, .rating = TICKET_NONE};

    if (b) {
        a.reason = b->reason.len ? b->reason : STR_NULL;
        a.priority = b->priority;
        a.department = b->department;
    }
    return write_run(r, req_body_text(r), act, &a);
}

enum err ticket_reject(struct req *r)
{
    return act_with_reason(r, TICKET_REJECT);
}
