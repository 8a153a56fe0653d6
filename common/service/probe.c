/* Asking the database whether it answers, without waiting for it longer than a probe does. */
#include <stdlib.h>

#include "internal.h"
#include "mem.h"

#define TIMEOUT_MS 2000
#define PROBES_MAX 4 /* unanswered ones: that many connections, at most, wait with them */

/* Who waits, on its stack. */
struct asker {
    struct co_wait wait;
    bool is_answered;
};

/* A question on its way, which frees itself. */
struct probe {
    struct service *service;
    struct asker *asker; /* NULL: nobody waits any more */
};

static void CO_FN ask(void *arg)
{
    struct probe *p = arg;
    struct service *s = p->service;
    s->priv->running_tasks++;
    enum err rc = db_ping(s->db);
    s->priv->running_tasks--;
    s->priv->probes--;
    if (p->asker) {
        p->asker->is_answered = true;
        co_wake(&p->asker->wait, rc);
    }
    free(p);
}

enum err probe_database(struct service *s)
{
    if (s->priv->probes == PROBES_MAX)
        return ERR_SERVICE_UNAVAILABLE;
    struct asker asker = {0};
    struct probe *p = MEM_NEW(struct probe);
    co_wait_init(&asker.wait);
    *p = (struct probe){s, &asker};
    s->priv->probes++;
    co_start(s->loop, ask, p, "database probe");
    enum err rc = co_wait(&asker.wait, TIMEOUT_MS);
    if (!asker.is_answered)
        p->asker = NULL;
    return rc;
}
