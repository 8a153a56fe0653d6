#include "domain/webhook_rules.h"

#include <string.h>

#include "clock.h"

/* ---- URLs --------------------------------------------------------------------------------- */

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static struct str without_scheme(struct str url)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i]);
        if (url.len >= n && str_ieq(str_slice(url, 0, n), str_from(schemes[i])))
            return str_slice(url, n, url.len);
    }
    return STR_NULL;
}

bool webhook_url_is_plain(struct str url)
{
    return url.len >= 5 && str_ieq(str_slice(url, 0, 5), STR("http:"));
}

static bool is_host_char(char c, bool is_v6)
{
    bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '.' || c == '_';
    return is_v6 ? c == ':' || c == '.' || (is_name && c != '-' && c != '_') : is_name;
}

static bool is_port(struct str s)
{
    int64_t port;
    return str_to_i64(s, &port) && port >= 1 && port <= 65535 && s.p[0] != '-';
}

static bool split_host(struct str authority, struct str *host)
{
    bool is_v6 = authority.len && authority.p[0] == '[';
    ptrdiff_t end = str_index(authority, is_v6 ? ']' : ':', 0);
    if (is_v6 && end < 0)
        return false;
    size_t n = end < 0 ? authority.len : (size_t)end;
    struct str rest = str_slice(authority, n + is_v6, authority.len);
    *host = str_slice(authority, is_v6, n);
    for (size_t i = 0; i < host->len; i++)
        if (!is_host_char(host->p[i], is_v6))
            return false;
    if (rest.len && (rest.p[0] != ':' || !is_port(str_slice(rest, 1, rest.len))))
        return false;
    return host->len > 0 && host->len <= 253;
}

const char *webhook_url_problem(struct str url, struct str *host)
{
    if (url.len > WEBHOOK_URL_MAX)
        return "must have at most 2000 characters";
    if (!is_visible(url) || str_index(url, '\\', 0) >= 0)
        return "must be an absolute URL of visible ASCII characters";
    struct str rest = without_scheme(url);
    if (!rest.p)
        return "must begin with https:// or http://";
    size_t n = 0;
    while (n < rest.len && !strchr("/?#", rest.p[n]))
        n++;
    struct str authority = str_slice(rest, 0, n);
    if (str_index(authority, '@', 0) >= 0)
        return "must not carry a user or a password";
    if (str_index(rest, '#', 0) >= 0)
        return "must not have a fragment";
    return split_host(authority, host) ? NULL : "must name a host, and maybe a port";
}

/* ---- headers ------------------------------------------------------------------------------ */

/* What the sender or the connection itself says. */
static const char *const RESERVED[] = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
};

static bool is_reserved(struct str name)
{
    static const struct str prefixes[] = {STR("webhook-"), STR("sec-"), STR("proxy-"),
                                          STR("x-forwarded-")};
    for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++)
        if (str_ieq(name, str_from(RESERVED[i])))
            return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (name.len >= prefixes[i].len &&
            str_ieq(str_slice(name, 0, prefixes[i].len), prefixes[i]))
            return true;
    return false;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", s.p[i]))
            return false;
    return s.len > 0;
}

const char *webhook_header_problem(struct str name, struct str value)
{
    if (!is_token(name) || name.len > 100)
        return "must be names of headers";
    if (is_reserved(name))
        return "must not set a header that is always sent";
    if (value.len == 0 || value.len > 1000)
        return "must have values of 1 to 1000 characters";
    for (size_t i = 0; i < value.len; i++)
        if ((value.p[i] < ' ' || value.p[i] > '~') && value.p[i] != '\t')
            return "must have values of one line of visible ASCII characters";
    return NULL;
}

/* ---- events ------------------------------------------------------------------------------- */

#define TICKET                                                                                     \
    "ticket_id ticket_number status old_status priority category sub_category department "         \
    "requester_id owner_id actor_id visibility rating created_at"
#define TASK                                                                                       \
    "task_id task_item_id ticket_number workflow_name step previous_step role status transition "  \
    "assignee_id owner_id requester_id actor_id outcome metric due_at"
#define USER "id department active version roles"

const struct webhook_type WEBHOOK_TYPES[] = {
    {"ticket.created", TICKET},
    {"ticket.updated", TICKET},
    {"ticket.status_changed", TICKET},
    {"ticket.commented", TICKET},
    {"ticket.assigned", TICKET},
    {"ticket.closed", TICKET},
    {"feedback.received", TICKET},
    {"task.assigned", TASK},
    {"task.pooled", TASK},
    {"task.transitioned", TASK},
    {"task.completed", TASK},
    {"sla.warning", TASK},
    {"sla.breached", TASK},
    {"user.created", USER},
    {"user.updated", USER},
    {"role.assigned", USER},
    {"role.revoked", USER},
    {"job.completed",
     "job_id kind state dry_run total done failed skipped created_by created_at finished_at"},
    {"webhook.failed", "webhook_id host reason failing_since last_status"},
    {NULL, NULL},
};

const struct webhook_type *webhook_type_of(struct str type)
{
    for (const struct webhook_type *t = WEBHOOK_TYPES; t->type; t++)
        if (str_eq(type, str_from(t->type)))
            return t;
    return NULL;
}

bool webhook_type_has_member(const struct webhook_type *t, struct str member)
{
    struct str rest = str_from(t->members), one;
    while (str_next(&rest, ' ', &one))
        if (str_eq(one, member))
            return true;
    return false;
}

void webhook_patterns_of(struct str type, char buf[WEBHOOK_TYPE_MAX],
                         struct str out[WEBHOOK_PATTERNS_OF_TYPE])
{
    ptrdiff_t dot = str_index(type, '.', 0);
    size_t n = dot < 0 || (size_t)dot + 2 > WEBHOOK_TYPE_MAX ? 0 : (size_t)dot + 1;
    memcpy(buf, type.p, n);
    buf[n] = '*';
    out[0] = type;
    out[1] = str_n(buf, n + 1);
    out[2] = STR("*");
}

bool webhook_pattern_is_known(struct str pattern)
{
    for (const struct webhook_type *t = WEBHOOK_TYPES; t->type; t++) {
        char buf[WEBHOOK_TYPE_MAX];
        struct str patterns[WEBHOOK_PATTERNS_OF_TYPE];
        webhook_patterns_of(str_from(t->type), buf, patterns);
        for (int i = 0; i < WEBHOOK_PATTERNS_OF_TYPE; i++)
            if (str_eq(pattern, patterns[i]))
                return true;
    }
    return false;
}

/* ---- attempts ----------------------------------------------------------------------------- */

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define RETRY_AFTER_MAX_S (24 * HOUR)
/* An endpoint that fails again and again is asked now and then only, whatever waits for it. */
#define PAUSE_FROM 5
#define PAUSE_MIN_S 5
#define PAUSE_MAX_S (5 * MINUTE)

static const int64_t DELAYS_S[] = {
    5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
};
#define DELAY_COUNT ((int64_t)(sizeof DELAYS_S / sizeof *DELAYS_S))

bool webhook_attempts_are_over(int64_t attempts)
{
    return attempts > DELAY_COUNT;
}

int64_t webhook_next_attempt(int64_t attempts, int64_t now, int64_t retry_after_s, uint64_t random)
{
    int64_t i = attempts < 1 ? 0 : attempts > DELAY_COUNT ? DELAY_COUNT - 1 : attempts - 1;
    int64_t delay_us = DELAYS_S[i] * US_PER_S, tenth = delay_us / 10;
    delay_us += (int64_t)(random % (uint64_t)(2 * tenth)) - tenth;
    if (retry_after_s > RETRY_AFTER_MAX_S)
        retry_after_s = RETRY_AFTER_MAX_S;
    if (delay_us < retry_after_s * US_PER_S)
        delay_us = retry_after_s * US_PER_S;
    return now + delay_us;
}

int64_t webhook_pause(int64_t failures)
{
    if (failures < PAUSE_FROM)
        return 0;
    int64_t doublings = failures - PAUSE_FROM;
    int64_t pause_s = doublings > 6 ? PAUSE_MAX_S : PAUSE_MIN_S << doublings;
    return (pause_s > PAUSE_MAX_S ? PAUSE_MAX_S : pause_s) * US_PER_S;
}
