#pragma once
/* From a notification to its deliveries: when each may go out, or whether a digest takes it. */
#include "events/publish.h"
#include "store/recipient_store.h"

MUST_CHECK enum err CO_FN dispatch(struct service *s, struct db_session *db,
                                   const struct announcement *a, const struct recipient *who,
                                   unsigned channels, const struct notification *n);
/* Whose limits an announcement counts for: "user:7", or an address. */
struct str dispatch_key(struct arena *a, const struct announcement *what);
/* The part of a mail address that may hang: its domain. */
struct str dispatch_target(struct arena *a, struct str address);
