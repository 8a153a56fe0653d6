#pragma once
/* The settings only this program has. */
#include <stdint.h>

#include "setting.h"

struct registry_config {
    int64_t lease_s, preserve_percent, preserve_max_s;
    int64_t check_interval_s, check_retry_s, check_timeout_ms;
    int64_t sync_interval_ms, max_watchers, watch_heartbeat_s;
};

extern const struct setting REGISTRY_SETTINGS[];
