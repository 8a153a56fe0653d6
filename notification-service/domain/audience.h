#pragma once
/*
 * Who is told what about an event, and on which channels it may be: pure rules, one table. The
 * person who caused an event is not told of it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "domain/matrix.h"
#include "str.h"

struct people {
    const int64_t *ids;
    size_t count;
};

/* What the rules need of an event, whatever its payload. Ids are 0 when nobody is meant. */
struct occasion {
    struct str type; /* "ticket.created" */
    int64_t actor, requester, owner, assignee;
    struct people watchers, mentioned, admins;
    int64_t ticket_id;
    struct str actor_name, owner_name;
    struct str ticket_number, subject, status, old_status, priority, step, role, text, outcome,
        metric;
    int64_t rating;   /* 0: none */
    bool is_internal; /* ticket.commented: a note between staff */
};

struct notice {
    int64_t user_id;
    struct str type;     /* "ticket_assigned" */
    struct str template; /* of its words */
    enum event_group group;
    unsigned channels; /* CHANNEL_BIT of those that people may choose from */
    bool is_urgent;    /* quiet hours and digests do not hold it back */
};

/* The notices, each person at most once, in order of the people's ids. */
size_t audience_of(struct arena *a, const struct occasion *o, struct notice **out);

#define PREVIEW_CHARS 500
/* What a notice quotes of a longer text: its beginning, in the arena, or the text itself. */
struct str notice_preview(struct arena *a, struct str text);
