#include "audience.h"

#include "buf.h"

enum who { WHO_REQUESTER, WHO_OWNER, WHO_ASSIGNEE, WHO_ACTOR };

enum flags {
    BY_MAIL = 1,
    OWN_DOING = 2,    /* told even to who caused it */
    NOT_INTERNAL = 4, /* not told of notes between staff */
};

/* Placeholders: see put_placeholder. */
static const struct rule {
    const char *event;
    enum who who;
    unsigned flags;
    const char *type, *title, *message;
} RULES[] = {
    {"ticket.created", WHO_REQUESTER, BY_MAIL | OWN_DOING, "ticket_created",
     "We received your ticket {n}",
     "Your ticket {n} \"{s}\" has been received and will be worked on."},
    {"ticket.assigned", WHO_OWNER, BY_MAIL, "ticket_assigned", "You now own ticket {n}",
     "Ticket {n} \"{s}\" is now yours."},
    {"ticket.assigned", WHO_REQUESTER, BY_MAIL, "ticket_assigned",
     "{o} takes care of your ticket {n}", "{o} now takes care of your ticket {n} \"{s}\"."},
    {"ticket.status_changed", WHO_REQUESTER, BY_MAIL, "ticket_status_changed",
     "Your ticket {n} is now {st}", "The status of your ticket {n} \"{s}\" is now {st}."},
    {"ticket.status_changed", WHO_OWNER, 0, "ticket_status_changed", "Ticket {n} is now {st}",
     "The status of ticket {n} \"{s}\" is now {st}."},
    {"ticket.commented", WHO_REQUESTER, BY_MAIL | NOT_INTERNAL, "comment_added",
     "New reply on ticket {n}", "{a} wrote on {n} \"{s}\": {text}"},
    {"ticket.commented", WHO_OWNER, BY_MAIL, "comment_added", "New comment on ticket {n}",
     "{a} wrote on {n} \"{s}\": {text}"},
    {"ticket.closed", WHO_OWNER, BY_MAIL, "ticket_closed", "Ticket {n} was closed",
     "Ticket {n} \"{s}\" was closed{rating}."},
    {"ticket.closed", WHO_REQUESTER, BY_MAIL | OWN_DOING, "ticket_closed",
     "Your ticket {n} is closed",
     "Your ticket {n} \"{s}\" is closed. Thank you for your feedback."},
    {"task.assigned", WHO_ASSIGNEE, BY_MAIL | OWN_DOING, "task_assigned",
     "{step}: ticket {n} waits for you",
     "You have been assigned the step {step} of ticket {n} \"{s}\" as {role}."},
    /* once for each admin who is named */
    {"task.pooled", WHO_ASSIGNEE, BY_MAIL | OWN_DOING, "task_pooled",
     "{step}: ticket {n} waits for somebody",
     "The step {step} of ticket {n} \"{s}\" waits for a {role}: {text}."},
    {"task.transitioned", WHO_OWNER, 0, "workflow_step_change", "Ticket {n} moved to {step}",
     "{a} moved ticket {n} \"{s}\" to {step}."},
    {"task.completed", WHO_OWNER, BY_MAIL, "task_completed", "The work on ticket {n} is done",
     "The workflow of ticket {n} \"{s}\" ended as {outcome}."},
    {"sla.warning", WHO_ASSIGNEE, BY_MAIL, "sla_warning", "Ticket {n} is due soon",
     "The {metric} deadline of ticket {n} \"{s}\" is near."},
    {"sla.warning", WHO_OWNER, BY_MAIL, "sla_warning", "Ticket {n} is due soon",
     "The {metric} deadline of ticket {n} \"{s}\" is near."},
    {"sla.breached", WHO_ASSIGNEE, BY_MAIL, "sla_breach", "Ticket {n} is overdue",
     "The {metric} deadline of ticket {n} \"{s}\" has passed."},
    {"sla.breached", WHO_OWNER, BY_MAIL, "sla_breach", "Ticket {n} is overdue",
     "The {metric} deadline of ticket {n} \"{s}\" has passed."},
    {"feedback.received", WHO_OWNER, 0, "feedback_received", "Ticket {n} was rated",
     "{a} rated ticket {n} \"{s}\"{rating}."},
    {"job.completed", WHO_ACTOR, OWN_DOING, "job_completed", "Your job has ended: {st}", "{text}"},
};

static int64_t person(const struct occasion *o, enum who who)
{
    switch (who) {
    case WHO_REQUESTER:
        return o->requester;
    case WHO_OWNER:
        return o->owner;
    case WHO_ASSIGNEE:
        return o->assignee;
    case WHO_ACTOR:
        return o->actor;
    }
    return 0;
}

static void put_placeholder(struct buf *b, struct str name, const struct occasion *o)
{
    const struct {
        const char *name;
        struct str value;
        const char *fallback;
    } values[] = {
        {"n", o->ticket_number, ""},          {"s", o->subject, "no subject"},
        {"a", o->actor_name, "The helpdesk"}, {"o", o->owner_name, "Somebody"},
        {"st", o->status, "changed"},         {"step", o->step, "next step"},
        {"role", o->role, "assignee"},        {"text", o->text, ""},
        {"outcome", o->outcome, "completed"}, {"metric", o->metric, "resolution"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (str_eq(name, str_from(values[i].name))) {
            bool is_told = values[i].value.len > 0;
            buf_add_str(b, is_told ? values[i].value : str_from(values[i].fallback));
            return;
        }
    }
    if (str_eq(name, STR("rating")) && o->rating > 0)
        buf_printf(b, " with %lld of 5 stars", (long long)o->rating);
}

static struct str fill(struct arena *a, const char *template, const struct occasion *o)
{
    struct buf b;
    buf_init(&b, a);
    struct str rest = str_from(template);
    for (;;) {
        ptrdiff_t open = str_index(rest, '{', 0);
        ptrdiff_t close = open < 0 ? -1 : str_index(rest, '}', (size_t)open);
        if (close < 0)
            break;
        buf_add_str(&b, str_slice(rest, 0, (size_t)open));
        put_placeholder(&b, str_slice(rest, (size_t)open + 1, (size_t)close), o);
        rest = str_slice(rest, (size_t)close + 1, rest.len);
    }
    buf_add_str(&b, rest);
    return buf_str(&b);
}

static bool is_told_already(const struct notice *notices, int n, int64_t user_id)
{
    for (int i = 0; i < n; i++)
        if (notices[i].user_id == user_id)
            return true;
    return false;
}

static bool is_meant(const struct rule *rule, const struct occasion *o, int64_t user_id)
{
    if (user_id <= 0 || ((rule->flags & NOT_INTERNAL) && o->is_internal))
        return false;
    return user_id != o->actor || (rule->flags & OWN_DOING);
}

int audience_of(struct arena *a, const struct occasion *o, struct notice out[MAX_NOTICES])
{
    int n = 0;
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0] && n < MAX_NOTICES; i++) {
        const struct rule *rule = &RULES[i];
        int64_t user_id = person(o, rule->who);
        if (!str_eq(o->type, str_from(rule->event)) || !is_meant(rule, o, user_id) ||
            is_told_already(out, n, user_id))
            continue;
        out[n++] = (struct notice){.user_id = user_id,
                                   .type = str_from(rule->type),
                                   .title = fill(a, rule->title, o),
                                   .message = fill(a, rule->message, o),
                                   .by_mail = rule->flags & BY_MAIL};
    }
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
