#pragma once
/*
 * Ticket ids and numbers, unique across replicas: each process reserves them in blocks, so that
 * creating a ticket takes neither a round trip nor a lock on the day's counter. What a process has
 * not used when it ends or when the day changes is lost: numbers may have gaps.
 */
#include "db.h"

struct number_pool;

struct number_pool *number_pool_new(void);
void number_pool_free(struct number_pool *p);
/*
 * The next id, and the next number of the UTC day of now, allocated in the session's arena. Outside
 * a transaction.
 */
MUST_CHECK enum err CO_FN number_pool_take(struct number_pool *p, struct db_session *s, int64_t now,
                                           int64_t *id, struct str *number);
