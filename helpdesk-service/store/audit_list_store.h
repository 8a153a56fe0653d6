#pragma once
/* Reading the audit trail: sealed events only, newest first. */
#include "db.h"
#include "domain/audit.h"

struct audit_filter {
    int64_t actor_id;                       /* AUDIT_NONE: anybody */
    struct str actor;                       /* a program; absent: any */
    struct str source, action, object_type; /* absent: any */
    struct str object_id, object_number;    /* absent: any; at most one of them */
    int8_t is_refused;                      /* enum json_tristate semantics */
    int64_t from, to;                       /* µs, the first inclusive; AUDIT_NONE: open */
    int64_t after_at, after_seq;            /* behind that event; AUDIT_NONE: from the newest on */
    int64_t limit;
};

struct audit_found {
    struct audit_event event;
    int64_t seq, sealed_at;
    struct str actor_name;      /* of a person, as it is now; absent: not known */
    struct str prev_hash, hash; /* AUDIT_HASH_SIZE bytes */
};

/* Costs what it finds, whatever the filter: nothing is scanned. */
MUST_CHECK enum err CO_FN audit_list_store_page(struct db_session *s, const struct audit_filter *f,
                                                struct audit_found **out, size_t *count);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN audit_list_store_by_seq(struct db_session *s, int64_t seq,
                                                  struct audit_found *out);
