#include "delivery/sender.h"

#include "clock.h"
#include "delivery/outlet.h"
#include "log.h"
#include "metrics.h"
#include "rand.h"
#include "retry.h"
#include "state.h"
#include "store/device_store.h"
#include "store/trace_store.h"
#include "trace.h"

/* Over the longest an attempt takes: then its process must have died. */
#define LEASE_S 60

static struct metric deliveries = {
    .name = "deliveries_total",
    .help = "Attempts to deliver beyond the screen.",
    .kind = METRIC_COUNTER,
    .labels = "channel,result",
};

static void count(const struct delivery *d, const char *result)
{
    const struct str labels[] = {d->channel, str_from(result)};
    metric_add(metric_series(&deliveries, labels), 1);
}

static enum delivery_end end_of(const struct delivery *d, enum err rc)
{
    if (rc == ERR_OK)
        return DELIVERY_SENT;
    if (rc == ERR_FORBIDDEN)
        return DELIVERY_SUPPRESSED;
    bool is_final = rc == ERR_INVALID_INPUT || rc == ERR_NOT_FOUND || retry_is_over(d->attempts);
    return is_final ? DELIVERY_FAILED : DELIVERY_RETRIED;
}

static enum err CO_FN record(struct db_session *db, const struct delivery *d, enum err rc,
                             const char *why)
{
    static const char *const RESULTS[] = {[DELIVERY_SENT] = "sent",
                                          [DELIVERY_RETRIED] = "retried",
                                          [DELIVERY_FAILED] = "failed",
                                          [DELIVERY_SUPPRESSED] = "suppressed"};
    int64_t now = clock_wall_us();
    enum delivery_end end = end_of(d, rc);
    count(d, RESULTS[end]);
    const struct delivery_outcome o = {.id = d->id,
                                       .attempt = d->attempts,
                                       .end = end,
                                       .why = end == DELIVERY_SENT ? STR_NULL : str_from(why),
                                       .retry_at = retry_at(d->attempts, now, rand_u64())};
    if (end != DELIVERY_SENT)
        log_warn("not delivered", LOG_I("delivery_id", d->id), LOG_STR("channel", d->channel),
                 LOG_I("attempt", d->attempts), LOG_CSTR("result", RESULTS[end]),
                 LOG_CSTR("reason", why));
    if (rc == ERR_NOT_FOUND && d->device_id > 0 && device_store_forget(db, d->device_id) != ERR_OK)
        log_warn("a device that is gone could not be forgotten", LOG_I("device_id", d->device_id));
    return delivery_store_record(db, &o, now);
}

static void record_span(const struct delivery *d, const struct log_context *log,
                        int64_t duration_us, enum err rc)
{
    const struct span s = {.kind = SPAN_INTERNAL,
                           .name = STR("deliver"),
                           .log = log,
                           .duration_us = duration_us,
                           .error = rc ? err_code(rc) : NULL};
    const struct log_field fields[] = {LOG_STR("tts.channel", d->channel),
                                       LOG_I("tts.delivery_id", d->id),
                                       LOG_I("tts.attempt", d->attempts)};
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
}

/* As part of the trace of what the delivery tells. */
static enum err CO_FN send_traced(struct service *s, struct db_session *db,
                                  const struct delivery *d, const char **why)
{
    struct log_context log;
    if (trace_store_of_delivery(db, d->id, &log) == ERR_OK)
        co_set_local(&log);
    int64_t began_us = clock_mono_us();
    enum err rc = outlet_send(s, db, d, why);
    record_span(d, &log, clock_mono_us() - began_us, rc);
    co_set_local(NULL);
    return rc;
}

static bool CO_FN work(struct courier *c, struct service *s, struct arena *a, enum channel channel)
{
    struct targets *targets = &notification_state(s)->targets[channel];
    struct claim claim = {.channel = channel_word(channel), .lease_s = LEASE_S};
    struct db_session db;
    struct delivery due;
    const char *why = NULL;
    bool found;
    db_session_init(&db, s->db, a);
    claim.busy_count = targets_busy(targets, a, &claim.busy);
    if (delivery_store_claim(&db, &claim, clock_wall_us(), &due, &found) || !found)
        return false;
    targets_begin(targets, due.target);
    courier_claimed(c);
    enum err rc = send_traced(s, &db, &due, &why);
    targets_end(targets, due.target);
    if (record(&db, &due, rc, why && *why ? why : err_text(rc)) != ERR_OK)
        log_warn("the outcome of a delivery was not recorded; it will be sent again",
                 LOG_I("delivery_id", due.id));
    return true;
}

static bool CO_FN work_email(struct courier *c, struct service *s, struct arena *a)
{
    return work(c, s, a, CHANNEL_EMAIL);
}

static bool CO_FN work_sms(struct courier *c, struct service *s, struct arena *a)
{
    return work(c, s, a, CHANNEL_SMS);
}

static bool CO_FN work_push(struct courier *c, struct service *s, struct arena *a)
{
    return work(c, s, a, CHANNEL_PUSH);
}

struct courier *sender_new(struct service *s, enum channel channel)
{
    static const struct {
        courier_work_fn work;
        const char *name;
    } SENDERS[CHANNEL_COUNT] = {
        [CHANNEL_EMAIL] = {work_email, "mail"},
        [CHANNEL_SMS] = {work_sms, "short message"},
        [CHANNEL_PUSH] = {work_push, "push message"},
    };
    return courier_new(s, SENDERS[channel].work, SENDERS[channel].name);
}
