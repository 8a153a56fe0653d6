#pragma once
/*
 * Files by content: what is written gets its SHA-256 as name, so equal contents are kept once. All
 * disk work is done on the offload pool. Replicas may share the folder.
 */
#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct blob_store;
struct offload;

/* NULL with errno set when the folder cannot be made or written. */
struct blob_store *blob_store_open(const char *dir, struct offload *o);
void blob_store_close(struct blob_store *b);

/* ---- writing ------------------------------------------------------------------------------ */

struct blob_writer;

/* The file is removed with the arena unless it has been committed. ERR_INTERNAL_ERROR when the disk
 * refuses, here and below. */
MUST_CHECK enum err CO_FN blob_begin(struct blob_store *b, struct arena *a,
                                     struct blob_writer **out);
MUST_CHECK enum err CO_FN blob_write(struct blob_writer *w, struct str piece);
/* On disk and in place when it returns; sha256 is lower-case hex in the arena. */
MUST_CHECK enum err CO_FN blob_commit(struct blob_writer *w, struct str *sha256, int64_t *size);

/* Removes what interrupted uploads left behind more than a day ago. */
void CO_FN blob_collect(struct blob_store *b);

/* ---- reading ------------------------------------------------------------------------------ */

struct blob_reader;

/* Closed with the arena. ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN blob_open(struct blob_store *b, struct arena *a, struct str sha256,
                                    struct blob_reader **out);
/* The next piece, valid until the next call; empty at the end. */
MUST_CHECK enum err CO_FN blob_read(struct blob_reader *r, struct str *piece);
