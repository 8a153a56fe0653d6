#pragma once
#include "route.h"

extern const struct route NOTIFICATION_ROUTES[], PREFERENCE_ROUTES[], TEMPLATE_ROUTES[],
    DELIVERY_ROUTES[], WEBHOOK_ROUTES[];
