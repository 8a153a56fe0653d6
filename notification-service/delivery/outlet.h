#pragma once
/* One attempt at one delivery: a mail server or a provider, or a file where there is none. */
#include "service.h"
#include "store/delivery_store.h"

/*
 * ERR_INVALID_INPUT: no later attempt could help. ERR_NOT_FOUND: nor with any other message to this
 * device. ERR_FORBIDDEN: it is not wanted any more. Any other error may pass. *why is text in the
 * arena or static, or NULL.
 */
MUST_CHECK enum err CO_FN outlet_send(struct service *s, struct db_session *db,
                                      const struct delivery *d, const char **why);
