#pragma once
/*
 * A configuration given over the admin API. All processes of one gateway share it in memory; it is
 * in effect until SIGHUP reads the file again, or the gateway ends.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

/* Once, before processes are forked. */
void posted_open(void);
/* What fd becomes readable, edge-triggered, when any process has posted. It is never read. */
int posted_event_fd(void);

/* The text in effect, in the arena; false when the file is. *generation tells one from the next. */
bool posted_read(struct arena *a, struct str *text, uint64_t *generation);
/* Puts text into effect and tells every process; 0 when there is no memory for it. */
uint64_t posted_write(struct str text);
/* The file is in effect again, unless something newer than generation was posted meanwhile. */
void posted_clear(uint64_t generation);
