#pragma once
/* The items of jobs: what each is about, and how it ended. */
#include "store/job_store.h"

struct job_item {
    int64_t ordinal;
    struct str subject;
    enum job_item_state state;
    struct str code, message; /* why it failed or was skipped */
    int64_t version;          /* of the subject, after it was done; JOB_NONE: not known */
    struct str changes_json;  /* of a dry run: what would change */
    int64_t at;
};

/* Adds pending items from that ordinal on; a subject that the job has already is passed over.
 * *added: how many came. */
MUST_CHECK enum err CO_FN job_item_store_add(struct db_session *s, struct str job_id,
                                             int64_t ordinal, const struct str *subjects, size_t n,
                                             int64_t *added);

struct job_item_query {
    struct str job_id;
    struct str state;      /* absent: any */
    int64_t after_ordinal; /* 0: from the beginning */
    int64_t skip, limit;
};
/* One page, in order. total counts all that match up to 10,001. */
MUST_CHECK enum err CO_FN job_item_store_page(struct db_session *s, const struct job_item_query *q,
                                              struct job_item **out, size_t *count, int64_t *total);

/* ---- for workers, inside a transaction ---------------------------------------------------- */

/* Locks the first pending item behind an ordinal that no other process has in hand. *found tells
 * whether there is one. */
MUST_CHECK enum err CO_FN job_item_store_claim(struct db_session *s, struct str job_id,
                                               int64_t after_ordinal, struct job_item *out,
                                               bool *found);
/* Writes state, code, message, version, changes and time of an item that is still pending. */
MUST_CHECK enum err CO_FN job_item_store_put(struct db_session *s, struct str job_id,
                                             const struct job_item *i);
/* Locks all pending ones, ordered by what they are about. */
MUST_CHECK enum err CO_FN job_item_store_claim_all(struct db_session *s, struct str job_id,
                                                   struct job_item **out, size_t *count);
/* Skips all pending ones, once those in hand are done. */
MUST_CHECK enum err CO_FN job_item_store_skip(struct db_session *s, struct str job_id,
                                              struct str code, struct str message, int64_t now,
                                              int64_t *skipped);
/* Of a job that has ended: what was skipped is pending again, and what failed if asked for. */
MUST_CHECK enum err CO_FN job_item_store_renew(struct db_session *s, struct str job_id,
                                               bool with_failed, int64_t *renewed);
/* How many there are in each state. */
MUST_CHECK enum err CO_FN job_item_store_count(struct db_session *s, struct str job_id,
                                               struct job_counts *out);
