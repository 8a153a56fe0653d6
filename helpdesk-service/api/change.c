#include "api/change.h"

#include "store/ticket_store.h"

enum err change_apply(struct db_session *s, const struct ticket_news *n, struct ticket *after,
                      const struct cause *c)
{
    bool changed;
    enum err rc = ticket_store_save(s, n->before, after, n->reason, c, &changed);

    if (rc || !changed)
        return rc;
    return publish_ticket_changed(s, n, c);
}
