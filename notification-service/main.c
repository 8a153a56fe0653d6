/* notification-service: tells people what happens to their tickets, on screen and by mail. */
#include <stdlib.h>

#include "api/socket.h"
#include "config.h"
#include "delivery/mailer.h"
#include "events/consume.h"
#include "log.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "ws.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define STOP_TIMEOUT_MS 5000

static enum err init(struct service *s)
{
    struct notification_state *state = MEM_NEW(struct notification_state);
    s->state = state;
    state->mailer = mailer_new(s);
    state->people = ws_hub_new();
    events_declare(s);
    return ERR_OK;
}

static enum err CO_FN start(struct service *s)
{
    enum err rc = people_sync(s);
    if (rc == ERR_OK)
        mailer_start(notification_state(s)->mailer);
    return rc;
}

static void CO_FN stop(struct service *s)
{
    struct notification_state *state = notification_state(s);
    ws_close_all(WS_GOING_AWAY);
    for (int waited = 0; waited < STOP_TIMEOUT_MS; waited += 10)
        if ((ws_count() == 0 && mailer_active(state->mailer) == 0) || co_sleep_ms(10) != ERR_OK)
            break;
}

static void release(struct service *s)
{
    struct notification_state *state = notification_state(s);
    mailer_free(state->mailer);
    ws_hub_free(state->people);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};
    static const struct service_desc DESC = {
        .name = "notification-service",
        .schema = "notification",
        .default_port = 1003,
        .settings = NOTIFICATION_SETTINGS,
        .config_size = sizeof(struct notification_config),
        .routes = NOTIFICATION_ROUTES,
        .migrations = MIGRATIONS,
        .init = init,
        .start = start,
        .stop = stop,
        .release = release,
    };
    return service_main(argc, argv, &DESC);
}
