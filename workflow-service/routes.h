#pragma once
/* Every route of this program. */
#include "route.h"

extern const struct route WORKFLOW_ROUTES[], TASK_ROUTES[], SLA_ROUTES[], DEFINITION_ROUTES[],
    ASSIGNMENT_ROUTES[], STATISTICS_ROUTES[];
