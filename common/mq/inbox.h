#pragma once
/* Which messages a consumer has handled already. Tables: migrations/. */
#include "mq.h"

/*
 * What identifies the message: its message_id, else the id of a Celery task (with the number of its
 * retry, which is a new execution). Absent when it has neither.
 */
struct str inbox_message_id(struct arena *a, const struct mq_message *m);

/* Records the message in the current transaction; *is_new is false when it was handled before. */
MUST_CHECK enum err CO_FN inbox_record(struct db_session *s, const char *consumer, struct str id,
                                       bool *is_new);
/* The same for several messages, each id once. */
MUST_CHECK enum err CO_FN inbox_record_all(struct db_session *s, const char *consumer,
                                           const struct str *ids, size_t n, bool *are_new);
/* Counts, outside any transaction, how often the handling of an unfinished message was begun. */
MUST_CHECK enum err CO_FN inbox_count_start(struct db_session *s, const char *consumer,
                                            struct str id, int64_t *starts);
/* ERR_OK as long as the transaction can be used: neither failed nor its connection lost. */
MUST_CHECK enum err CO_FN inbox_probe(struct db_session *s);
/* Forgets at most limit messages last seen more than days ago. */
MUST_CHECK enum err CO_FN inbox_prune(struct db_session *s, int64_t days, int64_t limit,
                                      int64_t *pruned);
