#pragma once
/*
 * Refusals (403) in the audit trail. They are written behind the request, within a second, and of
 * one person or program at most ten a minute; of the others there is a count, so that who is
 * refused again and again cannot make the trail grow.
 */
#include "req.h"

struct db;
struct denials;

struct denials *denials_new(void);
void denials_free(struct denials *d); /* NULL is accepted */
/* Whatever was answered; only refusals of somebody known count. */
void denials_note(struct denials *d, struct req *r, int status);
/* Writes what has come, and the counts of minutes that are over, or of all. */
void CO_FN denials_write(struct denials *d, struct db *db, int64_t now, bool all);
