#pragma once
/*
 * Messages taken from queues one by one, on a connection of its own, for looking at what nobody
 * consumes. Everything here waits for the broker: call it on a worker, never on the loop.
 */
#include "mq.h"

struct mq_fetch;

/* url and ca_file are those of struct mq_config. NULL with the reason, which holds no secret, in
 * why. */
struct mq_fetch *mq_fetch_open(struct str url, struct str ca_file, const char *name, char *why,
                               size_t size);
/* What was taken and not acknowledged goes back to its place. */
void mq_fetch_close(struct mq_fetch *f);
/* The next message of the queue, copied into the arena. ERR_NOT_FOUND: it is empty, or not there;
 * ERR_QUEUE_CONNECTION_FAILED: only closing is left. */
MUST_CHECK enum err mq_fetch_next(struct mq_fetch *f, struct arena *a, const char *queue,
                                  struct mq_message *out);
/* Removes all that has been taken since the last time. */
MUST_CHECK enum err mq_fetch_ack(struct mq_fetch *f);
