#include "label.h"

#include <stddef.h>

static const struct {
    const char *helpdesk, *simple, *task;
} statuses[] = {
#define X(name, helpdesk, simple, task) [TICKET_STATUS_##name] = {helpdesk, simple, task},
#include "ticket_status.def"
#undef X
};

static const struct {
    const char *label, *simple;
} priorities[] = {
    [PRIORITY_LOW] = {"Low", "low"},
    [PRIORITY_MEDIUM] = {"Medium", "medium"},
    [PRIORITY_HIGH] = {"High", "high"},
    [PRIORITY_URGENT] = {"Urgent", "urgent"},
};

const char *ticket_status_helpdesk(enum ticket_status s)
{
    return statuses[s].helpdesk;
}

const char *ticket_status_simple(enum ticket_status s)
{
    return statuses[s].simple;
}

const char *ticket_status_task(enum ticket_status s)
{
    return statuses[s].task;
}

static char folded(char c)
{
    if (c == ' ' || c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal but for case, and for what separates words. */
static bool is_word(struct str word, const char *label)
{
    size_t i = 0;

    for (; i < word.len && label[i]; i++) {
        if (folded(word.p[i]) != folded(label[i]))
            return false;
    }
    return i == word.len && !label[i];
}

/* Surfaces in order of precision: the simple words stand for several states, and the first of the
 * table is meant. */
enum ticket_status ticket_status_parse(struct str word)
{
    word = str_trim(word);
    for (int s = 0; s < TICKET_STATUS_COUNT; s++) {
        if (is_word(word, statuses[s].helpdesk))
            return (enum ticket_status)s;
    }
    for (int s = 0; s < TICKET_STATUS_COUNT; s++) {
        if (is_word(word, statuses[s].task))
            return (enum ticket_status)s;
    }
    for (int s = 0; s < TICKET_STATUS_COUNT; s++) {
        if (is_word(word, statuses[s].simple))
            return (enum ticket_status)s;
    }
    /* the simple surface's word for an open ticket that has an owner */
    return is_word(word, "assigned") ? TICKET_STATUS_OPEN : TICKET_STATUS_COUNT;
}

const char *ticket_priority_label(enum ticket_priority p)
{
    return priorities[p].label;
}

const char *ticket_priority_simple(enum ticket_priority p)
{
    return priorities[p].simple;
}

enum ticket_priority ticket_priority_parse(struct str word)
{
    word = str_trim(word);
    for (int p = 0; p < PRIORITY_COUNT; p++) {
        if (is_word(word, priorities[p].simple))
            return (enum ticket_priority)p;
    }
    return is_word(word, "critical") ? PRIORITY_URGENT : PRIORITY_COUNT;
}
