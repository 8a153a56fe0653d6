#pragma once
/* What a breach does where the policy says so: the program itself escalates, in the transaction
 * that records the breach. Without anybody to escalate to, things stay as they are. */
#include "cause.h"
#include "db.h"

/* The ticket goes to an Admin, as when its owner escalates it; once only. */
MUST_CHECK enum err CO_FN escalate_owner(struct db_session *s, const struct cause *c,
                                         struct str ticket_number);
/* The open item goes to a holder of the step's escalation role. */
MUST_CHECK enum err CO_FN escalate_step(struct db_session *s, const struct cause *c,
                                        int64_t task_id);
