#pragma once
/* A ticket and the rules about it: who may see it, which status follows which. No I/O. */
#include <stdbool.h>
#include <stdint.h>

#include "actor.h"
#include "err.h"
#include "label.h"
#include "str.h"

#define TICKET_NONE INT64_MIN /* an absent id, rating or time */

/* A coordinator's consent, where the category asks for it; until then no workflow knows the ticket.
 */
enum ticket_approval {
    TICKET_APPROVAL_NONE,
    TICKET_APPROVAL_PENDING,
    TICKET_APPROVAL_APPROVED,
    TICKET_APPROVAL_REJECTED,
    TICKET_APPROVAL_COUNT
};
/* "pending"; absent for none. */
struct str ticket_approval_word(enum ticket_approval a);
/* TICKET_APPROVAL_NONE for any other word. */
enum ticket_approval ticket_approval_parse(struct str word);

struct ticket {
    int64_t id, version;
    struct str number, subject, description, category;
    struct str sub_category, department; /* absent: none */
    enum ticket_priority priority;
    enum ticket_status status;
    bool is_assigned;               /* the simple surface calls an open ticket "assigned" */
    enum ticket_status held_status; /* what resuming returns to; TICKET_STATUS_COUNT: none */
    int64_t requester_id;
    struct str requester_name, requester_email, requester_department;
    int64_t owner_id;
    struct str owner_name;
    int64_t csat_rating;
    struct str csat_feedback;
    int64_t created_at, updated_at, first_response_at, completed_at, closed_at;
    enum ticket_approval approval;
    struct str custom_fields; /* a JSON object */
    const struct str *tags;   /* sorted, without repetition */
    size_t tag_count;
    bool is_assignee; /* whether the person who asks has or had a workflow task on it */
    bool is_watcher;  /* whether that person watches it */
    /* Who watches it; known of a locked ticket only. */
    const int64_t *watchers;
    size_t watcher_count;
};

/* ---- who may do what ---------------------------------------------------------------------- */

/* The requester, the owner, the assigned, watchers, those who may read every ticket; and all staff
 * while it waits for approval. */
bool ticket_may_view(const struct actor *a, const struct ticket *t);
/* Internal notes are for staff and whoever works on the ticket, but never for its requester. */
bool ticket_may_see_internal(const struct actor *a, const struct ticket *t);
/* Changes to fields and status: staff within their scope. */
bool ticket_may_work(const struct actor *a, const struct ticket *t);
/* Subject and description, while nobody has begun to work on it: the requester, too. */
bool ticket_may_reword(const struct actor *a, const struct ticket *t);
/* ERR_FORBIDDEN for who may not read what they would write, ERR_CONFLICT for the requester of a
 * ticket that is closed or withdrawn. */
MUST_CHECK enum err ticket_check_comment(const struct actor *a, const struct ticket *t,
                                         bool is_internal);

/* ---- status ------------------------------------------------------------------------------- */

/* Whether a person may bring a ticket from one status to the other. */
bool ticket_status_may_follow(enum ticket_status from, enum ticket_status to);
/* Closed or withdrawn: the workflow's late reports no longer change it. */
bool ticket_status_is_final(enum ticket_status s);
/* The status that a person asks for; ERR_CONFLICT when it may not follow now. */
MUST_CHECK enum err ticket_change_status(struct ticket *t, enum ticket_status to, int64_t now);
/* A finished ticket cannot come back after any time; window_s 0: it can. */
bool ticket_is_past_reopening(const struct ticket *t, int64_t window_s, int64_t now);
/* Sets status and the times that follow from it. */
void ticket_set_status(struct ticket *t, enum ticket_status to, int64_t now);
/* owner_id TICKET_NONE: nobody. */
void ticket_set_owner(struct ticket *t, int64_t owner_id, struct str owner_name);

enum ticket_action {
    TICKET_CLOSE,
    TICKET_WITHDRAW,
    TICKET_REOPEN,
    TICKET_HOLD,
    TICKET_RESUME,
    TICKET_APPROVE,
    TICKET_REJECT,
    TICKET_ACTION_COUNT
};
/*
 * Changes the status as the action asks. ERR_FORBIDDEN when the actor may not, ERR_CONFLICT when
 * the present status does not allow it.
 */
MUST_CHECK enum err ticket_act(const struct actor *a, struct ticket *t, enum ticket_action action,
                               int64_t now);

/* Whether it still waits for a coordinator's consent. */
static inline bool ticket_is_pending(const struct ticket *t)
{
    return t->approval == TICKET_APPROVAL_PENDING && !ticket_status_is_final(t->status);
}
/* Whether the workflow has ever been told of it. */
static inline bool ticket_is_in_workflow(const struct ticket *t)
{
    return t->approval == TICKET_APPROVAL_NONE || t->approval == TICKET_APPROVAL_APPROVED;
}

/* ---- history ------------------------------------------------------------------------------ */

struct ticket_field_change {
    const char *field;
    struct str old_value, new_value; /* absent: none */
};
#define TICKET_FIELD_MAX 13
/* What differs between two states of a ticket, one entry a field but for the custom ones; returns
 * how many. Numbers and lists are written as text into the arena. */
int ticket_diff(struct arena *a, const struct ticket *before, const struct ticket *after,
                struct ticket_field_change out[TICKET_FIELD_MAX]);
