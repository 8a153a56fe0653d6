#include "config/kong.h"

#include <stddef.h>

#define AT(type, member) offsetof(struct type, member)
#define ID(type)                                                                                   \
    {                                                                                              \
        "id", CONF_STR, AT(type, id), CONF_HIDDEN                                                  \
    }
#define BOOKKEEPING                                                                                \
    {"tags", CONF_IGNORED}, {"created_at", CONF_IGNORED},                                          \
    {                                                                                              \
        "updated_at", CONF_IGNORED                                                                 \
    }

#define TLS_NOTE "upstreams are reached over plain HTTP inside the fleet's network"
#define JWT_NOTE "use jwt with jwt_secrets"

/* clang-format off */
static const struct conf_field plugin_fields[] = {
    ID(kong_plugin),
    {"name", CONF_STR, AT(kong_plugin, name), CONF_REQUIRED | CONF_NON_EMPTY},
    {"instance_name", CONF_STR, AT(kong_plugin, instance_name)},
    {"service", CONF_REF, AT(kong_plugin, service_ref)},
    {"route", CONF_REF, AT(kong_plugin, route_ref)},
    {"consumer", CONF_REF, AT(kong_plugin, consumer_ref)},
    {"config", CONF_NODE, AT(kong_plugin, config_node)},
    {"enabled", CONF_BOOL, AT(kong_plugin, enabled), 0, "true"},
    {"protocols", CONF_STR_LIST, AT(kong_plugin, protocols), 0, "http|https", 0, 0,
     "http|https|ws|wss|grpc|grpcs"},
    {"ordering", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "plugins run in Kong's fixed order"},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_PLUGIN, struct kong_plugin, plugin_fields);

/* clang-format off */
static const struct conf_field route_fields[] = {
    ID(kong_route),
    {"name", CONF_STR, AT(kong_route, name), CONF_NON_EMPTY},
    {"service", CONF_REF, AT(kong_route, service_ref)},
    {"protocols", CONF_STR_LIST, AT(kong_route, protocols), CONF_NON_EMPTY, "http|https", 0, 0,
     "http|https|ws|wss"},
    {"methods", CONF_STR_LIST, AT(kong_route, methods), CONF_NON_EMPTY, NULL, 0, 0,
     "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT"},
    {"hosts", CONF_STR_LIST, AT(kong_route, hosts), CONF_NON_EMPTY},
    {"paths", CONF_STR_LIST, AT(kong_route, paths), CONF_NON_EMPTY},
    {"headers", CONF_NODE, AT(kong_route, headers_node)},
    {"https_redirect_status_code", CONF_INT, AT(kong_route, https_redirect_status_code), 0, "426",
     301, 426},
    {"regex_priority", CONF_INT, AT(kong_route, regex_priority), 0, "0"},
    {"strip_path", CONF_BOOL, AT(kong_route, strip_path), 0, "true"},
    {"path_handling", CONF_STR, AT(kong_route, path_handling), 0, "v0", 0, 0, "v0|v1"},
    {"preserve_host", CONF_BOOL, AT(kong_route, preserve_host), 0, "false"},
    {"request_buffering", CONF_BOOL, AT(kong_route, request_buffering), 0, "true"},
    {"response_buffering", CONF_BOOL, AT(kong_route, response_buffering), 0, "true"},
    {"plugins", CONF_OBJECT_LIST, AT(kong_route, plugins), .sub = &KONG_PLUGIN},
    {"snis", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "match by hosts"},
    {"sources", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "use the ip-restriction plugin"},
    {"destinations", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "streams are not proxied"},
    {"expression", CONF_REFUSED, .note = "use paths, methods, hosts and headers"},
    {"priority", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "the longest path wins"},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_ROUTE, struct kong_route, route_fields);

/* clang-format off */
static const struct conf_field service_fields[] = {
    ID(kong_service),
    {"name", CONF_STR, AT(kong_service, name), CONF_NON_EMPTY},
    {"url", CONF_STR, AT(kong_service, url), CONF_NON_EMPTY | CONF_HIDDEN},
    {"protocol", CONF_STR, AT(kong_service, protocol), 0, "http", 0, 0, "http|ws"},
    {"host", CONF_STR, AT(kong_service, host), CONF_NON_EMPTY},
    {"port", CONF_INT, AT(kong_service, port), 0, "80", 1, 65535},
    {"path", CONF_STR, AT(kong_service, path)},
    {"retries", CONF_INT, AT(kong_service, retries), 0, "5", 0, 32767},
    {"connect_timeout", CONF_INT, AT(kong_service, connect_timeout), 0, "60000", 1, 2147483646},
    {"write_timeout", CONF_INT, AT(kong_service, write_timeout), 0, "60000", 1, 2147483646},
    {"read_timeout", CONF_INT, AT(kong_service, read_timeout), 0, "60000", 1, 2147483646},
    {"enabled", CONF_BOOL, AT(kong_service, enabled), 0, "true"},
    {"routes", CONF_OBJECT_LIST, AT(kong_service, routes), .sub = &KONG_ROUTE},
    {"plugins", CONF_OBJECT_LIST, AT(kong_service, plugins), .sub = &KONG_PLUGIN},
    {"client_certificate", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"ca_certificates", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"tls_verify", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"tls_verify_depth", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_SERVICE, struct kong_service, service_fields);

/* clang-format off */
static const struct conf_field target_fields[] = {
    ID(kong_target),
    {"target", CONF_STR, AT(kong_target, target), CONF_REQUIRED | CONF_NON_EMPTY},
    {"weight", CONF_INT, AT(kong_target, weight), 0, "100", 0, 65535},
    {"upstream", CONF_REF, AT(kong_target, upstream_ref)},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_TARGET, struct kong_target, target_fields);

/* clang-format off */
static const struct conf_field active_healthy_fields[] = {
    {"interval", CONF_INT, AT(kong_health_healthy, interval), 0, "0", 0, 65535},
    {"successes", CONF_INT, AT(kong_health_healthy, successes), 0, "0", 0, 255},
    {"http_statuses", CONF_INT_LIST, AT(kong_health_healthy, http_statuses), 0, NULL, 100, 999},
};
/* clang-format on */
static CONF_SCHEMA(active_healthy, struct kong_health_healthy, active_healthy_fields);

/* clang-format off */
static const struct conf_field active_unhealthy_fields[] = {
    {"interval", CONF_INT, AT(kong_health_unhealthy, interval), 0, "0", 0, 65535},
    {"tcp_failures", CONF_INT, AT(kong_health_unhealthy, tcp_failures), 0, "0", 0, 255},
    {"timeouts", CONF_INT, AT(kong_health_unhealthy, timeouts), 0, "0", 0, 255},
    {"http_failures", CONF_INT, AT(kong_health_unhealthy, http_failures), 0, "0", 0, 255},
    {"http_statuses", CONF_INT_LIST, AT(kong_health_unhealthy, http_statuses), 0, NULL, 100, 999},
};
/* clang-format on */
static CONF_SCHEMA(active_unhealthy, struct kong_health_unhealthy, active_unhealthy_fields);

/* clang-format off */
static const struct conf_field active_fields[] = {
    {"type", CONF_STR, AT(kong_health_active, type), 0, "http", 0, 0, "http|tcp"},
    {"timeout", CONF_INT, AT(kong_health_active, timeout), 0, "1", 1, 65535},
    {"concurrency", CONF_INT, AT(kong_health_active, concurrency), 0, "10", 1, 2147483646},
    {"http_path", CONF_STR, AT(kong_health_active, http_path), CONF_NON_EMPTY, "/"},
    {"healthy", CONF_OBJECT, AT(kong_health_active, healthy), .sub = &active_healthy},
    {"unhealthy", CONF_OBJECT, AT(kong_health_active, unhealthy), .sub = &active_unhealthy},
    {"headers", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "probes carry no extra headers"},
    {"https_sni", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"https_verify_certificate", CONF_IGNORED},
};
/* clang-format on */
static CONF_SCHEMA(active, struct kong_health_active, active_fields);

/* clang-format off */
static const struct conf_field passive_healthy_fields[] = {
    {"successes", CONF_INT, AT(kong_health_healthy, successes), 0, "0", 0, 255},
    {"http_statuses", CONF_INT_LIST, AT(kong_health_healthy, http_statuses), 0, NULL, 100, 999},
};
/* clang-format on */
static CONF_SCHEMA(passive_healthy, struct kong_health_healthy, passive_healthy_fields);

/* clang-format off */
static const struct conf_field passive_unhealthy_fields[] = {
    {"tcp_failures", CONF_INT, AT(kong_health_unhealthy, tcp_failures), 0, "0", 0, 255},
    {"timeouts", CONF_INT, AT(kong_health_unhealthy, timeouts), 0, "0", 0, 255},
    {"http_failures", CONF_INT, AT(kong_health_unhealthy, http_failures), 0, "0", 0, 255},
    {"http_statuses", CONF_INT_LIST, AT(kong_health_unhealthy, http_statuses), 0, NULL, 100, 999},
};
/* clang-format on */
static CONF_SCHEMA(passive_unhealthy, struct kong_health_unhealthy, passive_unhealthy_fields);

/* clang-format off */
static const struct conf_field passive_fields[] = {
    {"type", CONF_STR, AT(kong_health_passive, type), 0, "http", 0, 0, "http|tcp"},
    {"healthy", CONF_OBJECT, AT(kong_health_passive, healthy), .sub = &passive_healthy},
    {"unhealthy", CONF_OBJECT, AT(kong_health_passive, unhealthy), .sub = &passive_unhealthy},
};
/* clang-format on */
static CONF_SCHEMA(passive, struct kong_health_passive, passive_fields);

/* clang-format off */
static const struct conf_field health_fields[] = {
    {"threshold", CONF_INT, AT(kong_health, threshold), 0, "0", 0, 100},
    {"active", CONF_OBJECT, AT(kong_health, active), .sub = &active},
    {"passive", CONF_OBJECT, AT(kong_health, passive), .sub = &passive},
};
/* clang-format on */
static CONF_SCHEMA(health, struct kong_health, health_fields);

#define HASH_INPUTS "none|consumer|ip|header|path|query_arg"
#define HASH_NOTE "hash on consumer, ip, header, path or query_arg"

/* clang-format off */
static const struct conf_field upstream_fields[] = {
    ID(kong_upstream),
    {"name", CONF_STR, AT(kong_upstream, name), CONF_REQUIRED | CONF_NON_EMPTY},
    {"algorithm", CONF_STR, AT(kong_upstream, algorithm), 0, "round-robin", 0, 0,
     "round-robin|least-connections|consistent-hashing"},
    {"hash_on", CONF_STR, AT(kong_upstream, hash_on), 0, "none", 0, 0, HASH_INPUTS},
    {"hash_on_header", CONF_STR, AT(kong_upstream, hash_on_header), CONF_NON_EMPTY},
    {"hash_on_query_arg", CONF_STR, AT(kong_upstream, hash_on_query_arg), CONF_NON_EMPTY},
    {"hash_on_cookie", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = HASH_NOTE},
    {"hash_on_cookie_path", CONF_IGNORED},
    {"hash_on_uri_capture", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = HASH_NOTE},
    {"hash_fallback", CONF_STR, AT(kong_upstream, hash_fallback), 0, "none", 0, 0, HASH_INPUTS},
    {"hash_fallback_header", CONF_STR, AT(kong_upstream, hash_fallback_header), CONF_NON_EMPTY},
    {"hash_fallback_query_arg", CONF_STR, AT(kong_upstream, hash_fallback_query_arg),
     CONF_NON_EMPTY},
    {"hash_fallback_uri_capture", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = HASH_NOTE},
    {"slots", CONF_INT, AT(kong_upstream, slots), 0, "10000", 10, 65536},
    {"host_header", CONF_STR, AT(kong_upstream, host_header), CONF_NON_EMPTY},
    {"healthchecks", CONF_OBJECT, AT(kong_upstream, healthchecks), .sub = &health},
    {"targets", CONF_OBJECT_LIST, AT(kong_upstream, targets), .sub = &KONG_TARGET},
    {"client_certificate", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"use_srv_name", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "SRV records are not looked up"},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_UPSTREAM, struct kong_upstream, upstream_fields);

/* clang-format off */
static const struct conf_field jwt_secret_fields[] = {
    ID(kong_jwt_secret),
    {"key", CONF_STR, AT(kong_jwt_secret, key), CONF_REQUIRED | CONF_NON_EMPTY},
    {"secret", CONF_STR, AT(kong_jwt_secret, secret), CONF_REQUIRED | CONF_NON_EMPTY | CONF_SECRET},
    {"algorithm", CONF_STR, AT(kong_jwt_secret, algorithm), 0, "HS256", 0, 0, "HS256"},
    {"consumer", CONF_REF, AT(kong_jwt_secret, consumer_ref)},
    {"rsa_public_key", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "tokens are signed with HS256"},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_JWT_SECRET, struct kong_jwt_secret, jwt_secret_fields);

/* clang-format off */
static const struct conf_field consumer_fields[] = {
    ID(kong_consumer),
    {"username", CONF_STR, AT(kong_consumer, username), CONF_NON_EMPTY},
    {"custom_id", CONF_STR, AT(kong_consumer, custom_id), CONF_NON_EMPTY},
    {"jwt_secrets", CONF_OBJECT_LIST, AT(kong_consumer, jwt_secrets), .sub = &KONG_JWT_SECRET},
    {"plugins", CONF_OBJECT_LIST, AT(kong_consumer, plugins), .sub = &KONG_PLUGIN},
    {"acls", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "the services check roles themselves"},
    {"groups", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "scope plugins to consumers"},
    {"keyauth_credentials", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = JWT_NOTE},
    {"basicauth_credentials", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = JWT_NOTE},
    {"hmacauth_credentials", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = JWT_NOTE},
    {"oauth2_credentials", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = JWT_NOTE},
    BOOKKEEPING,
};
/* clang-format on */
CONF_SCHEMA(KONG_CONSUMER, struct kong_consumer, consumer_fields);

/* clang-format off */
static const struct conf_field file_fields[] = {
    {"_format_version", CONF_STR, AT(kong_file, format_version), CONF_REQUIRED, NULL, 0, 0, "3.0"},
    {"_transform", CONF_BOOL, AT(kong_file, transform), 0, "true"},
    {"_comment", CONF_IGNORED},
    {"_ignore", CONF_IGNORED},
    {"_info", CONF_IGNORED},
    {"services", CONF_OBJECT_LIST, AT(kong_file, services), .sub = &KONG_SERVICE},
    {"routes", CONF_OBJECT_LIST, AT(kong_file, routes), .sub = &KONG_ROUTE},
    {"upstreams", CONF_OBJECT_LIST, AT(kong_file, upstreams), .sub = &KONG_UPSTREAM},
    {"targets", CONF_OBJECT_LIST, AT(kong_file, targets), .sub = &KONG_TARGET},
    {"consumers", CONF_OBJECT_LIST, AT(kong_file, consumers), .sub = &KONG_CONSUMER},
    {"jwt_secrets", CONF_OBJECT_LIST, AT(kong_file, jwt_secrets), .sub = &KONG_JWT_SECRET},
    {"plugins", CONF_OBJECT_LIST, AT(kong_file, plugins), .sub = &KONG_PLUGIN},
    {"certificates", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "TLS is set by the environment"},
    {"ca_certificates", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = TLS_NOTE},
    {"snis", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "TLS is set by the environment"},
    {"vaults", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "write ${NAME} to read the environment"},
    {"consumer_groups", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "scope plugins to consumers"},
};
/* clang-format on */
static CONF_SCHEMA(file_schema, struct kong_file, file_fields);

unsigned kong_method_of(struct str name)
{
    static const struct {
        struct str name;
        unsigned bit;
    } methods[] = {
        {STR("GET"), KONG_GET},     {STR("POST"), KONG_POST},     {STR("PUT"), KONG_PUT},
        {STR("PATCH"), KONG_PATCH}, {STR("DELETE"), KONG_DELETE}, {STR("OPTIONS"), KONG_OPTIONS},
        {STR("HEAD"), KONG_HEAD},   {STR("TRACE"), KONG_TRACE},   {STR("CONNECT"), KONG_CONNECT},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (str_eq(methods[i].name, name))
            return methods[i].bit;
    return 0;
}

struct kong_file *kong_parse(struct arena *a, struct str text, const struct doc_env *env,
                             struct problem_list *problems)
{
    const struct doc_options options = {.env = env ? env : &DOC_PROCESS_ENV};
    const struct doc_node *root = doc_parse(a, text, &options, problems);
    if (!root)
        return NULL;
    struct kong_file *f = ARENA_NEW(a, struct kong_file);
    struct conf_decoder d = {a, problems};
    conf_decode(&d, &file_schema, root, root->line, NULL, f);
    kong_link(&d, f);
    return problems->count ? NULL : f;
}

struct str kong_route_label(const struct kong_route *r)
{
    if (r->name.len)
        return r->name;
    if (r->id.len)
        return r->id;
    return r->paths.count ? *(const struct str *)r->paths.items : STR("unnamed");
}
