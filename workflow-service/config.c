#include "config.h"

#include <stddef.h>

#define FIELD(member) offsetof(struct workflow_config, member)

const struct setting WORKFLOW_SETTINGS[] = {
    {
        .name = "SLA_WARNING_PERCENT",
        .type = SETTING_INT,
        .offset = FIELD(sla_warning_percent),
        .def = "80",
        .help = "share of the time to the target after which people are warned",
        .min = 1,
        .max = 100,
    },
    {
        .name = "SLA_POLL_MS",
        .type = SETTING_INT,
        .offset = FIELD(sla_poll_ms),
        .def = "500",
        .help = "longest pause between looks for clocks that are due, in milliseconds",
        .min = 50,
        .max = 60000,
    },
    {
        .name = "POOL_POLL_MS",
        .type = SETTING_INT,
        .offset = FIELD(pool_poll_ms),
        .def = "2000",
        .help =
            "pause between looks for work that waits for people or for a workflow, in milliseconds",
        .min = 50,
        .max = 60000,
    },
    {.name = NULL},
};
