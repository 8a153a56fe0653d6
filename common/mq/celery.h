#pragma once
/* Celery message protocol 2 with the JSON serialiser. */
#include "json.h"
#include "mq.h"
#include "outbox.h"

struct celery_task {
    struct str name, id;
    const struct json *args;   /* array */
    const struct json *kwargs; /* object */
    int64_t retries;
    int64_t eta_us, expires_us; /* INT64_MIN: none */
};

/* ERR_INVALID_PAYLOAD with *why when headers or body are not those of a task. */
MUST_CHECK enum err celery_decode(struct arena *a, const struct mq_message *m,
                                  struct celery_task *out, const char **why);
/* Positional argument i, or the keyword argument of that name, whichever is given. */
const struct json *celery_arg(const struct celery_task *t, size_t i, const char *name);

/* Queues a task in the outbox. args and kwargs are JSON texts ("[…]", "{…}"). The id is a new UUID.
 * The receiver's work belongs to the trace of log, which may be NULL. */
MUST_CHECK enum err CO_FN celery_put(struct db_session *s, const char *queue, const char *task,
                                     struct str args, struct str kwargs, struct str key,
                                     const struct log_context *log, struct str time_override);

/* The row that celery_put writes, for outbox_rows. */
void celery_entry(struct arena *a, const char *queue, const char *task, struct str args,
                  struct str kwargs, struct str key, const struct log_context *log,
                  struct str time_override, struct outbox_entry *out);

/* The two halves of what celery_put writes: AMQP headers as a JSON object, and the body. */
struct str celery_headers(struct arena *a, const char *task, struct str id,
                          const struct log_context *log, struct str time_override);
struct str celery_body(struct arena *a, struct str args, struct str kwargs);
