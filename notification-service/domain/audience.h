#pragma once
/*
 * Who is told what about an event: pure rules, one table. The person who caused an event is not
 * told of it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

/* What the rules need of an event, whatever its payload. Ids are 0 when nobody is meant. */
struct occasion {
    struct str type; /* "ticket.created" */
    int64_t actor, requester, owner, assignee;
    int64_t ticket_id;
    struct str actor_name, owner_name;
    struct str ticket_number, subject, status, step, role, text, outcome, metric;
    int64_t rating;   /* 0: none */
    bool is_internal; /* ticket.commented: a note between staff */
};

struct notice {
    int64_t user_id;
    struct str type; /* "ticket_assigned" */
    struct str title, message;
    bool by_mail;
};

#define MAX_NOTICES 4

/* Fills notices and returns how many; each person at most once. Texts are in the arena. */
int audience_of(struct arena *a, const struct occasion *o, struct notice out[MAX_NOTICES]);

#define PREVIEW_CHARS 500
/* What a notice quotes of a longer text: its beginning, in the arena, or the text itself. */
struct str notice_preview(struct arena *a, struct str text);
