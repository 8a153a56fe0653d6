#pragma once
/* AMQP headers written as a JSON object. */
#include "json.h"
#include "mq.h"

/*
 * Members must be strings, whole numbers, booleans or null; an absent text means no headers.
 * ERR_INVALID_INPUT with a static *why otherwise.
 */
MUST_CHECK enum err headers_from_json(struct arena *a, struct str text,
                                      const struct mq_header **out, size_t *count,
                                      const char **why);
