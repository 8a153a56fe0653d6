/* notification-service: tells people what happens to their tickets, on screen and by mail. */
#include <stdio.h>
#include <stdlib.h>

#include "api/push.h"
#include "config.h"
#include "deadletter.h"
#include "delivery/sender.h"
#include "events/consume.h"
#include "mail.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "state.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

static enum err init(struct service *s)
{
    if (!mail_sender_is_safe(notification_config(s)->mail.from)) {
        fprintf(stderr, "MAIL_FROM: must be \"Name <address>\" or an address\n");
        return ERR_INVALID_INPUT;
    }
    struct notification_state *state = MEM_NEW(struct notification_state);
    s->state = state;
    live_init(&state->live, s, push_missed);
    state->courier = courier_new(s, sender_work, "delivery");
    events_declare(s);
    return webhooks_init(&state->webhooks, s);
}

static enum err CO_FN start(struct service *s)
{
    struct notification_state *state = notification_state(s);
    courier_start(state->courier);
    webhooks_start(&state->webhooks);
    enum err rc = push_begin(&state->live);
    if (rc == ERR_OK)
        rc = deadletters_start(s);
    return rc ? rc : people_sync(s);
}

static void CO_FN stop(struct service *s)
{
    struct notification_state *state = notification_state(s);
    live_stop(&state->live);
    courier_stop(state->courier);
    webhooks_stop(&state->webhooks);
}

static void release(struct service *s)
{
    struct notification_state *state = notification_state(s);
    live_release(&state->live);
    courier_free(state->courier);
    webhooks_release(&state->webhooks);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {
        PEOPLE_MIGRATIONS, WRITE_MIGRATIONS, DEADLETTER_MIGRATIONS, SERVICE_MIGRATIONS, NULL};
    static const struct route *const ROUTES[] = {NOTIFICATION_ROUTES, WEBHOOK_ROUTES,
                                                 DEADLETTER_ROUTES, NULL};
    static const struct service_command COMMANDS[] = {DEADLETTER_COMMAND, {0}};
    static const struct service_desc DESC = {
        .name = "notification-service",
        .schema = "notification",
        .default_port = 1003,
        .settings = NOTIFICATION_SETTINGS,
        .config_size = sizeof(struct notification_config),
        .routes = ROUTES,
        .migrations = MIGRATIONS,
        .init = init,
        .start = start,
        .stop = stop,
        .release = release,
        .commands = COMMANDS,
    };
    return service_main(argc, argv, &DESC);
}
