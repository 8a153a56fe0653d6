/* Who people are: accounts, logins, roles. Wiring only. */
#include "api/account.h"
#include "api/admin_handlers.h"
#include "api/app.h"
#include "clock.h"
#include "routes.h"
#include "seed/demo.h"
#include "store/api_token.h"
#include "store/login.h"
#include "store/session.h"

#define HOUR_MS (3600 * 1000)
/* Ended sessions are kept for a while: they tell whether an old token was reused. */
#define SESSION_KEEP_US (7 * US_PER_DAY)
/* Ended tokens, so that their owner sees what has become of them. */
#define API_TOKEN_KEEP_US (90 * US_PER_DAY)

extern const struct db_migration SERVICE_MIGRATIONS[];

static enum err init(struct service *s)
{
    struct auth_app *app = ARENA_NEW(s->arena, struct auth_app);
    const struct auth_config *config = s->own_config;

    if (s->is_production && config->allow_role_at_registration) {
        log_error("ALLOW_ROLE_AT_REGISTRATION hands out administrators: refused in production");
        return ERR_INVALID_INPUT;
    }
    app->service = s;
    app->config = config;
    app->password_policy = (struct password_policy){config->password_min_length, s->is_production};
    app->account_lockout =
        (struct lockout_policy){config->lockout_failures, config->lockout_window_s};
    app->address_lockout =
        (struct lockout_policy){config->lockout_address_failures, config->lockout_window_s};
    app->passwords =
        password_pool_new(s->loop, (int)config->password_threads, (int)config->password_queue);
    s->state = app;
    return ERR_OK;
}

static void release(struct service *s)
{
    struct auth_app *app = s->state;

    password_pool_free(app->passwords);
}

static void CO_FN purge(struct service *s, void *arg)
{
    struct auth_app *app = s->state;
    int64_t now = clock_wall_us();
    struct arena *a = arena_new();
    struct db_session db;
    enum err rc;

    db_session_init(&db, s->db, a);
    rc = session_store_purge(&db, now - SESSION_KEEP_US);
    if (rc == ERR_OK)
        rc = login_store_purge(&db, now - app->config->lockout_window_s * US_PER_S);
    if (rc == ERR_OK)
        rc = api_token_store_purge(&db, now - API_TOKEN_KEEP_US);
    if (rc)
        log_warn("could not purge ended sessions", LOG_CSTR("error", err_code(rc)));
    arena_free(a);
}

static enum err CO_FN start(struct service *s)
{
    struct auth_app *app = s->state;

    if (str_eq(s->config.environment, STR("development")) && app->config->demo_data) {
        enum err rc = demo_people_create(app);
        if (rc)
            return rc;
    }
    service_every(s, HOUR_MS, "purge", purge, NULL);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    static const struct db_migration *const migrations[] = {SERVICE_MIGRATIONS, NULL};
    static const struct route *const routes[] = {
        SESSION_ROUTES, ACCOUNT_ROUTES, USER_ROUTES, ROLE_ROUTES, AUDIT_ROUTES, TOKEN_ROUTES, NULL};
    static const struct service_desc desc = {
        .name = "auth-service",
        .schema = "auth",
        .default_port = 8003,
        .settings = AUTH_SETTINGS,
        .config_size = sizeof(struct auth_config),
        .routes = routes,
        .migrations = migrations,
        .init = init,
        .start = start,
        .release = release,
        .exchange_token = api_token_exchange,
    };

    return service_main(argc, argv, &desc);
}
