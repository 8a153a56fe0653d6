#pragma once
/* Settings of messaging-service beyond those of every program. */
#include <stdint.h>

#include "setting.h"

struct messaging_config {
    int64_t unsend_window_s, group_members_max, presence_lease_s, retention_s;
};
extern const struct setting MESSAGING_SETTINGS[];
