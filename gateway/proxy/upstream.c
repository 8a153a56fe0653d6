#include "proxy/upstream.h"

#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "proxy/balance.h"

static void set_targets(struct upstream *u, struct endpoint_table *t,
                        const struct upstream_address *addresses, size_t n)
{
    struct upstream_target *old = u->targets;
    size_t old_count = u->count;
    u->targets = mem_zalloc((n ? n : 1) * sizeof *u->targets);
    u->count = n;
    for (size_t i = 0; i < n; i++) {
        u->targets[i].endpoint = endpoint_get(t, addresses[i].host, addresses[i].port);
        u->targets[i].weight = addresses[i].weight;
        if (u->rules)
            u->targets[i].health = health_of(u->targets[i].endpoint, u->name);
        for (size_t k = 0; k < old_count; k++)
            if (old[k].endpoint == u->targets[i].endpoint)
                u->targets[i].current = old[k].current;
    }
    for (size_t k = 0; k < old_count; k++)
        endpoint_unref(old[k].endpoint);
    free(old);
}

void upstream_init(struct upstream *u, struct endpoint_table *t, struct str name,
                   const struct upstream_address *configured, size_t n)
{
    u->name = name;
    u->configured = configured;
    u->configured_count = n;
    set_targets(u, t, configured, n);
}

void upstream_release(struct upstream *u)
{
    for (size_t i = 0; i < u->count; i++)
        endpoint_unref(u->targets[i].endpoint);
    free(u->targets);
    u->targets = NULL;
    u->count = 0;
}

static bool is_same(const struct upstream *u, const struct upstream_address *a, size_t n)
{
    if (n != u->count)
        return false;
    for (size_t i = 0; i < n; i++)
        if (u->targets[i].endpoint->port != a[i].port || u->targets[i].weight != a[i].weight ||
            !str_eq(str_from(u->targets[i].endpoint->host), a[i].host))
            return false;
    return true;
}

void upstream_set_instances(struct upstream *u, struct endpoint_table *t,
                            const struct upstream_address *instances, size_t n)
{
    u->is_registered = n > 0;
    if (!n) {
        instances = u->configured;
        n = u->configured_count;
    }
    if (!is_same(u, instances, n))
        set_targets(u, t, instances, n);
}

static bool is_among(const struct endpoint *e, struct endpoint *const *tried, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tried[i] == e)
            return true;
    return false;
}

/* Smooth weighted round robin: every candidate gains its weight, the richest is taken and pays all
 * that was handed out. */
static struct upstream_target *by_turn(struct upstream_target **candidates, size_t n)
{
    struct upstream_target *best = NULL;
    int total = 0;
    for (size_t i = 0; i < n; i++) {
        struct upstream_target *t = candidates[i];
        t->current += t->weight;
        total += t->weight;
        if (!best || t->current > best->current)
            best = t;
    }
    if (best)
        best->current -= total;
    return best;
}

/* Fewest requests in flight for its weight; the turn decides between equals. */
static struct upstream_target *by_load(struct upstream_target **candidates, size_t n)
{
    size_t kept = 0;
    struct upstream_target *least = NULL;
    for (size_t i = 0; i < n; i++) {
        struct upstream_target *t = candidates[i];
        int64_t load = (int64_t)t->endpoint->in_flight * (least ? least->weight : 1);
        int64_t best = least ? (int64_t)least->endpoint->in_flight * t->weight : load + 1;
        if (load > best)
            continue;
        if (load < best)
            kept = 0;
        least = t;
        candidates[kept++] = t;
    }
    return by_turn(candidates, kept);
}

/* ---- health --------------------------------------------------------------------------------- */

static bool is_usable(const struct upstream *u, const struct upstream_target *t, int64_t now_us)
{
    return t->weight > 0 && (!u->rules || health_may_use(t->health, u->rules, now_us));
}

/* Enough of the weight is healthy. */
static bool is_above_threshold(const struct upstream *u, int64_t now_us)
{
    if (!u->rules || !u->rules->threshold)
        return true;
    int64_t total = 0, good = 0;
    for (size_t i = 0; i < u->count; i++) {
        total += u->targets[i].weight;
        if (is_usable(u, &u->targets[i], now_us))
            good += u->targets[i].weight;
    }
    return good * 100 >= u->rules->threshold * total;
}

void upstream_report(const struct upstream *u, struct endpoint *e, enum health_event event)
{
    if (u->rules)
        health_report(health_of(e, u->name), u->rules, false, event, clock_mono_us());
}

void upstream_report_status(const struct upstream *u, struct endpoint *e, int status)
{
    if (u->rules)
        health_report_status(health_of(e, u->name), u->rules, false, status, clock_mono_us());
}

const char *upstream_target_state(const struct upstream_target *t)
{
    const struct endpoint *e = t->endpoint;
    if (!e->address.len && e->failures)
        return "DNS_ERROR";
    bool is_down = t->health && t->health->is_down;
    return is_down || !endpoint_is_available(e) ? "UNHEALTHY" : "HEALTHY";
}

/* ---- choice --------------------------------------------------------------------------------- */

static struct upstream_target *by_key(struct upstream_target **candidates, size_t n, uint64_t key)
{
    struct upstream_target *best = candidates[0];
    uint64_t best_score = 0;
    for (size_t i = 0; i < n; i++) {
        struct upstream_target *t = candidates[i];
        uint64_t score = balance_score(key, t->endpoint->text, t->weight);
        if (score > best_score) {
            best = t;
            best_score = score;
        }
    }
    return best;
}

#define MAX_CANDIDATES 128

struct endpoint *upstream_pick(struct upstream *u, const uint64_t *key,
                               struct endpoint *const *tried, size_t tried_count, int64_t now_us)
{
    struct upstream_target *candidates[MAX_CANDIDATES];
    if (!is_above_threshold(u, now_us))
        return NULL;
    for (int pass = 0; pass < 2; pass++) {
        size_t n = 0;
        for (size_t i = 0; i < u->count && n < MAX_CANDIDATES; i++) {
            struct upstream_target *t = &u->targets[i];
            bool may_take = pass == 1 || endpoint_is_available(t->endpoint);
            if (may_take && is_usable(u, t, now_us) && !is_among(t->endpoint, tried, tried_count))
                candidates[n++] = t;
        }
        if (!n)
            continue;
        struct upstream_target *t = key                       ? by_key(candidates, n, *key)
                                    : u->is_least_connections ? by_load(candidates, n)
                                                              : by_turn(candidates, n);
        if (t->health)
            health_take(t->health, now_us);
        return t->endpoint;
    }
    return NULL;
}

bool upstream_has_other(const struct upstream *u, struct endpoint *const *tried, size_t tried_count,
                        int64_t now_us)
{
    for (size_t i = 0; i < u->count; i++)
        if (is_usable(u, &u->targets[i], now_us) &&
            !is_among(u->targets[i].endpoint, tried, tried_count))
            return true;
    return false;
}
