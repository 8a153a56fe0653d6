#pragma once
/* What becomes of a delivery and of its endpoint after an attempt. */
#include "webhook/attempt.h"

/* Records the attempt. An endpoint that is gone, or has failed for too long, is disabled, and who
 * made it is told. */
MUST_CHECK enum err CO_FN webhook_outcome(struct webhooks *w, struct db_session *db,
                                          const struct webhook_due *d,
                                          const struct webhook_result *r);
