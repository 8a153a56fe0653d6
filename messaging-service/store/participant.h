#pragma once
/* What statements of several files say of a participant p of the conversation c. */

/* Whether p is more than a former one. */
#define PARTICIPANT_IS_CURRENT                                                                     \
    "(NOT p.by_ticket OR p.user_id IN (c.requester_id, c.owner_id, c.assignee_id))"
