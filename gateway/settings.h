#pragma once
/* The gateway's own settings, beside those every program has (common/service). */
#include "setting.h"

struct gateway_settings {
    struct str config_path; /* the route file */
    struct str admin_bind;
    int64_t admin_port;
    int64_t tls_port, tls_handshake_timeout_s, hsts_max_age_s;
    struct str tls_cert_file, tls_key_file;
    struct str trusted_proxies;
    int64_t registry_poll_ms;
    int64_t rate_limit_user_per_hour, rate_limit_login_per_minute, rate_limit_sync_ms;
    int64_t max_connections, max_head_bytes;
    int64_t head_timeout_s, body_timeout_s, idle_timeout_s, write_timeout_s;
    int64_t client_min_rate;                    /* bytes a second, 0: any */
    int64_t upstream_idle_s, upstream_idle_max; /* keep-alive connections of one target */
    struct str access_log;                      /* off, errors or all */
};

extern const struct setting GATEWAY_SETTINGS[];
