#include "webhook/webhook.h"

#include <stdio.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "store/webhook_delivery_store.h"
#include "webhook/consume.h"
#include "webhook/sender.h"

#define PREVIOUS_KEYS_MAX 8
#define PURGE_INTERVAL_MS (10 * 60 * 1000)
#define PURGE_BATCH 1000

static struct seal_keys *seal_of(const struct webhook_config *c)
{
    struct str secrets[1 + PREVIOUS_KEYS_MAX] = {c->secret_key}, one;
    struct str rest = c->previous_secret_keys;
    size_t n = 1;
    while (n <= PREVIOUS_KEYS_MAX && str_next(&rest, ',', &one))
        if (str_trim(one).len)
            secrets[n++] = str_trim(one);
    return seal_keys_new(secrets, n);
}

enum err webhooks_init(struct webhooks *w, struct service *s)
{
    const struct webhook_config *c = &notification_config(s)->webhook;
    struct str bad;
    *w = (struct webhooks){.service = s};
    if (!cidr_list_parse(s->arena, c->allow, &w->allowed, &bad)) {
        fprintf(stderr, "WEBHOOK_ALLOW: \"%.*s\" is no address and no network\n", STR_ARG(bad));
        return ERR_INVALID_INPUT;
    }
    w->seal = seal_of(c);
    w->sender = webhook_sender_new(w);
    webhook_consume_declare(s);
    return ERR_OK;
}

static void CO_FN purge(struct service *s, void *arg)
{
    const struct webhook_config *c = &notification_config(s)->webhook;
    int64_t before = clock_wall_us() - c->retention_s * US_PER_S, count = PURGE_BATCH;
    (void)arg;
    while (count == PURGE_BATCH && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session db;
        db_session_init(&db, s->db, a);
        if (webhook_store_purge(&db, before, PURGE_BATCH, &count))
            count = 0;
        arena_free(a);
    }
}

void webhooks_start(struct webhooks *w)
{
    if (w->is_started)
        return;
    w->is_started = true;
    webhook_sender_start(w->sender);
    service_every(w->service, PURGE_INTERVAL_MS, "old webhooks", purge, NULL);
}

void CO_FN webhooks_stop(struct webhooks *w)
{
    webhook_sender_stop(w->sender);
}

void webhooks_release(struct webhooks *w)
{
    webhook_sender_free(w->sender);
    if (w->seal)
        seal_keys_free(w->seal);
}

void webhooks_kick(void *webhooks)
{
    webhook_sender_kick(((struct webhooks *)webhooks)->sender);
}
