/* notification-service: tells people what happens to their tickets, on screen and by mail. */
#include <stdio.h>
#include <stdlib.h>

#include "api/push.h"
#include "clock.h"
#include "config.h"
#include "deadletter.h"
#include "delivery/digests.h"
#include "delivery/sender.h"
#include "domain/shipped.h"
#include "events/consume.h"
#include "log.h"
#include "mail.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "state.h"
#include "store/retention_store.h"
#include "store/tally_store.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define FOLDING_MS 2000
#define PURGING_MS 600000
/* An event that comes later than that tells of a message that nobody knows to be gone. */
#define GONE_DAYS 30
#define DAY_US (INT64_C(86400) * US_PER_S)

struct forgetting {
    int64_t before, count;
};

static void CO_FN fold_tallies(struct service *s, void *arg)
{
    struct arena *a = arena_new();
    struct db_session db;
    bool more = true;
    (void)arg;
    db_session_init(&db, s->db, a);
    while (more && !s->is_draining)
        if (tally_store_fold(&db, &more) != ERR_OK)
            break;
    arena_free(a);
}

static enum err CO_FN forget_batch(struct db_session *db, void *arg)
{
    struct forgetting *f = arg;
    return retention_store_notifications(db, f->before, &f->count);
}

/* What is kept no longer, batch by batch. */
static void CO_FN purge(struct service *s, void *arg)
{
    int64_t now = clock_wall_us(), retention_s = notification_config(s)->retention_s;
    struct forgetting f = {.before = now - retention_s * US_PER_S};
    enum err rc = ERR_OK;
    (void)arg;
    do {
        struct arena *a = arena_new();
        struct db_session db;
        db_session_init(&db, s->db, a);
        if (retention_s)
            rc = db_transact(&db, forget_batch, &f);
        if (rc == ERR_OK && !f.count)
            rc = retention_store_gone_messages(&db, now - GONE_DAYS * DAY_US);
        if (rc == ERR_OK && !f.count)
            rc = write_purge(&db, now);
        arena_free(a);
    } while (rc == ERR_OK && f.count && !s->is_draining);
    if (rc)
        log_warn("not everything that is kept no longer was removed",
                 LOG_CSTR("error", err_code(rc)));
}

static enum err init(struct service *s)
{
    if (!mail_sender_is_safe(notification_config(s)->mail.from)) {
        fprintf(stderr, "MAIL_FROM: must be \"Name <address>\" or an address\n");
        return ERR_INVALID_INPUT;
    }
    if (!language_is_code(notification_config(s)->language)) {
        fprintf(stderr, "NOTIFICATION_LANGUAGE: must be a code like de or de-AT\n");
        return ERR_INVALID_INPUT;
    }
    if (!access_check(s))
        return ERR_INVALID_INPUT;
    struct notification_state *state = MEM_NEW(struct notification_state);
    s->state = state;
    live_init(&state->live, s, push_missed);
    for (int c = CHANNEL_EMAIL; c < CHANNEL_COUNT; c++)
        state->couriers[c] = sender_new(s, (enum channel)c);
    state->digests = courier_new(s, digests_work, "digest");
    events_declare(s);
    return webhooks_init(&state->webhooks, s);
}

static enum err CO_FN start(struct service *s)
{
    struct notification_state *state = notification_state(s);
    webhooks_start(&state->webhooks);
    for (int c = CHANNEL_EMAIL; c < CHANNEL_COUNT; c++)
        courier_start(state->couriers[c]);
    courier_start(state->digests);
    enum err rc = push_begin(&state->live);
    if (rc == ERR_OK)
        rc = deadletters_start(s);
    if (rc == ERR_OK)
        rc = people_sync(s);
    if (rc)
        return rc;
    service_every(s, FOLDING_MS, "tallies", fold_tallies, NULL);
    service_every(s, PURGING_MS, "purge", purge, NULL);
    return ERR_OK;
}

static void CO_FN stop(struct service *s)
{
    struct notification_state *state = notification_state(s);
    live_stop(&state->live);
    webhooks_stop(&state->webhooks);
    courier_stop(state->digests);
    for (int c = CHANNEL_EMAIL; c < CHANNEL_COUNT; c++)
        courier_stop(state->couriers[c]);
}

static void release(struct service *s)
{
    struct notification_state *state = notification_state(s);
    live_release(&state->live);
    webhooks_release(&state->webhooks);
    courier_free(state->digests);
    for (int c = CHANNEL_EMAIL; c < CHANNEL_COUNT; c++)
        courier_free(state->couriers[c]);
    free(state->push_access.token);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {
        PEOPLE_MIGRATIONS, WRITE_MIGRATIONS, DEADLETTER_MIGRATIONS, SERVICE_MIGRATIONS, NULL};
    static const struct route *const ROUTES[] = {NOTIFICATION_ROUTES,
                                                 PREFERENCE_ROUTES,
                                                 TEMPLATE_ROUTES,
                                                 DELIVERY_ROUTES,
                                                 WEBHOOK_ROUTES,
                                                 DEADLETTER_ROUTES,
                                                 NULL};
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
