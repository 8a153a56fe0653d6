#include "settings.h"

#include <stddef.h>

#define AT(member) offsetof(struct gateway_settings, member)

/* clang-format off */
const struct setting GATEWAY_SETTINGS[] = {
    {"GATEWAY_CONFIG", "KONG_DECLARATIVE_CONFIG", SETTING_STR, AT(config_path),
     "deploy/gateway/kong.yml", 0, "route file in Kong's declarative format; read again on SIGHUP"},
    {"ADMIN_BIND", NULL, SETTING_STR, AT(admin_bind), "127.0.0.1", 0,
     "address of the read-only admin API"},
    {"ADMIN_PORT", NULL, SETTING_PORT, AT(admin_port), "8001", 0,
     "port of the read-only admin API, 0 for a free one"},
    {"GATEWAY_TRUSTED_PROXIES", NULL, SETTING_STR, AT(trusted_proxies), "", 0,
     "comma-separated proxies in front whose X-Forwarded-* headers are believed"},
    {"REGISTRY_POLL_MS", NULL, SETTING_INT, AT(registry_poll_ms), "2000", 0,
     "milliseconds between two looks at the registry", 50, 60000},
    {"RATE_LIMIT_USER_PER_HOUR", NULL, SETTING_INT, AT(rate_limit_user_per_hour), "1000", 0,
     "requests an hour of one user, where the route file says so; 0: no limit", 0, 1000000000},
    {"RATE_LIMIT_LOGIN_PER_MINUTE", NULL, SETTING_INT, AT(rate_limit_login_per_minute), "20", 0,
     "log-ins a minute from one address, where the route file says so; 0: no limit", 0, 1000000000},
    {"RATE_LIMIT_SYNC_MS", NULL, SETTING_INT, AT(rate_limit_sync_ms), "250", 0,
     "milliseconds after which counts of limits with policy cluster are shared", 10, 60000},
    {"MAX_CONNECTIONS", NULL, SETTING_INT, AT(max_connections), "8000", 0,
     "client connections of one process", 1, 1000000},
    {"MAX_HEAD_BYTES", NULL, SETTING_SIZE, AT(max_head_bytes), "32k", 0, "request line and headers",
     1024, 1048576},
    {"CLIENT_HEAD_TIMEOUT", NULL, SETTING_DURATION, AT(head_timeout_s), "10s", 0,
     "from the first byte of a request to the end of its headers", 1, 3600},
    {"CLIENT_BODY_TIMEOUT", NULL, SETTING_DURATION, AT(body_timeout_s), "60s", 0,
     "longest silence inside a request's body", 1, 3600},
    {"CLIENT_MIN_RATE", NULL, SETTING_SIZE, AT(client_min_rate), "500", 0,
     "bytes a second a client must send of a body, and take of a response, on average; 0: any", 0,
     1048576},
    {"CLIENT_IDLE_TIMEOUT", NULL, SETTING_DURATION, AT(idle_timeout_s), "75s", 0,
     "between two requests on a connection", 1, 3600},
    {"CLIENT_WRITE_TIMEOUT", NULL, SETTING_DURATION, AT(write_timeout_s), "60s", 0,
     "longest time a client takes no byte of a response", 1, 3600},
    {"UPSTREAM_IDLE_TIMEOUT", NULL, SETTING_DURATION, AT(upstream_idle_s), "20s", 0,
     "how long an unused connection to a service is kept", 1, 3600},
    {"UPSTREAM_IDLE_MAX", NULL, SETTING_INT, AT(upstream_idle_max), "1024", 0,
     "unused connections kept for one address", 0, 100000},
    {"ACCESS_LOG", NULL, SETTING_ENUM, AT(access_log), "errors", SETTING_RELOADABLE,
     "which exchanges are logged here; the services log each request they serve", 0, 0,
     "off|errors|all"},
    {0},
};
/* clang-format on */
