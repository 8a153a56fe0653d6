#pragma once
/* Dead letters on their way from the broker to the table. */
#include "service.h"

/* Stores what lies in the queues "<queue>.dead" of this program. Any failure leaves there what is
 * not stored. */
MUST_CHECK enum err CO_FN deadletters_collect(struct service *s, struct db_session *session);
