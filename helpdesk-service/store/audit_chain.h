#pragma once
/*
 * The hash chain of the audit trail. A row's hash is SHA-256 over the hash of the row before it and
 * audit_canonical of itself; before the first row stand 32 zero bytes.
 */
#include "db.h"
#include "domain/audit.h"

struct audit_link {
    int64_t seq; /* 0: before the first row */
    uint8_t hash[AUDIT_HASH_SIZE];
};

struct audit_sealed {
    int64_t count;
    bool is_busy;           /* another process is sealing */
    bool is_checkpoint;     /* head is the first of its day to be written down */
    struct audit_link head; /* the last row now */
};
#define AUDIT_SEAL_BATCH 500
/*
 * Seals up to AUDIT_SEAL_BATCH of the rows that have committed, in one transaction. One process at
 * a time does so; for the others there is nothing to do.
 */
MUST_CHECK enum err CO_FN audit_chain_seal(struct db_session *s, int64_t now,
                                           struct audit_sealed *out);

/* Drops the oldest month if it ended before that moment, and tells its name; absent: there is none.
 */
MUST_CHECK enum err CO_FN audit_chain_drop_month(struct db_session *s, int64_t before,
                                                 struct str *name);

struct audit_report {
    bool is_valid;
    int64_t events;    /* whose hashes were computed */
    int64_t first_seq; /* where the chain begins, behind what was dropped by age */
    int64_t
        first_broken;   /* place of the first row that is missing or not what it was; AUDIT_NONE */
    const char *reason; /* static: what is wrong there; NULL */
    struct audit_link head;
};
/* Called after each page of rows, so that whoever waits can be told; not ERR_OK ends it. */
typedef enum err (*audit_progress_fn)(void *arg, int64_t events);
/*
 * Computes every hash up to the present end, and compares with the checkpoints and, unless NULL,
 * with a link that was known before. In constant memory. What is sealed meanwhile is left out.
 */
MUST_CHECK enum err CO_FN audit_chain_verify(struct db *db, const struct audit_link *known,
                                             audit_progress_fn progress, void *arg,
                                             struct audit_report *out);
