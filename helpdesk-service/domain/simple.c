#include "domain/simple.h"

static const struct {
    const char *word, *allowed;
} STATUSES[SIMPLE_STATUS_COUNT] = {
    [SIMPLE_NEW] = {"new", "assigned, in_progress, resolved"},
    [SIMPLE_ASSIGNED] = {"assigned", "new, in_progress, resolved"},
    [SIMPLE_IN_PROGRESS] = {"in_progress", "new, assigned, resolved"},
    [SIMPLE_RESOLVED] = {"resolved", "new, assigned, in_progress"},
    [SIMPLE_CLOSED] = {"closed", ""},
};

enum simple_status simple_status_of(const struct ticket *t)
{
    if (t->status == TICKET_STATUS_OPEN && t->is_assigned)
        return SIMPLE_ASSIGNED;
    return simple_status_parse(str_from(ticket_status_simple(t->status)));
}

const char *simple_status_word(enum simple_status s)
{
    return STATUSES[s].word;
}

enum simple_status simple_status_parse(struct str word)
{
    enum simple_status s = SIMPLE_NEW;

    while (s < SIMPLE_STATUS_COUNT && !str_ieq(word, str_from(STATUSES[s].word)))
        s++;
    return s;
}

void simple_status_apply(struct ticket *t, enum simple_status s, int64_t now)
{
    static const enum ticket_status STATUS[SIMPLE_STATUS_COUNT] = {
        [SIMPLE_NEW] = TICKET_STATUS_OPEN,
        [SIMPLE_ASSIGNED] = TICKET_STATUS_OPEN,
        [SIMPLE_IN_PROGRESS] = TICKET_STATUS_IN_PROGRESS,
        [SIMPLE_RESOLVED] = TICKET_STATUS_RESOLVED,
        [SIMPLE_CLOSED] = TICKET_STATUS_CLOSED,
    };

    if (simple_status_of(t) == s)
        return;
    if (t->status != STATUS[s])
        ticket_set_status(t, STATUS[s], now);
    if (s == SIMPLE_NEW || s == SIMPLE_ASSIGNED)
        t->is_assigned = s == SIMPLE_ASSIGNED;
}

const char *simple_status_allowed(enum simple_status from)
{
    return STATUSES[from].allowed;
}

bool simple_status_may_follow(enum simple_status from, enum simple_status to)
{
    return from != SIMPLE_CLOSED && to < SIMPLE_CLOSED && from != to;
}

static const struct {
    const char *word;
    enum ticket_priority priority;
} CATEGORIES[] = {
    {"bug", PRIORITY_HIGH},
    {"feature", PRIORITY_MEDIUM},
    {"support", PRIORITY_MEDIUM},
    {"other", PRIORITY_LOW},
};

struct str simple_category(struct str word)
{
    for (size_t i = 0; i < sizeof CATEGORIES / sizeof *CATEGORIES; i++)
        if (str_ieq(word, str_from(CATEGORIES[i].word)))
            return str_from(CATEGORIES[i].word);
    return STR_NULL;
}

enum ticket_priority simple_auto_priority(struct str category)
{
    for (size_t i = 0; i < sizeof CATEGORIES / sizeof *CATEGORIES; i++)
        if (str_ieq(category, str_from(CATEGORIES[i].word)))
            return CATEGORIES[i].priority;
    return PRIORITY_MEDIUM;
}
