#pragma once
/* One item of a job. */
#include "jobs/kind.h"
#include "store/job_item_store.h"

/* Claims the first free item behind *last and deals with it; *last is then its ordinal. *found is
 * false when there is none. An error is a passing one: the item waits for another turn. */
MUST_CHECK enum err CO_FN job_item_run(struct job_run *run, const struct job_kind *kind,
                                       int64_t *last, bool *found);

/* Inside a transaction: deals with the item as the actor (NULL: nobody who may do anything), and
 * fills in how it ended, without writing that. */
MUST_CHECK enum err CO_FN job_item_deal(struct job_run *run, const struct job_kind *kind,
                                        struct db_session *s, const struct actor *actor,
                                        struct job_item *i);
/* Whether the error passes by itself. */
bool job_error_passes(enum err e);
/* Marks the item as failed. message NULL: the text of the error. */
void job_item_fail(struct job_item *i, enum err e, const char *message, int64_t now);
/* As job_item_deal needs it: what the person may do now, within what their API token was limited
 * to; *out is NULL for one who may do nothing. */
MUST_CHECK enum err CO_FN job_actor(const struct job_run *run, struct db_session *s,
                                    struct actor *room, const struct actor **out);
