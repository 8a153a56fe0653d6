#pragma once
/* Changes as events: how every process learns of them, for its sockets. */
#include "api/conversation.h"
#include "event.h"

/* Writes the event of a change that was just stored, with the present participants, to the outbox
 * of the transaction. */
MUST_CHECK enum err CO_FN announce(struct db_session *db, const struct occasion *o,
                                   const struct change *c);

/* The change an event of either kind tells of. ERR_INVALID_PAYLOAD. */
MUST_CHECK enum err announced(struct arena *a, const struct event *e, struct change *out);
