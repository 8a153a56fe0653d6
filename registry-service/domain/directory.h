#pragma once
/*
 * The directory in memory, from which everything is answered. It follows the table, and what could
 * not be written while the database was away is kept as pending until it can.
 */
#include "domain/instance.h"

struct arena;
struct directory;

enum directory_pending {
    PENDING_NOTHING,
    PENDING_SAVE,   /* registered or renewed here, not yet in the table */
    PENDING_REMOVE, /* removed here, perhaps still in the table; invisible */
};

struct directory *directory_new(void);
void directory_free(struct directory *d);

/* Adds or replaces the instance of that name and id; strings are copied. */
void directory_put(struct directory *d, const struct instance *i, enum directory_pending pending);
/* Forgets it, pending or not. */
void directory_drop(struct directory *d, struct str name, struct str id);
/* Takes over the rows of the table: what is not among them goes, what is pending stays as it is. */
void directory_replace(struct directory *d, const struct instance *rows, size_t n);

/* NULL when unknown. Valid until the next change. */
const struct instance *directory_find(const struct directory *d, struct str name, struct str id);
/* The instance to send a client of the service to; NULL when none is known. */
const struct instance *directory_pick(const struct directory *d, struct str name);

struct directory_list {
    const struct instance **items; /* in the arena; the instances are valid until the next change */
    size_t count;
};
/* Visible instances by name and registration; name absent: of all services. */
struct directory_list directory_list(const struct directory *d, struct arena *a, struct str name);

/* A copy, in the arena, of what is pending in the given way. */
size_t directory_pending(const struct directory *d, struct arena *a, enum directory_pending kind,
                         struct instance **out);
/* The pending change has been written: a saved instance is ordinary now, a removed one is gone. */
void directory_settle(struct directory *d, struct str name, struct str id);
