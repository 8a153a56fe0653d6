#include "domain/task.h"

static const struct str TASK_WORDS[TASK_STATUS_COUNT] = {
    [TASK_STATUS_ACTIVE] = {"active", 6},       [TASK_STATUS_IN_PROGRESS] = {"in_progress", 11},
    [TASK_STATUS_ON_HOLD] = {"on_hold", 7},     [TASK_STATUS_RESOLVED] = {"resolved", 8},
    [TASK_STATUS_REJECTED] = {"rejected", 8},   [TASK_STATUS_COMPLETED] = {"completed", 9},
    [TASK_STATUS_CANCELLED] = {"cancelled", 9},
};

static const struct str ITEM_WORDS[ITEM_STATUS_COUNT] = {
    [ITEM_STATUS_POOL] = {"pool", 4},
    [ITEM_STATUS_NEW] = {"new", 3},
    [ITEM_STATUS_IN_PROGRESS] = {"in_progress", 11},
    [ITEM_STATUS_RESOLVED] = {"resolved", 8},
    [ITEM_STATUS_REASSIGNED] = {"reassigned", 10},
    [ITEM_STATUS_ESCALATED] = {"escalated", 9},
    [ITEM_STATUS_CANCELLED] = {"cancelled", 9},
};

static int find(const struct str *words, int n, struct str word)
{
    int i = 0;
    while (i < n && !str_ieq(words[i], word))
        i++;
    return i;
}

struct str task_status_word(enum task_status s)
{
    return TASK_WORDS[s];
}

enum task_status task_status_parse(struct str word)
{
    return (enum task_status)find(TASK_WORDS, TASK_STATUS_COUNT, word);
}

bool task_status_is_running(enum task_status s)
{
    return s == TASK_STATUS_ACTIVE || s == TASK_STATUS_IN_PROGRESS || s == TASK_STATUS_ON_HOLD;
}

struct str item_status_word(enum item_status s)
{
    return ITEM_WORDS[s];
}

enum item_status item_status_parse(struct str word)
{
    return (enum item_status)find(ITEM_WORDS, ITEM_STATUS_COUNT, word);
}

bool item_status_is_open(enum item_status s)
{
    return s == ITEM_STATUS_POOL || s == ITEM_STATUS_NEW || s == ITEM_STATUS_IN_PROGRESS;
}

enum err transition_check(const struct transition_facts *f)
{
    if (f->assignee_id == NO_PERSON || f->assignee_id != f->actor_id)
        return ERR_FORBIDDEN;
    if (!item_status_is_open(f->item) || !task_status_is_running(f->task))
        return ERR_ALREADY_COMPLETED;
    if (!f->is_known || f->from_step_id != f->step_id)
        return ERR_INVALID_TRANSITION;
    if (f->task == TASK_STATUS_ON_HOLD)
        return ERR_CONFLICT;
    if (f->has_next && f->has_wish && !f->wish_holds_role)
        return ERR_VALIDATION_ERROR;
    return ERR_OK;
}

static bool is_over(enum task_status s)
{
    return s == TASK_STATUS_COMPLETED || s == TASK_STATUS_CANCELLED;
}

enum err owner_check_escalation(const struct owner_facts *f)
{
    bool is_owner = f->owner_id != NO_PERSON && f->owner_id == f->actor_id;
    if (f->is_escalated && (is_owner || f->escalated_by == f->actor_id))
        return ERR_ALREADY_ESCALATED;
    if (!is_owner)
        return ERR_FORBIDDEN;
    return is_over(f->task) ? ERR_ALREADY_COMPLETED : ERR_OK;
}

enum err owner_check_transfer(const struct owner_facts *f, const struct owner_candidate *to)
{
    if (!to->is_active)
        return ERR_USER_NOT_FOUND;
    if (to->id == f->owner_id || !to->may_own)
        return ERR_INVALID_TRANSFER;
    return is_over(f->task) ? ERR_ALREADY_COMPLETED : ERR_OK;
}

enum task_status task_status_after(enum task_status now, enum ticket_signal signal,
                                   bool has_started)
{
    switch (signal) {
    case SIGNAL_NONE:
        return now;
    case SIGNAL_CLOSED:
        return is_over(now) ? now : TASK_STATUS_COMPLETED;
    case SIGNAL_WITHDRAWN:
        return task_status_is_running(now) ? TASK_STATUS_CANCELLED : now;
    case SIGNAL_HELD:
        return task_status_is_running(now) ? TASK_STATUS_ON_HOLD : now;
    case SIGNAL_RUNNING:
        if (now != TASK_STATUS_ON_HOLD)
            return now;
        return has_started ? TASK_STATUS_IN_PROGRESS : TASK_STATUS_ACTIVE;
    case SIGNAL_OPEN:
        if (task_status_is_running(now))
            return task_status_after(now, SIGNAL_RUNNING, has_started);
        return now == TASK_STATUS_CANCELLED ? now : TASK_STATUS_ACTIVE;
    }
    return now;
}
