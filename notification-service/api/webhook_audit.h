#pragma once
/* What administrators do with webhooks goes to the audit trail of the fleet. */
#include "req.h"
#include "store/webhook_store.h"

/* In the transaction of the change. action: "webhook.create". */
MUST_CHECK enum err CO_FN webhook_audit(struct req *r, struct db_session *s, const char *action,
                                        const struct webhook *hook);
