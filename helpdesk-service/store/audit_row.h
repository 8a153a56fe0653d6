#pragma once
/* The columns of an audit event, as the chain and the lists read them. */
#include "db.h"
#include "domain/audit.h"

/* e: the row, k: its kind or, of one not sealed yet, the same row. */
#define AUDIT_COLS                                                                                 \
    "e.at, k.source, e.source_id, k.actor_kind, e.actor_id, k.actor, e.on_behalf_of, e.address, "  \
    "e.user_agent, e.trace_id, k.action, k.is_refused, k.object_type, e.object_id, "               \
    "e.object_number, e.changes, e.details, e.reason"
#define AUDIT_COL_TYPES                                                                            \
    "zttti"                                                                                        \
    "titttt"                                                                                       \
    "bttt"                                                                                         \
    "jjt"
#define AUDIT_COL_COUNT 18

void audit_from_row(const struct db_result *rows, size_t row, struct audit_event *out);
