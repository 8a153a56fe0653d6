#pragma once
/*
 * The words and rules of the simple ticketing surface: statuses new, assigned, in_progress,
 * resolved and closed are a view of the one status every ticket has.
 */
#include <stdbool.h>

#include "domain/ticket.h"

enum simple_status {
    SIMPLE_NEW,
    SIMPLE_ASSIGNED,
    SIMPLE_IN_PROGRESS,
    SIMPLE_RESOLVED,
    SIMPLE_CLOSED,
    SIMPLE_STATUS_COUNT
};

enum simple_status simple_status_of(const struct ticket *t);
const char *simple_status_word(enum simple_status s);
/* Without regard to case; SIMPLE_STATUS_COUNT when unknown. */
enum simple_status simple_status_parse(struct str word);
void simple_status_apply(struct ticket *t, enum simple_status s, int64_t now);

/* The statuses that staff may choose next, "a, b, c"; empty for a closed ticket. */
const char *simple_status_allowed(enum simple_status from);
/* Every change between two different open statuses is allowed, staying is not. */
bool simple_status_may_follow(enum simple_status from, enum simple_status to);

/* bug, feature, support, other; the canonical spelling, absent when it is none of them. */
struct str simple_category(struct str word);
/* What the automatic choice makes of a category: medium when it does not know it. */
enum ticket_priority simple_auto_priority(struct str category);
