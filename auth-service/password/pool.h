#pragma once
/*
 * Password hashing off the loop: a few worker threads behind a bounded queue, so that a flood of
 * logins is refused instead of starving everything else.
 */
#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct loop;
struct password_pool;

struct password_pool *password_pool_new(struct loop *l, int threads, int queue_max);
/* When no coroutine waits any more. */
void password_pool_free(struct password_pool *p);

/* A hash of the password, in the arena. ERR_SERVICE_UNAVAILABLE when the queue is full. */
MUST_CHECK enum err CO_FN password_pool_make(struct password_pool *p, struct arena *a,
                                             struct str password, struct str *hash);
/* hash absent: the work of a verification is done all the same and the answer is no, so that an
 * unknown address takes as long as a wrong password. ERR_SERVICE_UNAVAILABLE as above. */
MUST_CHECK enum err CO_FN password_pool_check(struct password_pool *p, struct arena *a,
                                              struct str password, struct str hash, bool *matches);
