/* The plugins there are, and those of Kong that are not here. */
#include "plugins/plugin.h"

extern const struct plugin PLUGIN_CORRELATION_ID, PLUGIN_CORS, PLUGIN_JWT, PLUGIN_IP_RESTRICTION,
    PLUGIN_REQUEST_SIZE_LIMITING, PLUGIN_RATE_LIMITING, PLUGIN_REQUEST_TRANSFORMER,
    PLUGIN_RESPONSE_TRANSFORMER, PLUGIN_PROMETHEUS;

static const struct plugin *const plugins[] = {
    &PLUGIN_CORRELATION_ID,
    &PLUGIN_CORS,
    &PLUGIN_JWT,
    &PLUGIN_IP_RESTRICTION,
    &PLUGIN_REQUEST_SIZE_LIMITING,
    &PLUGIN_RATE_LIMITING,
    &PLUGIN_REQUEST_TRANSFORMER,
    &PLUGIN_RESPONSE_TRANSFORMER,
    &PLUGIN_PROMETHEUS,
};

static const struct {
    const char *name, *instead;
} absent[] = {
    {"pre-function", "Lua is not run; the jwt plugin reads cookies itself (cookie_names)"},
    {"post-function", "Lua is not run; use response-transformer for headers"},
    {"request-termination", "leave the route out"},
    {"key-auth", "use jwt"},
    {"basic-auth", "use jwt"},
    {"hmac-auth", "use jwt"},
    {"oauth2", "use jwt"},
    {"ldap-auth", "use jwt"},
    {"session", "auth-service sets the session cookies; use jwt with cookie_names"},
    {"acl", "the services check roles themselves"},
    {"bot-detection", "use ip-restriction"},
    {"response-ratelimiting", "use rate-limiting"},
    {"proxy-cache", "the services send their own cache headers"},
    {"grpc-gateway", "only HTTP is proxied"},
    {"grpc-web", "only HTTP is proxied"},
    {"aws-lambda", "only HTTP services are proxied"},
    {"azure-functions", "only HTTP services are proxied"},
    {"file-log", "set ACCESS_LOG=all: the log goes to standard output"},
    {"http-log", "set ACCESS_LOG=all: the log goes to standard output"},
    {"tcp-log", "set ACCESS_LOG=all: the log goes to standard output"},
    {"udp-log", "set ACCESS_LOG=all: the log goes to standard output"},
    {"syslog", "set ACCESS_LOG=all: the log goes to standard output"},
    {"loggly", "set ACCESS_LOG=all: the log goes to standard output"},
    {"statsd", "use prometheus"},
    {"datadog", "use prometheus"},
    {"zipkin", "traceparent is always forwarded"},
    {"opentelemetry", "traceparent is always forwarded"},
    {"acme", "TLS is set by the environment"},
};

const struct plugin *plugin_at(size_t i)
{
    return i < sizeof plugins / sizeof plugins[0] ? plugins[i] : NULL;
}

const struct plugin *plugin_find(struct str name, const char **note)
{
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++)
        if (str_eq(str_from(plugins[i]->name), name))
            return plugins[i];
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (str_eq(str_from(absent[i].name), name))
            *note = absent[i].instead;
    return NULL;
}
