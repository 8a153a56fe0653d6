#pragma once
/* Creating workflows: the one path for the API, imports and demonstration data. */
#include "db.h"
#include "domain/definition.h"

/*
 * Checks, stores and publishes the definition in the session's transaction. ERR_VALIDATION_ERROR
 * with every problem, ERR_DUPLICATE_RESOURCE when the name is taken.
 */
MUST_CHECK enum err CO_FN definition_publish(struct db_session *s, const struct definition *d,
                                             int64_t now, struct definition_problem **problems);
