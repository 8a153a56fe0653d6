/* The consumers of "<queue>.dead". */
#include <string.h>

#include "clock.h"
#include "dead_store.h"
#include "deadletter.h"
#include "log.h"

#define SUFFIX ".dead"

/* Where it failed: as its mark says, else by the name of the queue it was found in. */
static struct str origin_of(const struct mq_message *m)
{
    struct str queue = mq_header_get(m, "x-tts-queue");
    if (queue.len && str_is_utf8(queue))
        return queue;
    queue = m->routing_key;
    return str_has_suffix(queue, STR(SUFFIX)) ? str_slice(queue, 0, queue.len - strlen(SUFFIX))
                                              : queue;
}

/* The time is that of the failure, whatever the sender's may have been. */
static enum err CO_FN keep(struct mq_delivery *d)
{
    struct str queue = origin_of(d->message);
    enum err rc = dead_store_put(d->db, d->message, queue, clock_wall_us());
    if (rc == ERR_OK)
        log_warn("a dead letter", LOG_STR("queue", queue),
                 LOG_STR("reason", mq_header_get(d->message, "x-tts-reason")));
    return rc;
}

/* In order, and few at once: their bodies may be large. */
void deadletters_keep(struct service *s)
{
    size_t it = 0;
    for (const char *queue; (queue = mq_next_consumed(s->mq, &it));) {
        struct mq_queue q = {arena_printf(s->arena, "%s" SUFFIX, queue), MQ_DEAD, NULL};
        struct mq_consumer c = {.queue = q.name, .prefetch = 4, .concurrency = 1, .handler = keep};
        mq_declare_queue(s->mq, &q);
        mq_consume(s->mq, &c, s->db, s);
    }
}
