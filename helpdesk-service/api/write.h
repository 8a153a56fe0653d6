#pragma once
/*
 * What every changing request has in common: one transaction, an answer that is complete before it
 * commits, Idempotency-Key on POST, ETag and If-Match.
 */
#include "db.h"
#include "req.h"

struct answer {
    int status;          /* 0: 200 */
    struct str body;     /* JSON */
    struct str location; /* absent: none */
    int64_t version;     /* becomes the ETag; 0: none */
};

/* May run again after a serialization failure. Details of an error are set on r as usual. */
typedef enum err (*write_fn)(struct req *r, struct db_session *s, void *arg, struct answer *out);

/*
 * Runs fn and answers. A POST with an Idempotency-Key that was used before is answered as it was
 * then, without running fn; for another request under the same key that is 422. request is what
 * identifies the request besides its path: the body, or what stands for it.
 */
enum err CO_FN write_run(struct req *r, struct str request, write_fn fn, void *arg);

/* The same for an fn that writes with one statement only: it needs no transaction unless there is a
 * key to keep. */
enum err CO_FN write_run_statement(struct req *r, struct str request, write_fn fn, void *arg);

/* ERR_PRECONDITION_FAILED, with the present version in the details, when If-Match names others. */
MUST_CHECK enum err write_check_match(struct req *r, int64_t version);

/* Answers with the error and this text, and returns the error, so that callers stop. */
MUST_CHECK enum err refuse(struct req *r, enum err e, const char *text);

/* "3", with the quotes. */
struct str etag_format(struct arena *a, int64_t version);
