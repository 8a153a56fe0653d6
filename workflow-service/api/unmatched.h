#pragma once
/* Tickets that no workflow has taken: seen, matched anew, started by hand. */
#include "cause.h"
#include "db.h"
#include "req.h"

/* The rules have changed: every such ticket is compared with them again, in the background. In the
 * transaction that changes them. */
MUST_CHECK enum err CO_FN unmatched_replay(struct db_session *s);

/* Compares at most limit tickets that are due, and starts the work on those that a rule fits.
 * *looked is 0 when none is left. */
MUST_CHECK enum err CO_FN unmatched_match(struct db_session *s, const struct cause *c,
                                          int64_t limit, int64_t *looked);

enum err CO_FN unmatched_list(struct req *r);
enum err CO_FN unmatched_replay_post(struct req *r);
enum err CO_FN unmatched_start_post(struct req *r);

extern const struct json_schema UNMATCHED_QUERY, UNMATCHED_PAGE, REPLAY_BODY, REPLAY_REPLY,
    START_BODY;
