#include "media/collect.h"

#include "clock.h"
#include "log.h"
#include "store/blob_store.h"
#include "store/upload_store.h"

/* Between the announcement of a content and the row of its file lie moments. */
#define UNUSED_US (3600 * US_PER_S)
/* Between the folder of an upload and its row likewise. */
#define UNCHANGED_S 600
#define BATCH 100

struct removal {
    struct media_store *media;
    struct str sha256;
    int64_t before;
    bool is_removed;
};

/* The row stays locked until the bytes are gone: an upload of the same content waits for that. */
static enum err CO_FN remove_one(struct db_session *s, void *arg)
{
    struct removal *x = arg;
    bool may;
    enum err rc = blob_store_may_remove(s, &may);

    x->is_removed = false;
    if (rc || !may)
        return rc;
    rc = blob_store_remove(s, x->sha256, x->before, &x->is_removed);
    return rc || !x->is_removed ? rc : media_remove(x->media, x->sha256);
}

static enum err CO_FN collect_blobs(struct media_store *m, struct db_session *s, int64_t before)
{
    const struct str *names;
    size_t count = BATCH, removed = BATCH;
    enum err rc = blob_store_clear_used(s, before);

    while (rc == ERR_OK && count == BATCH && removed > 0) {
        removed = 0;
        rc = blob_store_unused(s, before, BATCH, &names, &count);
        for (size_t i = 0; rc == ERR_OK && i < count; i++) {
            struct removal x = {.media = m, .sha256 = names[i], .before = before};

            rc = db_transact(s, remove_one, &x);
            removed += rc == ERR_OK && x.is_removed;
            if (rc == ERR_CONFLICT)
                rc = ERR_OK;
        }
    }
    return rc;
}

static enum err CO_FN collect_uploads(struct media_store *m, struct db_session *s, int64_t now)
{
    const struct str *names, *orphans = NULL;
    size_t count, orphan_count = 0;
    enum err rc = upload_store_expire(s, now);

    if (rc == ERR_OK)
        rc = media_list_parts(m, s->arena, UNCHANGED_S, &names, &count);
    if (rc == ERR_OK && count > 0)
        rc = upload_store_orphans(s, names, count, &orphans, &orphan_count);
    for (size_t i = 0; rc == ERR_OK && i < orphan_count; i++)
        rc = media_remove_parts(m, orphans[i]);
    return rc;
}

void collect_all(struct media_store *m, struct db *db, int64_t now)
{
    struct arena *a = arena_new();
    struct db_session s;
    int64_t leftovers;

    db_session_init(&s, db, a);
    if (media_collect_leftovers(m, &leftovers) != ERR_OK)
        log_warn("leftovers of uploads are removed later");
    else if (leftovers > 0)
        log_info("leftovers of uploads removed", LOG_I("count", leftovers));
    if (collect_uploads(m, &s, now) != ERR_OK)
        log_warn("unfinished uploads are removed later");
    if (collect_blobs(m, &s, now - UNUSED_US) != ERR_OK)
        log_warn("unused contents are removed later");
    arena_free(a);
}
