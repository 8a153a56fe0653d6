#pragma once
/* Makes the mails of digests that are due. */
#include "courier.h"

/* The work of a courier: one digest a call, in one transaction, whichever replica takes it. */
bool CO_FN digests_work(struct courier *c, struct service *s, struct arena *a);
