#pragma once
/* The trace a notification belongs to, for the delivery that comes later. All calls may suspend. */
#include "db.h"
#include "log.h"

/* Nothing is kept of a trace that is not recorded. */
MUST_CHECK enum err CO_FN trace_store_keep(struct db_session *s, int64_t notification_id,
                                           const struct log_context *log);
/* The context to deliver in; one of a trace of its own when none was kept. */
MUST_CHECK enum err CO_FN trace_store_of_delivery(struct db_session *s, int64_t delivery_id,
                                                  struct log_context *out);
