#pragma once
/* Writing the audit trail from a handler. */
#include "req.h"
#include "store/audit.h"

struct audit_origin audit_origin(struct req *r);

/* An event of this request. target_id <= 0: no target. */
struct audit_event audit_of(struct req *r, const char *action, const char *target_type,
                            int64_t target_id);
/* {"name": value} for the details; value is plain text. */
struct str audit_detail(struct arena *a, const char *name, struct str value);

/* Puts the event as refused, with the error's code among the details, outside of any transaction,
 * and returns the error. A trail that cannot be written is logged: the refusal stands. */
enum err CO_FN audit_refuse(struct req *r, const struct audit_event *e, enum err why);
