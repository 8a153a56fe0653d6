#pragma once
/* The settings of this program beyond those that every program has. */
#include <stdint.h>

#include "setting.h"

struct workflow_config {
    int64_t sla_warning_percent; /* of the time to the target */
    int64_t sla_poll_ms;         /* between looks for clocks that are due */
    int64_t pool_poll_ms;        /* between looks for work that waits for people */
};

extern const struct setting WORKFLOW_SETTINGS[];
