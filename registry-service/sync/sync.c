/* Keeping memory and table together. */
#include "clock.h"
#include "log.h"
#include "store/instance.h"
#include "sync/registry.h"

/* Times that move without a change of the revision (leases, checks) are at most that old. */
#define RELOAD_INTERVAL_US (5 * US_PER_S)

static enum err CO_FN save_pending(struct registry *g, struct db_session *s)
{
    struct instance *items;
    size_t n = directory_pending(g->directory, s->arena, PENDING_SAVE, &items);

    for (size_t i = 0; i < n; i++) {
        int64_t registered_at;
        enum err rc = instance_store_register(s, &items[i], clock_wall_us(), &registered_at);
        if (rc)
            return rc;
        directory_settle(g->directory, items[i].name, items[i].id);
    }
    n = directory_pending(g->directory, s->arena, PENDING_REMOVE, &items);
    for (size_t i = 0; i < n; i++) {
        enum err rc = instance_store_remove(s, items[i].name, items[i].id);
        if (rc)
            return rc;
        directory_settle(g->directory, items[i].name, items[i].id);
    }
    return ERR_OK;
}

static enum err CO_FN end_leases(struct registry *g, struct db_session *s)
{
    int64_t n;
    enum err rc;

    if (clock_mono_us() < g->expire_from)
        return ERR_OK;
    rc = instance_store_expire(s, clock_wall_us(), &n);
    if (rc == ERR_OK && n > 0)
        log_info("leases ended", LOG_I("instances", n));
    return rc;
}

static enum err CO_FN load(struct registry *g, struct db_session *s, int64_t revision)
{
    struct instance *rows;
    size_t n;
    uint64_t changes = g->changes;
    enum err rc = instance_store_all(s, &rows, &n);

    if (rc)
        return rc;
    /* Somebody registered here meanwhile: the rows may be older than that. Next time. */
    if (changes != g->changes)
        return ERR_OK;
    directory_replace(g->directory, rows, n);
    g->revision = revision;
    g->loaded_at = clock_mono_us();
    return ERR_OK;
}

static enum err CO_FN follow(struct registry *g, struct db_session *s)
{
    int64_t revision;
    enum err rc = instance_store_revision(s, &revision);

    if (rc)
        return rc;
    if (revision == g->revision && clock_mono_us() - g->loaded_at < RELOAD_INTERVAL_US)
        return ERR_OK;
    return load(g, s, revision);
}

enum err CO_FN registry_load(struct registry *g)
{
    struct arena *a = arena_new();
    struct db_session s;
    enum err rc = db_is_up(g->service->db) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;

    db_session_init(&s, g->service->db, a);
    if (rc == ERR_OK)
        rc = follow(g, &s);
    if (rc == ERR_OK && !registry_is_loaded(g))
        rc = ERR_SERVICE_UNAVAILABLE;
    arena_free(a);
    return rc;
}

void CO_FN registry_sync(struct service *service, void *arg)
{
    struct registry *g = registry_of(service);
    struct arena *a = arena_new();
    struct db_session s;
    enum err rc = db_is_up(service->db) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;

    db_session_init(&s, service->db, a);
    if (rc == ERR_OK)
        rc = save_pending(g, &s);
    if (rc == ERR_OK)
        rc = end_leases(g, &s);
    if (rc == ERR_OK)
        rc = follow(g, &s);
    /* Renewals could not be written meanwhile: everybody gets a whole lease to renew again. */
    if (rc)
        g->expire_from = clock_mono_us() + g->config->lease_s * US_PER_S;
    arena_free(a);
}
