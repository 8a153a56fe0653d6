#pragma once
/*
 * Kong's declarative format 3.0, decoded: services, routes, upstreams with targets, consumers with
 * jwt secrets, plugins. Structures are filled by the tables of kong.c; members under "linked" are
 * set by kong_link.c, which resolves names and checks what a table cannot. Everything lives in the
 * snapshot's arena.
 */
#include "config/schema.h"

struct kong_consumer;
struct kong_service;
struct pattern;
struct plugin;
struct plugin_chain;
struct upstream;

struct kong_plugin {
    int line;
    struct str id, name, instance_name;
    struct str service_ref, route_ref, consumer_ref;
    struct conf_list protocols;
    const struct doc_node *config_node;
    bool enabled;
    /* linked */
    const struct plugin *plugin;
    void *config;                       /* as plugin->schema describes */
    const struct kong_service *service; /* NULL: not limited to one */
    const struct kong_route *route;
    const struct kong_consumer *consumer;
};

enum kong_method {
    KONG_GET = 1,
    KONG_HEAD = 2,
    KONG_POST = 4,
    KONG_PUT = 8,
    KONG_PATCH = 16,
    KONG_DELETE = 32,
    KONG_OPTIONS = 64,
    KONG_TRACE = 128,
    KONG_CONNECT = 256,
};
/* One of enum kong_method, 0 for a method that has no name here. */
unsigned kong_method_of(struct str name);

enum kong_protocol { KONG_HTTP = 1, KONG_HTTPS = 2, KONG_WS = 4, KONG_WSS = 8 };

struct kong_header_match {
    struct str name;
    struct str *values; /* any of them, compared without regard to case */
    size_t count;
};

struct kong_route {
    int line;
    struct str id, name, service_ref, path_handling;
    struct conf_list protocols, methods, hosts, paths, plugins;
    const struct doc_node *headers_node;
    int64_t https_redirect_status_code, regex_priority;
    bool strip_path, preserve_host, request_buffering, response_buffering;
    /* linked */
    struct kong_service *service;
    unsigned method_mask;      /* enum kong_method; 0: every method */
    unsigned protocol_mask;    /* enum kong_protocol */
    struct pattern **patterns; /* one for each of paths, NULL for a prefix */
    struct kong_header_match *headers;
    size_t header_count;
    const struct plugin_chain *chain;
    int index;     /* position in kong_file.all_routes */
    void *metrics; /* of the prometheus plugin; filled as requests come */
};

struct kong_service {
    int line;
    struct str id, name, url, protocol, host, path;
    int64_t port, retries, connect_timeout, write_timeout, read_timeout; /* ms */
    struct conf_list routes, plugins;
    bool enabled;
    /* linked */
    struct upstream *upstream; /* set by the snapshot */
};

struct kong_target {
    int line;
    struct str id, target, upstream_ref;
    int64_t weight;
    /* linked */
    struct str host;
    int port;
};

struct kong_health_healthy {
    int line;
    int64_t interval, successes;
    struct conf_list http_statuses;
};

struct kong_health_unhealthy {
    int line;
    int64_t interval, tcp_failures, timeouts, http_failures;
    struct conf_list http_statuses;
};

struct kong_health_active {
    int line;
    struct str type, http_path;
    int64_t timeout, concurrency; /* s */
    struct kong_health_healthy healthy;
    struct kong_health_unhealthy unhealthy;
};

struct kong_health_passive {
    int line;
    struct str type;
    struct kong_health_healthy healthy;
    struct kong_health_unhealthy unhealthy;
};

struct kong_health {
    int line;
    int64_t threshold;
    struct kong_health_active active;
    struct kong_health_passive passive;
};

struct kong_upstream {
    int line;
    struct str id, name, algorithm, host_header;
    struct str hash_on, hash_on_header, hash_on_query_arg;
    struct str hash_fallback, hash_fallback_header, hash_fallback_query_arg;
    int64_t slots;
    struct conf_list targets;
    struct kong_health healthchecks;
    /* linked */
    struct upstream *upstream; /* set by the snapshot */
};

struct kong_jwt_secret {
    int line;
    struct str id, key, secret, algorithm, consumer_ref;
    /* linked */
    const struct kong_consumer *consumer;
    void *keys; /* owned by the jwt plugin's preparation */
};

struct kong_consumer {
    int line;
    struct str id, username, custom_id;
    struct conf_list jwt_secrets, plugins;
};

struct kong_file {
    int line;
    struct str format_version;
    bool transform;
    struct conf_list services, routes, upstreams, targets, consumers, jwt_secrets, plugins;
    /* linked: nested and top-level ones together */
    struct kong_route **all_routes;
    struct kong_plugin **all_plugins;
    struct kong_target **all_targets;
    struct kong_jwt_secret **all_secrets;
    size_t route_count, plugin_count, target_count, secret_count;
};

extern const struct conf_schema KONG_SERVICE, KONG_ROUTE, KONG_UPSTREAM, KONG_TARGET, KONG_CONSUMER,
    KONG_PLUGIN, KONG_JWT_SECRET;

/* The decoded and linked file, NULL when there are problems. */
struct kong_file *kong_parse(struct arena *a, struct str text, const struct doc_env *env,
                             struct problem_list *problems);
/* Resolves references of a decoded file; problems are added. */
void kong_link(struct conf_decoder *d, struct kong_file *f);
/* Splits "host:port", "[v6]:port" or "host" (port stays as it is); false when malformed. */
bool kong_split_address(struct str text, struct str *host, int *port);
/* The name an operator knows a route by: its name, else its id, else its first path. */
struct str kong_route_label(const struct kong_route *r);
