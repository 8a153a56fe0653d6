#include "settings.h"

#define AT(member) offsetof(struct registry_config, member)

const struct setting REGISTRY_SETTINGS[] = {
    {"LEASE_EXPIRY", NULL, SETTING_DURATION, AT(lease_s), "90s", 0,
     "how long an instance stays without a renewal or a passed check", 1, 86400},
    {"PRESERVE_BELOW_PERCENT", NULL, SETTING_INT, AT(preserve_percent), "85", 0,
     "share of renewals in time below which no lease ends; 0: leases always end", 0, 100},
    {"PRESERVE_MAX", NULL, SETTING_DURATION, AT(preserve_max_s), "1h", 0,
     "how long a lease that is over is preserved at most", 1, 7 * 86400},
    {"CHECK_INTERVAL", NULL, SETTING_DURATION, AT(check_interval_s), "30s", 0,
     "time between two health checks of an instance", 1, 86400},
    {"CHECK_RETRY_INTERVAL", NULL, SETTING_DURATION, AT(check_retry_s), "5s", 0,
     "time between two health checks of an unhealthy instance", 1, 86400},
    {"CHECK_TIMEOUT_MS", NULL, SETTING_INT, AT(check_timeout_ms), "5000", 0,
     "longest wait for the answer of a health check", 10, 60000},
    {"SYNC_INTERVAL_MS", NULL, SETTING_INT, AT(sync_interval_ms), "1000", 0,
     "how often what is pending is written and leases are ended", 10, 60000},
    {"MAX_WATCHERS", NULL, SETTING_INT, AT(max_watchers), "2000", 0,
     "event streams and waiting long polls of one process", 1, 100000},
    {"WATCH_HEARTBEAT", NULL, SETTING_DURATION, AT(watch_heartbeat_s), "15s", 0,
     "between two comments on a quiet event stream; a stream that takes nothing for two is closed",
     1, 3600},
    {0},
};
