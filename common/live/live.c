#include "live.h"

#include "clock.h"
#include "ws.h"

#define TOKEN_CHECK_MS 1000
#define CATCH_UP_RETRY_MS 500
#define WAIT_MS 5
#define STOP_STEP_MS 10
#define STOP_TIMEOUT_MS 5000

static struct metric connections = {
    .name = "ws_connections",
    .help = "Open sockets of this process.",
    .kind = METRIC_GAUGE,
};

static void refresh_metrics(void *unused)
{
    (void)unused;
    metric_set(metric_series(&connections, NULL), ws_count());
}

/* ---- what was missed ---------------------------------------------------------------------- */

static void CO_FN catch_up(void *arg)
{
    struct live *l = arg;
    int64_t after = l->pushed.floor;
    bool is_last = false;
    while (!is_last && !l->service->is_draining) {
        enum err rc = l->push_missed(l, &after, &is_last);
        if (rc && co_sleep_ms(CATCH_UP_RETRY_MS) != ERR_OK)
            break;
    }
    l->is_catching_up = false;
}

static void on_consuming(void *arg)
{
    struct live *l = arg;
    if (!l->has_begun || l->is_catching_up)
        return;
    l->is_catching_up = true;
    co_start(l->service->loop, catch_up, l, "catch up");
}

bool live_is_new(struct live *l, int64_t id)
{
    return recent_add(&l->pushed, id);
}

enum err live_wait(const struct live *l)
{
    enum err rc = ERR_OK;
    while (rc == ERR_OK && l->is_catching_up)
        rc = co_sleep_ms(WAIT_MS);
    return rc;
}

/* ---- from beginning to end ---------------------------------------------------------------- */

static void check_tokens(struct service *s, void *arg)
{
    (void)s;
    const struct live *l = arg;
    ws_hub_close_expired(l->people, clock_wall_us() / US_PER_S);
}

void live_init(struct live *l, struct service *s, live_page_fn push_missed)
{
    l->service = s;
    l->push_missed = push_missed;
    l->people = ws_hub_new();
    metrics_on_render(refresh_metrics, NULL);
    mq_on_consuming(s->mq, on_consuming, l);
}

void live_begin(struct live *l, int64_t newest)
{
    l->pushed.floor = newest;
    if (!l->has_begun)
        service_every(l->service, TOKEN_CHECK_MS, "token check", check_tokens, l);
    l->has_begun = true;
}

void live_stop(struct live *l)
{
    (void)l;
    ws_close_all(WS_GOING_AWAY);
    for (int waited = 0; waited < STOP_TIMEOUT_MS && ws_count() > 0; waited += STOP_STEP_MS)
        if (co_sleep_ms(STOP_STEP_MS) != ERR_OK)
            break;
}

void live_release(struct live *l)
{
    ws_hub_free(l->people);
}
