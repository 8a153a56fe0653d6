#pragma once
/* The matrix of events and channels in bodies. */
#include "domain/matrix.h"
#include "json.h"
#include "req.h"

/* Members "matrix" (what is on, by group and channel) and "groups" (what they are about, and what
 * is locked). */
void matrix_write(struct json_writer *w, const struct wishes *wishes);
/* {group: {channel: bool or null}}; null for a cell, or instead of all, is the default again. Sets
 * field errors, also for what is locked. */
void matrix_take(struct req *r, const struct json *v, const struct wishes *wishes,
                 struct matrix *out);
/* {group: [channel, …]}, all of it; null for nothing. */
void matrix_take_locked(struct req *r, const struct json *v, struct matrix *out);
