#include "config.h"

#include <stddef.h>

#define AT(member) offsetof(struct messaging_config, member)

const struct setting MESSAGING_SETTINGS[] = {
    {
        .name = "UNSEND_WINDOW_S",
        .type = SETTING_DURATION,
        .offset = AT(unsend_window_s),
        .def = "15m",
        .help = "how long after sending a message may be unsent",
        .min = 0,
        .max = INT64_C(10) * 365 * 86400,
    },
    {
        .name = "GROUP_MEMBERS_MAX",
        .type = SETTING_INT,
        .offset = AT(group_members_max),
        .def = "1000",
        .help = "most members of a group",
        .min = 2,
        .max = 5000,
    },
    {
        .name = "PRESENCE_LEASE_S",
        .type = SETTING_DURATION,
        .offset = AT(presence_lease_s),
        .def = "30",
        .help = "after how long a process that has died no longer keeps people online",
        .min = 1,
        .max = 3600,
    },
    {
        .name = "MESSAGE_RETENTION",
        .type = SETTING_DURATION,
        .offset = AT(retention_s),
        .def = "0",
        .help = "how long messages are kept; 0: for ever",
        .min = 0,
        .max = 3650 * 86400,
    },
    {0},
};
