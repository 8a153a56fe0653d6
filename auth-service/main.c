/* Who people are: accounts, logins, roles. Wiring only. */
#include "api/account.h"
#include "api/admin_handlers.h"
#include "api/app.h"
#include "api/command.h"
#include "clock.h"
#include "courier.h"
#include "mail.h"
#include "mail/sender.h"
#include "routes.h"
#include "seed/demo.h"
#include "store/api_token.h"
#include "store/factor.h"
#include "store/guard.h"
#include "store/mail_token.h"
#include "store/session.h"
#include "write_run.h"

#define HOUR_MS (3600 * 1000)
#define PREVIOUS_KEYS_MAX 8
#define FACTOR_FAILURES 5
/* Ended sessions are kept for a while: they tell whether an old token was reused. */
#define SESSION_KEEP_US (7 * US_PER_DAY)
/* Ended tokens, so that their owner sees what has become of them. */
#define API_TOKEN_KEEP_US (90 * US_PER_DAY)
/* An old link is told to have expired instead of to be invalid. */
#define LINK_KEEP_US (30 * US_PER_DAY)

extern const struct db_migration SERVICE_MIGRATIONS[];

static struct seal_keys *seal_of(struct service *s, const struct auth_config *config)
{
    struct str secrets[1 + PREVIOUS_KEYS_MAX] = {config->secret_key}, one;
    struct str rest = config->previous_secret_keys;
    size_t n = 1;

    while (n <= PREVIOUS_KEYS_MAX && str_next(&rest, ',', &one))
        if (str_trim(one).len)
            secrets[n++] = str_trim(one);
    return seal_keys_new(secrets, n);
}

static enum err init(struct service *s)
{
    struct auth_app *app = ARENA_NEW(s->arena, struct auth_app);
    const struct auth_config *config = s->own_config;

    if (s->is_production && config->allow_role_at_registration) {
        log_error("ALLOW_ROLE_AT_REGISTRATION hands out administrators: refused in production");
        return ERR_INVALID_INPUT;
    }
    if (!mail_sender_is_safe(config->mail.from)) {
        log_error("MAIL_FROM must be \"Name <address>\" or an address");
        return ERR_INVALID_INPUT;
    }
    app->service = s;
    app->config = config;
    app->password_policy = (struct password_policy){config->password_min_length, s->is_production};
    app->account_lockout =
        (struct lockout_policy){config->lockout_failures, config->lockout_window_s};
    app->address_lockout =
        (struct lockout_policy){config->lockout_address_failures, config->lockout_window_s};
    app->mail_limit = (struct lockout_policy){config->mail_requests, config->lockout_window_s};
    app->factor_lockout = (struct lockout_policy){FACTOR_FAILURES, config->lockout_window_s};
    app->seal = seal_of(s, config);
    seal_derive(config->secret_key, STR("mailed codes"), app->code_key);
    seal_derive(config->secret_key, STR("repeated requests"), app->request_key);
    app->courier = courier_new(s, mail_work, "mail");
    app->passwords =
        password_pool_new(s->loop, (int)config->password_threads, (int)config->password_queue);
    s->state = app;
    return ERR_OK;
}

static void release(struct service *s)
{
    struct auth_app *app = s->state;

    password_pool_free(app->passwords);
    courier_free(app->courier);
    seal_keys_free(app->seal);
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
        rc = api_token_store_purge(&db, now - API_TOKEN_KEEP_US);
    if (rc == ERR_OK)
        rc = guard_store_purge(&db, now - app->config->lockout_window_s * US_PER_S);
    if (rc == ERR_OK)
        rc = challenge_store_purge(&db, now);
    if (rc == ERR_OK)
        rc = mail_token_store_purge(&db, now - LINK_KEEP_US);
    if (rc == ERR_OK)
        rc = write_purge(&db, now);
    if (rc)
        log_warn("could not purge what has ended", LOG_CSTR("error", err_code(rc)));
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
    courier_start(app->courier);
    service_every(s, HOUR_MS, "purge", purge, NULL);
    return ERR_OK;
}

static void CO_FN stop(struct service *s)
{
    struct auth_app *app = s->state;

    courier_stop(app->courier);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const migrations[] = {WRITE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};
    static const struct route *const routes[] = {
        SESSION_ROUTES, ACCOUNT_ROUTES, FACTOR_ROUTES, INVITATION_ROUTES, PASSWORD_ROUTES,
        USER_ROUTES,    ROLE_ROUTES,    AUDIT_ROUTES,  TOKEN_ROUTES,      NULL};
    static const struct service_command commands[] = {
        {"--create-admin", "make somebody an administrator; the password comes from standard input",
         CREATE_ADMIN_USAGE, create_admin_command},
        {"--reset-user",
         "a new password or link for somebody, whose sessions and second factor end",
         RESET_USER_USAGE, reset_user_command},
        {0}};
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
        .stop = stop,
        .release = release,
        .refused = access_refused,
        .exchange_token = api_token_exchange,
        .commands = commands,
    };

    return service_main(argc, argv, &desc);
}
