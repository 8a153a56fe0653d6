#pragma once
/* One attempt at one delivery: a mail server, or a file where there is none. */
#include "service.h"
#include "store/delivery_store.h"

/*
 * ERR_INVALID_INPUT: no later attempt could help; any other error may pass. *why is text in the
 * arena or static, or NULL.
 */
MUST_CHECK enum err CO_FN outlet_send(struct service *s, struct arena *a, const struct delivery *d,
                                      const char **why);
