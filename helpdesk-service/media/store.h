#pragma once
/*
 * Where the bytes of files are: objects named by the SHA-256 of their content, so equal contents
 * are kept once, and the parts of uploads that come in several requests. This is all that a backend
 * has to offer; disk.c is the one there is. Replicas share what a backend keeps.
 *
 * Everywhere: ERR_INSUFFICIENT_STORAGE when there is no room, ERR_SERVICE_UNAVAILABLE when the
 * backend cannot be used or is busy, ERR_INTERNAL_ERROR for what else can go wrong with it.
 */
#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct media_store;

struct media_reader; /* closed with its arena */
/* What is being written. Unless it has been placed, it is gone with its arena, and after a crash
 * with the next media_collect_leftovers. */
struct media_writer;

struct media_backend {
    void (*close)(struct media_store *m);
    enum err (*check)(struct media_store *m);
    enum err (*begin)(struct media_store *m, struct arena *a, struct media_writer **out);
    enum err (*write)(struct media_writer *w, struct str piece);
    enum err (*finish)(struct media_writer *w, struct str *sha256, int64_t *size);
    enum err (*place)(struct media_writer *w);
    enum err (*open)(struct media_store *m, struct arena *a, struct str sha256,
                     struct media_reader **out);
    enum err (*read)(struct media_reader *r, int64_t offset, int64_t max, struct str *piece);
    enum err (*remove)(struct media_store *m, struct str sha256);
    enum err (*make_parts)(struct media_store *m, struct str upload);
    enum err (*place_part)(struct media_writer *w, struct str upload, int64_t index);
    enum err (*append_part)(struct media_writer *w, struct str upload, int64_t index);
    enum err (*remove_parts)(struct media_store *m, struct str upload);
    enum err (*list_parts)(struct media_store *m, struct arena *a, int64_t unchanged_s,
                           const struct str **uploads, size_t *count);
    enum err (*collect_leftovers)(struct media_store *m, int64_t *count);
};

/* A backend embeds this as its first member. */
struct media_store {
    const struct media_backend *backend;
};

static inline void media_store_close(struct media_store *m)
{
    if (m)
        m->backend->close(m);
}

/* ERR_OK when something could be written just now. */
MUST_CHECK static inline enum err CO_FN media_check(struct media_store *m)
{
    return m->backend->check(m);
}

/* ---- writing ------------------------------------------------------------------------------ */

MUST_CHECK static inline enum err CO_FN media_begin(struct media_store *m, struct arena *a,
                                                    struct media_writer **out)
{
    return m->backend->begin(m, a, out);
}

/* Pieces of any size; they are gathered. */
MUST_CHECK static inline enum err CO_FN media_write(struct media_store *m, struct media_writer *w,
                                                    struct str piece)
{
    return m->backend->write(w, piece);
}

/* Everything is durable when it returns, but has no name yet. sha256 is lower-case hex in the
 * arena. */
MUST_CHECK static inline enum err CO_FN media_finish(struct media_store *m, struct media_writer *w,
                                                     struct str *sha256, int64_t *size)
{
    return m->backend->finish(w, sha256, size);
}

/* Gives the finished content its name, over an equal one. */
MUST_CHECK static inline enum err CO_FN media_place(struct media_store *m, struct media_writer *w)
{
    return m->backend->place(w);
}

/* No error when it is not there. */
MUST_CHECK static inline enum err CO_FN media_remove(struct media_store *m, struct str sha256)
{
    return m->backend->remove(m, sha256);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* ERR_NOT_FOUND */
MUST_CHECK static inline enum err CO_FN media_open(struct media_store *m, struct arena *a,
                                                   struct str sha256, struct media_reader **out)
{
    return m->backend->open(m, a, sha256, out);
}

/* At most max bytes at offset, valid until the next call; empty at the end. */
MUST_CHECK static inline enum err CO_FN media_read(struct media_store *m, struct media_reader *r,
                                                   int64_t offset, int64_t max, struct str *piece)
{
    return m->backend->read(r, offset, max, piece);
}

/* ---- uploads in parts --------------------------------------------------------------------- */

/* upload names a set of parts: lower-case hex, chosen by the caller. */
MUST_CHECK static inline enum err CO_FN media_make_parts(struct media_store *m, struct str upload)
{
    return m->backend->make_parts(m, upload);
}

/* Keeps what was written and finished as part number index, in place of an earlier one.
 * ERR_NOT_FOUND when the set has been removed. */
MUST_CHECK static inline enum err CO_FN media_place_part(struct media_store *m,
                                                         struct media_writer *w, struct str upload,
                                                         int64_t index)
{
    return m->backend->place_part(w, upload, index);
}

/* Writes a whole part behind what w has. ERR_NOT_FOUND */
MUST_CHECK static inline enum err CO_FN media_append_part(struct media_store *m,
                                                          struct media_writer *w, struct str upload,
                                                          int64_t index)
{
    return m->backend->append_part(w, upload, index);
}

/* No error when there are none. */
MUST_CHECK static inline enum err CO_FN media_remove_parts(struct media_store *m, struct str upload)
{
    return m->backend->remove_parts(m, upload);
}

/* The sets to which nothing was added in the last unchanged_s seconds. */
MUST_CHECK static inline enum err CO_FN media_list_parts(struct media_store *m, struct arena *a,
                                                         int64_t unchanged_s,
                                                         const struct str **uploads, size_t *count)
{
    return m->backend->list_parts(m, a, unchanged_s, uploads, count);
}

/* ---- housekeeping ------------------------------------------------------------------------- */

/* Removes what writers of ended processes have left behind; *count says how much that was. */
MUST_CHECK static inline enum err CO_FN media_collect_leftovers(struct media_store *m,
                                                                int64_t *count)
{
    return m->backend->collect_leftovers(m, count);
}
