#pragma once
/*
 * Recording in the audit trail. An event is a row of the transaction that it tells of; it is in no
 * list before it is sealed (audit_chain.h), which takes a second.
 */
#include "cause.h"
#include "db.h"
#include "domain/audit.h"

/* An event of this program: who, when and from where are filled in, and no object. action is
 * borrowed. */
struct audit_event audit_event_of(const struct cause *c, const char *action);

/* In the current transaction, or by itself outside of one. */
MUST_CHECK enum err CO_FN audit_store_put(struct db_session *s, const struct audit_event *e);

/*
 * A statement that writes what the event is about can write the event as well, which saves the
 * transaction a round trip: AUDIT_CTE("$5") is a common table expression for a text[] parameter
 * (T), audit_row its value; NULL writes nothing.
 */
#define AUDIT_CTE(param)                                                                           \
    "audit_row AS (INSERT INTO audit_pending (at, source, source_id, actor_kind, actor_id, "       \
    "actor, on_behalf_of, address, user_agent, trace_id, action, is_refused, object_type, "        \
    "object_id, object_number, changes, details, reason) "                                         \
    "SELECT 'epoch'::timestamptz + v[1]::float8 * interval '1 microsecond', v[2], "                \
    "NULLIF(v[3], ''), v[4], NULLIF(v[5], '')::bigint, v[6], NULLIF(v[7], '')::bigint, "           \
    "NULLIF(v[8], ''), NULLIF(v[9], ''), NULLIF(v[10], ''), v[11], v[12]::boolean, v[13], "        \
    "NULLIF(v[14], ''), NULLIF(v[15], ''), NULLIF(v[16], '')::jsonb, NULLIF(v[17], '')::jsonb, "   \
    "NULLIF(v[18], '') FROM (SELECT " param "::text[] AS v) p WHERE v IS NOT NULL)"
struct db_value audit_row(struct arena *a, const struct audit_event *e);
