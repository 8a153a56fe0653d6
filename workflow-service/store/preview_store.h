#pragma once
/* Running clocks of a calendar, in chunks, to see what another version of it would do to them. */
#include "db.h"
#include "domain/sla_clock.h"

struct preview_clock {
    struct str ticket_number, metric;
    struct sla_clock clock; /* without its warnings */
};

/* Where a walk over the clocks of a workflow stands; version and clock start at 0. */
struct preview_place {
    int64_t workflow_id, sla_version, clock_id;
};

/* The workflows whose clocks go by the calendar. */
MUST_CHECK enum err CO_FN preview_store_workflows(struct db_session *s, int64_t calendar_id,
                                                  const int64_t **ids, size_t *count);
/* Those of the next limit open clocks behind the place that run without a breach. The place moves
 * on; behind the last its workflow_id is INT64_MIN. */
MUST_CHECK enum err CO_FN preview_store_clocks(struct db_session *s, struct preview_place *place,
                                               int64_t limit, struct preview_clock **out,
                                               size_t *count);
