#pragma once
/* Uploads that come in parts; the parts are in media/store. */
#include "db.h"

#define UPLOAD_NONE INT64_MIN

struct upload_plan {
    struct str id; /* lower-case hex, also the name of the parts */
    int64_t owner_id;
    struct str filename;
    struct str content_type; /* declared; absent: what the content looks like */
    int64_t size, chunk_size;
    struct str sha256; /* that the content must have, lower-case hex; absent: any */
    int64_t ticket_id; /* UPLOAD_NONE: for no ticket */
    struct str entity_type, entity_id, alt_text;
    bool is_public;
    int64_t created_at, expires_at;
    int64_t file_id; /* what became of it; UPLOAD_NONE: not yet complete */
};

/* 0 for an empty file. */
static inline int64_t upload_chunks(const struct upload_plan *u)
{
    return (u->size + u->chunk_size - 1) / u->chunk_size;
}
/* The last one may be shorter. */
static inline int64_t upload_chunk_length(const struct upload_plan *u, int64_t index)
{
    int64_t rest = u->size - index * u->chunk_size;

    return rest < u->chunk_size ? rest : u->chunk_size;
}

/* ERR_CONFLICT when the owner has that many unfinished ones already. */
MUST_CHECK enum err CO_FN upload_store_add(struct db_session *s, const struct upload_plan *u,
                                           int64_t open_max);
/* The owner's. ERR_NOT_FOUND, also when it has expired. */
MUST_CHECK enum err CO_FN upload_store_get(struct db_session *s, struct str id, int64_t owner_id,
                                           int64_t now, struct upload_plan *out);
/* A part has come; that moves the end of the upload's time. ERR_NOT_FOUND when it is gone. */
MUST_CHECK enum err CO_FN upload_store_put_chunk(struct db_session *s, struct str id, int64_t index,
                                                 int64_t expires_at, int64_t *received);
/* Parts that have not come, in order, at most limit; *received counts those that have. */
MUST_CHECK enum err CO_FN upload_store_missing(struct db_session *s, const struct upload_plan *u,
                                               int64_t limit, const int64_t **missing,
                                               size_t *count, int64_t *received);
/* Whether the caller may put it together until then; false while somebody else does, or has. */
MUST_CHECK enum err CO_FN upload_store_claim(struct db_session *s, struct str id, int64_t now,
                                             int64_t until, bool *claimed);
MUST_CHECK enum err CO_FN upload_store_unclaim(struct db_session *s, struct str id);
/* In the transaction that adds the file: locks the upload. ERR_NOT_FOUND, or ERR_CONFLICT when it
 * has become a file before. */
MUST_CHECK enum err CO_FN upload_store_lock(struct db_session *s, struct str id);
MUST_CHECK enum err CO_FN upload_store_finish(struct db_session *s, struct str id, int64_t file_id);
MUST_CHECK enum err CO_FN upload_store_remove(struct db_session *s, struct str id);
/* Removes those whose time is over; their parts are then nobody's. */
MUST_CHECK enum err CO_FN upload_store_expire(struct db_session *s, int64_t now);
/* Of these names those that are no upload waiting for its parts. */
MUST_CHECK enum err CO_FN upload_store_orphans(struct db_session *s, const struct str *names,
                                               size_t n, const struct str **orphans, size_t *count);
