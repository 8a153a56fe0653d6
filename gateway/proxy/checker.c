#include "proxy/checker.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config/snapshot.h"
#include "gateway.h"
#include "mem.h"
#include "metrics.h"
#include "proxy/endpoint.h"
#include "proxy/health.h"
#include "proxy/probe.h"
#include "rand.h"

/* How often it looks what is due: with something to look after, and without. */
#define BUSY_MS 100
#define QUIET_MS 1000
#define RETRY_TIMEOUT_MS 2000
/* The first check of a target comes soon after the configuration, but not of all at once. */
#define FIRST_CHECK_US (300 * US_PER_MS)

struct checker {
    struct gateway *gw;
    struct endpoint_table *endpoints;
    struct timer timer;
    struct list checks; /* struct check: under way */
    struct buf shown;   /* struct metric_series *: those that are 1 */
};

/* One check under way: of a target for an upstream, or of an endpoint that failed a request. */
struct check {
    struct list link;
    struct checker *checker;
    struct endpoint *endpoint; /* referenced by the probe */
    struct health *health;     /* of the endpoint; NULL: a retry */
    struct probe *probe;
};

static struct check *check_new(struct checker *c, struct endpoint *e, struct health *h)
{
    struct check *k = MEM_NEW(struct check);
    k->checker = c;
    k->endpoint = e;
    k->health = h;
    list_append(&c->checks, &k->link);
    return k;
}

static void check_free(struct check *k)
{
    list_remove(&k->link);
    free(k);
}

/* Between nine and eleven tenths of it, so that the processes of a fleet do not march in step. */
static int64_t jittered(int64_t us)
{
    return us - us / 10 + (int64_t)(rand_u64() % (uint64_t)(us / 5 + 1));
}

/* ---- endpoints that failed a request -------------------------------------------------------- */

static void on_retried(void *arg, enum probe_result result, int status)
{
    (void)status;
    struct check *k = arg;
    struct endpoint *e = k->endpoint;
    check_free(k);
    e->is_retrying = false;
    if (!e->failures)
        return;
    if (result == PROBE_OK)
        endpoint_succeeded(e);
    else
        endpoint_failed(e, clock_mono_us());
}

static void retry(struct checker *c, struct endpoint *e, int64_t now)
{
    static const struct probe_spec connection = {.timeout_ms = RETRY_TIMEOUT_MS};
    if (e->is_retrying || now < e->retry_due_us)
        return;
    if (!endpoint_has_address(e)) {
        endpoint_failed(e, now);
        return;
    }
    struct check *k = check_new(c, e, NULL);
    e->is_retrying = true;
    struct probe *p = probe_start(c->gw, e, &connection, on_retried, k);
    if (p)
        k->probe = p;
}

/* ---- upstreams with active checks ----------------------------------------------------------- */

static const struct upstream *find_upstream(const struct checker *c, struct str name)
{
    const struct snapshot *s = c->gw->snapshot;
    for (size_t i = 0; s && i < s->declared_count; i++)
        if (str_eq(s->upstreams[i].name, name))
            return &s->upstreams[i];
    return NULL;
}

static void on_checked(void *arg, enum probe_result result, int status)
{
    struct check *k = arg;
    struct health *h = k->health;
    struct endpoint *e = k->endpoint;
    /* The configuration may be another by now. */
    const struct upstream *u = find_upstream(k->checker, str_from(h->upstream));
    int64_t now = clock_mono_us();
    check_free(k);
    h->is_checking = false;
    if (!u || !u->rules)
        return;
    if (result == PROBE_OK)
        endpoint_succeeded(e);
    if (result == PROBE_OK && status)
        health_report_status(h, u->rules, true, status, now);
    else
        health_report(h, u->rules, true,
                      result == PROBE_OK        ? HEALTH_SUCCESS
                      : result == PROBE_TIMEOUT ? HEALTH_TIMEOUT
                                                : HEALTH_TCP_FAILURE,
                      now);
    h->check_due_us = now + jittered(health_check_interval(h, u->rules) * US_PER_S);
}

static void check(struct checker *c, const struct upstream *u, const struct upstream_target *t,
                  int64_t now)
{
    const struct kong_health_active *a = &u->rules->active;
    struct health *h = t->health;
    struct probe_spec spec = {.timeout_ms = a->timeout * 1000};
    if (!health_check_interval(h, u->rules) || h->is_checking)
        return;
    if (!h->check_due_us)
        h->check_due_us = now + (int64_t)(rand_u64() % FIRST_CHECK_US);
    if (now < h->check_due_us)
        return;
    if (!endpoint_has_address(t->endpoint)) {
        h->check_due_us = now + US_PER_S;
        if (t->endpoint->address_state == ADDRESS_UNKNOWN)
            health_report(h, u->rules, true, HEALTH_TCP_FAILURE, now);
        return;
    }
    if (str_eq(a->type, STR("http"))) {
        spec.path = a->http_path;
        spec.host = u->host_header.p ? u->host_header : str_from(t->endpoint->text);
    }
    struct check *k = check_new(c, t->endpoint, h);
    h->is_checking = true;
    struct probe *p = probe_start(c->gw, t->endpoint, &spec, on_checked, k);
    if (p)
        k->probe = p;
}

static int64_t running(const struct upstream *u)
{
    int64_t n = 0;
    for (size_t i = 0; i < u->count; i++)
        n += u->targets[i].health->is_checking;
    return n;
}

static void check_targets(struct checker *c, const struct upstream *u, int64_t now)
{
    for (size_t i = 0; i < u->count; i++)
        if (running(u) < u->rules->active.concurrency)
            check(c, u, &u->targets[i], now);
}

/* ---- what is known, as Kong's metric ----------------------------------------------------------
 */

static struct metric target_health = {
    .name = "kong_upstream_target_health",
    .help = "1 for the state a target is in.",
    .kind = METRIC_GAUGE,
    .labels = "upstream,target,address,state,subsystem",
};

static void show_state(struct checker *c, const struct upstream *u, const struct upstream_target *t)
{
    static const char *const states[] = {"healthy", "unhealthy", "dns_error"};
    const char *now = upstream_target_state(t);
    struct str target = str_from(t->endpoint->text);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct str values[] = {u->name, target, target, str_from(states[i]), STR("http")};
        bool is_so = str_ieq(str_from(now), str_from(states[i]));
        struct metric_series *s = metric_series(&target_health, values);
        metric_set(s, is_so);
        if (is_so)
            buf_add(&c->shown, &s, sizeof(struct metric_series *));
    }
}

/* A target that has gone is in no state any more. */
static void show_states(void *arg)
{
    struct checker *c = arg;
    const struct snapshot *s = c->gw->snapshot;
    struct metric_series *last;
    for (size_t i = 0; i < c->shown.len; i += sizeof last) {
        memcpy(&last, c->shown.p + i, sizeof last);
        metric_set(last, 0);
    }
    buf_clear(&c->shown);
    for (size_t i = 0; s && i < s->declared_count; i++)
        for (size_t k = 0; k < s->upstreams[i].count; k++)
            show_state(c, &s->upstreams[i], &s->upstreams[i].targets[k]);
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool is_checked(const struct upstream *u)
{
    return u->rules &&
           (u->rules->active.healthy.interval > 0 || u->rules->active.unhealthy.interval > 0);
}

static void look(void *arg)
{
    struct checker *c = arg;
    const struct snapshot *s = c->gw->snapshot;
    int64_t now = clock_mono_us();
    bool is_busy = false;
    LIST_EACH(n, endpoint_table_all(c->endpoints))
    {
        struct endpoint *e = LIST_ENTRY(n, struct endpoint, link);
        if (!e->failures)
            continue;
        is_busy = true;
        retry(c, e, now);
    }
    for (size_t i = 0; s && i < s->declared_count; i++) {
        if (!is_checked(&s->upstreams[i]))
            continue;
        is_busy = true;
        check_targets(c, &s->upstreams[i], now);
    }
    timer_start(&c->timer, is_busy ? BUSY_MS : QUIET_MS);
}

struct checker *checker_new(struct gateway *gw, struct endpoint_table *endpoints)
{
    struct checker *c = MEM_NEW(struct checker);
    c->gw = gw;
    c->endpoints = endpoints;
    list_init(&c->checks);
    buf_init(&c->shown, NULL);
    metrics_on_render(show_states, c);
    timer_init(&c->timer, gw->loop, look, c);
    timer_start(&c->timer, BUSY_MS);
    return c;
}

void checker_free(struct checker *c)
{
    timer_release(&c->timer);
    LIST_EACH(n, &c->checks)
    {
        struct check *k = LIST_ENTRY(n, struct check, link);
        probe_cancel(k->probe);
        check_free(k);
    }
    buf_release(&c->shown);
    free(c);
}

void checker_hurry(struct checker *c)
{
    timer_start(&c->timer, BUSY_MS);
}
