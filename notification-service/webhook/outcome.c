#include "webhook/outcome.h"

#include "clock.h"
#include "config.h"
#include "domain/webhook_rules.h"
#include "event.h"
#include "events/publish.h"
#include "log.h"
#include "metrics.h"
#include "rand.h"
#include "store/webhook_store.h"

/* Longest time that Retry-After keeps everything from an endpoint. */
#define REST_MAX_US (3600 * US_PER_S)

static struct metric attempts = {
    .name = "webhook_deliveries_total",
    .help = "Attempts to send a webhook.",
    .kind = METRIC_COUNTER,
    .labels = "result",
};

static void count(const char *result)
{
    const struct str labels[] = {str_from(result)};
    metric_add(metric_series(&attempts, labels), 1);
}

struct failure {
    struct webhooks *webhooks;
    const struct webhook_due *due;
    const struct webhook_result *result;
    int64_t now, next_at;
    bool is_disabled;
};

/* ---- telling ------------------------------------------------------------------------------ */

static enum err CO_FN publish(struct db_session *db, const struct failure *f,
                              const struct webhook *w, struct str host)
{
    const struct event_webhook payload = {.webhook_id = w->id,
                                          .host = host,
                                          .reason = w->disabled_reason,
                                          .owner_id = w->created_by,
                                          .failing_since = w->failing_since,
                                          .last_status = f->result->attempt.status,
                                          .last_error = f->result->attempt.error};
    const struct event_meta meta = {.source = "notification-service",
                                    .type = "webhook.failed",
                                    .subject =
                                        str_printf(db->arena, "webhook-%lld", (long long)w->id),
                                    .time = f->now};
    return event_put(db, &meta, &EVENT_WEBHOOK, &payload);
}

/* The URL may hold a secret; its host does not. */
static enum err CO_FN tell(struct db_session *db, const struct failure *f, const struct webhook *w)
{
    struct str host = STR("");
    struct notification ignored;
    bool is_new;
    (void)webhook_url_problem(w->url, &host);
    enum err rc = publish(db, f, w, host);
    if (rc)
        return rc;
    const struct announcement a = {
        .user_id = w->created_by,
        .type = STR("webhook_failed"),
        .title = STR("A webhook was disabled"),
        .message = str_printf(db->arena, "Webhook %lld to %.*s was disabled: it %s (%.*s).",
                              (long long)w->id, STR_ARG(host),
                              f->result->is_gone ? "is gone" : "has failed for too long",
                              STR_ARG(f->result->attempt.error)),
        .group = GROUP_JOBS,
        .offered =
            CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_EMAIL) | CHANNEL_BIT(CHANNEL_PUSH),
        .now = f->now,
    };
    return announce(f->webhooks->service, db, &a, &ignored, &is_new);
}

/* ---- the endpoint ------------------------------------------------------------------------- */

static int64_t paused_until(const struct failure *f, const struct webhook *w)
{
    int64_t pause = webhook_pause(w->failures), rest = f->result->retry_after_s * US_PER_S;
    if (rest > REST_MAX_US)
        rest = REST_MAX_US;
    if (pause < rest)
        pause = rest;
    return pause ? f->now + pause : INT64_MIN;
}

static void judge(struct failure *f, struct webhook *w)
{
    int64_t patience_us =
        notification_config(f->webhooks->service)->webhook.disable_after_s * US_PER_S;
    w->failures++;
    if (w->failing_since == INT64_MIN)
        w->failing_since = f->now;
    w->paused_until = paused_until(f, w);
    bool is_hopeless = f->now - w->failing_since >= patience_us;
    if (!w->is_enabled || (!f->result->is_gone && !is_hopeless))
        return;
    w->is_enabled = false;
    w->disabled_reason = f->result->is_gone ? STR("gone") : STR("failing");
    w->disabled_at = f->now;
    f->is_disabled = true;
}

static enum err CO_FN record_failure(struct db_session *db, void *arg)
{
    struct failure *f = arg;
    struct webhook w;
    f->is_disabled = false;
    enum err rc = webhook_store_lock(db, f->due->webhook_id, &w);
    /* It was deleted meanwhile, and its deliveries with it. */
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (rc == ERR_OK)
        rc = webhook_store_record(db, f->due, &f->result->attempt, f->next_at);
    if (rc)
        return rc;
    judge(f, &w);
    rc = webhook_store_failed(db, &w, f->now);
    return rc || !f->is_disabled ? rc : tell(db, f, &w);
}

static enum err CO_FN failed(struct webhooks *w, struct db_session *db, const struct webhook_due *d,
                             const struct webhook_result *r)
{
    int64_t now = clock_wall_us();
    bool is_over = webhook_attempts_are_over(d->attempt);
    struct failure f = {
        .webhooks = w,
        .due = d,
        .result = r,
        .now = now,
        .next_at = is_over ? INT64_MIN
                           : webhook_next_attempt(d->attempt, now, r->retry_after_s, rand_u64())};
    enum err rc = db_transact(db, record_failure, &f);
    if (rc)
        return rc;
    count(is_over ? "failed" : "retried");
    log_warn("webhook not delivered", LOG_I("webhook_id", d->webhook_id),
             LOG_I("delivery_id", d->id), LOG_I("attempt", d->attempt), LOG_B("is_final", is_over),
             LOG_STR("reason", r->attempt.error));
    if (f.is_disabled)
        log_error("webhook disabled", LOG_I("webhook_id", d->webhook_id),
                  LOG_CSTR("reason", r->is_gone ? "gone" : "failing"));
    return ERR_OK;
}

enum err webhook_outcome(struct webhooks *w, struct db_session *db, const struct webhook_due *d,
                         const struct webhook_result *r)
{
    if (r->attempt.error.p)
        return failed(w, db, d, r);
    enum err rc = webhook_store_record(db, d, &r->attempt, INT64_MIN);
    if (rc == ERR_OK)
        rc = webhook_store_succeeded(db, d->webhook_id, clock_wall_us());
    if (rc == ERR_OK)
        count("delivered");
    return rc;
}
