/* Who runs where: instances, leases, health. Wiring only. */
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
    g->started_at = clock_mono_us();
    /* Leases went on ending while this program did not run and nobody could renew. */
    g->expire_from = g->started_at + g->config->lease_s * US_PER_S;
    s->state = g;
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

static void release(struct service *s)
{
    directory_free(registry_of(s)->directory);
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
        .release = release,
    };

    return service_main(argc, argv, &desc);
}
