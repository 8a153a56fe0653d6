#pragma once
/* What a person may do now, by the copy of the fleet's people: for work that outlives a request. */
#include "actor.h"
#include "db.h"

/* Strings are in the session's arena. ERR_FORBIDDEN for one who is not known or not active. */
MUST_CHECK enum err CO_FN actor_store_get(struct db_session *s, int64_t person_id,
                                          struct actor *out);
