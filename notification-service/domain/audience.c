#include "audience.h"

enum who {
    WHO_REQUESTER,
    WHO_OWNER,
    WHO_ASSIGNEE,
    WHO_ACTOR,
    WHO_WATCHER,
    WHO_MENTIONED,
    WHO_ADMIN
};

enum flags {
    BY_MAIL = 1,      /* and by short message for who wants that */
    OWN_DOING = 2,    /* told even to who caused it */
    NOT_INTERNAL = 4, /* not told of notes between staff */
    URGENT = 8,
};

/* Of several rules for a person the first counts. */
static const struct rule {
    const char *event;
    enum who who;
    unsigned flags;
    enum event_group group;
    const char *type, *template;
} RULES[] = {
    {"ticket.created", WHO_REQUESTER, BY_MAIL | OWN_DOING, GROUP_TICKETS, "ticket_created",
     "ticket_created"},
    {"ticket.assigned", WHO_OWNER, BY_MAIL, GROUP_ASSIGNMENTS, "ticket_assigned",
     "ticket_assigned_owner"},
    {"ticket.assigned", WHO_REQUESTER, BY_MAIL, GROUP_TICKETS, "ticket_assigned",
     "ticket_assigned"},
    {"ticket.status_changed", WHO_REQUESTER, BY_MAIL, GROUP_TICKETS, "ticket_status_changed",
     "ticket_status_changed"},
    {"ticket.status_changed", WHO_OWNER, 0, GROUP_TICKETS, "ticket_status_changed",
     "ticket_status_changed_other"},
    {"ticket.status_changed", WHO_WATCHER, 0, GROUP_TICKETS, "ticket_status_changed",
     "ticket_status_changed_other"},
    {"ticket.commented", WHO_MENTIONED, BY_MAIL, GROUP_MENTIONS, "mention", "mention"},
    {"ticket.commented", WHO_REQUESTER, BY_MAIL | NOT_INTERNAL, GROUP_COMMENTS, "comment_added",
     "comment_added_requester"},
    {"ticket.commented", WHO_OWNER, BY_MAIL, GROUP_COMMENTS, "comment_added", "comment_added"},
    {"ticket.commented", WHO_WATCHER, BY_MAIL, GROUP_COMMENTS, "comment_added", "comment_added"},
    {"ticket.closed", WHO_OWNER, BY_MAIL, GROUP_TICKETS, "ticket_closed", "ticket_closed_other"},
    {"ticket.closed", WHO_REQUESTER, BY_MAIL | OWN_DOING, GROUP_TICKETS, "ticket_closed",
     "ticket_closed"},
    {"ticket.closed", WHO_WATCHER, 0, GROUP_TICKETS, "ticket_closed", "ticket_closed_other"},
    {"task.assigned", WHO_ASSIGNEE, BY_MAIL | OWN_DOING, GROUP_ASSIGNMENTS, "task_assigned",
     "task_assigned"},
    {"task.pooled", WHO_ADMIN, BY_MAIL | OWN_DOING, GROUP_ASSIGNMENTS, "task_pooled",
     "task_pooled"},
    {"task.transitioned", WHO_OWNER, 0, GROUP_WORKFLOW, "workflow_step_change",
     "workflow_step_change"},
    {"task.completed", WHO_OWNER, BY_MAIL, GROUP_WORKFLOW, "task_completed", "task_completed"},
    {"sla.warning", WHO_ASSIGNEE, BY_MAIL, GROUP_DEADLINES, "sla_warning", "sla_warning"},
    {"sla.warning", WHO_OWNER, BY_MAIL, GROUP_DEADLINES, "sla_warning", "sla_warning"},
    {"sla.breached", WHO_ASSIGNEE, BY_MAIL | URGENT, GROUP_DEADLINES, "sla_breach", "sla_breach"},
    {"sla.breached", WHO_OWNER, BY_MAIL | URGENT, GROUP_DEADLINES, "sla_breach", "sla_breach"},
    {"feedback.received", WHO_OWNER, 0, GROUP_FEEDBACK, "feedback_received", "feedback_received"},
    {"job.completed", WHO_ACTOR, OWN_DOING, GROUP_JOBS, "job_completed", "job_completed"},
};

static struct people people_of(const struct occasion *o, enum who who)
{
    switch (who) {
    case WHO_REQUESTER:
        return (struct people){&o->requester, 1};
    case WHO_OWNER:
        return (struct people){&o->owner, 1};
    case WHO_ASSIGNEE:
        return (struct people){&o->assignee, 1};
    case WHO_ACTOR:
        return (struct people){&o->actor, 1};
    case WHO_WATCHER:
        return o->watchers;
    case WHO_MENTIONED:
        return o->mentioned;
    case WHO_ADMIN:
        return o->admins;
    }
    return (struct people){NULL, 0};
}

static bool is_meant(const struct rule *rule, const struct occasion *o, int64_t user_id)
{
    if (user_id <= 0 || ((rule->flags & NOT_INTERNAL) && o->is_internal))
        return false;
    return user_id != o->actor || (rule->flags & OWN_DOING);
}

static unsigned channels_of(const struct rule *rule)
{
    unsigned offered = CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_PUSH);
    if (rule->flags & BY_MAIL)
        offered |= CHANNEL_BIT(CHANNEL_EMAIL) | CHANNEL_BIT(CHANNEL_SMS);
    return offered;
}

/* In order of people; who is there already stays as they are. */
static void insert(struct notice *notices, size_t *n, const struct notice *one)
{
    size_t at = *n;
    while (at > 0 && notices[at - 1].user_id > one->user_id)
        at--;
    if (at > 0 && notices[at - 1].user_id == one->user_id)
        return;
    memmove(&notices[at + 1], &notices[at], (*n - at) * sizeof *notices);
    notices[at] = *one;
    ++*n;
}

size_t audience_of(struct arena *a, const struct occasion *o, struct notice **out)
{
    size_t n = 0, most = o->watchers.count + o->mentioned.count + o->admins.count + 8;
    struct notice *notices = ARENA_ARRAY(a, struct notice, most);
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        const struct rule *rule = &RULES[i];
        if (!str_eq(o->type, str_from(rule->event)))
            continue;
        struct people people = people_of(o, rule->who);
        for (size_t k = 0; k < people.count; k++) {
            if (!is_meant(rule, o, people.ids[k]))
                continue;
            const struct notice one = {.user_id = people.ids[k],
                                       .type = str_from(rule->type),
                                       .template = str_from(rule->template),
                                       .group = rule->group,
                                       .channels = channels_of(rule),
                                       .is_urgent = rule->flags & URGENT};
            insert(notices, &n, &one);
        }
    }
    *out = notices;
    return n;
}

struct str notice_preview(struct arena *a, struct str text)
{
    size_t chars = 0, i = 0;
    for (; i < text.len; i++)
        if (((unsigned char)text.p[i] & 0xC0) != 0x80 && chars++ == PREVIEW_CHARS)
            break;
    return i == text.len ? text : str_printf(a, "%.*s\xE2\x80\xA6", (int)i, text.p);
}
