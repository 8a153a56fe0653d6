#include "settings.h"

#define AT(member) offsetof(struct registry_config, member)

const struct setting REGISTRY_SETTINGS[] = {
    {"LEASE_EXPIRY", NULL, SETTING_DURATION, AT(lease_s), "90s", 0,
     "how long an instance stays without a renewal or a passed check", 1, 86400},
    {"CHECK_INTERVAL", NULL, SETTING_DURATION, AT(check_interval_s), "30s", 0,
     "time between two health checks of an instance", 1, 86400},
    {"CHECK_TIMEOUT_MS", NULL, SETTING_INT, AT(check_timeout_ms), "5000", 0,
     "longest wait for the answer of a health check", 10, 60000},
    {"SYNC_INTERVAL_MS", NULL, SETTING_INT, AT(sync_interval_ms), "1000", 0,
     "how often the table is looked at for changes of other replicas", 10, 60000},
    {0},
};
