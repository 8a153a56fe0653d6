#pragma once
/*
 * On which channels a person is told of what: events in groups times channels, each cell on or off.
 * A person's own choice wins over the default that administrators set, and that over the shipped
 * one; a locked cell is on for everybody.
 */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum channel { CHANNEL_IN_APP, CHANNEL_EMAIL, CHANNEL_SMS, CHANNEL_PUSH, CHANNEL_COUNT };
#define CHANNEL_BIT(c) (1U << (c))

enum event_group {
    GROUP_TICKETS,
    GROUP_ASSIGNMENTS,
    GROUP_COMMENTS,
    GROUP_MENTIONS,
    GROUP_WORKFLOW,
    GROUP_DEADLINES,
    GROUP_MESSAGES,
    GROUP_FEEDBACK,
    GROUP_JOBS,
    GROUP_ACCOUNT,
    GROUP_COUNT
};

/* "in_app", "comments". */
struct str channel_word(enum channel c);
struct str group_word(enum event_group g);
/* What a group is about, for people. */
const char *group_meaning(enum event_group g);
/* CHANNEL_COUNT and GROUP_COUNT for no such word. */
enum channel channel_parse(struct str word);
enum event_group group_parse(struct str word);

struct matrix { /* zeroed at first: nothing said */
    enum { CELL_UNSAID, CELL_ON, CELL_OFF } cell[GROUP_COUNT][CHANNEL_COUNT];
};

/* Sets the cell "comments.email"; false when there is none of that name. */
bool matrix_set(struct matrix *m, struct str name, bool is_on);
/* The cell's name, in the arena. */
struct str matrix_name(struct arena *a, enum event_group g, enum channel c);

struct wishes {
    struct matrix own, defaults, locked; /* locked: the cells that are CELL_ON */
    bool is_channel_on[CHANNEL_COUNT];   /* a person's switch for all of a channel */
};
bool matrix_is_locked(const struct wishes *w, enum event_group g, enum channel c);
bool matrix_is_on(const struct wishes *w, enum event_group g, enum channel c);
/* Of the channels offered (CHANNEL_BIT), those that are on. */
unsigned matrix_channels(const struct wishes *w, enum event_group g, unsigned offered);
