#include "api/change.h"

#include "arena.h"
#include "store/history_store.h"
#include "store/ticket_store.h"
#include "store/watcher_store.h"

enum err change_apply(struct db_session *s, const struct ticket_news *n, struct ticket *after,
                      const struct cause *c)
{
    bool changed;
    enum err rc = ticket_store_save(s, n->before, after, n->reason, c, &changed);

    if (rc || !changed)
        return rc;
    return publish_ticket_changed(s, n, c);
}

enum err change_add_comment(struct db_session *s, struct ticket *t, struct comment *comment,
                            const struct cause *c)
{
    struct comment_audience audience;
    struct mentions mentions;
    enum err rc = comment_store_add(s, t, comment, c);

    if (rc)
        return rc;
    mentions_find(s->arena, comment->comment, &mentions);
    rc = comment_store_audience(s, t, comment->is_internal, &mentions, &audience);
    return rc ? rc : publish_ticket_commented(s, t, comment, &audience, c);
}

/* ---- watchers ----------------------------------------------------------------------------- */

static enum err CO_FN remember_watcher(struct db_session *s, const struct ticket *t,
                                       int64_t user_id, struct str name, bool is_new,
                                       const struct cause *c)
{
    struct str id = str_printf(s->arena, "%lld", (long long)user_id);
    struct history_entry e = {.ticket_id = t->id,
                              .field = STR("watcher"),
                              .old_value = is_new ? STR_NULL : id,
                              .new_value = is_new ? id : STR_NULL,
                              .note = name};

    return history_store_add(s, &e, c);
}

enum err change_add_watcher(struct db_session *s, const struct ticket *t, const struct person *p,
                            const struct cause *c)
{
    bool changed;
    enum err rc = watcher_store_add(s, t->id, p->id, &changed);

    if (rc || !changed)
        return rc;
    return remember_watcher(s, t, p->id, p->name, true, c);
}

enum err change_remove_watcher(struct db_session *s, const struct ticket *t, int64_t user_id,
                               const struct cause *c)
{
    struct person p;
    enum err rc = watcher_store_remove(s, t->id, user_id);

    if (rc)
        return rc;
    rc = person_by_id(s, user_id, &p);
    if (rc && rc != ERR_USER_NOT_FOUND)
        return rc;
    return remember_watcher(s, t, user_id, rc ? STR_NULL : p.name, false, c);
}
