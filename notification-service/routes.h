#pragma once
#include "route.h"

extern const struct route NOTIFICATION_ROUTES[];
extern const struct route WEBHOOK_ROUTES[];
