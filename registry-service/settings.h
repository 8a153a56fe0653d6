#pragma once
/* The settings only this program has. */
#include <stdint.h>

#include "setting.h"

struct registry_config {
    int64_t lease_s, check_interval_s, check_timeout_ms, sync_interval_ms;
};

extern const struct setting REGISTRY_SETTINGS[];
