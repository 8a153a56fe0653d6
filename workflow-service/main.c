/* workflow-service: turns tickets into tasks and sees them through. Wiring only. */
#include "api/clocks.h"
#include "clock.h"
#include "config.h"
#include "deadletter.h"
#include "demo.h"
#include "events/events.h"
#include "log.h"
#include "people.h"
#include "routes.h"
#include "service.h"
#include "store/zone_store.h"
#include "write_run.h"

#define RECOMPUTE_MS 1000
#define PURGE_MS (3600 * 1000)
#define FOLDING_MS 2000
#define SORTING_MS 5000

extern const struct db_migration SERVICE_MIGRATIONS[];

struct workflow_state {
    bool has_timers;
};

static enum err init(struct service *s)
{
    const struct workflow_config *cfg = s->own_config;
    s->state = ARENA_NEW(s->arena, struct workflow_state);
    clocks_set_warning(cfg->sla_warning_percent);
    tickets_consume(s);
    updates_consume(s);
    people_follow(s);
    return ERR_OK;
}

static void CO_FN purge_job(struct service *s, void *arg)
{
    struct arena *a = arena_new();
    struct db_session session;
    db_session_init(&session, s->db, a);
    if (write_purge(&session, clock_wall_us()) != ERR_OK)
        log_warn("outdated answers are kept a while longer");
    arena_free(a);
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
    service_every(s, PURGE_MS, "purge", purge_job, NULL);
    service_every(s, RECOMPUTE_MS, "recompute", recompute_job, NULL);
    service_every(s, (int)cfg->pool_poll_ms, "pool", pool_job, NULL);
    service_every(s, (int)cfg->pool_poll_ms, "unmatched", unmatched_job, NULL);
    service_every(s, FOLDING_MS, "statistics", statistics_job, NULL);
    service_every(s, SORTING_MS, "texts", texts_job, NULL);
}

static enum err CO_FN start(struct service *s)
{
    start_timers(s);
    enum err rc = deadletters_start(s);
    if (rc == ERR_OK && s->is_development)
        rc = demo_seed(s);
    return rc ? rc : people_sync(s);
}

static void release(struct service *s)
{
    zone_store_release();
}

static const struct db_migration *const MIGRATIONS[] = {
    PEOPLE_MIGRATIONS, WRITE_MIGRATIONS, DEADLETTER_MIGRATIONS, SERVICE_MIGRATIONS, NULL};

static const struct route *const ROUTES[] = {
    WORKFLOW_ROUTES,   TASK_ROUTES,       SLA_ROUTES,        DEFINITION_ROUTES,
    ASSIGNMENT_ROUTES, STATISTICS_ROUTES, DEADLETTER_ROUTES, NULL};

static const struct service_command COMMANDS[] = {DEADLETTER_COMMAND, {0}};

static const struct service_desc WORKFLOW = {
    .name = SERVICE_NAME,
    .schema = "workflow",
    .default_port = 1001,
    .default_db_pool = 16,
    .settings = WORKFLOW_SETTINGS,
    .config_size = sizeof(struct workflow_config),
    .routes = ROUTES,
    .migrations = MIGRATIONS,
    .init = init,
    .start = start,
    .release = release,
    .commands = COMMANDS,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &WORKFLOW);
}
