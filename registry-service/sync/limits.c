/* Counters of windows that are over go, and of too many the smallest. */
#include "clock.h"
#include "log.h"
#include "store/limit.h"
#include "sync/registry.h"

#define BATCH 5000
#define MAX_BATCHES 20
/* A gateway whose clock is behind may still count in a window that is over here. */
#define GRACE_S 60
#define COUNTERS_MAX 1000000

typedef enum err (*remove_fn)(struct db_session *s, int64_t bound, int64_t limit, int64_t *n);

/* Bounded, so that one run never keeps the others waiting for long. */
static int64_t CO_FN remove_batches(struct service *service, remove_fn remove, int64_t bound)
{
    int64_t total = 0, n = BATCH;

    for (int i = 0; i < MAX_BATCHES && n == BATCH; i++) {
        struct arena *a = arena_new();
        struct db_session s;

        db_session_init(&s, service->db, a);
        if (!db_is_up(service->db) || remove(&s, bound, BATCH, &n) != ERR_OK)
            n = 0;
        total += n;
        arena_free(a);
    }
    return total;
}

void CO_FN registry_purge_limits(struct service *service, void *arg)
{
    int64_t now_s = clock_wall_us() / US_PER_S, n;

    (void)arg;
    (void)remove_batches(service, limit_store_purge, now_s - GRACE_S);
    n = remove_batches(service, limit_store_trim, COUNTERS_MAX);
    if (n > 0)
        log_warn("too many rate limit counters; the smallest are dropped", LOG_I("counters", n));
}
