#include "domain/instance.h"

#include <inttypes.h>

#define NAME_MAX_BYTES 100
#define HOST_MAX_BYTES 253
#define ENDPOINT_MAX_BYTES 200

struct str instance_url(struct arena *a, const struct instance *i)
{
    bool is_ipv6 = str_index(i->host, ':', 0) >= 0;

    return str_printf(a, is_ipv6 ? "http://[%.*s]:%" PRId64 : "http://%.*s:%" PRId64,
                      STR_ARG(i->host), i->port);
}

struct str instance_default_id(struct arena *a, struct str host, int64_t port)
{
    return str_printf(a, "%.*s:%" PRId64, STR_ARG(host), port);
}

struct str instance_status(const struct instance *i)
{
    return i->is_healthy ? STR("healthy") : STR("unhealthy");
}

bool instance_is_same(const struct instance *a, const struct instance *b)
{
    return str_eq(a->name, b->name) && str_eq(a->id, b->id) && str_eq(a->host, b->host) &&
           a->port == b->port && a->port_is_text == b->port_is_text &&
           str_eq(a->health_endpoint, b->health_endpoint) && str_eq(a->version, b->version);
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool consists_of(struct str s, const char *punctuation)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr(punctuation, s.p[i])))
            return false;
    return s.len > 0;
}

const char *instance_name_problem(struct str name)
{
    if (name.len > NAME_MAX_BYTES)
        return "is too long";
    return consists_of(name, "-._:") ? NULL : "may hold letters, digits and - . _ : only";
}

const char *instance_host_problem(struct str host)
{
    if (host.len > HOST_MAX_BYTES)
        return "is too long";
    return consists_of(host, "-._:") ? NULL : "is no host name or address";
}

const char *instance_endpoint_problem(struct str endpoint)
{
    if (endpoint.len > ENDPOINT_MAX_BYTES)
        return "is too long";
    if (!str_has_prefix(endpoint, STR("/")) || str_has_prefix(endpoint, STR("//")))
        return "must be a path";
    for (size_t i = 0; i < endpoint.len; i++)
        if (endpoint.p[i] <= ' ' || endpoint.p[i] >= 0x7f || endpoint.p[i] == '#')
            return "must be a path";
    return NULL;
}

const struct instance *instance_better(const struct instance *a, const struct instance *b)
{
    if (!b)
        return a;
    if (a->is_healthy != b->is_healthy)
        return a->is_healthy ? a : b;
    return a->registered_at > b->registered_at ? a : b;
}
