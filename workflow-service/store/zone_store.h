#pragma once
/* The system's time zones, each read from its file once and kept for the life of the process. */
#include "domain/zone.h"

/* ERR_NOT_FOUND when the system has no zone of that name. Blocks for the time of one small file. */
MUST_CHECK enum err zone_store_find(struct str name, const struct zone **out);
/* Forgets all of them: what was found is gone too. */
void zone_store_release(void);
