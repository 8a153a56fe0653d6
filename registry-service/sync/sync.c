/* What is pending goes to the table, and leases end. */
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "store/instance.h"
#include "sync/registry.h"

/* How often the table is looked at although no notification came. */
#define LOOK_INTERVAL_US (5 * US_PER_S)

static struct metric ended_leases = {
    .name = "registry_leases_ended_total",
    .help = "Instances removed because their lease was over.",
    .kind = METRIC_COUNTER,
};

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

/* Revisions are the same everywhere again, beyond any that was shown meanwhile. */
static enum err CO_FN save_revision(struct registry *g, struct db_session *s)
{
    enum err rc;

    if (!g->has_unsaved_revision)
        return ERR_OK;
    rc = instance_store_raise_revision(s, g->revision);
    if (rc == ERR_OK)
        g->has_unsaved_revision = false;
    return rc;
}

static void note_leases(struct registry *g, const struct lease_count *c)
{
    if (c->ended > 0) {
        log_info("leases ended", LOG_I("instances", c->ended));
        metric_add(metric_series(&ended_leases, NULL), (double)c->ended);
    }
    if (c->is_preserving && !g->is_preserving)
        log_warn("most leases are overdue at once; none ends", LOG_I("overdue", c->overdue),
                 LOG_I("instances", c->total));
    else if (!c->is_preserving && g->is_preserving)
        log_info("leases are renewed in time again");
    g->is_preserving = c->is_preserving;
}

static enum err CO_FN end_leases(struct registry *g, struct db_session *s)
{
    const struct registry_config *c = g->config;
    int64_t now = clock_wall_us();
    const struct lease_rules rules = {
        .overdue_before = now + registry_overdue_us(g),
        .preserve_percent = c->preserve_percent,
        .preserve_until = now - c->preserve_max_s * US_PER_S,
    };
    struct lease_count count;
    enum err rc;

    if (clock_mono_us() < g->expire_from)
        return ERR_OK;
    rc = instance_store_expire(s, now, &rules, &count);
    if (rc == ERR_OK)
        note_leases(g, &count);
    return rc;
}

static bool must_look(const struct registry *g)
{
    return !g->listener || !db_listener_is_up(g->listener) ||
           clock_mono_us() - g->looked_at >= LOOK_INTERVAL_US;
}

void CO_FN registry_sync(struct service *service, void *arg)
{
    struct registry *g = registry_of(service);
    struct arena *a = arena_new();
    struct db_session s;
    enum err rc = db_is_up(service->db) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;

    (void)arg;
    db_session_init(&s, service->db, a);
    if (rc == ERR_OK)
        rc = save_pending(g, &s);
    if (rc == ERR_OK)
        rc = save_revision(g, &s);
    if (rc == ERR_OK)
        rc = end_leases(g, &s);
    if (rc == ERR_OK && must_look(g))
        rc = registry_follow(g);
    /* Renewals could not be written meanwhile: everybody gets a whole lease to renew again. */
    if (rc)
        g->expire_from = clock_mono_us() + g->config->lease_s * US_PER_S;
    arena_free(a);
}
