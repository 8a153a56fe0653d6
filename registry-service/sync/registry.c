#include "sync/registry.h"

#include "clock.h"
#include "store/instance.h"

static enum err open_session(struct registry *g, struct arena *a, struct db_session *s)
{
    struct db *db = g->service->db;

    db_session_init(s, db, a);
    return db && db_is_up(db) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

static bool is_outage(enum err rc)
{
    return rc == ERR_SERVICE_UNAVAILABLE || rc == ERR_TIMEOUT;
}

static void put(struct registry *g, const struct instance *i, enum directory_pending pending)
{
    directory_put(g->directory, i, pending);
    g->changes++;
}

enum err CO_FN registry_register(struct registry *g, struct arena *a, struct instance *i)
{
    const struct instance *known = directory_find(g->directory, i->name, i->id);
    struct db_session s;
    int64_t now = clock_wall_us();
    bool is_news;
    enum err rc;

    i->is_healthy = true;
    i->renewed_at = now;
    i->registered_at = known ? known->registered_at : now;
    i->last_health_check = known ? known->last_health_check : INT64_MIN;
    i->lease_until = now + g->config->lease_s * US_PER_S;
    rc = open_session(g, a, &s);
    if (rc == ERR_OK)
        rc = instance_store_register(&s, i, now, &i->registered_at);
    if (rc && !is_outage(rc))
        return rc;
    known = directory_find(g->directory, i->name, i->id);
    is_news = !known || !instance_is_same(known, i) || !known->is_healthy;
    put(g, i, rc ? PENDING_SAVE : PENDING_NOTHING);
    if (rc && is_news)
        registry_move_alone(g);
    return ERR_OK;
}

enum err CO_FN registry_renew(struct registry *g, struct arena *a, struct str name, struct str id)
{
    const struct instance *known = directory_find(g->directory, name, id);
    struct db_session s;
    struct instance renewed;
    int64_t now = clock_wall_us(), lease_until = now + g->config->lease_s * US_PER_S;
    enum err rc;

    if (!known)
        return ERR_SERVICE_NOT_FOUND;
    rc = open_session(g, a, &s);
    if (rc == ERR_OK)
        rc = instance_store_renew(&s, name, id, now, lease_until);
    if (rc && !is_outage(rc))
        return rc;
    known = directory_find(g->directory, name, id);
    if (!known)
        return ERR_SERVICE_NOT_FOUND;
    renewed = *known;
    renewed.renewed_at = now;
    renewed.lease_until = lease_until;
    put(g, &renewed, rc ? PENDING_SAVE : PENDING_NOTHING);
    return ERR_OK;
}

enum err CO_FN registry_deregister(struct registry *g, struct arena *a, struct str name,
                                   struct str id)
{
    struct directory_list all = directory_list(g->directory, a, name);
    struct instance *gone = ARENA_ARRAY(a, struct instance, all.count);
    size_t n = 0;
    struct db_session s;
    enum err rc;

    for (size_t i = 0; i < all.count; i++) {
        if (id.p && !str_eq(all.items[i]->id, id))
            continue;
        gone[n] = *all.items[i];
        gone[n++].id = str_dup(a, all.items[i]->id);
    }
    if (n == 0)
        return ERR_SERVICE_NOT_FOUND;
    rc = open_session(g, a, &s);
    if (rc == ERR_OK)
        rc = instance_store_remove(&s, name, id);
    if (rc && !is_outage(rc))
        return rc;
    for (size_t i = 0; i < n; i++) {
        const struct instance *known = directory_find(g->directory, name, gone[i].id);
        if (known && rc)
            put(g, known, PENDING_REMOVE);
        else if (known)
            directory_drop(g->directory, name, gone[i].id);
    }
    g->changes++;
    if (rc)
        registry_move_alone(g);
    return ERR_OK;
}

enum err CO_FN registry_report(struct registry *g, struct arena *a, struct str name,
                               struct str host, int64_t port)
{
    struct db_session s;
    int64_t n;
    enum err rc = open_session(g, a, &s);

    if (rc == ERR_OK)
        rc = instance_store_suspect(&s, name, host, port, clock_wall_us(), &n);
    if (rc)
        return rc;
    if (n == 0)
        return ERR_SERVICE_NOT_FOUND;
    registry_check_soon(g);
    return ERR_OK;
}
