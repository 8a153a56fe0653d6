/*
 * rate-limiting: fixed windows, as Kong counts them; with policy local those of this process, with
 * policy cluster those of all gateways (limits/sync.h). The keys survive a reload, so changing the
 * file does not hand out a fresh allowance.
 */
#include <arpa/inet.h>
#include <stddef.h>

#include "clock.h"
#include "limits/counter.h"
#include "plugins/plugin.h"
#include "proxy/exchange.h"
#include "req.h"

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
    struct hash128 scope; /* of the configuration, the same after a reload */
    enum { BY_CONSUMER, BY_CREDENTIAL, BY_IP, BY_SERVICE, BY_HEADER, BY_PATH, BY_USER } by;
    bool is_shared;
    struct rate_window {
        enum window window;
        int64_t limit;
        struct str limit_text;
    } windows[WINDOWS]; /* those that are limited */
    int window_count;
};

#define AT(member) offsetof(struct rate_config, member)
#define WINDOW(name, i)                                                                            \
    {                                                                                              \
        name, CONF_INT, AT(limits[i]), 0, NULL, 0, 1000000000                                      \
    }
#define SHARED_NOTE "gateways share their counts with policy cluster"

/* clang-format off */
static const struct conf_field rate_fields[] = {
    WINDOW("second", SECOND),
    WINDOW("minute", MINUTE),
    WINDOW("hour", HOUR),
    WINDOW("day", DAY),
    WINDOW("month", MONTH),
    WINDOW("year", YEAR),
    {"limit_by", CONF_STR, AT(limit_by), 0, "consumer", 0, 0,
     "consumer|credential|ip|service|header|path|user"},
    {"header_name", CONF_STR, AT(header_name), CONF_NON_EMPTY},
    {"path", CONF_STR, AT(path), CONF_NON_EMPTY},
    {"policy", CONF_STR, AT(policy), 0, "local", 0, 0, "local|cluster"},
    {"error_code", CONF_INT, AT(error_code), 0, "429", 400, 599},
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

static void take_limits(struct conf_decoder *d, struct rate_config *c)
{
    bool has_limit = false;
    for (int w = 0; w < WINDOWS; w++) {
        has_limit |= c->limits[w] != CONF_NO_INT;
        if (c->limits[w] <= 0) /* 0: off */
            continue;
        c->windows[c->window_count++] = (struct rate_window){
            w, c->limits[w], str_printf(d->arena, "%lld", (long long)c->limits[w])};
    }
    if (!has_limit)
        problem_add(d->problems, c->line,
                    "rate-limiting: one of second, minute, hour, day, month, year is needed");
}

/* Configurations with one instance_name count together; others by where they stand. */
static struct str scope_text(struct conf_decoder *d, const struct kong_plugin *p)
{
    if (p->instance_name.len)
        return str_printf(d->arena, "\x1e%.*s", STR_ARG(p->instance_name));
    return str_printf(d->arena, "%.*s\x1f%.*s\x1f%.*s",
                      STR_ARG(p->route ? kong_route_label(p->route) : STR("")),
                      STR_ARG(p->service ? p->service->name : STR("")),
                      STR_ARG(p->consumer ? p->consumer->username : STR("")));
}

static void rate_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)f;
    static const char *const names[] = {"consumer", "credential", "ip",  "service",
                                        "header",   "path",       "user"};
    struct rate_config *c = p->config;
    take_limits(d, c);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(c->limit_by, str_from(names[i])))
            c->by = i;
    if (c->by == BY_HEADER && !c->header_name.p)
        problem_add(d->problems, c->line, "rate-limiting: limit_by header needs header_name");
    if (c->by == BY_PATH && !c->path.p)
        problem_add(d->problems, c->line, "rate-limiting: limit_by path needs path");
    c->is_shared = str_eq(c->policy, STR("cluster"));
    if (c->is_shared && !c->fault_tolerant)
        problem_add(d->problems, c->line,
                    "rate-limiting: fault_tolerant false is not supported; without the registry "
                    "counting goes on locally");
    c->scope = counter_key(NULL, str_printf(d->arena, "%.*s\x1f%.*s", STR_ARG(c->limit_by),
                                            STR_ARG(scope_text(d, p))));
}

/* ---- windows -------------------------------------------------------------------------------- */

static int64_t month_start(int year, int month)
{
    char text[32];
    int64_t at = 0;
    snprintf(text, sizeof text, "%04d-%02d-01T00:00:00Z", year, month);
    (void)time_parse(str_from(text), &at);
    return at / US_PER_S;
}

/* When the window that now is in has begun, and when the next one does. */
static void window_bounds(enum window w, int64_t now_s, int64_t *start, int64_t *end)
{
    if (w < MONTH) {
        *start = now_s - now_s % windows[w].seconds;
        *end = *start + windows[w].seconds;
        return;
    }
    char day[9];
    int64_t number;
    time_format_day(now_s * US_PER_S, day);
    str_to_i64(str_n(day, 6), &number);
    int year = (int)(number / 100), month = w == MONTH ? (int)(number % 100) : 1;
    *start = month_start(year, month);
    if (w == YEAR)
        *end = month_start(year + 1, 1);
    else
        *end = month == 12 ? month_start(year + 1, 1) : month_start(year, month + 1);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* A whole network of IPv6 is one subscriber's (RFC 6177). */
static struct str address_of(const struct exchange *x, char text[INET6_ADDRSTRLEN])
{
    struct in6_addr v6;
    if (str_index(x->client_ip, ':', 0) < 0 || x->client_ip.len >= INET6_ADDRSTRLEN)
        return x->client_ip;
    memcpy(text, x->client_ip.p, x->client_ip.len);
    text[x->client_ip.len] = '\0';
    if (inet_pton(AF_INET6, text, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6))
        return x->client_ip;
    memset(&v6.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &v6, text, INET6_ADDRSTRLEN);
    return str_from(text);
}

/* What the configuration counts by, absent when the request has none. */
static struct str subject(const struct exchange *x, const struct rate_config *c)
{
    switch (c->by) {
    case BY_CONSUMER:
        /* All people share one consumer here: the token's subject is whom Kong would call so. */
        return x->identity.subject;
    case BY_USER:
        return x->identity.user_id ? x->identity.subject : STR_NULL;
    case BY_CREDENTIAL:
        return x->identity.credential;
    case BY_SERVICE:
        return x->route ? x->route->service->name : STR_NULL;
    case BY_HEADER:
        return headers_get(&x->request, c->header_name);
    case BY_PATH:
        return str_eq(x->path, c->path) ? c->path : STR_NULL;
    case BY_IP:
        return STR_NULL;
    }
    return STR_NULL;
}

/* The key of whom to count, false when that is nobody. Kong counts by address whoever cannot be
 * told apart otherwise. */
static bool key_of(const struct exchange *x, const struct rate_config *c, struct hash128 *key)
{
    char text[INET6_ADDRSTRLEN];
    struct str who = subject(x, c);
    if (!who.len && c->by == BY_USER)
        return false;
    *key = counter_key(&c->scope, who.len ? who : address_of(x, text));
    key->h[1] ^= who.len > 0; /* no name is an address */
    return true;
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

static bool count(struct exchange *x, const struct rate_config *c, struct hash128 key,
                  int64_t now_s, struct tightest *t)
{
    struct counter *counters[WINDOWS];
    bool is_over = false;
    *t = (struct tightest){.remaining = INT64_MAX};
    for (int i = 0; i < c->window_count; i++) {
        const struct rate_window *w = &c->windows[i];
        int64_t start, end;
        window_bounds(w->window, now_s, &start, &end);
        counters[i] = counter_get((struct hash128){{key.h[0] + (uint64_t)w->window, key.h[1]}},
                                  start, (uint32_t)windows[w->window].seconds, c->is_shared, now_s);
        int64_t used = counter_value(counters[i]) + 1;
        int64_t remaining = used > w->limit ? 0 : w->limit - used;
        is_over |= used > w->limit;
        if (!c->hide_client_headers) {
            exchange_set_response_header(x, windows[w->window].limit_header, w->limit_text);
            exchange_set_response_header(x, windows[w->window].remaining_header,
                                         number(x->arena, remaining));
        }
        if (remaining < t->remaining)
            *t = (struct tightest){w->limit, remaining, end - now_s};
    }
    /* A refused request takes nothing from the other windows. */
    for (int i = 0; !is_over && i < c->window_count; i++)
        counter_add(counters[i]);
    return is_over;
}

static void refuse(struct exchange *x, const struct rate_config *c)
{
    if (c->error_code == err_http_status(ERR_RATE_LIMIT_EXCEEDED)) {
        exchange_fail(x, ERR_RATE_LIMIT_EXCEEDED, c->error_message.p);
        return;
    }
    const char *type;
    struct str body =
        error_body(x->arena, headers_get(&x->request, STR("accept")), ERR_RATE_LIMIT_EXCEEDED,
                   c->error_message, str_n(x->trace.trace_id, 32), &type);
    exchange_reply(x, (int)c->error_code, str_from(type), body);
}

static enum plugin_verdict rate_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct rate_config *c = p->config;
    struct hash128 key;
    if (!c->window_count || !key_of(x, c, &key))
        return PLUGIN_NEXT;
    struct tightest t;
    bool is_over = count(x, c, key, clock_wall_us() / US_PER_S, &t);
    if (!c->hide_client_headers) {
        exchange_set_response_header(x, STR("RateLimit-Limit"), number(x->arena, t.limit));
        exchange_set_response_header(x, STR("RateLimit-Remaining"), number(x->arena, t.remaining));
        exchange_set_response_header(x, STR("RateLimit-Reset"), number(x->arena, t.reset_s));
    }
    if (!is_over)
        return PLUGIN_NEXT;
    exchange_set_response_header(x, STR("Retry-After"), number(x->arena, t.reset_s));
    refuse(x, c);
    return PLUGIN_ANSWERED;
}

extern const struct plugin PLUGIN_RATE_LIMITING;
const struct plugin PLUGIN_RATE_LIMITING = {
    .name = "rate-limiting",
    .priority = 910,
    .spares_own = true,
    .schema = &rate_schema,
    .may_scope_consumer = true,
    .prepare = rate_prepare,
    .access = rate_access,
};
