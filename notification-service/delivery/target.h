#pragma once
/*
 * What is being talked to right now: of one target (the domain of addresses) only so many
 * deliveries are in hand at a time, so that one that hangs leaves room for the others.
 */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

#define TARGETS_MAX 16 /* as many as a courier has in hand */
#define TARGET_ACTIVE_MAX 6
#define TARGET_NAME_MAX 255

struct targets { /* zeroed at first */
    struct {
        char name[TARGET_NAME_MAX];
        size_t len;
        int active; /* 0: the entry is free */
    } entries[TARGETS_MAX];
};

/* Those that have as many in hand as they may, in the arena. */
size_t targets_busy(const struct targets *t, struct arena *a, const struct str **out);
/* The empty target has no bound. A name over its longest counts by its beginning. */
void targets_begin(struct targets *t, struct str name);
void targets_end(struct targets *t, struct str name);
