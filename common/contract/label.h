#pragma once
/* Status and priority words: one internal state, a label per surface. Input in any case. */
#include "str.h"

enum ticket_status {
#define X(name, helpdesk, simple, task) TICKET_STATUS_##name,
#include "ticket_status.def"
#undef X
    TICKET_STATUS_COUNT
};

const char *ticket_status_helpdesk(enum ticket_status s); /* "In Progress" */
const char *ticket_status_simple(enum ticket_status s);   /* "in_progress" */
const char *ticket_status_task(enum ticket_status s);     /* "in_progress" */
/* Accepts any surface's word in any case, with blanks, '_' and '-' alike; a word of the simple
 * surface that stands for several states gives the first of them, "assigned" is Open.
 * TICKET_STATUS_COUNT when unknown. */
enum ticket_status ticket_status_parse(struct str word);

enum ticket_priority {
    PRIORITY_LOW,
    PRIORITY_MEDIUM,
    PRIORITY_HIGH,
    PRIORITY_URGENT,
    PRIORITY_COUNT
};
const char *ticket_priority_label(enum ticket_priority p);  /* "Low" … "Urgent" */
const char *ticket_priority_simple(enum ticket_priority p); /* "low" … "urgent" */
/* "Critical" is Urgent. PRIORITY_COUNT when unknown. */
enum ticket_priority ticket_priority_parse(struct str word);
