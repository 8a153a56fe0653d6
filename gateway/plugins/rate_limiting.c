/*
 * rate-limiting, policy local: fixed windows of this process, as Kong counts them. The keys survive
 * a reload, so changing the file does not hand out a fresh allowance.
 */
#include <stddef.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "plugins/plugin.h"
#include "proxy/exchange.h"
#include "strmap.h"

enum window { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, WINDOWS };

static const struct {
    struct str limit_header, remaining_header;
    int64_t seconds; /* MONTH and YEAR follow the calendar; this is their longest */
} windows[WINDOWS] = {
    {STR("X-RateLimit-Limit-Second"), STR("X-RateLimit-Remaining-Second"), 1},
    {STR("X-RateLimit-Limit-Minute"), STR("X-RateLimit-Remaining-Minute"), 60},
    {STR("X-RateLimit-Limit-Hour"), STR("X-RateLimit-Remaining-Hour"), 3600},
    {STR("X-RateLimit-Limit-Day"), STR("X-RateLimit-Remaining-Day"), 86400},
    {STR("X-RateLimit-Limit-Month"), STR("X-RateLimit-Remaining-Month"), 31 * 86400},
    {STR("X-RateLimit-Limit-Year"), STR("X-RateLimit-Remaining-Year"), 366 * 86400},
};

struct rate_config {
    int line;
    int64_t limits[WINDOWS]; /* CONF_NO_INT: none */
    struct str limit_by, header_name, path, policy, error_message;
    int64_t error_code;
    bool fault_tolerant, hide_client_headers;
    /* prepared */
    struct str scope; /* of the configuration, the same after a reload */
    enum { BY_CONSUMER, BY_CREDENTIAL, BY_IP, BY_SERVICE, BY_HEADER, BY_PATH } by;
};

#define AT(member) offsetof(struct rate_config, member)
#define WINDOW(name, i)                                                                            \
    {                                                                                              \
        name, CONF_INT, AT(limits[i]), 0, NULL, 1, 1000000000                                      \
    }
#define SHARED_NOTE "counters are kept in the process; use policy local"

/* clang-format off */
static const struct conf_field rate_fields[] = {
    WINDOW("second", SECOND),
    WINDOW("minute", MINUTE),
    WINDOW("hour", HOUR),
    WINDOW("day", DAY),
    WINDOW("month", MONTH),
    WINDOW("year", YEAR),
    {"limit_by", CONF_STR, AT(limit_by), 0, "consumer", 0, 0,
     "consumer|credential|ip|service|header|path"},
    {"header_name", CONF_STR, AT(header_name), CONF_NON_EMPTY},
    {"path", CONF_STR, AT(path), CONF_NON_EMPTY},
    {"policy", CONF_STR, AT(policy), 0, "local", 0, 0, "local"},
    {"error_code", CONF_INT, AT(error_code), 0, "429", 429, 429},
    {"error_message", CONF_STR, AT(error_message), 0, "API rate limit exceeded"},
    {"fault_tolerant", CONF_BOOL, AT(fault_tolerant), 0, "true"},
    {"hide_client_headers", CONF_BOOL, AT(hide_client_headers), 0, "false"},
    {"sync_rate", CONF_IGNORED},
    {"redis", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = SHARED_NOTE},
    {"redis_host", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = SHARED_NOTE},
    {"redis_port", CONF_IGNORED},
    {"redis_password", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = SHARED_NOTE},
    {"redis_username", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = SHARED_NOTE},
    {"redis_ssl", CONF_IGNORED},
    {"redis_ssl_verify", CONF_IGNORED},
    {"redis_server_name", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = SHARED_NOTE},
    {"redis_timeout", CONF_IGNORED},
    {"redis_database", CONF_IGNORED},
};
/* clang-format on */
static CONF_SCHEMA(rate_schema, struct rate_config, rate_fields);

static void rate_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)f;
    static const char *const names[] = {"consumer", "credential", "ip",
                                        "service",  "header",     "path"};
    struct rate_config *c = p->config;
    bool has_limit = false;
    for (int w = 0; w < WINDOWS; w++)
        has_limit |= c->limits[w] != CONF_NO_INT;
    if (!has_limit)
        problem_add(d->problems, c->line,
                    "rate-limiting: one of second, minute, hour, day, month, year is needed");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(c->limit_by, str_from(names[i])))
            c->by = i;
    if (c->by == BY_HEADER && !c->header_name.p)
        problem_add(d->problems, c->line, "rate-limiting: limit_by header needs header_name");
    if (c->by == BY_PATH && !c->path.p)
        problem_add(d->problems, c->line, "rate-limiting: limit_by path needs path");
    c->scope = str_printf(d->arena, "%.*s\x1f%.*s\x1f%.*s",
                          STR_ARG(p->route ? kong_route_label(p->route) : STR("")),
                          STR_ARG(p->service ? p->service->name : STR("")),
                          STR_ARG(p->consumer ? p->consumer->username : STR("")));
}

/* ---- counters ------------------------------------------------------------------------------- */

#define MAX_COUNTERS 200000
#define SWEEP_EVERY 4096 /* new counters */

struct counter {
    int64_t period[WINDOWS]; /* number of the window that count belongs to */
    int64_t count[WINDOWS];
    int64_t expires_s;
};

static struct strmap *counters;

static void sweep(int64_t now_s)
{
    struct arena *a = arena_new();
    struct str key, *dead = ARENA_ARRAY(a, struct str, strmap_count(counters) + 1);
    size_t it = 0, n = 0;
    void *value;
    while (strmap_next(counters, &it, &key, &value))
        if (((struct counter *)value)->expires_s <= now_s)
            dead[n++] = str_dup(a, key);
    for (size_t i = 0; i < n; i++)
        free(strmap_remove(counters, dead[i]));
    arena_free(a);
}

/* NULL when there are too many: then nobody is refused. */
static struct counter *counter_get(struct str key, int64_t now_s)
{
    static int created;
    if (!counters)
        counters = strmap_new();
    struct counter *c = strmap_get(counters, key);
    if (c)
        return c;
    if (++created % SWEEP_EVERY == 0)
        sweep(now_s);
    if (strmap_count(counters) >= MAX_COUNTERS) {
        if (created % SWEEP_EVERY == 1)
            log_warn("rate limiting is suspended for new keys: too many of them");
        return NULL;
    }
    c = MEM_NEW(struct counter);
    strmap_set(counters, key, c);
    return c;
}

/* Number of the window that now is in, and the seconds until it ends. */
static int64_t period_of(enum window w, int64_t now_s, int64_t *left_s)
{
    if (w < MONTH) {
        *left_s = windows[w].seconds - now_s % windows[w].seconds;
        return now_s / windows[w].seconds;
    }
    char day[9], text[32];
    int64_t number, end = 0;
    time_format_day(now_s * US_PER_S, day);
    str_to_i64(str_n(day, w == MONTH ? 6 : 4), &number);
    int year = (int)(w == MONTH ? number / 100 : number),
        month = w == MONTH ? (int)(number % 100) : 12;
    snprintf(text, sizeof text, "%04d-%02d-01T00:00:00Z", month == 12 ? year + 1 : year,
             month == 12 ? 1 : month + 1);
    *left_s = time_parse(str_from(text), &end) ? end / US_PER_S - now_s : windows[w].seconds;
    return number;
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Kong counts by address whoever cannot be told apart otherwise. */
static struct str subject(const struct exchange *x, const struct rate_config *c)
{
    struct str s = STR_NULL;
    switch (c->by) {
    case BY_CONSUMER:
        /* All people share one consumer here: the token's subject is whom Kong would call so. */
        s = x->identity.subject;
        break;
    case BY_CREDENTIAL:
        s = x->identity.credential;
        break;
    case BY_SERVICE:
        return x->route->service->name;
    case BY_HEADER:
        s = headers_get(&x->request, c->header_name);
        break;
    case BY_PATH:
        if (str_eq(x->path, c->path))
            s = c->path;
        break;
    case BY_IP:
        break;
    }
    return s.len ? s : x->client_ip;
}

static struct str number(struct arena *a, int64_t v)
{
    char digits[24], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + v % 10);
    while (v /= 10);
    size_t n = (size_t)(digits + sizeof digits - p);
    return str_n(arena_memdup0(a, p, n), n);
}

/* The window with the least left is the one a client should know about. */
struct tightest {
    int64_t limit, remaining, reset_s;
};

static bool count(struct exchange *x, const struct rate_config *c, struct counter *counter,
                  int64_t now_s, struct tightest *t)
{
    bool is_over = false;
    *t = (struct tightest){.remaining = INT64_MAX};
    for (int w = 0; w < WINDOWS; w++) {
        if (c->limits[w] == CONF_NO_INT)
            continue;
        int64_t left_s, period = period_of((enum window)w, now_s, &left_s);
        if (counter->period[w] != period) {
            counter->period[w] = period;
            counter->count[w] = 0;
        }
        if (counter->expires_s < now_s + left_s)
            counter->expires_s = now_s + left_s;
        int64_t used = counter->count[w] + 1;
        int64_t remaining = used > c->limits[w] ? 0 : c->limits[w] - used;
        is_over |= used > c->limits[w];
        if (!c->hide_client_headers) {
            exchange_set_response_header(x, windows[w].limit_header,
                                         number(x->arena, c->limits[w]));
            exchange_set_response_header(x, windows[w].remaining_header,
                                         number(x->arena, remaining));
        }
        if (remaining < t->remaining)
            *t = (struct tightest){c->limits[w], remaining, left_s};
    }
    /* A refused request takes nothing from the other windows. */
    for (int w = 0; !is_over && w < WINDOWS; w++)
        counter->count[w] += c->limits[w] != CONF_NO_INT;
    return is_over;
}

static enum plugin_verdict rate_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct rate_config *c = p->config;
    struct str who = subject(x, c);
    size_t len = c->scope.len + who.len + 3;
    char *key = arena_alloc(x->arena, len);
    memcpy(key, c->scope.p, c->scope.len);
    key[c->scope.len] = '\x1f';
    key[c->scope.len + 1] = (char)('0' + c->by);
    key[c->scope.len + 2] = '\x1f';
    memcpy(key + c->scope.len + 3, who.p, who.len);
    int64_t now_s = clock_wall_us() / US_PER_S;
    struct counter *counter = counter_get(str_n(key, len), now_s);
    struct tightest t;
    if (!counter)
        return PLUGIN_NEXT;
    bool is_over = count(x, c, counter, now_s, &t);
    if (!c->hide_client_headers) {
        exchange_set_response_header(x, STR("RateLimit-Limit"), number(x->arena, t.limit));
        exchange_set_response_header(x, STR("RateLimit-Remaining"), number(x->arena, t.remaining));
        exchange_set_response_header(x, STR("RateLimit-Reset"), number(x->arena, t.reset_s));
    }
    if (!is_over)
        return PLUGIN_NEXT;
    exchange_set_response_header(x, STR("Retry-After"), number(x->arena, t.reset_s));
    exchange_fail(x, ERR_RATE_LIMIT_EXCEEDED, c->error_message.p);
    return PLUGIN_ANSWERED;
}

extern const struct plugin PLUGIN_RATE_LIMITING;
const struct plugin PLUGIN_RATE_LIMITING = {
    .name = "rate-limiting",
    .priority = 910,
    .schema = &rate_schema,
    .may_scope_consumer = true,
    .prepare = rate_prepare,
    .access = rate_access,
};
