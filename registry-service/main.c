/* Who runs where: instances, leases, health. Wiring only. */
#include "api/handlers.h"
#include "clock.h"
#include "routes.h"
#include "sync/registry.h"

#define CHECK_LOOK_MS 1000
#define PURGE_INTERVAL_MS 15000

extern const struct db_migration SERVICE_MIGRATIONS[];

static enum err init(struct service *s)
{
    struct registry *g = ARENA_NEW(s->arena, struct registry);

    g->service = s;
    g->config = s->own_config;
    g->directory = directory_new();
    g->watchers =
        watch_set_new(s->loop, &(struct watch_config){
                                   .max = (size_t)g->config->max_watchers,
                                   .heartbeat_ms = (int)g->config->watch_heartbeat_s * 1000,
                                   .render = watch_render,
                                   .arg = g,
                               });
    g->started_at = clock_mono_us();
    /* Leases went on ending while this program did not run and nobody could renew. */
    g->expire_from = g->started_at + g->config->lease_s * US_PER_S;
    s->state = g;
    watch_register_metrics(g);
    return ERR_OK;
}

static enum err CO_FN start(struct service *s)
{
    enum err rc = registry_load(registry_of(s));

    if (rc)
        return rc;
    service_every(s, (int)registry_of(s)->config->sync_interval_ms, "sync", registry_sync, NULL);
    service_every(s, CHECK_LOOK_MS, "check", registry_check, NULL);
    service_every(s, PURGE_INTERVAL_MS, "purge-limits", registry_purge_limits, NULL);
    return ERR_OK;
}

static void drain(struct service *s)
{
    watch_set_end(registry_of(s)->watchers);
}

static void CO_FN stop(struct service *s)
{
    registry_stop_following(registry_of(s));
}

static void release(struct service *s)
{
    struct registry *g = registry_of(s);

    watch_set_free(g->watchers);
    directory_free(g->directory);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const migrations[] = {SERVICE_MIGRATIONS, NULL};
    static const struct route *const routes[] = {REGISTRY_ROUTES, NULL};
    static const struct service_desc desc = {
        .name = "registry-service",
        .schema = "registry",
        .default_port = 3003,
        .flags = SERVICE_NO_MQ | SERVICE_NO_REGISTRY,
        .settings = REGISTRY_SETTINGS,
        .config_size = sizeof(struct registry_config),
        .routes = routes,
        .migrations = migrations,
        .init = init,
        .start = start,
        .drain = drain,
        .stop = stop,
        .release = release,
    };

    return service_main(argc, argv, &desc);
}
