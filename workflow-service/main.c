/* workflow-service: turns tickets into tasks and sees them through. Wiring only. */
#include "config.h"
#include "demo.h"
#include "events/events.h"
#include "people.h"
#include "routes.h"
#include "service.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

struct workflow_state {
    bool has_timers;
};

static enum err init(struct service *s)
{
    s->state = ARENA_NEW(s->arena, struct workflow_state);
    tickets_consume(s);
    people_follow(s);
    return ERR_OK;
}

/* Clocks run whether or not auth-service can tell about people. */
static void start_timers(struct service *s)
{
    struct workflow_state *state = s->state;
    const struct workflow_config *cfg = s->own_config;
    if (state->has_timers)
        return;
    state->has_timers = true;
    service_every(s, (int)cfg->sla_poll_ms, "sla", sla_job, NULL);
    service_every(s, (int)cfg->pool_poll_ms, "pool", pool_job, NULL);
}

static enum err CO_FN start(struct service *s)
{
    start_timers(s);
    if (s->is_development) {
        enum err rc = demo_seed(s);
        if (rc)
            return rc;
    }
    return people_sync(s);
}

static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                        NULL};

static const struct route *const ROUTES[] = {WORKFLOW_ROUTES, NULL};

static const struct service_desc WORKFLOW = {
    .name = SERVICE_NAME,
    .schema = "workflow",
    .default_port = 1001,
    .settings = WORKFLOW_SETTINGS,
    .config_size = sizeof(struct workflow_config),
    .routes = ROUTES,
    .migrations = MIGRATIONS,
    .init = init,
    .start = start,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &WORKFLOW);
}
