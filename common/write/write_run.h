#pragma once
/*
 * What every creating or acting request has in common: one transaction, an answer that is complete
 * before it commits, and Idempotency-Key on POST. The answers to requests with a key stay for a day
 * in table idempotency of the service's schema.
 */
#include "db.h"
#include "migrate.h"
#include "req.h"

extern const struct db_migration WRITE_MIGRATIONS[]; /* .sql == NULL ends */

struct answer {
    int status;          /* 0: 200 */
    struct str body;     /* JSON */
    struct str kept;     /* the body of a replay, when body has a secret; absent: body */
    struct str location; /* absent: none */
    int64_t version;     /* becomes the ETag; 0: none */
};

/* May run again after a serialization failure. Details of an error are set on r as usual. */
typedef enum err (*write_fn)(struct req *r, struct db_session *s, void *arg, struct answer *out);

/*
 * Runs fn and answers. A POST with an Idempotency-Key that was used before is answered as it was
 * then, without running fn; for another request under the same key that is 422. request is what
 * identifies the request besides its path: the body, or what stands for it; its SHA-256 is kept.
 * What fn refuses is not kept. Of requests at the same time one runs and the others replay.
 */
MUST_CHECK enum err CO_FN write_run(struct req *r, struct str request, write_fn fn, void *arg);

/* Runs after the commit, before the answer goes out, and may complete it. Not for a replay, which
 * is answered as the transaction left it. */
typedef void (*write_then_fn)(struct req *r, void *arg, struct answer *out);

/* The same for an fn that writes with one statement only: it needs no transaction unless there is a
 * key to keep. */
MUST_CHECK enum err CO_FN write_run_statement(struct req *r, struct str request, write_fn fn,
                                              write_then_fn then, void *arg);
MUST_CHECK enum err CO_FN write_run_then(struct req *r, struct str request, write_fn fn,
                                         write_then_fn then, void *arg);

/* For what must not be repeated by accident: ERR_INVALID_INPUT without an Idempotency-Key. */
MUST_CHECK enum err write_require_key(struct req *r);

/* Forgets the answers that are older than a day. */
MUST_CHECK enum err CO_FN write_purge(struct db_session *s, int64_t now);

/* *value as the text of a body. */
struct str answer_json(struct arena *a, const struct json_schema *schema, const void *value);

/* "3", with the quotes. */
struct str etag_format(struct arena *a, int64_t version);

/* ERR_PRECONDITION_FAILED, with the present version in the details, when If-Match names others. */
MUST_CHECK enum err write_check_match(struct req *r, int64_t version);
