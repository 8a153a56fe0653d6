#pragma once
/* Notifications on their way to the open sockets of this process. */
#include "event.h"
#include "live.h"

/* The frame {"type":"count_update",…}. */
struct str push_count_frame(struct arena *a, int64_t unread);

/* To the person's sockets; once, however often it is told. */
void push_notification(struct live *l, struct arena *a, const struct event_notification *n);
/* Its new words to the person's sockets; once, if the change says which it is. */
void push_changed(struct live *l, struct arena *a, const struct event_notification *n);
/* {"type":"job_update","job":…} to the sockets of who asked for the job. */
void push_job(struct live *l, struct arena *a, const struct event_job *j);
/* The unread count to the person's sockets, when it can be had. */
void CO_FN push_count(struct live *l, struct arena *a, int64_t user_id);
/* A live_page_fn. */
MUST_CHECK enum err CO_FN push_missed(struct live *l, int64_t *after, bool *is_last);
/* Takes note of where this process begins. */
MUST_CHECK enum err CO_FN push_begin(struct live *l);
