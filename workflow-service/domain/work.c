#include "domain/work.h"

/* Whoever had a turn may know that it is all over. */
static enum err check_actor(const struct work_facts *f)
{
    bool is_running = task_status_is_running(f->task);
    bool is_theirs =
        f->actor_id != NO_PERSON && (f->actor_id == f->owner_id || f->actor_id == f->assignee_id ||
                                     (!is_running && f->has_worked));
    if (!is_theirs && !f->is_admin)
        return ERR_FORBIDDEN;
    return is_running ? ERR_OK : ERR_ALREADY_COMPLETED;
}

enum err work_check_hold(const struct work_facts *f)
{
    enum err rc = check_actor(f);
    if (rc)
        return rc;
    return f->task == TASK_STATUS_ON_HOLD ? ERR_CONFLICT : ERR_OK;
}

enum err work_check_resume(const struct work_facts *f)
{
    enum err rc = check_actor(f);
    if (rc)
        return rc;
    return f->task == TASK_STATUS_ON_HOLD ? ERR_OK : ERR_CONFLICT;
}

enum err work_check_escalation(const struct work_facts *f)
{
    enum err rc = check_actor(f);
    if (rc)
        return rc;
    if (f->is_escalated)
        return ERR_ALREADY_ESCALATED;
    return f->task == TASK_STATUS_ON_HOLD || !f->has_escalation_role ? ERR_CONFLICT : ERR_OK;
}

enum err work_check_reassignment(const struct work_facts *f, const struct work_candidate *to)
{
    if (!task_status_is_running(f->task) || !f->has_item)
        return ERR_ALREADY_COMPLETED;
    if (!to->is_active)
        return ERR_USER_NOT_FOUND;
    if (to->id == f->assignee_id)
        return ERR_INVALID_TRANSFER;
    return to->holds_role ? ERR_OK : ERR_VALIDATION_ERROR;
}

enum err work_check_reopening(const struct work_facts *f)
{
    return f->task == TASK_STATUS_RESOLVED || f->task == TASK_STATUS_REJECTED ? ERR_OK
                                                                              : ERR_CONFLICT;
}
