#include "proxy/health.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "proxy/endpoint.h"

#define TRIAL_FIRST_US (500 * US_PER_MS)
#define TRIAL_MAX_DOUBLINGS 4

struct health *health_of(struct endpoint *e, struct str upstream)
{
    LIST_EACH(n, &e->healths)
    {
        struct health *h = LIST_ENTRY(n, struct health, link);
        if (str_eq(str_from(h->upstream), upstream))
            return h;
    }
    struct health *h = MEM_NEW(struct health);
    h->upstream = mem_alloc(upstream.len + 1);
    memcpy(h->upstream, upstream.p, upstream.len);
    h->upstream[upstream.len] = '\0';
    list_append(&e->healths, &h->link);
    return h;
}

void health_free(struct health *h)
{
    list_remove(&h->link);
    free(h->upstream);
    free(h);
}

/* ---- rules ---------------------------------------------------------------------------------- */

static bool has_limit(const struct kong_health_unhealthy *u)
{
    return u->tcp_failures > 0 || u->timeouts > 0 || u->http_failures > 0;
}

bool health_is_watched(const struct kong_health *rules)
{
    const struct kong_health_active *a = &rules->active;
    return has_limit(&a->unhealthy) || has_limit(&rules->passive.unhealthy) ||
           a->healthy.interval > 0 || a->unhealthy.interval > 0;
}

int64_t health_check_interval(const struct health *h, const struct kong_health *rules)
{
    return h->is_down ? rules->active.unhealthy.interval : rules->active.healthy.interval;
}

static bool is_listed(const struct conf_list *given, const int64_t *defaults, size_t n, int status)
{
    const int64_t *codes = given->is_given ? given->items : defaults;
    size_t count = given->is_given ? given->count : n;
    for (size_t i = 0; i < count; i++)
        if (codes[i] == status)
            return true;
    return false;
}

#define LISTED(given, defaults, status)                                                            \
    is_listed(given, defaults, sizeof(defaults) / sizeof((defaults)[0]), status)

/* Kong's lists, where the file gives none. */
static const int64_t active_good[] = {200, 302};
static const int64_t active_bad[] = {429, 404, 500, 501, 502, 503, 504, 505};
static const int64_t passive_good[] = {200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                                       300, 301, 302, 303, 304, 305, 306, 307, 308};
static const int64_t passive_bad[] = {429, 500, 503};

/* ---- what was met --------------------------------------------------------------------------- */

static void come_up(struct health *h)
{
    log_info("upstream target is healthy", LOG_CSTR("upstream", h->upstream));
    h->is_down = false;
    h->successes = h->trials = 0;
}

static void go_down(struct health *h, int64_t now_us)
{
    log_warn("upstream target is unhealthy", LOG_CSTR("upstream", h->upstream));
    h->is_down = true;
    h->tcp_failures = h->timeouts = h->http_failures = 0;
    h->trials = 0;
    h->trial_due_us = now_us + TRIAL_FIRST_US;
}

static void count_success(struct health *h, const struct kong_health *rules, bool is_active)
{
    h->tcp_failures = h->timeouts = h->http_failures = 0;
    if (!h->is_down)
        return;
    int64_t limit = is_active ? rules->active.healthy.successes : rules->passive.healthy.successes;
    /* Without a limit requests bring nothing back in Kong; here the one that was let in to find out
     * does. */
    if (!is_active && !limit && h->trials)
        limit = 1;
    h->successes++;
    if (limit && h->successes >= limit)
        come_up(h);
    else if (h->trials)
        h->trial_due_us = 0;
}

void health_report(struct health *h, const struct kong_health *rules, bool is_active,
                   enum health_event event, int64_t now_us)
{
    const struct kong_health_unhealthy *limits =
        is_active ? &rules->active.unhealthy : &rules->passive.unhealthy;
    int64_t limit = 0, count = 0;
    switch (event) {
    case HEALTH_SUCCESS:
        count_success(h, rules, is_active);
        return;
    case HEALTH_TCP_FAILURE:
        limit = limits->tcp_failures;
        count = ++h->tcp_failures;
        break;
    case HEALTH_TIMEOUT:
        limit = limits->timeouts;
        count = ++h->timeouts;
        break;
    case HEALTH_HTTP_FAILURE:
        limit = limits->http_failures;
        count = ++h->http_failures;
        break;
    }
    h->successes = 0;
    if (!h->is_down && limit && count >= limit)
        go_down(h, now_us);
}

void health_report_status(struct health *h, const struct kong_health *rules, bool is_active,
                          int status, int64_t now_us)
{
    const struct conf_list *good =
        is_active ? &rules->active.healthy.http_statuses : &rules->passive.healthy.http_statuses;
    const struct conf_list *bad = is_active ? &rules->active.unhealthy.http_statuses
                                            : &rules->passive.unhealthy.http_statuses;
    struct str type = is_active ? rules->active.type : rules->passive.type;
    bool is_good =
        is_active ? LISTED(good, active_good, status) : LISTED(good, passive_good, status);
    bool is_bad = is_active ? LISTED(bad, active_bad, status) : LISTED(bad, passive_bad, status);
    if (str_eq(type, STR("tcp")) || is_good)
        health_report(h, rules, is_active, HEALTH_SUCCESS, now_us);
    else if (is_bad)
        health_report(h, rules, is_active, HEALTH_HTTP_FAILURE, now_us);
}

/* ---- use ------------------------------------------------------------------------------------ */

static bool is_checked_while_down(const struct kong_health *rules)
{
    return rules->active.unhealthy.interval > 0 && rules->active.healthy.successes > 0;
}

bool health_may_use(const struct health *h, const struct kong_health *rules, int64_t now_us)
{
    if (!h->is_down)
        return true;
    return !is_checked_while_down(rules) && now_us >= h->trial_due_us;
}

void health_take(struct health *h, int64_t now_us)
{
    if (!h->is_down)
        return;
    int doublings = h->trials < TRIAL_MAX_DOUBLINGS ? h->trials : TRIAL_MAX_DOUBLINGS;
    h->trial_due_us = now_us + (TRIAL_FIRST_US << doublings);
    h->trials++;
}
