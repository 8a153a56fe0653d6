#pragma once
/* Messages as spans of their trace: one for the sending, one for each attempt to handle it. Private
 * to this library. */
#include "mq.h"
#include "trace.h"

/* Before the message is sent: the headers of the copy in *m name the sending, when it is recorded;
 * *s is in the arena or outlives m. */
void span_send_begin(struct arena *a, struct mq_message *m, struct trace_child *s);
/* error NULL: confirmed. */
void span_send_end(const struct mq_message *m, const struct trace_child *s, const char *error);

/* Whose work d continues, by its message's headers. */
void span_handle_begin(struct mq_delivery *d);
/* error NULL: done. */
void span_handle_end(const struct mq_delivery *d, const char *queue, int64_t duration_us,
                     const char *error);
