#pragma once
/*
 * Which ids a process has pushed to its sockets lately: an event that comes twice is known, and so
 * is where to look for those that passed by while the broker was away.
 */
#include <stdbool.h>
#include <stdint.h>

#define RECENT_SIZE 1024

struct recent {               /* zeroed at first */
    int64_t ids[RECENT_SIZE]; /* a ring; 0: empty */
    int next;
    int64_t floor; /* what was missed lies above; set by the owner where the process begins */
};

/* False when the id has been pushed already, as far as is remembered. */
bool recent_add(struct recent *r, int64_t id);
