#include "domain/ticket.h"

#include <stddef.h>

#include "arena.h"
#include "clock.h"

static const char *const APPROVALS[TICKET_APPROVAL_COUNT] = {NULL, "pending", "approved",
                                                             "rejected"};

struct str ticket_approval_word(enum ticket_approval a)
{
    return str_from(APPROVALS[a]);
}

enum ticket_approval ticket_approval_parse(struct str word)
{
    for (int a = 1; a < TICKET_APPROVAL_COUNT; a++)
        if (str_eq(word, str_from(APPROVALS[a])))
            return (enum ticket_approval)a;
    return TICKET_APPROVAL_NONE;
}

/* ---- who may do what ---------------------------------------------------------------------- */

static bool is_requester(const struct actor *a, const struct ticket *t)
{
    return !actor_is_service(a) && a->user_id == t->requester_id;
}

static bool is_working_on(const struct actor *a, const struct ticket *t)
{
    return !actor_is_service(a) && (a->user_id == t->owner_id || t->is_assignee);
}

bool ticket_may_view(const struct actor *a, const struct ticket *t)
{
    return is_requester(a, t) || is_working_on(a, t) || t->is_watcher ||
           actor_may(a, PERM_TICKET_READ_ALL) ||
           (ticket_is_pending(t) && actor_may(a, PERM_TICKET_WORK));
}

bool ticket_may_see_internal(const struct actor *a, const struct ticket *t)
{
    return ticket_may_view(a, t) && !is_requester(a, t) &&
           (is_working_on(a, t) || actor_may(a, PERM_TICKET_WORK) ||
            actor_may(a, PERM_TICKET_READ_ALL));
}

bool ticket_may_work(const struct actor *a, const struct ticket *t)
{
    return actor_may(a, PERM_TICKET_WORK) &&
           (is_working_on(a, t) || ticket_is_pending(t) || actor_may(a, PERM_TICKET_READ_ALL));
}

bool ticket_may_reword(const struct actor *a, const struct ticket *t)
{
    return ticket_may_work(a, t) || (is_requester(a, t) && t->status == TICKET_STATUS_OPEN);
}

enum err ticket_check_comment(const struct actor *a, const struct ticket *t, bool is_internal)
{
    if (is_internal ? !ticket_may_see_internal(a, t) : !ticket_may_view(a, t))
        return ERR_FORBIDDEN;
    return ticket_status_is_final(t->status) && is_requester(a, t) ? ERR_CONFLICT : ERR_OK;
}

/* ---- status ------------------------------------------------------------------------------- */

#define BIT(status) (1U << TICKET_STATUS_##status)
#define UNFINISHED (BIT(OPEN) | BIT(IN_PROGRESS) | BIT(ON_HOLD))

static const unsigned FOLLOWERS[TICKET_STATUS_COUNT] = {
    [TICKET_STATUS_OPEN] =
        BIT(IN_PROGRESS) | BIT(ON_HOLD) | BIT(RESOLVED) | BIT(REJECTED) | BIT(CLOSED),
    [TICKET_STATUS_IN_PROGRESS] =
        BIT(OPEN) | BIT(ON_HOLD) | BIT(RESOLVED) | BIT(REJECTED) | BIT(CLOSED),
    [TICKET_STATUS_ON_HOLD] =
        BIT(OPEN) | BIT(IN_PROGRESS) | BIT(RESOLVED) | BIT(REJECTED) | BIT(CLOSED),
    [TICKET_STATUS_RESOLVED] = BIT(OPEN) | BIT(IN_PROGRESS) | BIT(CLOSED),
    [TICKET_STATUS_REJECTED] = BIT(OPEN) | BIT(CLOSED),
    [TICKET_STATUS_CLOSED] = BIT(OPEN),
    [TICKET_STATUS_WITHDRAWN] = 0,
};

bool ticket_status_may_follow(enum ticket_status from, enum ticket_status to)
{
    return to < TICKET_STATUS_COUNT && (FOLLOWERS[from] & (1U << to));
}

bool ticket_status_is_final(enum ticket_status s)
{
    return s == TICKET_STATUS_CLOSED || s == TICKET_STATUS_WITHDRAWN;
}

enum err ticket_change_status(struct ticket *t, enum ticket_status to, int64_t now)
{
    if (to == t->status)
        return ERR_OK;
    if (!ticket_status_may_follow(t->status, to) || ticket_is_pending(t))
        return ERR_CONFLICT;
    ticket_set_status(t, to, now);
    return ERR_OK;
}

bool ticket_is_past_reopening(const struct ticket *t, int64_t window_s, int64_t now)
{
    return window_s && t->completed_at != TICKET_NONE &&
           now - t->completed_at > window_s * US_PER_S;
}

void ticket_set_status(struct ticket *t, enum ticket_status to, int64_t now)
{
    bool is_unfinished = UNFINISHED & (1U << to);

    t->held_status = to == TICKET_STATUS_ON_HOLD ? t->status : TICKET_STATUS_COUNT;
    t->status = to;
    if (is_unfinished)
        t->completed_at = TICKET_NONE;
    else if (t->completed_at == TICKET_NONE)
        t->completed_at = now;
    t->closed_at = ticket_status_is_final(to) ? now : TICKET_NONE;
}

void ticket_set_owner(struct ticket *t, int64_t owner_id, struct str owner_name)
{
    t->owner_id = owner_id;
    t->owner_name = owner_id == TICKET_NONE ? STR_NULL : owner_name;
    if (owner_id != TICKET_NONE && t->status == TICKET_STATUS_OPEN)
        t->is_assigned = true;
}

enum who { WHO_REQUESTER = 1, WHO_STAFF = 2 };

/* Who may take an action from which statuses. Resuming returns to where the ticket was held. */
static const struct {
    unsigned from[3]; /* by requester, by staff: indexed by enum who */
    enum ticket_status to;
} ACTIONS[TICKET_ACTION_COUNT] = {
    [TICKET_CLOSE] = {{[WHO_REQUESTER] = BIT(RESOLVED),
                       [WHO_STAFF] = UNFINISHED | BIT(RESOLVED) | BIT(REJECTED)},
                      TICKET_STATUS_CLOSED},
    [TICKET_WITHDRAW] = {{[WHO_REQUESTER] = UNFINISHED}, TICKET_STATUS_WITHDRAWN},
    [TICKET_REOPEN] = {{[WHO_REQUESTER] = BIT(RESOLVED) | BIT(CLOSED) | BIT(REJECTED),
                        [WHO_STAFF] = BIT(RESOLVED) | BIT(CLOSED) | BIT(REJECTED)},
                       TICKET_STATUS_OPEN},
    [TICKET_HOLD] = {{[WHO_STAFF] = BIT(OPEN) | BIT(IN_PROGRESS)}, TICKET_STATUS_ON_HOLD},
    [TICKET_RESUME] = {{[WHO_STAFF] = BIT(ON_HOLD)}, TICKET_STATUS_IN_PROGRESS},
    [TICKET_APPROVE] = {{[WHO_STAFF] = BIT(OPEN)}, TICKET_STATUS_OPEN},
    [TICKET_REJECT] = {{[WHO_STAFF] = BIT(OPEN)}, TICKET_STATUS_REJECTED},
};

/* A ticket that waits for approval can only be decided on or withdrawn, no other can be decided on.
 */
static bool is_in_turn(const struct ticket *t, enum ticket_action action)
{
    if (action == TICKET_APPROVE || action == TICKET_REJECT)
        return ticket_is_pending(t);
    return !ticket_is_pending(t) || action == TICKET_WITHDRAW;
}

/* Consent is asked for again when a ticket that never got it is opened again. */
static enum ticket_approval approval_after(enum ticket_approval before, enum ticket_action action)
{
    if (action == TICKET_APPROVE)
        return TICKET_APPROVAL_APPROVED;
    if (action == TICKET_REJECT)
        return TICKET_APPROVAL_REJECTED;
    if (action == TICKET_REOPEN && before == TICKET_APPROVAL_REJECTED)
        return TICKET_APPROVAL_PENDING;
    return before;
}

enum err ticket_act(const struct actor *a, struct ticket *t, enum ticket_action action, int64_t now)
{
    enum ticket_status to = ACTIONS[action].to;
    unsigned from = 0;

    if (is_requester(a, t))
        from |= ACTIONS[action].from[WHO_REQUESTER];
    if (ticket_may_work(a, t))
        from |= ACTIONS[action].from[WHO_STAFF];
    if (from == 0)
        return ERR_FORBIDDEN;
    if (!(from & (1U << t->status)) || !is_in_turn(t, action))
        return ERR_CONFLICT;
    if (action == TICKET_RESUME && t->held_status != TICKET_STATUS_COUNT)
        to = t->held_status;
    if (to != t->status)
        ticket_set_status(t, to, now);
    t->approval = approval_after(t->approval, action);
    return ERR_OK;
}

/* ---- history ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t offset;
} TEXT_FIELDS[] = {
    {"subject", offsetof(struct ticket, subject)},
    {"description", offsetof(struct ticket, description)},
    {"category", offsetof(struct ticket, category)},
    {"sub_category", offsetof(struct ticket, sub_category)},
    {"department", offsetof(struct ticket, department)},
    {"csat_feedback", offsetof(struct ticket, csat_feedback)},
};

static struct str text_at(const struct ticket *t, size_t offset)
{
    return *(const struct str *)(const void *)((const char *)t + offset);
}

static struct str number_text(struct arena *a, int64_t v)
{
    return v == TICKET_NONE ? STR_NULL : str_printf(a, "%lld", (long long)v);
}

/* "a, b"; absent for none. */
static struct str tags_text(struct arena *a, const struct ticket *t)
{
    struct str all = STR_NULL;

    for (size_t i = 0; i < t->tag_count; i++)
        all = i ? str_printf(a, "%.*s, %.*s", STR_ARG(all), STR_ARG(t->tags[i])) : t->tags[i];
    return all;
}

static int put(struct ticket_field_change *out, int n, const char *field, struct str old_value,
               struct str new_value)
{
    if (str_eq(old_value, new_value) && !old_value.p == !new_value.p)
        return n;
    out[n] = (struct ticket_field_change){field, old_value, new_value};
    return n + 1;
}

int ticket_diff(struct arena *a, const struct ticket *before, const struct ticket *after,
                struct ticket_field_change out[TICKET_FIELD_MAX])
{
    int n = 0;

    for (size_t i = 0; i < sizeof TEXT_FIELDS / sizeof *TEXT_FIELDS; i++)
        n = put(out, n, TEXT_FIELDS[i].name, text_at(before, TEXT_FIELDS[i].offset),
                text_at(after, TEXT_FIELDS[i].offset));
    n = put(out, n, "priority", str_from(ticket_priority_label(before->priority)),
            str_from(ticket_priority_label(after->priority)));
    n = put(out, n, "owner", number_text(a, before->owner_id), number_text(a, after->owner_id));
    n = put(out, n, "is_assigned", before->is_assigned ? STR("true") : STR("false"),
            after->is_assigned ? STR("true") : STR("false"));
    n = put(out, n, "status", str_from(ticket_status_helpdesk(before->status)),
            str_from(ticket_status_helpdesk(after->status)));
    n = put(out, n, "tags", tags_text(a, before), tags_text(a, after));
    n = put(out, n, "approval_status", ticket_approval_word(before->approval),
            ticket_approval_word(after->approval));
    n = put(out, n, "csat_rating", number_text(a, before->csat_rating),
            number_text(a, after->csat_rating));
    return n;
}
