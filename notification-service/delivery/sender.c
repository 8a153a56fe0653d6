#include "delivery/sender.h"

#include "clock.h"
#include "delivery/outlet.h"
#include "log.h"
#include "metrics.h"
#include "rand.h"
#include "retry.h"

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

static enum err CO_FN record(struct db_session *db, const struct delivery *d, enum err rc,
                             const char *why)
{
    int64_t now = clock_wall_us();
    if (rc == ERR_OK) {
        count(d, "sent");
        return delivery_store_sent(db, d->id, now);
    }
    bool is_final = rc == ERR_INVALID_INPUT || retry_is_over(d->attempts);
    count(d, is_final ? "failed" : "retried");
    log_warn("not delivered", LOG_I("delivery_id", d->id), LOG_STR("channel", d->channel),
             LOG_I("attempt", d->attempts), LOG_B("is_final", is_final), LOG_CSTR("reason", why));
    return delivery_store_failed(db, d->id, str_from(why),
                                 is_final ? INT64_MIN : retry_at(d->attempts, now, rand_u64()));
}

bool CO_FN sender_work(struct courier *c, struct service *s, struct arena *a)
{
    struct db_session db;
    const struct delivery *due;
    const char *why = NULL;
    size_t n;
    db_session_init(&db, s->db, a);
    if (delivery_store_claim(&db, clock_wall_us(), LEASE_S, 1, &due, &n) || n == 0)
        return false;
    courier_claimed(c);
    enum err rc = outlet_send(s, a, due, &why);
    if (record(&db, due, rc, why && *why ? why : err_text(rc)) != ERR_OK)
        log_warn("the outcome of a delivery was not recorded; it will be sent again",
                 LOG_I("delivery_id", due->id));
    return true;
}
